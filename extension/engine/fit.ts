/** What the engine does for Fit to Budget: describes what there is to choose from, searches, and words a choice. */

import type { Diagnostic, TextEdit } from '../../compiler/diagnostics.ts';
import type { PlanTotals } from '../../compiler/memory/report.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import { compileOracle, type Oracle } from '../../compiler/search/costs.ts';
import { priorContributions, weightedByName } from '../../compiler/search/priors.ts';
import { type ParetoPoint, searchScheme, type Update } from '../../compiler/search/scheme.ts';
import {
  type Contributions,
  nothing,
  type SearchSpace,
  scoreOf,
  searchableLayers,
  spaceOf,
} from '../../compiler/search/space.ts';
import { reasonsFor } from '../../compiler/search/why.ts';
import { selectableChannels } from '../../compiler/training/channels.ts';
import type { TrainingPlan } from '../../compiler/training/plan.ts';
import { applyEdits } from '../../language/index.ts';
import { printWeights } from '../../language/print.ts';
import { editForUpdate } from '../../language/updateBlock.ts';
import type { FitChoice, FitEnd, FitFigures, FitLayer, FitMark, FitPlan, FitProblem } from '../../webview/messages.ts';
import { parseContributions } from '../data/contributions.ts';
import { differenceOf } from '../fit/difference.ts';
import { mostUseful, ratedUpdate } from '../fit/rated.ts';
import type { Work } from './channel.ts';
import { compileReading, type ModelNeeded, type PlanText, readPlan } from './plans.ts';

export interface FitInput extends PlanText {
  /** Absent: priors stand in. */
  readonly contributions?: { readonly file: string; readonly text: string };
}

/** All that a search depends on, whatever the plan trains now. */
interface Context {
  readonly basis: string;
  readonly graph: Graph;
  readonly plan: TrainingPlan;
  readonly contributions: Contributions;
  readonly space: SearchSpace;
  readonly oracle: Oracle;
  readonly channels: ReadonlyMap<string, number>;
  /** Why the file of contributions is not used. */
  readonly problem?: string;
}

let last: Context | undefined;

export interface DescribedFit {
  readonly kind: 'described';
  /** Plans of the same basis have the same choices. */
  readonly basis: string;
  readonly plan?: FitPlan;
  readonly problems: readonly FitProblem[];
  readonly contributionsProblem?: string;
}

/** `others`: plans that may be of the same model. */
export function describeFit(
  input: FitInput & { readonly others: readonly (PlanText & { readonly name: string })[] },
): DescribedFit | ModelNeeded {
  const reading = readPlan(input);
  if ('kind' in reading) return reading;
  const context = contextOf(input, reading.graph, reading.resolution.plan);
  if (context === undefined) {
    const errors = reading.diagnostics.filter(({ severity }) => severity === 'error');
    return { kind: 'described', basis: '', problems: errors.map(problemOf) };
  }
  const { plan, graph, space, oracle } = context;
  const { compiled, diagnostics } = compileReading(input.uri, reading, quickMilliseconds);
  const least = oracle.plan(nothing(space))?.totals.sramBytes;
  if (compiled === undefined || least === undefined) {
    return { kind: 'described', basis: '', problems: diagnostics.map(problemOf) };
  }
  const { target } = plan;
  const most = oracle.plan(mostUseful(space))?.totals.sramBytes ?? target.sramBytes;
  const others = input.others.flatMap((other): readonly FitMark[] => {
    const theirs = readPlan(other);
    if ('kind' in theirs || theirs.graph !== graph || theirs.resolution.plan === undefined) return [];
    const their = compileReading(other.uri, theirs, quickMilliseconds).compiled;
    return their === undefined ? [] : [markOf(context, other.name, their.plan, their.memory.sramBytes)];
  });
  const described: FitPlan = {
    name: plan.name,
    model: plan.model,
    target: {
      name: target.board ?? target.core,
      sramBytes: target.sramBytes,
      flashBytes: target.flashBytes,
    },
    budgetBytes: plan.budgetBytes,
    leastBytes: least,
    mostBytes: Math.max(least, Math.min(most, target.sramBytes)),
    now: markOf(context, plan.name, compiled.plan, compiled.memory.sramBytes),
    figures: figuresOf(compiled.memory),
    others,
    gains: context.contributions.source,
  };
  return {
    kind: 'described',
    basis: context.basis,
    plan: described,
    problems: [],
    ...(context.problem === undefined ? {} : { contributionsProblem: context.problem }),
  };
}

/** Of the search for the least arena, as in the plan view. */
const quickMilliseconds = 150;

export interface FitProgress {
  readonly evaluations: number;
  readonly ofEvaluations: number;
  readonly front: readonly ParetoPoint[];
}

export type FitResult =
  | { readonly kind: 'found'; readonly best: ParetoPoint; readonly front: readonly ParetoPoint[]; readonly end: FitEnd }
  | { readonly kind: 'failed'; readonly problem: FitProblem };

const searches = new Map<number, { aborted: boolean }>();

/** `call`: chosen by the caller, for `stopFit`. */
export async function searchFit(
  input: FitInput & { readonly call: number; readonly budgetBytes: number },
  { signal, report }: Work<FitProgress>,
): Promise<FitResult | ModelNeeded> {
  const reading = readPlan(input);
  if ('kind' in reading) return reading;
  const context = contextOf(input, reading.graph, reading.resolution.plan);
  if (context === undefined) return { kind: 'failed', problem: noPlan };
  const { graph, plan, contributions } = context;
  const stop = { aborted: signal.aborted };
  const abort = (): void => {
    stop.aborted = true;
  };
  signal.addEventListener('abort', abort);
  searches.set(input.call, stop);
  let sent = 0;
  try {
    const found = await searchScheme(graph, plan, {
      budgetBytes: input.budgetBytes,
      contributions,
      signal: stop,
      onProgress: ({ evaluations, ofEvaluations, front }) => {
        if (performance.now() - sent < reportMilliseconds) return;
        sent = performance.now();
        report({ evaluations, ofEvaluations, front: front() });
      },
    });
    if (!found.ok) return { kind: 'failed', problem: found.diagnostics.map(problemOf)[0] ?? noPlan };
    const { update, score, totals, pareto, provenOptimal, complete, scoreBound, evaluations } = found.value;
    const end: FitEnd = {
      cancelled: found.value.cancelled === true,
      ...{ provenOptimal, complete, evaluations },
      scoreBound: Number.isFinite(scoreBound) ? scoreBound : null,
    };
    return { kind: 'found', best: { update, score, sramBytes: totals.sramBytes }, front: pareto, end };
  } finally {
    searches.delete(input.call);
    signal.removeEventListener('abort', abort);
  }
}

/** Each report makes the page draw. */
const reportMilliseconds = 300;

const noPlan: FitProblem = { message: 'the plan has errors', remedy: 'mend them first' };

/** The search ends with what it has found. */
export function stopFit({ call }: { readonly call: number }): void {
  const search = searches.get(call);
  if (search !== undefined) search.aborted = true;
}

/** A choice in figures and words; without one where it is none of the plan's any more. */
export function describeChoice(
  input: FitInput & { readonly update: Update },
): ModelNeeded | { readonly kind: 'choice'; readonly choice?: Omit<FitChoice, 'id'> } {
  const reading = readPlan(input);
  if ('kind' in reading) return reading;
  const context = contextOf(input, reading.graph, reading.resolution.plan);
  if (context === undefined) return { kind: 'choice' };
  const { graph, space, oracle, channels } = context;
  const { choice } = ratedUpdate(space, input.update, channels);
  const planned = oracle.plan(choice);
  if (planned === undefined) return { kind: 'choice' };
  const reasons = reasonsFor(space, planned, oracle);
  const layers = space.layers.map(({ name, options }, index): FitLayer => {
    const { bias = false, weights = { kind: 'none' } } = input.update.get(name) ?? {};
    const words = reasons.filter(({ layer }) => layer === name).map(({ text }) => text);
    return {
      name,
      trains: [...(bias ? ['bias'] : []), ...(weights.kind === 'none' ? [] : [printWeights(weights)])].join(', '),
      gain: options[choice.options[index] ?? -1]?.gain ?? 0,
      mostGain: Math.max(0, ...options.map(({ gain }) => gain)),
      ...(words.length === 0 ? {} : { why: words.join('; ') }),
    };
  });
  const edit = editForUpdate(input.text, graph, input.update);
  return {
    kind: 'choice',
    choice: {
      score: scoreOf(space, choice),
      figures: figuresOf(planned.totals),
      // The first says where gains come from: the page says so elsewhere, with what to do about it.
      why: reasons.slice(1).flatMap(({ layer, text }) => (layer === undefined ? [text] : [])),
      layers,
      diff: edit === undefined ? [] : differenceOf(input.text, applyEdits(input.text, [edit])),
    },
  };
}

/** The edit after which the plan trains the choice; without one where it does already. */
export function editForFit(
  input: PlanText & { readonly update: Update },
): ModelNeeded | { readonly kind: 'edit'; readonly edit?: TextEdit } {
  const reading = readPlan(input);
  if ('kind' in reading) return reading;
  const edit = reading.graph === undefined ? undefined : editForUpdate(input.text, reading.graph, input.update);
  return { kind: 'edit', ...(edit === undefined ? {} : { edit }) };
}

function contextOf(input: FitInput, graph: Graph | undefined, plan: TrainingPlan | undefined): Context | undefined {
  if (graph === undefined || plan === undefined) return undefined;
  const { update: _, budgetBytes: __, ...rest } = plan;
  const basis = JSON.stringify([input.uri, rest, input.contributions?.text ?? null]);
  if (last?.basis === basis && last.graph === graph) return last;
  const { contributions: file } = input;
  const read = file && parseContributions(file.text, searchableLayers(graph, plan), file.file);
  const contributions = read?.ok === true ? read.value : priorContributions(graph, plan);
  const space = spaceOf(graph, plan, contributions);
  const [problem] = read?.ok === false ? read.diagnostics : [];
  last = {
    ...{ basis, graph, plan, contributions, space },
    oracle: compileOracle(graph, plan, space),
    channels: new Map([...weightedByName(graph)].map(([name, layer]) => [name, selectableChannels(layer)])),
    ...(problem === undefined ? {} : { problem: problem.message }),
  };
  return last;
}

function markOf({ space, channels }: Context, name: string, plan: TrainingPlan, sramBytes: number): FitMark {
  const { choice, exact } = ratedUpdate(space, plan.update, channels);
  return { name, sramBytes, score: scoreOf(space, choice), atLeast: !exact };
}

function figuresOf({
  sramBytes,
  arenaBytes,
  trainableBytes,
  flashBytes,
  macs,
}: Pick<PlanTotals, keyof Omit<FitFigures, 'macs'> | 'macs'>): FitFigures {
  const { forward, backward, update } = macs;
  return { sramBytes, arenaBytes, trainableBytes, flashBytes, macs: forward + backward + update };
}

function problemOf({ message, remedy }: Diagnostic): FitProblem {
  return { message, remedy };
}
