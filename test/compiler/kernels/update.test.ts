import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codes, gradients, seeds } from './draws.ts';
import { call } from './kernel.ts';
import { at, f, toCode } from './reference.ts';

const below = f(0.5 - 2 ** -25); // the largest float32 below a half

function updateS8(weights: Int8Array, gradient: readonly number[], factor = 1, rate = 1): number[] {
  call('ft_update_weights_s8', {
    ...{ weights, gradient: Float32Array.from(gradient), factor: Float32Array.of(factor) },
    ...{ rate: Float32Array.of(rate), row_begin: 0, row_end: 1, row_size: weights.length },
  });
  return [...weights];
}

describe('int8 weights', () => {
  it('round half away from zero, and not what is just below a half', () => {
    expect(updateS8(new Int8Array(6), [0.5, -0.5, below, -below, 1.5, -2.5])).toEqual([-1, 1, 0, 0, -2, 3]);
    expect(updateS8(Int8Array.of(3, -3, 3, -3), [0.5, -0.5, -0.5, 0.5])).toEqual([3, -3, 4, -4]);
  });

  it('saturate at +-127, and take a NaN as 0', () => {
    const steps = [1e30, -1e30, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    expect(updateS8(Int8Array.of(1, 2, 3, 4, 5), steps)).toEqual([-127, 127, -127, 127, 0]);
  });

  it('stay finite with the factors of tiny weight scales', () => {
    expect(updateS8(Int8Array.of(1, 2, 0), [1e-3, -1e-3, 0], 1e17, 0.01)).toEqual([-127, 127, 0]);
  });

  it('step by (rate * factor) * gradient in float32, in any range of rows; dead rows are not written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 40 }), seeds, (rows, row_size, seed) => {
        const weights = codes(rows * row_size, seed);
        const factor = gradients(rows, seed + 1);
        const gradient = gradients(rows * row_size, seed + 2);
        const rate = Float32Array.of(0.37);
        const expected = weights.map((w, i) => {
          const scale = at(factor, Math.floor(i / row_size));
          return scale === 0 ? w : toCode(f(w - f(f(at(rate, 0) * scale) * at(gradient, i))), -127, 127);
        });
        const narrow = weights.slice();
        const wide = Int16Array.from(weights, (w) => w * 200 + 11);
        const expectedWide = wide.map((w, i) => {
          const scale = at(factor, Math.floor(i / row_size));
          const step = f(256 * f(f(at(rate, 0) * scale) * at(gradient, i)));
          return scale === 0 ? w : toCode(f(w - step), -32512, 32512);
        });
        for (let row = 0; row < rows; row++) {
          const part = gradient.slice(row * row_size, (row + 1) * row_size);
          const common = { gradient: part, factor, rate, row_begin: row, row_end: row + 1, row_size };
          call('ft_update_weights_s8', { weights: narrow, ...common });
          call('ft_update_weights_s16', { weights: wide, ...common });
        }
        expect(narrow).toEqual(expected);
        expect(wide).toEqual(expectedWide);
      }),
    );
  });

  it('update depthwise with a factor per channel; dead channels are not written', () => {
    const weights = codes(9 * 21, 5);
    const wide = Int16Array.from(weights, (w) => w * 200 + 11);
    const gradient = gradients(9 * 21, 6);
    const factor = gradients(21, 7);
    const rate = Float32Array.of(0.2);
    const step = (i: number) => f(f(at(rate, 0) * at(factor, i % 21)) * at(gradient, i));
    const isDead = (i: number) => at(factor, i % 21) === 0;
    const expected = weights.map((w, i) => (isDead(i) ? w : toCode(f(w - step(i)), -127, 127)));
    const expectedWide = wide.map((w, i) => (isDead(i) ? w : toCode(f(w - f(256 * step(i))), -32512, 32512)));
    expect(factor).toContain(0);
    call('ft_update_depthwise_s8', { weights, gradient, factor, rate, taps: 9, channels: 21 });
    expect(weights).toEqual(expected);
    call('ft_update_depthwise_s16', { weights: wide, gradient, factor, rate, taps: 9, channels: 21 });
    expect(wide).toEqual(expectedWide);
  });
});

describe('int8 weights with stochastic rounding', () => {
  const rows = 8;
  const row_size = 500;
  const shared = { factor: new Float32Array(rows).fill(1), rate: Float32Array.of(1), row_size };

  function update(step: number, seed: number, step_count: number, layer: number, cuts = [0, rows]): Int8Array {
    const weights = new Int8Array(rows * row_size).fill(100);
    const gradient = new Float32Array(rows * row_size).fill(step);
    cuts.slice(1).forEach((row_end, i) => {
      const row_begin = cuts[i] ?? 0;
      const range = { gradient: gradient.subarray(row_begin * row_size), row_begin, row_end };
      const counter = Int32Array.of(step_count);
      call('ft_update_weights_stochastic_s8', { weights, step_count: counter, seed, layer, ...shared, ...range });
    });
    return weights;
  }

  it('move down by the step on average, and never by a whole code more', () => {
    for (const step of [0.25, 0.001, -0.6, 3.5]) {
      const moved = update(step, 1, 0, 0).map((w) => w - 100);
      const mean = moved.reduce((a, b) => a + b, 0) / moved.length;
      expect(Math.abs(mean + step)).toBeLessThan(0.03);
      for (const value of moved) expect(Math.abs(value + step)).toBeLessThan(1);
    }
  });

  it('do not move without a step, saturate, and take a NaN as 0', () => {
    expect(new Set(update(0, 1, 0, 0))).toEqual(new Set([100]));
    expect(new Set(update(-1e20, 1, 0, 0))).toEqual(new Set([127]));
    expect(new Set(update(1e20, 1, 0, 0))).toEqual(new Set([-127]));
    expect(new Set(update(Number.NaN, 1, 0, 0))).toEqual(new Set([0]));
  });

  it('draw by seed, step, layer and index alone: not by the order of work', () => {
    const whole = update(0.5, 1, 2, 3);
    expect(update(0.5, 1, 2, 3, [0, 3, 4, rows])).toEqual(whole);
    const agreement = (other: Int8Array) => other.filter((w, i) => w === at(whole, i)).length / whole.length;
    for (const other of [update(0.5, 2, 2, 3), update(0.5, 1, 3, 3), update(0.5, 1, 2, 4)])
      expect(Math.abs(agreement(other) - 0.5)).toBeLessThan(0.05);
    const shifted = whole.filter((w, i) => i > 0 && w === at(whole, i - 1)).length / whole.length;
    expect(Math.abs(shifted - 0.5)).toBeLessThan(0.05);
  });

  it('follow the documented hash', () => {
    const mix = (value: number) => {
      let bits = value >>> 0;
      bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d) >>> 0;
      bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b) >>> 0;
      return (bits ^ (bits >>> 16)) >>> 0;
    };
    const key = mix(mix(mix(-5) + 70000) + 12);
    const expected = Int8Array.from({ length: rows * row_size }, (_, index) => {
      const r = (mix(key + Math.imul(index, 0x9e3779b9)) >>> 8) / 2 ** 24;
      return 100 + Math.floor(f(r - 0.75));
    });
    expect(update(0.75, -5, 70000, 12)).toEqual(expected);
  });
});

describe('biases', () => {
  function update(bias: number, initial: number, gradient: number, factor = 1): number {
    const values = Int32Array.of(bias);
    call('ft_update_bias_s32', {
      ...{ bias: values, initial: Int32Array.of(initial), gradient: Float32Array.of(gradient) },
      ...{ factor: Float32Array.of(factor), rate: Float32Array.of(1), count: 1 },
    });
    return at(values, 0);
  }

  it('subtract the rounded step exactly, however large the bias', () => {
    expect(update(2 ** 30 - 1, 0, 1)).toBe(2 ** 30 - 2);
    expect(update(10, 0, 0.5)).toBe(9);
    expect(update(10, 0, -0.5)).toBe(11);
    expect(update(10, 0, below)).toBe(10);
    expect(update(10, 0, Number.NaN)).toBe(10);
  });

  it('take the factor from a scale, and stay where the scale is below the least', () => {
    const bias = Int32Array.of(100, 100, 100);
    call('ft_update_bias_scaled_s32', {
      ...{ bias, initial: bias.slice(), gradient: Float32Array.of(1, 1, 1), rate: Float32Array.of(2), count: 3 },
      ...{ scale: Float32Array.of(0.5, 0.25, 0.125), factor: 1.5, least: 0.25 },
    });
    expect(bias).toEqual(Int32Array.of(100 - 12, 100 - 48, 100));
  });

  it('saturate at 2^30, or where they started if that is further out', () => {
    expect(update(5, 5, 1e20)).toBe(-(2 ** 30));
    expect(update(5, 5, -1e20)).toBe(2 ** 30);
    expect(update(2_000_000_000, 2_000_000_000, -1e20)).toBe(2_000_000_000);
    expect(update(-2_000_000_000, -2_000_000_000, 1e20)).toBe(-2_000_000_000);
    expect(update(-(2 ** 31), -(2 ** 31), 1e20)).toBe(-(2 ** 31));
    expect(update(-(2 ** 31), -(2 ** 31), -1e20)).toBe(-1 - 127);
  });

  it('of dead channels are not written', () => {
    expect(update(2 ** 31 - 1, 0, 100, 0)).toBe(2 ** 31 - 1);
  });
});

describe('float values', () => {
  it('step by rate * gradient', () => {
    const values = gradients(50, 1);
    const gradient = gradients(50, 2);
    const expected = values.map((value, i) => f(value - f(f(0.1) * at(gradient, i))));
    call('ft_update_f32', { values, gradient, rate: Float32Array.of(0.1), count: 50 });
    expect(values).toEqual(expected);
  });
});

describe('depthwise weights', () => {
  const taps = 9;
  const channels = 21;
  const gradient = gradients(taps * channels, 6);
  const factor = gradients(channels, 7);
  const rate = Float32Array.of(0.2);
  const stepOf = (i: number) => f(f(at(rate, 0) * at(factor, i % channels)) * at(gradient, i));

  it('held in 16 bits step by 256ths of a code; dead channels are not written', () => {
    const weights = Int16Array.from(codes(taps * channels, 5), (w) => w * 200 + 11);
    const expected = weights.map((w, i) =>
      at(factor, i % channels) === 0 ? w : toCode(f(w - f(256 * stepOf(i))), -32512, 32512),
    );
    call('ft_update_depthwise_s16', { weights, gradient, factor, rate, taps, channels });
    expect(weights).toEqual(expected);
  });

  it('round stochastically as rows of the same elements do', () => {
    const start = codes(taps * channels, 5);
    const weights = start.slice();
    const rows = start.slice();
    const draw = { step_count: Int32Array.of(3), seed: 9, layer: 4, rate };
    call('ft_update_depthwise_stochastic_s8', { weights, gradient, factor, taps, channels, ...draw });
    // One row with the factors in the gradient: the same draws by index.
    const steps = gradient.map((_, i) => stepOf(i));
    const one = { factor: Float32Array.of(1), rate: Float32Array.of(1), row_begin: 0, row_end: 1 };
    call('ft_update_weights_stochastic_s8', {
      ...{ ...draw, ...one, weights: rows, gradient: steps, row_size: rows.length },
    });
    const expected = rows.map((w, i) => (at(factor, i % channels) === 0 ? at(start, i) : w));
    expect(weights).toEqual(expected);
  });
});

describe('Adam', () => {
  const beta1 = f(0.9);
  const beta2 = f(0.999);

  it('takes the exact square root', () => {
    const squares = Float32Array.from([...gradients(4000, 3)].map((g, i) => f(g * g * 2 ** ((i % 200) - 100))));
    const values = squares.filter((square) => square >= 2 ** -126);
    const direction = new Float32Array(values.length).fill(0);
    call('ft_adam_f32', {
      ...{ gradient: direction, mean: new Float32Array(values.length).fill(1), square: values },
      ...{ factor: Float32Array.of(1), correction: Float32Array.of(1, 1), beta1: 1, beta2: 1, epsilon: 0 },
      ...{ rows: 1, row_size: values.length, factor_row: 0, factor_element: 0 },
    });
    expect(direction).toEqual(values.map((square) => f(1 / f(Math.sqrt(square)))));
  });

  it('corrects the bias of its averages after any number of steps', () => {
    for (const steps of [0, 1, 9, 999, 123456, 2 ** 31 - 1]) {
      const correction = new Float32Array(2);
      call('ft_adam_correction_f32', { correction, step_count: Int32Array.of(steps), beta1, beta2 });
      const exact = (beta: number) => 1 / (1 - beta ** (steps + 1));
      expect(at(correction, 0) / exact(beta1)).toBeCloseTo(1, 4);
      expect(at(correction, 1) / exact(beta2)).toBeCloseTo(1, 4);
    }
  });

  it.each([
    ['a factor per row', 1, 0],
    ['a factor per element', 0, 1],
    ['one factor', 0, 0],
  ])('averages in real units and gives directions in float32, %s', (_, factor_row, factor_element) => {
    const [rows, row_size] = [5, 7];
    const gradient = gradients(rows * row_size, 1);
    const mean = gradients(rows * row_size, 2);
    const square = gradients(rows * row_size, 3).map((value) => f(value * value));
    const factor = gradients(7, 4);
    const correction = Float32Array.of(1.5, 20);
    const epsilon = f(1e-8);
    const expected = gradient.map((raw, i) => {
      const row = Math.floor(i / row_size);
      const g = f(raw * at(factor, row * factor_row + (i % row_size) * factor_element));
      mean[i] = f(f(beta1 * at(mean, i)) + f(f(1 - beta1) * g));
      square[i] = f(f(beta2 * at(square, i)) + f(f(1 - beta2) * f(g * g)));
      return f(f(at(mean, i) * 1.5) / f(f(Math.sqrt(f(at(square, i) * 20))) + epsilon));
    });
    const held = { mean: gradients(rows * row_size, 2), square: gradients(rows * row_size, 3).map((v) => f(v * v)) };
    call('ft_adam_f32', {
      ...{ gradient, ...held, factor, correction, beta1, beta2, epsilon, rows, row_size, factor_row, factor_element },
    });
    expect(gradient).toEqual(expected);
    expect(held).toEqual({ mean, square });
  });

  it('stays finite, and takes a NaN as 0', () => {
    const gradient = Float32Array.of(1e38, Number.NEGATIVE_INFINITY, Number.NaN, 0);
    call('ft_adam_f32', {
      ...{ gradient, mean: new Float32Array(4), square: new Float32Array(4), factor: Float32Array.of(1e17) },
      ...{ correction: Float32Array.of(10, 1000), beta1, beta2, epsilon: 1e-8 },
      ...{ rows: 1, row_size: 4, factor_row: 0, factor_element: 0 },
    });
    expect([...gradient].map((value) => Number(value.toFixed(3)))).toEqual([1, -1, 0, 0]);
  });
});
