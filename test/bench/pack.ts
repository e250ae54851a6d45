/** `npm run bench -- pack FILE.csv --capacity N --json`: the arena planner on MiniMalloc's instances. */

import { readFileSync } from 'node:fs';
import type { ArenaItem, ArenaProblem } from '../../compiler/memory/arena.ts';
import { checkPacking, packArena } from '../../compiler/memory/arena.ts';

export interface PackReport {
  /** Bytes. */
  readonly height: number;
  readonly lowerBound: number;
  readonly provenOptimal: boolean;
  readonly seconds: number;
}

/**
 * Reads MiniMalloc's CSV: a header that names the columns `id,lower,upper,size` in any order, then a line per buffer,
 * alive from step `lower` until before step `upper`.
 * @throws Error naming the line that is not of this form.
 */
export function readPackingCsv(text: string): ArenaProblem {
  const [header = '', ...lines] = text.trimEnd().split(/\r?\n/);
  const names = header.split(',').map((name) => name.trim());
  const columns = (['lower', 'upper', 'size'] as const).map((name) => names.indexOf(name));
  if (columns.includes(-1)) throw new Error(`line 1: "${header}" lacks one of the columns lower, upper, size`);
  const items = lines.map((line, index): ArenaItem => {
    const cells = line.split(',');
    const [lower = Number.NaN, upper = Number.NaN, size = Number.NaN] = columns.map((column) => {
      const cell = cells[column]?.trim() ?? '';
      return /^\d+$/.test(cell) ? Number(cell) : Number.NaN;
    });
    if (!(lower < upper) || Number.isNaN(size))
      throw new Error(`line ${index + 2}: "${line}" is not a buffer with lower < upper and a size`);
    return { first: lower, last: upper - 1, size };
  });
  return { items };
}

/** @param args `FILE.csv --capacity N [--seconds N] [--seed N]`; without a capacity it looks for the least height. */
export function runPack(args: readonly string[]): PackReport {
  const option = (name: string): number | undefined => {
    const place = args.indexOf(`--${name}`);
    if (place < 0) return undefined;
    const value = Number(args[place + 1]);
    if (!Number.isFinite(value)) throw new Error(`--${name} needs a number, not "${args[place + 1] ?? ''}"`);
    return value;
  };
  const [file] = args;
  if (file === undefined || file.startsWith('--'))
    throw new Error('usage: pack FILE.csv [--capacity N] [--seconds N] [--seed N]');
  const problem = readPackingCsv(readFileSync(file, 'utf8'));
  const capacity = option('capacity');
  const solution = packArena(problem, {
    ...(capacity === undefined ? {} : { capacity }),
    milliseconds: (option('seconds') ?? 60) * 1000,
    seed: option('seed') ?? 1,
  });
  const violation = checkPacking(problem, solution.offsets);
  if (violation !== undefined) throw new Error(`the packing of ${file} is wrong: ${violation}`);
  const { height, lowerBound, provenOptimal } = solution;
  return { height, lowerBound, provenOptimal, seconds: solution.milliseconds / 1000 };
}
