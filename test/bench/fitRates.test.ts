import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Work } from '../../compiler/timing/work.ts';
import { fitRates } from './fitRates.ts';

const work = (kernel: string, calls: number, macs: number, elements: number): Work => ({
  ...{ step: 0, layer: 'layer', phase: 'forward', kernel, variant: '' },
  ...{ calls, macs, elements, gathered: 0 },
});

it('finds the rates by which counts were made', () => {
  const amount = fc.integer({ min: 1, max: 10_000 });
  const calls = fc.array(fc.tuple(amount, amount, amount), { minLength: 30, maxLength: 40 });
  fc.assert(
    fc.property(calls, fc.double({ min: 0, max: 5, noNaN: true }), (all, rate) => {
      const steps = all.map(([count, macs, elements], index) => ({
        instructions: index % 2 === 0 ? 20 * count + rate * macs + 3 * elements : 7 * elements,
        work: [index % 2 === 0 ? work('ft_a', count, macs, elements) : work('ft_b', count, 0, elements)],
      }));
      const { ft_a: first = [], ft_b: second = [] } = fitRates(steps);
      expect(first[0]).toBeCloseTo(20, 0);
      expect(first[1]).toBeCloseTo(rate, 0);
      expect(first[2]).toBeCloseTo(3, 0);
      expect(second[2]).toBeCloseTo(7, 0);
    }),
    { numRuns: 10, seed: 1 },
  );
});

it('gives no kernel a rate below zero', () => {
  const steps = [1, 2, 3, 4].map((n) => ({ instructions: 1000 - 100 * n, work: [work('ft_a', 1, 100 * n, 0)] }));
  const rates = fitRates(steps).ft_a ?? [];
  expect(Math.min(...rates)).toBe(0);
});
