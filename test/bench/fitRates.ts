/** Rates of instructions for the kernels' work, fitted to the counts of many programs. */
import { amountsOf, rateName } from '../../compiler/timing/instructions.ts';
import type { Rates } from '../../compiler/timing/rates.ts';
import type { Work } from '../../compiler/timing/work.ts';

/** What was counted for a step, and what it did. */
export interface CountedStep {
  readonly instructions: number;
  readonly work: readonly Work[];
}

interface Column {
  readonly name: string;
  /** Position in the rates. */
  readonly amount: number;
  readonly entries: { readonly row: number; readonly value: number }[];
}

const mostRounds = 100_000;
/** Multiply-accumulates first: where several amounts would explain the counts, they are the likely cause. */
const order = [1, 2, 3, 0];

/**
 * The least squares of the relative errors' square roots over all rates of at least 0, by coordinate descent (non-negative
 * least squares; the problem is convex). A step weighs by the root of its instructions, so that small steps count, but not
 * as much as those that fill a training step.
 */
export function fitRates(steps: readonly CountedStep[]): Readonly<Record<string, Rates>> {
  const weights = steps.map(({ instructions }) => 1 / Math.sqrt(instructions + 2000));
  const columns = columnsOf(steps, weights);
  const rest = steps.map(({ instructions }, row) => instructions * (weights[row] ?? 0));
  const rates = columns.map(() => 0);
  const norms = columns.map(({ entries }) => entries.reduce((sum, { value }) => sum + value * value, 0));
  for (let round = 0; round < mostRounds; round++) {
    let moved = 0;
    columns.forEach(({ entries }, index) => {
      const [rate = 0, norm = 1] = [rates[index], norms[index]];
      const slope = entries.reduce((sum, { row, value }) => sum + value * (rest[row] ?? 0), 0);
      const change = Math.max(-rate, slope / norm);
      if (change === 0) return;
      rates[index] = rate + change;
      for (const { row, value } of entries) rest[row] = (rest[row] ?? 0) - change * value;
      moved = Math.max(moved, Math.abs(change) * Math.sqrt(norm));
    });
    if (moved < 1e-4) break;
  }
  return collect(columns, rates);
}

function columnsOf(steps: readonly CountedStep[], weights: readonly number[]): readonly Column[] {
  const columns = new Map<string, Column>();
  steps.forEach(({ work }, row) => {
    for (const each of work) {
      const name = rateName(each);
      amountsOf(each).forEach((value, amount) => {
        if (value === 0) return;
        const key = `${name} ${amount}`;
        const column = columns.get(key) ?? { name, amount, entries: [] };
        columns.set(key, column);
        column.entries.push({ row, value: value * (weights[row] ?? 0) });
      });
    }
  });
  return [...columns.values()].sort((a, b) => order.indexOf(a.amount) - order.indexOf(b.amount));
}

function collect(columns: readonly Column[], values: readonly number[]): Readonly<Record<string, Rates>> {
  const found = new Map<string, [number, number, number, number]>();
  columns.forEach(({ name, amount }, index) => {
    const rates = found.get(name) ?? [0, 0, 0, 0];
    const rate = values[index] ?? 0;
    rates[amount] = rate < 0.001 ? 0 : Number(rate.toPrecision(4));
    found.set(name, rates);
  });
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
