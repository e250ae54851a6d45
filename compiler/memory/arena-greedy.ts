/** Packing by placing items one after another at the lowest free offset, and a hill climb over the orders. */

import type { PreparedArena } from './arena-problem.ts';
import { at, roundUp } from './arena-problem.ts';

export interface Packing {
  readonly offsets: readonly number[];
  readonly height: number;
}

/** Places the items in the given order, each at the lowest offset that the earlier ones leave. */
export function packInOrder(arena: PreparedArena, order: readonly number[]): Packing {
  const { sizes, aligns, firstSection, lastSection, relieved } = arena;
  const offsets = new Array<number>(sizes.length).fill(-1);
  // Those that have a place, by offset: the first that lies high enough ends the search for room.
  const placed = new Int32Array(order.length);
  let count = 0;
  let height = 0;
  for (const item of order) {
    const size = sizes[item] ?? 0;
    const align = aligns[item] ?? 1;
    const [first, last] = [at(firstSection, item), at(lastSection, item)];
    const reliefs = relieved.get(item) ?? [];
    let offset = 0;
    for (let next = 0, moved = true; moved; ) {
      moved = false;
      for (; next < count; next++) {
        const other = at(placed, next);
        const from = offsets[other] as number;
        if (from - size >= offset) break;
        const top = from + (sizes[other] as number);
        const isFree = top <= offset || at(firstSection, other) > last || first > at(lastSection, other);
        if (isFree || reliefs.some((relief) => relief.item === other)) continue;
        offset = roundUp(top, align);
      }
      for (const { item: other, above, below } of reliefs) {
        const from = offsets[other] as number;
        if (from < 0 || from - above >= offset || from + below <= offset) continue;
        offset = roundUp(from + below, align);
        moved = true;
      }
    }
    offsets[item] = offset;
    height = Math.max(height, offset + size);
    insertByOffset(placed, count++, item, offsets);
  }
  return { offsets, height };
}

function insertByOffset(placed: Int32Array, count: number, item: number, offsets: readonly number[]): void {
  const offset = offsets[item] as number;
  let place = count;
  while (place > 0 && (offsets[at(placed, place - 1)] as number) > offset) place--;
  placed.copyWithin(place + 1, place, count);
  placed[place] = item;
}

/** Orders in which placing items works well, each by a quality of the items from most to least. */
export interface ItemOrders {
  readonly size: readonly number[];
  /** Size times sections. */
  readonly area: readonly number[];
  /** Sections. */
  readonly width: readonly number[];
  /** The fullest section of the item. */
  readonly pressure: readonly number[];
  /** Earlier before later. */
  readonly start: readonly number[];
}

export function orderItems(arena: PreparedArena): ItemOrders {
  const { sizes, firstSection, lastSection, sections } = arena;
  const loads = sections.map((section) => section.items.reduce((sum, item) => sum + (sizes[item] ?? 0), 0));
  const keys = sizes.map((size, item) => {
    const [first, last] = [at(firstSection, item), at(lastSection, item)];
    const width = last - first + 1;
    const pressure = loads.slice(first, last + 1).reduce((most, load) => Math.max(most, load), 0);
    return { item, size, width, area: size * width, pressure, start: -first };
  });
  type Key = Exclude<keyof (typeof keys)[number], 'item'>;
  const by = (...names: readonly Key[]) =>
    [...keys]
      .sort((a, b) => {
        for (const name of names) if (a[name] !== b[name]) return b[name] - a[name];
        return a.item - b.item;
      })
      .map(({ item }) => item);
  return {
    size: by('size', 'width'),
    area: by('area', 'size'),
    width: by('width', 'area', 'pressure'),
    pressure: by('pressure', 'area', 'width'),
    start: by('start', 'size'),
  };
}

/** The lowest packing of all orders, or the first of at most `goal` bytes. */
export function packGreedily(arena: PreparedArena, orders: ItemOrders, goal: number): Packing {
  let best = packInOrder(arena, orders.size);
  for (const order of [orders.area, orders.pressure, orders.width, orders.start]) {
    if (best.height <= goal) break;
    const packing = packInOrder(arena, order);
    if (packing.height < best.height) best = packing;
  }
  return best;
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
 * Improves a packing: an item that reaches the top, or a neighbour of one, goes to an earlier place in the order, and
 * what is not worse is kept. Stops at `goal`, after `tries`, or when `proceed` says no.
 */
export function climb(
  arena: PreparedArena,
  start: Packing,
  goal: number,
  tries: number,
  random: () => number,
  proceed: () => boolean,
): Packing {
  const below = (limit: number) => Math.floor(random() * limit);
  let best = start;
  let order = start.offsets.map((_, item) => item).sort((a, b) => (start.offsets[a] ?? 0) - (start.offsets[b] ?? 0));
  for (let left = tries; left > 0 && best.height > goal && proceed(); left--) {
    const { offsets, height } = best;
    const top = order.filter((item) => (offsets[item] ?? 0) + (arena.sizes[item] ?? 0) === height);
    const highest = top[below(top.length)] ?? 0;
    const { start: starts, item: near } = arena.neighbours;
    const [from, to] = [at(starts, highest), at(starts, highest + 1)];
    const chosen = random() < 0.5 ? to : from + below(to - from);
    const item = chosen < to ? at(near, chosen) : highest;
    const changed = order.filter((other) => other !== item);
    changed.splice(below(order.indexOf(item) + 1), 0, item);
    const packing = packInOrder(arena, changed);
    if (packing.height > height) continue;
    order = changed;
    best = packing;
  }
  return best;
}
