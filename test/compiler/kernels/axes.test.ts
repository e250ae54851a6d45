/** Kernels along axes, of windows and of other sizes, and products, against their definitions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codes, gradients, layerOf, numbers, seeds, windows } from './draws.ts';
import { call } from './kernel.ts';
import { at, clamp, clampAll, f, maskOf, requantise, taps, type Window } from './reference.ts';

const code = fc.integer({ min: -128, max: 127 });
const multiplier = fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 });
const size = (most: number) => fc.integer({ min: 1, max: most });
const runs = { numRuns: 60 };
const whole = { act_min: -128, act_max: 127 };

describe('max pool', () => {
  /** The place of the largest input of each window, the first of equals. */
  function largest(w: Window, input: Int8Array): Map<number, number> {
    const best = new Map<number, number>();
    for (const tap of taps(w)) {
      for (let c = 0; c < w.out_channels; c++) {
        const out = tap.out * w.out_channels + c;
        const place = tap.in * w.in_channels + c;
        const before = best.get(out);
        if (before === undefined || at(input, place) > at(input, before)) best.set(out, place);
      }
    }
    return best;
  }

  it('takes the largest, row by row, and gives it the gradient, the first of equals', () => {
    fc.assert(
      fc.property(windows('pool'), seeds, fc.constantFrom(1, 16), (window, seed, coarse) => {
        const w = window;
        // Few values: many are equal.
        const input = codes(w.in_height * w.in_width * w.in_channels, seed).map((value) => value - (value % coarse));
        const best = largest(w, input);
        const count = w.out_height * w.out_width * w.out_channels;
        const isCovered = best.size === count;
        fc.pre(isCovered);
        const values = Array.from({ length: count }, (_, i) => at(input, best.get(i) ?? -1));
        const [output, mask] = [new Int8Array(count), new Uint8Array(Math.ceil(count / 8))];
        const middle = seed % w.out_height;
        for (const [row_begin, row_end] of [
          [0, middle],
          [middle, w.out_height],
        ] as const)
          call('ft_max_pool_s8', { window: { ...w }, input, output, mask, row_begin, row_end });
        expect(output).toEqual(clampAll(values, w));
        expect(mask).toEqual(maskOf(values, w));

        const gradient = gradients(count, seed + 1);
        const dx = new Float32Array(input.length).fill(Number.NaN);
        call('ft_max_pool_input_gradient_f32', { window: { ...w }, input, gradient, dx });
        const expected = new Float32Array(input.length);
        for (let i = 0; i < count; i++) {
          const place = best.get(i) ?? -1;
          expected[place] = f(at(expected, place) + at(gradient, i));
        }
        expect(dx).toEqual(expected);
      }),
      runs,
    );
  });
});

describe('mean', () => {
  it('is exact over any axes', () => {
    const shapes = fc.tuple(size(3), size(4), size(4), size(20));
    const axes = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });
    const factors = fc.tuple(code, code, multiplier, fc.integer({ min: -8, max: 0 }));
    fc.assert(
      fc.property(shapes, axes, factors, seeds, (shape, reduces, [zero, out_zero_point, factor, shift], seed) => {
        const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
        const part = (isReduced: boolean) => {
          const held = [0, 1, 2, 3].filter((d) => at2(reduces, d) === isReduced);
          const padded = [...Array.from({ length: 4 - held.length }, () => -1), ...held];
          return {
            shape: padded.map((d) => (d < 0 ? 1 : at(shape, d))),
            stride: padded.map((d) => (d < 0 ? 0 : at(strides, d))),
          };
        };
        const [kept, reduced] = [part(false), part(true)];
        const offsets = ({ shape: own, stride }: typeof kept): number[] =>
          own.reduce<number[]>(
            (list, length, d) => list.flatMap((o) => Array.from({ length }, (_, i) => o + i * at(stride, d))),
            [0],
          );
        const input = codes(
          shape.reduce((a, b) => a * b),
          seed,
        );
        const within = offsets(reduced);
        const values = offsets(kept).map((start) => {
          const sum = within.reduce((total, offset) => total + at(input, start + offset) - zero, 0);
          return requantise(sum, factor, shift) + out_zero_point;
        });
        const [output, mask] = [new Int8Array(values.length), new Uint8Array(Math.ceil(values.length / 8))];
        const mean = {
          ...{ kept: kept.shape, kept_stride: kept.stride, reduced: reduced.shape, reduced_stride: reduced.stride },
          ...{ zero_sum: zero * within.length, out_zero_point, multiplier: factor, shift },
        };
        call('ft_mean_s8', { mean, input, output, mask });
        expect(output).toEqual(clampAll(values, whole));
        expect(mask).toEqual(maskOf(values, whole));
      }),
      runs,
    );
  });
});

describe('the largest along an axis', () => {
  it('is the first of equals', () => {
    fc.assert(
      fc.property(size(4), size(12), size(5), seeds, (outer, depth, inner, seed) => {
        const input = codes(outer * depth * inner, seed).map((value) => value >> 5);
        const output = new Int32Array(outer * inner);
        call('ft_arg_max_s8', { input, output, outer, depth, inner });
        const expected = output.map((_, i) => {
          const start = Math.floor(i / inner) * depth * inner + (i % inner);
          const line = Array.from({ length: depth }, (__, d) => at(input, start + d * inner));
          return line.indexOf(Math.max(...line));
        });
        expect(output).toEqual(expected);
      }),
      runs,
    );
  });
});

describe('softmax, gradient', () => {
  it('agrees with float64; nothing comes through what is as good as certain', () => {
    const scales = fc.double({ min: 0.01, max: 0.3, noNaN: true });
    fc.assert(
      fc.property(size(4), size(30), scales, seeds, (rows, depth, drawn, seed) => {
        const [scale, factor, limit] = [f(drawn), f(drawn * 256), f(0.998)];
        const input = codes(rows * depth, seed);
        const before = gradients(rows * depth, seed + 1);
        const gradient = before.slice();
        call('ft_softmax_gradient_f32', { input, gradient, scale, factor, limit, rows, depth });
        for (let row = 0; row < rows; row++) {
          const line = <T extends Int8Array | Float32Array>(values: T) => [
            ...values.slice(row * depth, (row + 1) * depth),
          ];
          const exps = line(input).map((value) => Math.exp(scale * (value - Math.max(...line(input)))));
          const total = exps.reduce((a, b) => a + b);
          const parts = exps.map((exp) => exp / total);
          // Where float32 and float64 may disagree about the limit.
          if (parts.some((p) => Math.abs(p - limit) < 1e-5)) continue;
          const g = line(before).map((value, i) => (at(parts, i) > limit ? 0 : value));
          const mean = g.reduce((sum, value, i) => sum + value * at(parts, i), 0);
          const most = Math.max(...g.map(Math.abs));
          line(gradient).forEach((value, i) => {
            const real = factor * at(parts, i) * (at(g, i) - mean);
            expect(Math.abs(value - real)).toBeLessThanOrEqual(1e-5 * factor * at(parts, i) * most + 1e-30);
          });
        }
      }),
      runs,
    );
  });
});

describe('change of size', () => {
  const sizes = fc.record({
    ...{ in_height: size(6), in_width: size(6), channels: size(9), out_height: size(9), out_width: size(9) },
  });

  it('to the nearest moves codes, and sums their gradients', () => {
    fc.assert(
      fc.property(sizes, seeds, (resize, seed) => {
        const next = numbers(seed);
        const { in_height, in_width, out_height, out_width, channels } = resize;
        const chosen = (length: number, of: number) => Uint16Array.from({ length }, () => Math.floor(next() * of));
        const [rows, columns] = [chosen(out_height, in_height), chosen(out_width, in_width)];
        const count = out_height * out_width * channels;
        const place = (i: number) => {
          const [y, x] = [Math.floor(i / (out_width * channels)), Math.floor(i / channels) % out_width];
          return (at(rows, y) * in_width + at(columns, x)) * channels + (i % channels);
        };
        const input = codes(in_height * in_width * channels, seed);
        const output = new Int8Array(count);
        call('ft_resize_nearest_s8', { resize, rows, columns, input, output });
        expect(output).toEqual(output.map((_, i) => at(input, place(i))));
        const gradient = gradients(count, seed + 1);
        const dx = new Float32Array(input.length).fill(Number.NaN);
        call('ft_resize_nearest_gradient_f32', { resize, rows, columns, gradient, dx });
        const expected = new Float32Array(input.length);
        for (let i = 0; i < count; i++) expected[place(i)] = f(at(expected, place(i)) + at(gradient, i));
        expect(dx).toEqual(expected);
      }),
      runs,
    );
  });

  it('between neighbours is exact in 1/1024 pixels; the gradient is shared as the code was', () => {
    const steps = fc.record({
      ...{ scale_y: size(3000), scale_x: size(3000) },
      ...{ offset_y: fc.integer({ min: -600, max: 900 }), offset_x: fc.integer({ min: -600, max: 900 }) },
    });
    fc.assert(
      fc.property(sizes, steps, seeds, (shape, step, seed) => {
        const { in_height, in_width, out_height, out_width, channels } = shape;
        // The definition, without neighbours: a hat around each input, and the edges go on.
        const shares = (position: number, length: number) =>
          Array.from({ length }, (_, i) =>
            Math.max(0, 1024 - Math.abs(clamp(position, 0, 1024 * (length - 1)) - 1024 * i)),
          );
        const vertical = (y: number) => shares(y * step.scale_y + step.offset_y, in_height);
        const horizontal = (x: number) => shares(x * step.scale_x + step.offset_x, in_width);
        const input = codes(in_height * in_width * channels, seed);
        const gradient = gradients(out_height * out_width * channels, seed + 1);
        const output = new Int8Array(gradient.length);
        const real = new Float64Array(input.length);
        const expected = output.map((_, i) => {
          const [y, x, c] = [
            Math.floor(i / (out_width * channels)),
            Math.floor(i / channels) % out_width,
            i % channels,
          ];
          let sum = 0;
          vertical(y).forEach((v, row) => {
            horizontal(x).forEach((h, column) => {
              const place = (row * in_width + column) * channels + c;
              sum += at(input, place) * v * h;
              real[place] = at(real, place) + (at(gradient, i) * v * h) / 2 ** 20;
            });
          });
          return Math.trunc((sum + Math.sign(sum) * 2 ** 19) / 2 ** 20);
        });
        const resize = { ...shape, ...step };
        call('ft_resize_bilinear_s8', { resize, input, output });
        expect(output).toEqual(expected);
        const positions = (length: number, scale: number, offset: number) =>
          Float32Array.from({ length }, (_, i) => (i * scale + offset) / 1024);
        const dx = new Float32Array(input.length).fill(Number.NaN);
        const rows = positions(out_height, step.scale_y, step.offset_y);
        const columns = positions(out_width, step.scale_x, step.offset_x);
        call('ft_resize_bilinear_gradient_f32', { resize, rows, columns, gradient, dx });
        const most = gradient.reduce((sum, value) => sum + Math.abs(value), 0);
        dx.forEach((value, i) => {
          // Beyond an edge the two shares of one input are above 1 and below 0.
          expect(Math.abs(value - at(real, i))).toBeLessThanOrEqual(1e-4 * most);
        });
      }),
      runs,
    );
  });
});

describe('transposed convolution', () => {
  it('is exact, and its gradient sums over o, ky, kx', () => {
    fc.assert(
      fc.property(windows('conv'), seeds, (drawn, seed) => {
        // The window of the convolution from output to input, whose sizes change places.
        const w: Window = {
          ...{ ...drawn, dilation_y: 1, dilation_x: 1 },
          ...{ in_height: drawn.out_height, in_width: drawn.out_width },
          ...{ out_height: drawn.in_height, out_width: drawn.in_width },
          ...{ in_rows: drawn.out_height, out_rows: drawn.in_height },
        };
        const layer = layerOf(w, 'conv', seed);
        const reversed = taps({
          ...w,
          in_height: w.out_height,
          in_width: w.out_width,
          out_height: w.in_height,
          out_width: w.in_width,
        });
        const weightAt = (o: number, ky: number, kx: number, i: number) =>
          at(layer.weights, ((o * w.kernel_height + ky) * w.kernel_width + kx) * w.in_channels + i);
        const count = w.out_height * w.out_width * w.out_channels;
        const sums = Array.from({ length: count }, (_, i) => at(layer.bias, i % w.out_channels));
        for (const tap of reversed)
          for (let o = 0; o < w.out_channels; o++) {
            const index = tap.in * w.out_channels + o;
            for (let i = 0; i < w.in_channels; i++) {
              const x = at(layer.input, tap.out * w.in_channels + i) - w.in_zero_point;
              sums[index] = at(sums, index) + weightAt(o, tap.ky, tap.kx, i) * x;
            }
          }
        const values = sums.map((sum, index) => {
          const o = index % w.out_channels;
          return (requantise(sum | 0, at(layer.multiplier, o), at(layer.shift, o)) + w.out_zero_point) | 0;
        });
        const { input, weights, bias, multiplier: factors, shift } = layer;
        const [output, mask] = [new Int8Array(count), new Uint8Array(Math.ceil(count / 8))];
        call('ft_transpose_conv_s8', {
          ...{ window: { ...w }, input, weights, bias, multiplier: factors, shift, output, mask },
        });
        expect(output).toEqual(clampAll(values, w));
        expect(mask).toEqual(maskOf(values, w));

        const gradient = gradients(count, seed + 9);
        const dx = new Float32Array(input.length).fill(Number.NaN);
        call('ft_transpose_conv_input_gradient_f32', { window: { ...w }, gradient, weights, dx });
        const expected = new Float32Array(input.length);
        for (let o = 0; o < w.out_channels; o++)
          for (const tap of [...reversed].sort((a, b) => a.ky - b.ky || a.kx - b.kx))
            for (let i = 0; i < w.in_channels; i++) {
              const index = tap.out * w.in_channels + i;
              const g = at(gradient, tap.in * w.out_channels + o);
              expected[index] = f(at(expected, index) + f(g * weightAt(o, tap.ky, tap.kx, i)));
            }
        expect(dx).toEqual(expected);
      }),
      runs,
    );
  });
});

describe('products of batches', () => {
  it('are exact, whichever operand is shared; gradients are summed over what is multiplied', () => {
    const draws = fc.record({
      ...{ batch: fc.tuple(size(2), size(2), size(3)), rows: size(5), inner: size(9), columns: size(6) },
      ...{ shared: fc.constantFrom('left', 'right', 'none'), turned: fc.boolean(), multiplier },
      ...{ shift: fc.integer({ min: -12, max: -3 }), left: code, right: code, out: code },
    });
    fc.assert(
      fc.property(draws, seeds, (draw, seed) => {
        const { batch, rows, inner, columns } = draw;
        const batches = (elements: number, isShared: boolean) =>
          isShared ? [0, 0, 0] : [batch[1] * batch[2] * elements, batch[2] * elements, elements];
        const product = {
          ...{ batch, rows, inner, columns, multiplier: draw.multiplier, shift: draw.shift },
          left_batch: batches(rows * inner, draw.shared === 'left'),
          right_batch: batches(inner * columns, draw.shared === 'right'),
          out_batch: batches(rows * columns, false),
          ...{ left_row: inner, left_inner: 1, out_row: columns, out_column: 1 },
          ...(draw.turned ? { right_inner: 1, right_column: inner } : { right_inner: columns, right_column: 1 }),
          ...{ left_zero_point: draw.left, right_zero_point: draw.right, out_zero_point: draw.out },
        };
        const all = batch[0] * batch[1] * batch[2];
        const left = codes((draw.shared === 'left' ? 1 : all) * rows * inner, seed);
        const right = codes((draw.shared === 'right' ? 1 : all) * inner * columns, seed + 1);
        const result = gradients(all * rows * columns, seed + 2);
        const g = gradients(left.length, seed + 3);
        const expected = result.slice();
        const values = Array.from(result, (_, element) => {
          const [b, row, column] = [
            Math.floor(element / (rows * columns)),
            Math.floor(element / columns) % rows,
            element % columns,
          ];
          let sum = 0;
          for (let i = 0; i < inner; i++) {
            const x = (draw.shared === 'left' ? 0 : b * rows * inner) + row * inner + i;
            const start = draw.shared === 'right' ? 0 : b * inner * columns;
            const y = at(right, start + (draw.turned ? column * inner + i : i * columns + column)) - draw.right;
            sum += (at(left, x) - draw.left) * y;
            expected[element] = f(at(expected, element) + f(at(g, x) * y));
          }
          return requantise(sum, draw.multiplier, draw.shift) + draw.out;
        });
        const [output, mask] = [new Int8Array(values.length), new Uint8Array(Math.ceil(values.length / 8))];
        call('ft_product_s8', { product, left, right, output, mask });
        expect(output).toEqual(clampAll(values, whole));
        expect(mask).toEqual(maskOf(values, whole));
        call('ft_product_gradient_f32', { product, gradient: g, right, output: result });
        expect(result).toEqual(expected);
      }),
      runs,
    );
  });
});

function at2(values: readonly boolean[], index: number): boolean {
  return values[index] ?? false;
}
