import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArenaItem, ArenaOverlap, ArenaProblem } from '../../../compiler/memory/arena.ts';
import { checkPacking, packArena } from '../../../compiler/memory/arena.ts';

const item = (maximumSize: number, steps: number, align: fc.Arbitrary<number>) =>
  fc
    .record({
      size: fc.integer({ min: 0, max: maximumSize }),
      ends: fc.tuple(fc.nat(steps - 1), fc.nat(steps - 1)),
      align,
    })
    .map(({ size, ends: [a, b], align }) => ({ size, first: Math.min(a, b), last: Math.max(a, b), align }));

/** Three pairs of distance 0 in a circle are beyond the proof (not beyond the packing). */
const withoutTieCycle = (pair: ArenaOverlap): ArenaOverlap =>
  pair.distance === 0
    ? { below: Math.min(pair.below, pair.above), above: Math.max(pair.below, pair.above), distance: 0 }
    : pair;

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
        .map((pairs) => ({
          items,
          overlaps: pairs.filter(({ below, above }) => below !== above).map(withoutTieCycle),
        })),
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

/** Buffers that fill a rectangle of `steps` by `height` exactly. */
function cutRectangle(height: number, steps: number, cuts: number, below: (limit: number) => number): ArenaItem[] {
  const cut = (first: number, end: number, bytes: number, left: number): ArenaItem[] => {
    if (left > 0 && end - first > 1 && (bytes === 1 || below(2) === 0)) {
      const at = first + 1 + below(end - first - 1);
      return [...cut(first, at, bytes, left - 1), ...cut(at, end, bytes, left - 1)];
    }
    if (left > 0 && bytes > 1) {
      const lower = 1 + below(bytes - 1);
      return [...cut(first, end, lower, left - 1), ...cut(first, end, bytes - lower, left - 1)];
    }
    return [{ size: bytes, first, last: end - 1 }];
  };
  return cut(0, steps, height, cuts);
}

/** At most 5 bytes live at once, but no packing is lower than 6. */
const unevenItems: readonly ArenaItem[] = [
  { size: 3, first: 4, last: 6 },
  { size: 1, first: 1, last: 2 },
  { size: 3, first: 0, last: 1 },
  { size: 2, first: 5, last: 5 },
  { size: 1, first: 1, last: 4 },
  { size: 1, first: 2, last: 4 },
  { size: 2, first: 0, last: 0 },
];

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

  it('finds the same height along the order of a problem with other sizes', () => {
    const similar = problems(6, 7, 5).chain((problem) =>
      fc.tuple(fc.constant(problem), fc.array(fc.nat(7), { minLength: 6, maxLength: 6 })),
    );
    fc.assert(
      fc.property(similar, ([problem, sizes]) => {
        const milliseconds = Number.POSITIVE_INFINITY;
        const items = problem.items.map((each, index) => ({ ...each, size: sizes[index] ?? 0 }));
        const { offsets } = packArena({ ...problem, items }, { milliseconds });
        const order = items.map((_, index) => index).sort((a, b) => (offsets[a] ?? 0) - (offsets[b] ?? 0));
        const along = packArena(problem, { milliseconds, order });
        expect(checkPacking(problem, along.offsets)).toBeUndefined();
        const { height, lowerBound } = packArena(problem, { milliseconds });
        expect(along).toMatchObject({ height, lowerBound, provenOptimal: true });
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

  it('finds the packing of a rectangle cut into pieces', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 200 }),
        fc.integer({ min: 4, max: 20 }),
        fc.infiniteStream(fc.nat(999)),
        (height, steps, numbers) => {
          const items = cutRectangle(height, steps, 4, (limit) => numbers.next().value % limit);
          const solution = packArena({ items }, { milliseconds: Number.POSITIVE_INFINITY });
          expect(checkPacking({ items }, solution.offsets)).toBeUndefined();
          expect(solution).toMatchObject({ height, lowerBound: height, provenOptimal: true });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('lets an output grow into its consumed input, no further than allowed', () => {
    const input = { size: 100, first: 0, last: 1 };
    const output = { size: 60, first: 1, last: 2 };
    const pack = (distance: number) =>
      packArena({ items: [input, output], overlaps: [{ below: 1, above: 0, distance }] });
    expect(pack(0)).toMatchObject({ height: 100, provenOptimal: true });
    expect(pack(20)).toMatchObject({ height: 120, offsets: [20, 0], provenOptimal: true });
    expect(pack(60)).toMatchObject({ height: 160, provenOptimal: true });
  });

  it('shares no byte of a third buffer that lives with an overlapping pair', () => {
    const problem: ArenaProblem = {
      items: [
        { size: 100, first: 0, last: 1 },
        { size: 60, first: 1, last: 2 },
        { size: 30, first: 0, last: 2 },
      ],
      overlaps: [{ below: 1, above: 0, distance: 0 }],
    };
    const { offsets, height } = packArena(problem);
    expect(checkPacking(problem, offsets)).toBeUndefined();
    expect(height).toBe(130);
  });

  it('counts the padding of aligned items in its bound', () => {
    const items = [0, 1, 2].map(() => ({ size: 5, first: 0, last: 0, align: 8 }));
    expect(packArena({ items })).toMatchObject({ height: 21, lowerBound: 21, provenOptimal: true });
  });

  it('gives the same packing again for the same seed', () => {
    fc.assert(
      fc.property(problems(20), fc.nat(), (problem, seed) => {
        const options = {
          seed,
          milliseconds: Number.POSITIVE_INFINITY,
          capacity: packArena(problem, { milliseconds: 20 }).height,
        };
        expect(packArena(problem, options).offsets).toEqual(packArena(problem, options).offsets);
      }),
      { numRuns: 50 },
    );
  });

  it('stops at the capacity, and looks for the least height where that is larger', () => {
    const items = unevenItems;
    const wide = packArena({ items }, { capacity: 100 });
    expect(wide.height).toBeLessThanOrEqual(100);
    expect(packArena({ items }, { capacity: 3 })).toMatchObject({ height: 6, lowerBound: 6, provenOptimal: true });
  });

  it('proves that no packing is as low as the largest live set', () => {
    const items = unevenItems;
    const liveAt = (step: number) =>
      items.reduce((sum, item) => sum + (item.first <= step && step <= item.last ? item.size : 0), 0);
    expect(Math.max(...[0, 1, 2, 3, 4, 5, 6].map(liveAt))).toBe(5);
    expect(leastHeight({ items }, 8)).toBe(6);
    expect(packArena({ items })).toMatchObject({ height: 6, lowerBound: 6, provenOptimal: true });
  });

  it('returns a valid packing with an honest gap when cancelled at once', () => {
    const solution = packArena({ items: unevenItems }, { cancelled: () => true });
    expect(checkPacking({ items: unevenItems }, solution.offsets)).toBeUndefined();
    expect(solution.lowerBound).toBe(5);
    expect(solution.provenOptimal).toBe(solution.height === 5);
  });

  it('packs overlaps that may all start at the offset of the next, in a circle', () => {
    const items = [4, 5, 6].map((size) => ({ size, first: 0, last: 0, align: 4 }));
    const overlaps = items.map((_, below) => ({ below, above: (below + 1) % 3, distance: 0 }));
    const solution = packArena({ items, overlaps }, { milliseconds: Number.POSITIVE_INFINITY });
    expect(checkPacking({ items, overlaps }, solution.offsets)).toBeUndefined();
    expect(solution).toMatchObject({ height: 6, provenOptimal: true });
  });

  it('packs nothing into no bytes', () => {
    expect(packArena({ items: [] })).toMatchObject({ offsets: [], height: 0, provenOptimal: true });
    const items = [{ size: 0, first: 0, last: 3 }];
    expect(packArena({ items })).toMatchObject({ offsets: [0], height: 0, provenOptimal: true });
  });

  it('refuses what is not a packing problem', () => {
    const good = { size: 1, first: 0, last: 0 };
    const pack = (problem: ArenaProblem) => () => packArena(problem);
    expect(pack({ items: [{ ...good, size: 1.5 }] })).toThrow('arena item 0: size 1.5');
    expect(pack({ items: [good, { ...good, first: 1 }] })).toThrow('arena item 1: steps 1..0');
    expect(pack({ items: [{ ...good, align: 3 }] })).toThrow('alignment 3');
    expect(pack({ items: [{ ...good, size: 2 ** 30 }] })).toThrow('more than 1 GiB');
    expect(pack({ items: [good], overlaps: [{ below: 0, above: 1, distance: 0 }] })).toThrow('overlap 0 below 1');
  });
});

describe('checkPacking', () => {
  const items = [
    { size: 8, first: 0, last: 2, align: 4 },
    { size: 8, first: 2, last: 3 },
  ];

  it('names the first violation', () => {
    expect(checkPacking({ items }, [0, 8])).toBeUndefined();
    expect(checkPacking({ items }, [8, 0])).toBeUndefined();
    expect(checkPacking({ items }, [0])).toBe('1 offsets for 2 items');
    expect(checkPacking({ items }, [-4, 8])).toBe('item 0: -4 is not an offset');
    expect(checkPacking({ items }, [2, 12])).toBe('item 0: offset 2 is not a multiple of 4');
    expect(checkPacking({ items }, [0, 7])).toBe('items 0 at 0 (8 bytes) and 1 at 7 (8 bytes) overlap in step 2');
  });

  it('allows an overlap in its direction and from its distance on', () => {
    const problem = { items, overlaps: [{ below: 0, above: 1, distance: 3 }] };
    expect(checkPacking(problem, [0, 3])).toBeUndefined();
    expect(checkPacking(problem, [0, 2])).toContain('overlap in step 2');
    expect(checkPacking(problem, [4, 0])).toContain('overlap in step 2');
    expect(checkPacking(problem, [8, 0])).toBeUndefined();
  });
});
