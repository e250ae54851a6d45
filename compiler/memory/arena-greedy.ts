/** Packing by placing items one after another at the lowest free offset, and a hill climb over the orders. */

import type { PreparedArena } from './arena-problem.ts';
import { roundUp } from './arena-problem.ts';

export interface Packing {
  readonly offsets: readonly number[];
  readonly height: number;
}

/** Places the items in the given order, each at the lowest offset that the earlier ones leave. */
export function packInOrder(arena: PreparedArena, order: readonly number[]): Packing {
  const { sizes, aligns, neighbours } = arena;
  const offsets = new Array<number>(sizes.length).fill(-1);
  let height = 0;
  for (const item of order) {
    // A placed neighbour forbids the open interval (from, to).
    const forbidden: { from: number; to: number }[] = [];
    for (const { item: other, above, below } of neighbours[item] ?? []) {
      const offset = offsets[other] ?? -1;
      // Seen from `item`: `above` separates a higher neighbour, `below` a lower one.
      if (offset >= 0) forbidden.push({ from: offset - above, to: offset + below });
    }
    forbidden.sort((a, b) => a.from - b.from);
    const align = aligns[item] ?? 1;
    let offset = 0;
    for (const { from, to } of forbidden) {
      if (from >= offset) break;
      if (to > offset) offset = roundUp(to, align);
    }
    offsets[item] = offset;
    height = Math.max(height, offset + (sizes[item] ?? 0));
  }
  return { offsets, height };
}

/** The orders that pack well most often, best first. */
export function greedyOrders(arena: PreparedArena): number[][] {
  const { sizes, spans } = arena;
  const size = (item: number) => sizes[item] ?? 0;
  const first = (item: number) => spans[item]?.[0] ?? 0;
  const width = (item: number) => (spans[item]?.[1] ?? -1) - first(item) + 1;
  const load = arena.sections.map((section) => section.items.reduce((sum, item) => sum + size(item), 0));
  const pressure = (item: number) =>
    load.slice(first(item), first(item) + width(item)).reduce((most, bytes) => Math.max(most, bytes), 0);
  const pressures = sizes.map((_, item) => pressure(item));
  const by = (...keys: ((item: number) => number)[]) =>
    sizes
      .map((_, item) => item)
      .sort((a, b) => {
        for (const key of keys) {
          const difference = key(b) - key(a);
          if (difference !== 0) return difference;
        }
        return a - b;
      });
  const total = (item: number) => pressures[item] ?? 0;
  return [
    by(size, width),
    by((item) => size(item) * width(item), size),
    by(width, size),
    by(total, size),
    by(total, width, size),
    by((item) => -first(item), size),
  ];
}

/** A small generator of uniform numbers in [0, 1): xorshift32. */
export function randomNumbers(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/**
 * Improves an order by moving an item that reaches the top, or a neighbour of one, to an earlier place, keeping what is
 * not worse. Stops at `goal` or when `proceed` says no.
 */
export function climb(
  arena: PreparedArena,
  start: readonly number[],
  goal: number,
  seed: number,
  proceed: (packing: Packing) => boolean,
): Packing {
  const random = randomNumbers(seed);
  const pick = (list: readonly number[]) => list[Math.floor(random() * list.length)] ?? 0;
  let order = [...start];
  let best = packInOrder(arena, order);
  while (best.height > goal && proceed(best)) {
    const top = best.offsets.flatMap((offset, item) =>
      offset + (arena.sizes[item] ?? 0) === best.height ? [item] : [],
    );
    let item = pick(top);
    const neighbours = arena.neighbours[item] ?? [];
    if (random() < 0.5 && neighbours.length > 0)
      item = neighbours[Math.floor(random() * neighbours.length)]?.item ?? item;
    const from = order.indexOf(item);
    const to = Math.floor(random() * (from + 1));
    const changed = [...order];
    if (random() < 0.5) {
      changed.splice(from, 1);
      changed.splice(to, 0, item);
    } else {
      changed[from] = order[to] ?? item;
      changed[to] = item;
    }
    const packing = packInOrder(arena, changed);
    if (packing.height <= best.height) {
      order = changed;
      best = packing;
    }
  }
  return best;
}
