import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArenaProblem } from '../../../compiler/memory/arena.ts';
import { checkPacking, packArena } from '../../../compiler/memory/arena.ts';

const item = (maximumSize: number, steps: number, align: fc.Arbitrary<number>) =>
  fc
    .record({
      size: fc.integer({ min: 0, max: maximumSize }),
      ends: fc.tuple(fc.nat(steps - 1), fc.nat(steps - 1)),
      align,
    })
    .map(({ size, ends: [a, b], align }) => ({ size, first: Math.min(a, b), last: Math.max(a, b), align }));

const problems = (count: number, maximumSize = 40, steps = 8): fc.Arbitrary<ArenaProblem> =>
  fc
    .array(item(maximumSize, steps, fc.constantFrom(1, 1, 1, 2, 4, 16)), { minLength: 1, maxLength: count })
    .chain((items) =>
      fc
        .array(
          fc.record({
            below: fc.nat(items.length - 1),
            above: fc.nat(items.length - 1),
            distance: fc.nat(maximumSize),
          }),
          { maxLength: 3 },
        )
        .map((pairs) => ({ items, overlaps: pairs.filter(({ below, above }) => below !== above) })),
    );

/** The least height over all offsets, found by trying them all below `limit`. */
function leastHeight({ items, overlaps = [] }: ArenaProblem, limit: number): number {
  const offsets: number[] = [];
  let least = limit;
  const separated = (a: number, b: number) => {
    const [first, second] = [items[a], items[b]];
    const gap = (offsets[b] ?? 0) - (offsets[a] ?? 0);
    if (first === undefined || second === undefined) return true;
    if (first.first > second.last || second.first > first.last) return true;
    if (gap >= first.size || -gap >= second.size) return true;
    return overlaps.some(
      ({ below, above, distance }) =>
        (below === a && above === b && gap >= distance) || (below === b && above === a && -gap >= distance),
    );
  };
  const place = (index: number, height: number): void => {
    const current = items[index];
    if (current === undefined) {
      least = Math.min(least, height);
      return;
    }
    for (let offset = 0; offset + current.size < least; offset += current.align ?? 1) {
      offsets[index] = offset;
      if (Array.from({ length: index }, (_, other) => other).every((other) => separated(other, index)))
        place(index + 1, Math.max(height, offset + current.size));
    }
  };
  place(0, 0);
  return least;
}

describe('packArena', () => {
  it('packs without a violation and not below its bound', () => {
    fc.assert(
      fc.property(problems(25), (problem) => {
        const { offsets, height, lowerBound, provenOptimal } = packArena(problem, { milliseconds: 20 });
        expect(checkPacking(problem, offsets)).toBeUndefined();
        expect(height).toBe(
          Math.max(...problem.items.map(({ size }, index) => (size ? (offsets[index] ?? 0) + size : 0))),
        );
        expect(height).toBeGreaterThanOrEqual(lowerBound);
        expect(provenOptimal).toBe(height === lowerBound);
      }),
      { numRuns: 200 },
    );
  });

  it('claims an optimum only where trying all offsets finds nothing lower', () => {
    fc.assert(
      fc.property(problems(6, 7, 5), (problem) => {
        const { height, lowerBound, provenOptimal } = packArena(problem);
        const least = leastHeight(problem, height + 1);
        expect(least).toBeGreaterThanOrEqual(lowerBound);
        if (provenOptimal) expect(height).toBe(least);
      }),
      { numRuns: 300 },
    );
  });
});
