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

const heightOf = (problem: ArenaProblem, offsets: readonly number[]) =>
  Math.max(...problem.items.map(({ size }, index) => (size > 0 ? (offsets[index] ?? 0) + size : 0)));

describe('packArena', () => {
  it('packs without a violation and not below its bound', () => {
    fc.assert(
      fc.property(problems(30), (problem) => {
        const { offsets, height, lowerBound, provenOptimal } = packArena(problem, { milliseconds: 20 });
        expect(checkPacking(problem, offsets)).toBeUndefined();
        expect(height).toBe(heightOf(problem, offsets));
        expect(height).toBeGreaterThanOrEqual(lowerBound);
        expect(provenOptimal).toBe(height === lowerBound);
      }),
      { numRuns: 150 },
    );
  });

  it('finds the least height there is', () => {
    fc.assert(
      fc.property(problems(6, 7, 5), (problem) => {
        const { height, lowerBound, provenOptimal } = packArena(problem, { milliseconds: Number.POSITIVE_INFINITY });
        expect(height).toBe(leastHeight(problem, height + 1));
        expect({ provenOptimal, lowerBound }).toEqual({ provenOptimal: true, lowerBound: height });
      }),
      { numRuns: 300 },
    );
  });

  it('proves that a perfect packing of the largest live set does not exist', () => {
    // The two short-lived items of 2 leave gaps of 1 at either end of the long one, so that 3 never fits.
    const items = [
      { size: 2, first: 0, last: 1 },
      { size: 1, first: 0, last: 0 },
      { size: 1, first: 1, last: 3 },
      { size: 2, first: 2, last: 3 },
      { size: 1, first: 2, last: 2 },
      { size: 2, first: 3, last: 4 },
    ];
    const { height, provenOptimal } = packArena({ items });
    expect(height).toBe(leastHeight({ items }, 20));
    expect(provenOptimal).toBe(true);
  });
});
