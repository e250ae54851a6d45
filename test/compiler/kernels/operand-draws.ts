/** Random tensors with distances between their elements, and the walk over them from its definition. */
import fc from 'fast-check';
import { numbers } from './draws.ts';
import { at } from './reference.ts';

export interface Strides {
  readonly shape: readonly number[];
  readonly first: readonly number[];
  readonly second: readonly number[];
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, each) => size * each, 1);

/** Distances of a tensor whose elements lie one behind the other; 0 where a dimension repeats its one element. */
function distances(shape: readonly number[], repeats: readonly boolean[]): number[] {
  const own: number[] = [];
  let distance = 1;
  for (const d of [4, 3, 2, 1, 0]) {
    own[d] = repeats[d] ? 0 : distance;
    if (!repeats[d]) distance *= at(shape, d);
  }
  return own;
}

const dimensions = fc
  .tuple(fc.tuple(...Array.from({ length: 4 }, () => fc.constantFrom(1, 1, 2, 3, 4))), fc.integer({ min: 1, max: 40 }))
  .map(([outer, last]) => [...outer, last]);
const repeats = fc.oneof(
  fc.constant(Array.from({ length: 5 }, () => false)),
  fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
);

/** Two operands of the elements of `shape`, either of which may repeat its elements along some dimensions. */
export const operands: fc.Arbitrary<Strides> = fc
  .record({ shape: dimensions, first: repeats, second: repeats })
  .map(({ shape, first, second }) => ({
    shape,
    first: distances(shape, first),
    second: distances(shape, second),
  }));

export interface Move {
  readonly strides: Strides;
  /** Where in the output the element at position 0 goes. */
  readonly start: number;
}

/** Elements one behind the other go to an output of the same size, dimensions in another order, some backwards. */
export const moves: fc.Arbitrary<Move> = fc
  .record({ shape: dimensions, seed: fc.nat(), backwards: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }) })
  .map(({ shape, seed, backwards }) => {
    const next = numbers(seed);
    const order = shape
      .map((_, d) => ({ d, key: next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ d }) => d);
    const second: number[] = [];
    let distance = 1;
    let start = 0;
    for (const d of order) {
      second[d] = backwards[d] ? -distance : distance;
      if (backwards[d]) start += distance * (at(shape, d) - 1);
      distance *= at(shape, d);
    }
    return { strides: { shape, first: distances(shape, []), second }, start };
  });

export interface Place {
  readonly first: number;
  readonly second: number;
}

/** The elements that belong together, in the order of the positions. */
export function places({ shape, first, second }: Strides): Place[] {
  return Array.from({ length: sizeOf(shape) }, (_, position) => {
    let rest = position;
    const place = { first: 0, second: 0 };
    for (const d of [4, 3, 2, 1, 0]) {
      const coordinate = rest % at(shape, d);
      rest = Math.floor(rest / at(shape, d));
      place.first += coordinate * at(first, d);
      place.second += coordinate * at(second, d);
    }
    return place;
  });
}

/** So many elements does an operand with these distances have. */
export function elementsOf(shape: readonly number[], strides: readonly number[]): number {
  return 1 + shape.reduce((last, size, d) => last + (size - 1) * Math.max(0, at(strides, d)), 0);
}
