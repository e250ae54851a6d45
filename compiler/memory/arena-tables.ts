/** A prepared arena in flat typed arrays, for the inner loops of the search. */

import type { PreparedArena } from './arena-problem.ts';
import { at, pairKey } from './arena-problem.ts';

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
  readonly tieOrder: Int32Array;
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
  return equals.every((_, item) => visit(item)) ? { ...tables, tieOrder: Int32Array.from(order) } : undefined;
}

export function tabulate(arena: PreparedArena): ArenaTables {
  const { sizes, aligns, neighbours, sections, firstSection, lastSection, shared } = arena;
  const sectionStart = new Int32Array(sections.length + 1);
  for (const [section, { items }] of sections.entries())
    sectionStart[section + 1] = at(sectionStart, section) + items.length;
  const sectionItem = new Int32Array(at(sectionStart, sections.length));
  for (const [section, { items }] of sections.entries()) sectionItem.set(items, at(sectionStart, section));
  const equals = sizes.map((_, item) =>
    (arena.relieved.get(item) ?? []).flatMap(({ item: other, above, below }) =>
      below === 0 && above !== 0 ? [other] : [],
    ),
  );
  return {
    count: sizes.length,
    sectionCount: sections.length,
    size: Int32Array.from(sizes),
    align: Int32Array.from(aligns),
    first: firstSection,
    last: lastSection,
    neighbourStart: neighbours.start,
    neighbour: neighbours.item,
    above: neighbours.above,
    below: neighbours.below,
    sectionStart,
    sectionItem,
    pairs: sections.map(({ pairs }) =>
      pairs.map(([a, b]) => ({ a, b, bytes: shared.get(pairKey(a, b, sizes.length)) ?? 0 })),
    ),
    equals,
    relieved: sizes.map((_, item) => arena.relieved.has(item)),
    sizeUnit: arena.sizeUnit,
    unit: arena.unit,
  };
}
