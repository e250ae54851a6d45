import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradients, seeds } from './draws.ts';
import { call } from './kernel.ts';
import { at, f } from './reference.ts';

function crossEntropy(logits: Float32Array, label: number) {
  const gradient = new Float32Array(logits.length);
  const loss = new Float32Array(1);
  const prediction = new Int32Array(1);
  call('ft_softmax_cross_entropy_f32', { logits, gradient, loss, prediction, classes: logits.length, label });
  return { gradient, loss: at(loss, 0), prediction: at(prediction, 0) };
}

/** Distance in units in the last place of float32. */
function ulps(value: number, real: number): number {
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(real))));
  return Math.abs(value - real) / 2 ** (exponent - 23);
}

describe('softmax cross entropy', () => {
  it('agrees with float64', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), seeds, (classes, seed) => {
        const logits = gradients(classes, seed);
        const label = seed % classes;
        const max = Math.max(...logits);
        const exps = [...logits].map((value) => Math.exp(value - max));
        const sum = exps.reduce((a, b) => a + b);
        const { gradient, loss, prediction } = crossEntropy(logits, label);
        expect(loss).toBeCloseTo(Math.log(sum) + max - at(logits, label), 4);
        expect(prediction).toBe(logits.indexOf(max));
        exps.forEach((exp, c) => {
          expect(Math.abs(at(gradient, c) - (exp / sum - (c === label ? 1 : 0)))).toBeLessThan(1e-6);
        });
      }),
    );
  });

  it('is finite for logits of any size', () => {
    const { gradient, loss } = crossEntropy(Float32Array.of(-1e30, 1e30, 0), 0);
    expect(loss).toBe(f(2e30));
    expect([...gradient]).toEqual([-1, 1, 0]);
    expect(crossEntropy(Float32Array.of(-1e6, -1e6), 1).loss).toBeCloseTo(Math.LN2, 6);
  });

  it('writes the gradient over the logits where asked', () => {
    const logits = gradients(10, 3);
    const { gradient } = crossEntropy(logits, 4);
    const common = { loss: new Float32Array(1), prediction: new Int32Array(1), classes: 10, label: 4 };
    call('ft_softmax_cross_entropy_f32', { logits, gradient: logits, ...common });
    expect(logits).toEqual(gradient);
  });

  it('has no target where the label is no class', () => {
    for (const label of [-1, 3]) {
      const { gradient, loss } = crossEntropy(Float32Array.of(1, 2, 3), label);
      expect(loss).toBe(0);
      expect(gradient.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    }
  });

  it('predicts the first of equals', () => {
    expect(crossEntropy(Float32Array.of(1, 7, 7), 0).prediction).toBe(1);
    const index = new Int32Array(1);
    call('ft_arg_max_f32', { values: Float32Array.of(-3, -2, -2), index, count: 3 });
    expect(index[0]).toBe(1);
  });

  it('has exp within 1.5 units in the last place, down to where results would be subnormal', () => {
    for (let x = -87; x <= 0; x += 0.0473) {
      // The quotient exp(x) / (1 + exp(x)) is exp(x) itself where 1 absorbs it.
      if (x > -18) continue;
      const real = Math.exp(f(x));
      expect(ulps(at(crossEntropy(Float32Array.of(0, x), 0).gradient, 1), real)).toBeLessThan(1.5);
    }
    expect(at(crossEntropy(Float32Array.of(0, -87.5), 0).gradient, 1)).toBe(0);
  });

  it('has log within 2 units in the last place', () => {
    // n equal logits: the sum is n exactly, and the loss its logarithm.
    for (const n of [1, 2, 3, 5, 7, 10, 100, 1000, 4097])
      expect(ulps(crossEntropy(new Float32Array(n), 0).loss, Math.log(n) || 1e-30)).toBeLessThan(n === 1 ? 1e9 : 2);
    expect(crossEntropy(new Float32Array(1), 0).loss).toBe(0);
  });
});

describe('mean squared error', () => {
  it('sums in float32, ascending', () => {
    const output = gradients(33, 1);
    const target = gradients(33, 2);
    const gradient = new Float32Array(33);
    const loss = new Float32Array(1);
    call('ft_mean_squared_error_f32', { output, target, gradient, loss, count: 33 });
    const differences = output.map((value, i) => f(value - at(target, i)));
    expect(gradient).toEqual(differences.map((d) => f(f(2 * d) / 33)));
    expect(loss[0]).toBe(f(differences.reduce((sum, d) => f(sum + f(d * d)), 0) / 33));
  });
});

describe('learning rate', () => {
  function rateAt(kernel: string, step: number, extra: Record<string, number>): number {
    const rate = new Float32Array(1);
    const learning_rate = Float32Array.of(0.5);
    call(kernel, { rate, learning_rate, step_count: Int32Array.of(step), warm_up: 4, batch: 8, ...extra });
    return at(rate, 0) * 8;
  }

  it('warms up in equal steps, then stays', () => {
    const rates = [0, 1, 2, 3, 4, 1000].map((step) => rateAt('ft_rate_constant', step, {}));
    expect(rates).toEqual([0.125, 0.25, 0.375, 0.5, 0.5, 0.5]);
    expect(rateAt('ft_rate_constant', 0, { warm_up: 0 })).toBe(0.5);
  });

  it('falls along half a cosine, and stays at 0', () => {
    for (let step = 4; step <= 104; step++) {
      const real = 0.25 * (1 + Math.cos((Math.PI * (step - 4)) / 100));
      expect(Math.abs(rateAt('ft_rate_cosine', step, { steps: 100 }) - real)).toBeLessThan(1e-7);
    }
    expect(rateAt('ft_rate_cosine', 1, { steps: 100 })).toBe(0.25);
    expect(rateAt('ft_rate_cosine', 4, { steps: 100 })).toBe(0.5);
    expect(rateAt('ft_rate_cosine', 104, { steps: 100 })).toBe(0);
    expect(rateAt('ft_rate_cosine', 2 ** 31 - 1, { steps: 100 })).toBe(0);
  });

  it('counts', () => {
    const counter = Int32Array.of(41);
    call('ft_count', { counter });
    expect(counter[0]).toBe(42);
  });
});
