/** Packs buffers with known lifetimes into one arena of least height. */

import { liveBound } from './arena-bound.ts';
import { descend } from './arena-descent.ts';
import { orderItems, type Packing, packGreedily, packInOrder } from './arena-greedy.ts';
import type { ArenaProblem } from './arena-problem.ts';
import { prepareArena } from './arena-problem.ts';

export type { ArenaItem, ArenaOverlap, ArenaProblem } from './arena-problem.ts';

export interface ArenaSolution {
  /** Bytes from the start of the arena, by item. */
  readonly offsets: readonly number[];
  readonly height: number;
  /** No packing is lower. */
  readonly lowerBound: number;
  readonly provenOptimal: boolean;
  readonly milliseconds: number;
}

export interface ArenaOptions {
  /** Stop as soon as the height is at most this many bytes; absent: look for the least height. */
  readonly capacity?: number;
  /** Time limit; 1000 if absent. */
  readonly milliseconds?: number;
  readonly seed?: number;
  /** All items in an order that may pack well, such as that of a similar problem's offsets. Tried first: it may save
   * the search, and then gives another packing of the same height. */
  readonly order?: readonly number[];
  /** Polled; the best packing so far is returned once it says true. */
  readonly cancelled?: () => boolean;
}

/** Deterministic for the same problem and seed as long as neither the time limit nor `cancelled` cuts it short. */
export function packArena(problem: ArenaProblem, options: ArenaOptions = {}): ArenaSolution {
  const start = performance.now();
  const { capacity = 0, milliseconds = 1000, seed = 1, order, cancelled } = options;
  const proceed = () => performance.now() - start < milliseconds && cancelled?.() !== true;
  const arena = prepareArena(problem);
  const bound = liveBound(arena);
  const solution = (packing: Packing, lowerBound: number): ArenaSolution => ({
    ...packing,
    lowerBound,
    provenOptimal: packing.height === lowerBound,
    milliseconds: performance.now() - start,
  });
  const known = order === undefined ? undefined : packInOrder(arena, order);
  if (known !== undefined && known.height <= Math.max(bound, capacity)) return solution(known, bound);
  const orders = orderItems(arena);
  const greedy = packGreedily(arena, orders, Math.max(bound, capacity));
  const { packing, lowerBound } = descend(
    arena,
    orders,
    { packing: greedy, lowerBound: bound },
    capacity,
    seed,
    proceed,
    order,
  );
  return solution(packing, lowerBound);
}

/** The first violation of the problem's constraints by a packing, in words; undefined if there is none. */
export function checkPacking(problem: ArenaProblem, offsets: readonly number[]): string | undefined {
  const { items, overlaps = [] } = problem;
  if (offsets.length !== items.length) return `${offsets.length} offsets for ${items.length} items`;
  const at = (index: number) => offsets[index] ?? 0;
  for (const [index, { align = 1 }] of items.entries()) {
    const offset = at(index);
    if (!Number.isSafeInteger(offset) || offset < 0) return `item ${index}: ${offset} is not an offset`;
    if (offset % align !== 0) return `item ${index}: offset ${offset} is not a multiple of ${align}`;
  }
  for (const [a, first] of items.entries()) {
    for (const [b, second] of items.entries()) {
      if (b <= a || first.first > second.last || second.first > first.last) continue;
      if (at(a) + first.size <= at(b) || at(b) + second.size <= at(a)) continue;
      const relieved = overlaps.some(
        ({ below, above, distance }) =>
          ((below === a && above === b) || (below === b && above === a)) && at(above) - at(below) >= distance,
      );
      if (!relieved)
        return `items ${a} at ${at(a)} (${first.size} bytes) and ${b} at ${at(b)} (${second.size} bytes) overlap in step ${Math.max(first.first, second.first)}`;
    }
  }
  return undefined;
}
