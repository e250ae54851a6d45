/** What the page knows, and how messages change it. No DOM. */

import type { LossTail, RunPicture, TestPicture, ToMonitorPage } from './messages.ts';

export interface Curve {
  readonly steps: readonly number[];
  readonly losses: readonly (number | null)[];
}

/** In steps of training; 0: as reported. */
export const smoothings = [0, 20, 100, 500] as const;
export type Smoothing = (typeof smoothings)[number];

export const epochMetrics = ['accuracy', 'loss'] as const;
export type EpochMetric = (typeof epochMetrics)[number];

/** What the user chose; outlives the page. */
export interface Choices {
  readonly hidden: readonly number[];
  readonly selected: number | null;
  readonly smoothing: Smoothing;
  readonly metric: EpochMetric;
}

export const firstChoices: Choices = { hidden: [], selected: null, smoothing: 100, metric: 'accuracy' };

export interface Model {
  readonly runs: readonly RunPicture[];
  readonly curves: ReadonlyMap<number, Curve>;
  readonly tests: ReadonlyMap<number, TestPicture>;
  readonly choices: Choices;
  /** Why nothing can be run but simulations; null if something can. */
  readonly noProcesses: string | null;
  /** False until the host has told its runs. */
  readonly loaded: boolean;
}

export function emptyModel(choices: Choices): Model {
  return { runs: [], curves: new Map(), tests: new Map(), choices, noProcesses: null, loaded: false };
}

/** A run that appears is selected: it is what the user has just started. */
export function received(model: Model, message: ToMonitorPage): Model {
  switch (message.type) {
    case 'runs': {
      const ids = new Set(message.runs.map(({ id }) => id));
      const known = new Set(model.runs.map(({ id }) => id));
      const { choices } = model;
      const newest = message.runs.findLast(({ id }) => model.loaded && !known.has(id))?.id;
      const kept = choices.selected !== null && ids.has(choices.selected) ? choices.selected : undefined;
      const selected = newest ?? kept ?? message.runs.at(-1)?.id ?? null;
      return {
        ...model,
        loaded: true,
        runs: message.runs,
        curves: only(model.curves, ids),
        tests: only(model.tests, ids),
        choices: { ...choices, selected, hidden: choices.hidden.filter((id) => ids.has(id)) },
      };
    }
    case 'run': {
      const { run, loss } = message;
      const runs = model.runs.map((each) => (each.id === run.id ? run : each));
      if (loss === undefined) return { ...model, runs };
      return { ...model, runs, curves: new Map(model.curves).set(run.id, extended(model.curves.get(run.id), loss)) };
    }
    case 'test':
      return { ...model, tests: new Map(model.tests).set(message.id, message.test) };
    case 'settings':
      return { ...model, noProcesses: message.noProcesses };
    case 'reveal':
      return { ...model, choices: { ...model.choices, selected: message.id } };
  }
}

function only<Value>(map: ReadonlyMap<number, Value>, ids: ReadonlySet<number>): ReadonlyMap<number, Value> {
  return new Map([...map].filter(([id]) => ids.has(id)));
}

function extended(curve: Curve | undefined, { from, steps, losses }: LossTail): Curve {
  return {
    steps: [...(curve?.steps.slice(0, from) ?? []), ...steps],
    losses: [...(curve?.losses.slice(0, from) ?? []), ...losses],
  };
}

export function shownRuns({ runs, choices }: Model): readonly RunPicture[] {
  return runs.filter(({ id }) => !choices.hidden.includes(id));
}

export function selectedRun({ runs, choices }: Model): RunPicture | undefined {
  return runs.find(({ id }) => id === choices.selected);
}

export function bestAccuracy({ results }: RunPicture): number | undefined {
  const accuracies = results.flatMap(({ epoch, testAccuracy }) =>
    epoch > 0 && testAccuracy !== undefined ? [testAccuracy] : [],
  );
  return accuracies.length === 0 ? undefined : Math.max(...accuracies);
}

/**
 * Exponential mean whose weights fall by e in `window` steps, whatever the distance of the points; the first points are
 * not drawn towards 0. Points that are no number are left out.
 */
export function smoothed({ steps, losses }: Curve, window: Smoothing): readonly (number | null)[] {
  if (window === 0) return losses;
  let sum = 0;
  let weight = 0;
  let last = steps[0] ?? 0;
  return losses.map((loss, index) => {
    if (loss === null) return null;
    const step = steps[index] ?? 0;
    const decay = Math.exp((last - step) / window);
    last = step;
    sum = sum * decay + loss;
    weight = weight * decay + 1;
    return sum / weight;
  });
}

/** Settings in which runs differ, in the order of the first run that has them; undefined where a run lacks one. */
export function differences(
  runs: readonly RunPicture[],
): readonly { readonly key: string; readonly values: readonly (string | undefined)[] }[] {
  const tables = runs.map(({ settings }) => new Map(settings));
  const keys = [...new Set(runs.flatMap(({ settings }) => settings.map(([key]) => key)))];
  return keys
    .map((key) => ({ key, values: tables.map((table) => table.get(key)) }))
    .filter(({ values }) => new Set(values).size > 1);
}
