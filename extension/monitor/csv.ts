/** Runs as a table for spreadsheets and notebooks: one row for each point of a curve and for each epoch. */

import type { Run } from './run.ts';
import type { RunStore } from './runStore.ts';

const head = [
  'run',
  'source',
  'plan',
  'plan_hash',
  'seed',
  'row',
  'epoch',
  'step',
  'loss',
  'train_accuracy',
  'test_accuracy',
];

/** RFC 4180. A `step` row is the mean of all losses since the row before; accuracies are shares from 0 to 1. */
export function runsCsv(store: RunStore, runs: readonly Run[]): string {
  const rows = runs.flatMap((run) => {
    const { name, source, plan, planHash, seed, results } = store.picture(run);
    const first = [name, source, plan, planHash, seed];
    const { steps, losses } = run.losses.tail(undefined) ?? { steps: [], losses: [] };
    return [
      ...steps.map((step, index) => [
        ...first,
        'step',
        undefined,
        step,
        losses[index] ?? Number.NaN,
        undefined,
        undefined,
      ]),
      ...results.map((each) => [
        ...first,
        'epoch',
        each.epoch,
        each.steps,
        each.loss,
        each.trainAccuracy,
        each.testAccuracy,
      ]),
    ];
  });
  return [head, ...rows].map((row) => `${row.map(cellOf).join(',')}\r\n`).join('');
}

function cellOf(value: string | number | undefined): string {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
