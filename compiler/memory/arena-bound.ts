import type { PreparedArena, Section } from './arena-problem.ts';
import { pairKey, roundUp } from './arena-problem.ts';

/**
 * Bytes that the items of one section need whatever their offsets: they cover the sum of their sizes less what pairs
 * may share (Bonferroni's inequality), but never less than the items that share nothing and the largest of the rest.
 * With a common alignment every item but the topmost also occupies its padding.
 */
function sectionBound(arena: PreparedArena, section: Section): number {
  const { sizes, aligns, shared } = arena;
  const cell = section.items.reduce((least, item) => Math.min(least, aligns[item] ?? 1), Number.POSITIVE_INFINITY);
  const inPair = new Set(section.pairs.flat());
  let alone = 0;
  let together = 0;
  let largest = 0;
  let padding = 0;
  for (const item of section.items) {
    const size = sizes[item] ?? 0;
    const cells = roundUp(size, cell);
    padding = Math.max(padding, cells - size);
    if (inPair.has(item)) {
      together += cells;
      largest = Math.max(largest, cells);
    } else {
      alone += cells;
    }
  }
  for (const [a, b] of section.pairs) together -= roundUp(shared.get(pairKey(a, b, sizes.length)) ?? 0, cell);
  const longest = section.items.reduce((most, item) => Math.max(most, sizes[item] ?? 0), 0);
  return Math.max(alone + Math.max(together, largest) - padding, longest);
}

/** A height no packing can go below, in bytes: the largest need of a section. */
export function liveBound(arena: PreparedArena): number {
  return arena.sections.reduce((bound, section) => Math.max(bound, sectionBound(arena, section)), 0);
}
