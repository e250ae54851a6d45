/** A prepared arena in flat typed arrays, for the inner loops of the search. */

import type { PreparedArena } from './arena-problem.ts';
import { pairKey } from './arena-problem.ts';

/** An element known to exist; V8 inlines it. */
export function at(array: Int32Array, index: number): number {
  return array[index] as number;
}

export interface ArenaTables {
  readonly count: number;
  readonly sectionCount: number;
  readonly size: Int32Array;
  readonly align: Int32Array;
  /** First and last section of each item. */
  readonly first: Int32Array;
  readonly last: Int32Array;
  /** Neighbours of item i: entries neighbourStart[i] until neighbourStart[i + 1] of the next three. */
  readonly neighbourStart: Int32Array;
  readonly neighbour: Int32Array;
  /** The least offset(neighbour) - offset(item) with the neighbour above; `below` likewise with the neighbour below. */
  readonly above: Int32Array;
  readonly below: Int32Array;
  /** Items of section t: entries sectionStart[t] until sectionStart[t + 1] of sectionItem. */
  readonly sectionStart: Int32Array;
  readonly sectionItem: Int32Array;
  /** Per section the bytes its items may share in pairs. */
  readonly pairs: readonly (readonly { readonly a: number; readonly b: number; readonly bytes: number }[])[];
  /** Neighbours that may lie at the item's offset, but only if they count as the lower ones. */
  readonly equals: readonly (readonly number[])[];
  /** Whether an item may overlap another. */
  readonly relieved: readonly boolean[];
  /** Divides all sizes. */
  readonly sizeUnit: number;
  /** Divides all differences of offsets. */
  readonly unit: number;
}

/** Tables for the search. */
export interface SearchableTables extends ArenaTables {
  /** Items in an order in which `equals` come first. */
  readonly tieOrder: readonly number[];
}

function flatten(lists: readonly (readonly number[])[]): { start: Int32Array; values: Int32Array } {
  const start = new Int32Array(lists.length + 1);
  for (const [index, list] of lists.entries()) start[index + 1] = at(start, index) + list.length;
  return { start, values: Int32Array.from(lists.flat()) };
}

/** Undefined if items may lie at the same offset in a circle, each before the next. */
export function orderTies(tables: ArenaTables): SearchableTables | undefined {
  const { equals } = tables;
  const order: number[] = [];
  const state = new Int8Array(equals.length);
  const visit = (item: number): boolean => {
    if (state[item] !== 0) return state[item] === 2;
    state[item] = 1;
    for (const before of equals[item] ?? []) if (!visit(before)) return false;
    state[item] = 2;
    order.push(item);
    return true;
  };
  return equals.every((_, item) => visit(item)) ? { ...tables, tieOrder: order } : undefined;
}

export function tabulate(arena: PreparedArena): ArenaTables {
  const { sizes, aligns, neighbours, sections, spans, shared } = arena;
  const { start: neighbourStart, values: neighbour } = flatten(neighbours.map((list) => list.map(({ item }) => item)));
  const { start: sectionStart, values: sectionItem } = flatten(sections.map(({ items }) => items));
  const equals = neighbours.map((list) =>
    list.flatMap(({ item, above, below }) => (below === 0 && above !== 0 ? [item] : [])),
  );
  return {
    count: sizes.length,
    sectionCount: sections.length,
    size: Int32Array.from(sizes),
    align: Int32Array.from(aligns),
    first: Int32Array.from(spans, ([first]) => first),
    last: Int32Array.from(spans, ([, last]) => last),
    neighbourStart,
    neighbour,
    above: Int32Array.from(neighbours.flatMap((list) => list.map(({ above }) => above))),
    below: Int32Array.from(neighbours.flatMap((list) => list.map(({ below }) => below))),
    sectionStart,
    sectionItem,
    pairs: sections.map(({ pairs }) =>
      pairs.map(([a, b]) => ({ a, b, bytes: shared.get(pairKey(a, b, sizes.length)) ?? 0 })),
    ),
    equals,
    relieved: neighbours.map((list, self) =>
      list.some(({ item, above, below }) => above !== sizes[self] || below !== sizes[item]),
    ),
    sizeUnit: arena.sizeUnit,
    unit: arena.unit,
  };
}
