/** Kernels that walk over one or two tensors, against their definitions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codes, gradients, numbers, seeds } from './draws.ts';
import { type Arguments, call } from './kernel.ts';
import { elementsOf, moves, operands, places, type Strides, sizeOf } from './operand-draws.ts';
import { at, clamp, clampAll, f, maskOf, requantise, round } from './reference.ts';

const code = fc.integer({ min: -128, max: 127 });
const multiplier = fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 });
const runs = { numRuns: 60 };
const whole = { act_min: -128, act_max: 127 };

const bytes = (length: number, seed: number) => Uint8Array.from(codes(length, seed), (value) => value & 255);
const bitOf = (mask: Uint8Array, i: number) => (at(mask, i >> 3) >> (i & 7)) & 1;

/** The two operands and what the kernel makes of them. */
function combined(kernel: string, strides: Strides, seed: number, own: Arguments) {
  const x1 = codes(elementsOf(strides.shape, strides.first), seed);
  const x2 = codes(elementsOf(strides.shape, strides.second), seed + 1);
  const count = sizeOf(strides.shape);
  const [output, mask] = [new Int8Array(count), new Uint8Array(Math.ceil(count / 8))];
  const names = kernel === 'ft_prelu_s8' ? { input: x1, slopes: x2 } : { x1, x2 };
  call(kernel, { ...own, ...names, operands: { ...strides }, output, mask });
  const pairs = places(strides).map(({ first, second }) => [at(x1, first), at(x2, second)] as const);
  return { x1, x2, output, mask, pairs };
}

describe('moving elements', () => {
  it('copies each element to its place, in any order and direction', () => {
    fc.assert(
      fc.property(moves, seeds, ({ strides, start }, seed) => {
        const count = sizeOf(strides.shape);
        for (const kernel of ['ft_strided_copy_s8', 'ft_strided_copy_f32']) {
          const input = kernel.endsWith('s8') ? codes(count, seed) : gradients(count, seed);
          const output = input.map(() => 0);
          call(kernel, { strides: { ...strides }, input, output: output.subarray(start) });
          const expected = input.map(() => 0);
          for (const { first, second } of places(strides)) expected[start + second] = at(input, first);
          expect(output).toEqual(expected);
        }
      }),
      runs,
    );
  });

  it('sums what belongs to one element in the order of the positions', () => {
    fc.assert(
      fc.property(operands, seeds, (strides, seed) => {
        const input = gradients(elementsOf(strides.shape, strides.first), seed);
        const output = gradients(elementsOf(strides.shape, strides.second), seed + 1);
        const expected = output.slice();
        for (const { first, second } of places(strides)) expected[second] = f(at(expected, second) + at(input, first));
        call('ft_strided_sum_f32', { strides: { ...strides }, input, output });
        expect(output).toEqual(expected);
      }),
      runs,
    );
  });
});

describe('one code in, one code out', () => {
  it('looks up code, mask and derivative by the unsigned byte, in place too', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), seeds, (count, seed) => {
        const [input, table, inside] = [codes(count, seed), codes(256, seed + 1), bytes(32, seed + 2)];
        const mask = new Uint8Array(Math.ceil(count / 8));
        const inPlace = input.slice();
        call('ft_lookup_s8', { input: inPlace, table, inside, output: inPlace, mask, count });
        expect(inPlace).toEqual(input.map((value) => at(table, value & 255)));
        for (let i = 0; i < count; i++) expect(bitOf(mask, i)).toBe(bitOf(inside, at(input, i) & 255));
        const derivative = gradients(256, seed + 3);
        const gradient = gradients(count, seed + 4);
        const expected = gradient.map((value, i) => f(value * at(derivative, at(input, i) & 255)));
        call('ft_lookup_gradient_f32', { input, derivative, gradient, count });
        expect(gradient).toEqual(expected);
      }),
      runs,
    );
  });

  it('quantises with halves away from zero within any limits, and reads unsigned codes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), seeds, code, fc.tuple(code, code), (count, seed, zero, ends) => {
        const next = numbers(seed);
        const scale = f(2 ** (next() * 8 - 4));
        const halves = Float32Array.from({ length: count }, () => f(scale * (Math.floor(next() * 600 - 300) / 2)));
        const input = halves.map((value) => (next() < 0.1 ? (next() - 0.5) * 1e30 : value));
        const [low, high] = [Math.min(...ends), Math.max(...ends)];
        const output = new Int8Array(count);
        call('ft_quantise_f32_s8', { input, output, scale, zero_point: zero, low, high, count });
        const real = (value: number) => clamp(f(value / scale), -65536, 65536);
        expect(output).toEqual(Int8Array.from(input, (value) => clamp(round(real(value)) + zero, low, high)));
        const unsigned = bytes(count, seed + 1);
        const reals = new Float32Array(count);
        call('ft_dequantise_u8_f32', { input: unsigned, output: reals, scale, zero_point: zero + 128, count });
        expect(reals).toEqual(Float32Array.from(unsigned, (value) => f(scale * (value - zero - 128))));
      }),
      runs,
    );
  });
});

describe('two tensors, element by element', () => {
  const sums = fc.record({
    ...{ zero_point1: code, multiplier1: multiplier, shift1: fc.integer({ min: -6, max: 0 }) },
    ...{ zero_point2: code, multiplier2: multiplier, shift2: fc.integer({ min: -6, max: 0 }) },
    ...{ out_zero_point: code, out_multiplier: multiplier, out_shift: fc.integer({ min: -22, max: -14 }) },
    ...{ left_shift: fc.constant(20), act_min: fc.integer({ min: -128, max: 0 }), act_max: fc.nat(127) },
  });

  it('are added and subtracted in exact integers, either of them repeated', () => {
    fc.assert(
      fc.property(sums, operands, seeds, (sum, strides, seed) => {
        for (const [kernel, name, sign] of [
          ['ft_add_broadcast_s8', 'add', 1],
          ['ft_sub_s8', 'sub', -1],
        ] as const) {
          const { output, mask, pairs } = combined(kernel, strides, seed, { [name]: sum });
          const values = pairs.map(([a, b]) => {
            const left = requantise((a - sum.zero_point1) * 2 ** 20, sum.multiplier1, sum.shift1);
            const right = requantise((b - sum.zero_point2) * 2 ** 20, sum.multiplier2, sum.shift2);
            return requantise(left + sign * right, sum.out_multiplier, sum.out_shift) + sum.out_zero_point;
          });
          expect(output).toEqual(clampAll(values, sum));
          expect(mask).toEqual(maskOf(values, sum));
        }
      }),
      runs,
    );
  });

  const products = fc.record({
    ...{ zero_point1: code, zero_point2: code, out_zero_point: code, multiplier },
    ...{ shift: fc.integer({ min: -12, max: 0 }), act_min: fc.integer({ min: -128, max: 0 }), act_max: fc.nat(127) },
  });

  it('are multiplied in exact integers; the gradient is masked and multiplied in float32', () => {
    fc.assert(
      fc.property(products, operands, seeds, (mul, strides, seed) => {
        const { x2, output, mask, pairs } = combined('ft_mul_s8', strides, seed, { mul });
        const values = pairs.map(
          ([a, b]) =>
            requantise((a - mul.zero_point1) * (b - mul.zero_point2), mul.multiplier, mul.shift) + mul.out_zero_point,
        );
        expect(output).toEqual(clampAll(values, mul));
        expect(mask).toEqual(maskOf(values, mul));

        const gradient = gradients(pairs.length, seed + 2);
        const factor = f(0.0317);
        const expected = gradient.map((g, i) =>
          bitOf(mask, i) === 1 ? f(f(g * factor) * (at2(pairs, i)[1] - mul.zero_point2)) : 0,
        );
        const common = { operands: { ...strides }, other: x2, mask, factor, zero_point: mul.zero_point2 };
        call('ft_mul_gradient_f32', { ...common, gradient, output: gradient });
        expect(gradient).toEqual(expected);
      }),
      runs,
    );
  });

  const bends = fc.record({
    ...{ zero_point: code, slope_zero_point: code, out_zero_point: code, multiplier, slope_multiplier: multiplier },
    ...{ shift: fc.integer({ min: -3, max: 1 }), slope_shift: fc.integer({ min: -10, max: -3 }) },
  });

  it('bend at the zero point, by a slope of their own each; so does the gradient', () => {
    fc.assert(
      fc.property(bends, operands, seeds, (prelu, strides, seed) => {
        const { x1, x2, output, mask, pairs } = combined('ft_prelu_s8', strides, seed, { prelu });
        const values = pairs.map(([a, b]) => {
          const [x, slope] = [a - prelu.zero_point, b - prelu.slope_zero_point];
          const scaled =
            x >= 0
              ? requantise(x, prelu.multiplier, prelu.shift)
              : requantise(x * slope, prelu.slope_multiplier, prelu.slope_shift);
          return scaled + prelu.out_zero_point;
        });
        expect(output).toEqual(clampAll(values, whole));
        expect(mask).toEqual(maskOf(values, whole));

        const [factor, slope_factor] = [f(1.3), f(0.017)];
        const gradient = gradients(pairs.length, seed + 2);
        const expected = gradient.map((g, i) => {
          const [a, b] = at2(pairs, i);
          const derivative = a >= prelu.zero_point ? factor : f((b - prelu.slope_zero_point) * slope_factor);
          return bitOf(mask, i) === 1 ? f(g * derivative) : 0;
        });
        const common = { prelu, operands: { ...strides }, input: x1, slopes: x2, mask, factor, slope_factor };
        call('ft_prelu_gradient_f32', { ...common, gradient });
        expect(gradient).toEqual(expected);
      }),
      runs,
    );
  });
});

function at2(pairs: readonly (readonly [number, number])[], i: number): readonly [number, number] {
  const pair = pairs[i];
  if (pair === undefined) throw new Error(`pair ${i} of ${pairs.length}`);
  return pair;
}
