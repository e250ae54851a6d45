import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codes, gradients, numbers, seeds, windows } from './draws.ts';
import { call } from './kernel.ts';
import { at, f, inputGradient, taps, type Window, weightGradient } from './reference.ts';

const outPositions = (w: Window) => w.out_height * w.out_width;
const inPositions = (w: Window) => w.in_height * w.in_width;

/** Channels [begin, end) of [positions][channels], `stride` apart; what lies between is NaN, so that a read shows. */
function channelsOf(values: Float32Array, channels: number, begin: number, end: number, stride: number): Float32Array {
  const part = new Float32Array((values.length / channels) * stride).fill(Number.NaN);
  for (let p = 0; p < values.length / channels; p++)
    for (let c = begin; c < end; c++) part[p * stride + c - begin] = at(values, p * channels + c);
  return part;
}

function ascending(count: number, of: number, seed: number): Uint16Array {
  const next = numbers(seed);
  const chosen = Array.from({ length: of }, (_, i) => ({ i, key: next() }))
    .sort((a, b) => a.key - b.key)
    .slice(0, count);
  return Uint16Array.from(chosen.map(({ i }) => i)).sort();
}

describe('convolution, input gradient', () => {
  it('sums over o, ky, kx in float32, in one range of output channels or several', () => {
    fc.assert(
      fc.property(windows('conv'), seeds, fc.nat(3), fc.double({ min: 0, max: 1, noNaN: true }), (w, seed, gap, at) => {
        const gradient = gradients(outPositions(w) * w.out_channels, seed);
        const size = w.kernel_height * w.kernel_width * w.in_channels;
        const weights = codes(w.out_channels * size, seed + 1);
        const expected = inputGradient(w, gradient, weights, 'conv');
        const middle = Math.round(at * w.out_channels);
        const dx = new Float32Array(inPositions(w) * w.in_channels);
        for (const [begin, end] of [
          [0, middle],
          [middle, w.out_channels],
        ] as const) {
          const stride = end - begin + gap;
          if (end === begin) continue;
          const part = channelsOf(gradient, w.out_channels, begin, end, stride);
          const range = { stride, channel_begin: begin, channel_end: end };
          const rows = weights.slice(begin * size, end * size);
          call('ft_conv_input_gradient_f32', { window: { ...w }, gradient: part, weights: rows, dx, ...range });
        }
        expect(dx).toEqual(expected);
      }),
      { numRuns: 120 },
    );
  });

  it('gives a range of input channels of a 1x1 layer, and writes no other', () => {
    fc.assert(
      fc.property(windows('conv'), seeds, fc.nat(3), fc.double({ min: 0, max: 1, noNaN: true }), (d, seed, gap, at) => {
        const flat = { kernel_height: 1, kernel_width: 1, stride_y: 1, stride_x: 1, pad_top: 0, pad_left: 0 };
        const w = { ...d, ...flat, in_height: d.out_height, in_width: d.out_width };
        const gradient = gradients(outPositions(w) * w.out_channels, seed);
        const weights = codes(w.out_channels * w.in_channels, seed + 1);
        const whole = inputGradient(w, gradient, weights, 'conv');
        const begin = Math.floor(at * w.in_channels);
        const stride = w.in_channels - begin + gap;
        const dx = new Float32Array(inPositions(w) * stride).fill(Number.NaN);
        call('ft_pointwise_input_gradient_f32', {
          ...{ window: { ...w }, gradient, weights, dx, dx_stride: stride },
          ...{ channel_begin: begin, channel_end: w.in_channels },
        });
        expect(dx).toEqual(channelsOf(whole, w.in_channels, begin, w.in_channels, stride));
      }),
      { numRuns: 60 },
    );
  });
});

describe('convolution, weight gradient', () => {
  it('sums over output positions row by row, less the zero point, for any range of outputs', () => {
    fc.assert(
      fc.property(windows('conv'), seeds, fc.nat(3), fc.double({ min: 0, max: 1, noNaN: true }), (w, seed, gap, at) => {
        const input = codes(inPositions(w) * w.in_channels, seed);
        const gradient = gradients(outPositions(w) * w.out_channels, seed + 1);
        const size = w.kernel_height * w.kernel_width * w.in_channels;
        const begin = Math.floor(at * w.out_channels);
        const stride = w.out_channels - begin + gap;
        const part = channelsOf(gradient, w.out_channels, begin, w.out_channels, stride);
        const rows = new Float32Array((w.out_channels - begin) * size).fill(Number.NaN);
        call('ft_conv_weight_gradient_f32', {
          ...{ window: { ...w }, input, gradient: part, rows, saved_channels: w.in_channels, stride },
          ...{ channel_begin: begin, channel_end: w.out_channels },
        });
        expect(rows).toEqual(weightGradient(w, input, gradient).slice(begin * size));
      }),
      { numRuns: 120 },
    );
  });

  it('takes the saved channels alone, whatever number the layer has', () => {
    fc.assert(
      fc.property(windows('conv'), seeds, fc.integer({ min: 1, max: 9 }), (w, seed, saved) => {
        const input = codes(inPositions(w) * saved, seed);
        const gradient = gradients(outPositions(w) * w.out_channels, seed + 1);
        const rows = new Float32Array(w.out_channels * w.kernel_height * w.kernel_width * saved);
        const range = { stride: w.out_channels, channel_begin: 0, channel_end: w.out_channels };
        call('ft_conv_weight_gradient_f32', {
          ...{ window: { ...w, in_channels: saved + 5 }, input, gradient, rows, saved_channels: saved },
          ...range,
        });
        expect(rows).toEqual(weightGradient({ ...w, in_channels: saved }, input, gradient));
      }),
      { numRuns: 40 },
    );
  });
});

describe('depthwise gradients', () => {
  it('gathers the input gradient over the group, ky, kx for any range of input channels', () => {
    const draw = [
      windows('depthwise'),
      seeds,
      fc.nat(3),
      fc.nat(3),
      fc.double({ min: 0, max: 1, noNaN: true }),
    ] as const;
    fc.assert(
      fc.property(...draw, (w, seed, gap, dxGap, fraction) => {
        const group = w.out_channels / w.in_channels;
        const gradient = gradients(outPositions(w) * w.out_channels, seed);
        const weights = codes(w.kernel_height * w.kernel_width * w.out_channels, seed + 1);
        const whole = inputGradient(w, gradient, weights, 'depthwise');
        const begin = Math.floor(fraction * w.in_channels);
        const stride = (w.in_channels - begin) * group + gap;
        const dxStride = w.in_channels - begin + dxGap;
        const dx = new Float32Array(inPositions(w) * dxStride).fill(Number.NaN);
        call('ft_depthwise_input_gradient_f32', {
          ...{ window: { ...w }, weights: weights.slice(begin * group), dx, stride, dx_stride: dxStride },
          gradient: channelsOf(gradient, w.out_channels, begin * group, w.out_channels, stride),
          ...{ channel_begin: begin, channel_end: w.in_channels },
        });
        expect(dx).toEqual(channelsOf(whole, w.in_channels, begin, w.in_channels, dxStride));
      }),
      { numRuns: 120 },
    );
  });

  it('sums the weight gradient of the chosen channels over output positions', () => {
    fc.assert(
      fc.property(windows('depthwise'), seeds, fc.nat(3), fc.boolean(), (w, seed, gap, chosen) => {
        const saved = chosen ? Math.max(1, w.out_channels >> 1) : w.out_channels;
        const table = chosen ? ascending(saved, w.out_channels, seed) : null;
        const stride = w.out_channels + gap;
        const input = codes(inPositions(w) * saved, seed + 1);
        const gradient = gradients(outPositions(w) * w.out_channels, seed + 2);
        const rows = new Float32Array(w.kernel_height * w.kernel_width * saved).fill(Number.NaN);
        const part = channelsOf(gradient, w.out_channels, 0, w.out_channels, stride);
        call('ft_depthwise_weight_gradient_f32', {
          ...{ window: { ...w }, input, gradient: part, table, rows, saved_channels: saved, stride },
        });
        const expected = new Float32Array(rows.length);
        for (const tap of taps(w))
          for (let j = 0; j < saved; j++) {
            const index = (tap.ky * w.kernel_width + tap.kx) * saved + j;
            const g = at(gradient, tap.out * w.out_channels + (table?.[j] ?? j));
            const x = at(input, tap.in * saved + j) - w.in_zero_point;
            expected[index] = f(at(expected, index) + f(g * x));
          }
        expect(rows).toEqual(expected);
      }),
      { numRuns: 120 },
    );
  });
});

describe('average pool, input gradient', () => {
  it('spreads each window over its valid positions, windows ascending', () => {
    fc.assert(
      fc.property(windows('pool'), seeds, (w, seed) => {
        const gradient = gradients(outPositions(w) * w.out_channels, seed);
        const dx = new Float32Array(inPositions(w) * w.in_channels).fill(Number.NaN);
        call('ft_average_pool_input_gradient_f32', { window: { ...w }, gradient, dx });
        const expected = new Float32Array(dx.length);
        const all = taps(w);
        for (const tap of all) {
          const positions = all.filter((other) => other.out === tap.out).length;
          for (let c = 0; c < w.in_channels; c++) {
            const index = tap.in * w.in_channels + c;
            expected[index] = f(at(expected, index) + f(at(gradient, tap.out * w.out_channels + c) / positions));
          }
        }
        expect(dx).toEqual(expected);
      }),
      { numRuns: 80 },
    );
  });
});

describe('sums, masks and scales', () => {
  const size = fc.integer({ min: 1, max: 40 });

  it('sums a bias gradient over positions, ascending', () => {
    fc.assert(
      fc.property(size, size, fc.nat(3), seeds, (positions, channels, gap, seed) => {
        const values = gradients(positions * channels, seed);
        const stride = channels + gap;
        const sum = new Float32Array(channels).fill(Number.NaN);
        const gradient = channelsOf(values, channels, 0, channels, stride);
        call('ft_bias_gradient_f32', { gradient, sum, positions, channels, stride });
        const expected = new Float32Array(channels);
        values.forEach((value, i) => {
          expected[i % channels] = f(at(expected, i % channels) + value);
        });
        expect(sum).toEqual(expected);
      }),
    );
  });

  it('masks and scales a range of channels by the bits of the whole', () => {
    fc.assert(
      fc.property(size, size, fc.nat(20), fc.boolean(), seeds, (positions, channels, before, masked, seed) => {
        const maskChannels = before + channels + (seed % 5);
        const mask = Uint8Array.from(codes(Math.ceil((positions * maskChannels) / 8), seed));
        const scale = gradients(channels, seed + 1);
        const values = gradients(positions * channels, seed + 2);
        const gradient = values.slice();
        call('ft_mask_scale_f32', {
          ...{ gradient, mask: masked ? mask : null, scale, positions, channels, stride: channels },
          ...{ mask_channels: maskChannels, mask_channel: before },
        });
        const expected = values.map((value, i) => {
          const bit = Math.floor(i / channels) * maskChannels + before + (i % channels);
          return !masked || (at(mask, bit >> 3) >> (bit & 7)) & 1 ? f(value * at(scale, i % channels)) : 0;
        });
        expect(gradient).toEqual(expected);
      }),
    );
  });

  it('masks with one factor, in place too', () => {
    fc.assert(
      fc.property(size, fc.boolean(), seeds, (count, inPlace, seed) => {
        const mask = Uint8Array.from(codes(Math.ceil(count / 8), seed));
        const gradient = gradients(count, seed + 1);
        const expected = gradient.map((value, i) => ((at(mask, i >> 3) >> (i & 7)) & 1 ? f(value * f(0.3)) : 0));
        const output = inPlace ? gradient : new Float32Array(count);
        call('ft_mask_f32', { gradient, output, mask, factor: 0.3, count });
        expect(output).toEqual(expected);
      }),
    );
  });

  it('puts 0 where the mask is 0, even for a gradient that is not finite', () => {
    const gradient = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, 1);
    const common = { positions: 1, channels: 3, stride: 3, mask_channels: 3, mask_channel: 0 };
    call('ft_mask_scale_f32', { gradient, mask: Uint8Array.of(4), scale: Float32Array.of(1, 1, 2), ...common });
    expect([...gradient]).toEqual([0, 0, 2]);
  });

  it('zeroes, scales and accumulates', () => {
    const values = gradients(37, 1);
    const scaled = values.slice();
    call('ft_scale_f32', { values: scaled, factor: 1.7, count: 37 });
    expect(scaled).toEqual(values.map((value) => f(value * f(1.7))));
    const output = scaled.slice();
    call('ft_accumulate_f32', { values, sum: output, count: 36 });
    expect(output).toEqual(scaled.map((value, i) => (i < 36 ? f(value + at(values, i)) : value)));
    call('ft_zero_f32', { values: output, count: 36 });
    expect([...output]).toEqual([...new Array(36).fill(0), at(scaled, 36)]);
  });
});

describe('dense float layer', () => {
  const size = fc.integer({ min: 1, max: 40 });

  it('is the sum over inputs plus the bias; its gradients sum over outputs, then scale', () => {
    fc.assert(
      fc.property(size, size, seeds, fc.integer({ min: -128, max: 127 }), (inputs, outputs, seed, zero_point) => {
        const input = codes(inputs, seed);
        const weights = gradients(inputs * outputs, seed + 1);
        const bias = gradients(outputs, seed + 2);
        const scale = f(0.0123);
        const x = Float32Array.from(input, (code) => f(scale * (code - zero_point)));
        const output = new Float32Array(outputs);
        call('ft_dense_s8_f32', { input, weights, bias, output, scale, zero_point, outputs, inputs });
        expect(output).toEqual(
          bias.map((b, o) => f(x.reduce((sum, value, i) => f(sum + f(at(weights, o * inputs + i) * value)), 0) + b)),
        );

        const gradient = gradients(outputs, seed + 3);
        const row_begin = seed % outputs;
        const rows = new Float32Array((outputs - row_begin) * inputs);
        const ends = { row_begin, row_end: outputs };
        call('ft_dense_weight_gradient_f32', { input, gradient, rows, scale, zero_point, inputs, ...ends });
        expect(rows).toEqual(
          rows.map((_, i) => f(at(gradient, row_begin + Math.floor(i / inputs)) * at(x, i % inputs))),
        );

        const dx = new Float32Array(inputs);
        call('ft_dense_input_gradient_f32', { gradient, weights, dx, scale, outputs, inputs });
        expect(dx).toEqual(
          dx.map((_, i) => f(gradient.reduce((sum, g, o) => f(sum + f(g * at(weights, o * inputs + i))), 0) * scale)),
        );
      }),
    );
  });
});
