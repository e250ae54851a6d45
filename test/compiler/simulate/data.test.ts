import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseSamples,
  inputFormat,
  pictureProblem,
  type Sample,
  trainingOrder,
} from '../../../compiler/simulate/data.ts';
import { randomSource, shuffled } from '../../../compiler/simulate/random.ts';
import type { DataSource } from '../../../compiler/training/plan.ts';

const source: DataSource = { path: 'data', skipBroken: false };

describe('the random source', () => {
  it('repeats for the same seed only, and neighbouring seeds have nothing in common', () => {
    const first = (seed: number) => {
      const random = randomSource(seed);
      return Array.from({ length: 20 }, () => random.next());
    };
    expect(first(1)).toEqual(first(1));
    expect(new Set([0, 1, 2, 3].flatMap(first)).size).toBe(80);
  });

  it('spreads evenly below a bound', () => {
    const random = randomSource(3);
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw++) {
      const value = random.below(10);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('shuffles without losing anything', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.nat(), (values, seed) => {
        expect(shuffled(values, randomSource(seed)).sort()).toEqual([...values].sort());
      }),
    );
  });
});

describe('the choice of samples', () => {
  const labels = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];

  it('takes all, in order, without a limit', () => {
    expect(chooseSamples(labels, { seed: 5 })).toEqual(labels.map((_, index) => index));
  });

  it('takes at most so many of each class, and at most so many in all', () => {
    const chosen = chooseSamples(labels, { perClass: 2, seed: 5 });
    expect(chosen.map((index) => labels[index])).toEqual([0, 0, 1, 1, 2, 2]);
    expect(chooseSamples(labels, { perClass: 2, limit: 4, seed: 5 })).toHaveLength(4);
    expect(chooseSamples(labels, { limit: 100, seed: 5 })).toHaveLength(12);
  });

  it('takes the first of each class, whatever the seed', () => {
    const first = chooseSamples(labels, { perClass: 2, seed: 1 });
    expect(chooseSamples(labels, { perClass: 2, seed: 2 })).toEqual(first);
    for (const index of first)
      expect([...labels].slice(0, index).filter((l) => l === labels[index]).length).toBeLessThan(2);
  });

  it('draws a limit from all classes by the seed', () => {
    const draws = [1, 2, 3].map((seed) => chooseSamples(labels, { limit: 6, seed }));
    expect(new Set(draws.map(String)).size).toBeGreaterThan(1);
    for (const draw of draws) expect(new Set(draw.map((index) => labels[index])).size).toBeGreaterThan(1);
  });
});

describe('the order of training', () => {
  const picture = { width: 3, height: 2, channels: 1 };
  const samples = Array.from({ length: 5 }, (_, label): Sample => ({ input: new Uint8Array(6).fill(label), label }));
  const take = (count: number, data: DataSource, seed: number) => {
    const order = trainingOrder(samples, { data }, picture, seed);
    return Array.from({ length: count }, () => order.next().value);
  };

  it('visits every sample once an epoch, each epoch in another order', () => {
    const labels = take(15, source, 1).map(({ label }) => label);
    const epochs = [labels.slice(0, 5), labels.slice(5, 10), labels.slice(10)];
    for (const epoch of epochs) expect(epoch.toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect(new Set(epochs.map(String)).size).toBeGreaterThan(1);
    expect(take(15, source, 1).map(({ label }) => label)).toEqual(labels);
  });

  it('augments by mirroring and moving, and repeats the edge', () => {
    const one: Sample = { input: Uint8Array.of(1, 2, 3, 4, 5, 6), label: 0 };
    const data = { ...source, augment: { flip: true, shift: 1 } };
    const order = trainingOrder([one], { data }, picture, 1);
    const seen = new Set(Array.from({ length: 300 }, () => order.next().value.input.join('')));
    // 3 x 3 shifts, mirrored or not.
    expect(seen.size).toBe(18);
    for (const variant of ['123456', '321654', '112445', '456456', '211544']) expect(seen).toContain(variant);
    expect([...one.input]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('the input format', () => {
  const graph = (shape: readonly number[]) => ({
    name: 'test',
    layers: [],
    tensors: [
      {
        id: 0,
        name: 'input',
        shape,
        dtype: 'int8' as const,
        quantisation: { scales: [0.5], zeroPoints: [3], axis: 0 },
      },
    ],
    inputs: [0],
    outputs: [0],
  });

  const inputOf = (shape: readonly number[]) => {
    const result = inputFormat(graph(shape));
    if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
    return result.value;
  };

  it('is that of the model', () => {
    expect(inputOf([1, 4, 6, 3])).toMatchObject({ height: 4, width: 6, channels: 3, scale: 0.5, zeroPoint: 3 });
    expect(inputOf([1, 640])).toMatchObject({ elements: 640, height: 1, width: 640, channels: 1 });
    expect(inputOf([1, 49, 10])).toMatchObject({ elements: 490, height: 49, width: 10, channels: 1 });
  });

  it('refuses several samples at once, and inputs that are no codes', () => {
    expect(inputFormat(graph([2, 640]))).toMatchObject({ diagnostics: [{ code: 'several-samples' }] });
    const [tensor] = graph([1, 4]).tensors;
    const real = { ...graph([1, 4]), tensors: tensor === undefined ? [] : [{ ...tensor, dtype: 'float32' as const }] };
    expect(inputFormat(real)).toMatchObject({ diagnostics: [{ code: 'input-not-quantised' }] });
  });

  it('refuses what is no picture, and another size than the plan resizes to', () => {
    expect(pictureProblem(inputOf([1, 640]), source)).toMatchObject({ code: 'data-not-pictures' });
    expect(pictureProblem(inputOf([1, 4, 6, 2]), source)).toMatchObject({ code: 'data-not-pictures' });
    expect(pictureProblem(inputOf([1, 4, 6, 3]), source)).toBeUndefined();
    const resize = { width: 4, height: 4 };
    expect(pictureProblem(inputOf([1, 4, 6, 3]), { ...source, resize })).toMatchObject({
      code: 'resize-mismatch',
      remedy: expect.stringContaining('resize 6x4'),
    });
  });
});
