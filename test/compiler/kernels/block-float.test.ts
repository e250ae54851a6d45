import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskBytes, reaches } from './block-float-cases.ts';
import {
  channelsOf,
  drawCodes,
  drawMantissas,
  drawMultipliers,
  inPositions,
  inputSums,
  mantissaOf,
  maskBit,
  outPositions,
  poison,
  tapCount,
  weightSums,
} from './block-float-reference.ts';
import { gradients, numbers, seeds, windows } from './draws.ts';
import { call } from './kernel.ts';
import { at, clamp, f, round, type Window } from './reference.ts';

/** Units are powers of two. */
const units = fc.integer({ min: -125, max: 40 }).map((exponent) => Float32Array.of(2 ** exponent));
const fractions = fc.double({ min: 0, max: 1, noNaN: true });

/** The same layer with more rows, so that weight gradients go over more than 256 positions. */
function taller(w: Window, rows: number): Window {
  const height = w.in_height + rows * w.stride_y;
  return { ...w, out_height: w.out_height + rows, in_height: height, in_rows: height, out_rows: w.out_height + rows };
}

function pointwiseOf(w: Window): Window {
  const flat = { kernel_height: 1, kernel_width: 1, stride_y: 1, stride_x: 1, pad_top: 0, pad_left: 0 };
  return { ...w, ...flat, in_height: w.out_height, in_width: w.out_width };
}

function ascending(count: number, of: number, seed: number): Uint16Array {
  const next = numbers(seed);
  const keys = Array.from({ length: of }, (_, i) => ({ i, key: next() })).sort((a, b) => a.key - b.key);
  return Uint16Array.from(keys.slice(0, count).map(({ i }) => i)).sort();
}

interface ChannelUnits {
  readonly scale: Float32Array | null;
  readonly reach: Uint16Array | null;
}

const none: ChannelUnits = { scale: null, reach: null };

function channelUnits(channels: number, seed: number, own: boolean): ChannelUnits {
  return own ? { scale: gradients(channels, seed), reach: reaches(channels, seed + 1) } : none;
}

/** What a mantissa of channel c means. */
function unitOf(unit: number, { scale, reach }: ChannelUnits, c: number): number {
  return scale === null || reach === null ? unit : f(unit * f(at(scale, c) * at(reach, c)));
}

/** What divides by `reach`, in 2^-32. */
function multiplierOf(reach: number): number {
  return Math.floor((2 ** 32 - 1) / reach);
}

describe('int16 gradients from float32', () => {
  type Values = (length: number, seed: number) => Float32Array;
  const scaledBy =
    (factor: number): Values =>
    (length, seed) =>
      gradients(length, seed).map((g) => g * factor);
  const kinds: Readonly<Record<string, Values>> = {
    'as they come': gradients,
    large: scaledBy(2 ** 120),
    small: scaledBy(2 ** -120),
    subnormal: scaledBy(2 ** -140),
    'all zero': (length) => new Float32Array(length),
    'one that is not finite in four': (length, seed) => {
      const next = numbers(seed);
      const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      return gradients(length, seed).map((g) => (next() < 0.25 ? at(odd, Math.floor(3 * next())) : g));
    },
    'halves of units, and the last below a power of two': (length, seed) => {
      const next = numbers(seed);
      return Float32Array.from({ length }, () =>
        next() < 0.5 ? Math.round(64 * next()) - 32 + 0.5 : f(2 ** 15 - 0.5),
      );
    },
  };
  const draw = [
    fc.constantFrom(...Object.keys(kinds)),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 2, max: 16 }),
    seeds,
    fc.boolean(),
    fc.boolean(),
    fc.boolean(),
  ] as const;

  it('takes the smallest unit that holds the largest value, and rounds half away from zero', () => {
    fc.assert(
      fc.property(...draw, (kind, positions, channels, bits, seed, masked, plain, inPlace) => {
        const count = positions * channels;
        const values = kinds[kind]?.(count, seed) ?? new Float32Array(count);
        const scale = plain ? new Float32Array(channels).fill(1) : gradients(channels, seed + 1).map(Math.abs);
        const mask = masked ? maskBytes(count, seed + 2) : null;
        const scaled = values.map((value, i) => {
          const product = f(value * at(scale, i % channels));
          return maskBit(mask, i) && Number.isFinite(product) ? product : 0;
        });
        const largest = scaled.reduce((high, value) => Math.max(high, Math.abs(value)), 0);
        let unitOf = 2 ** -125;
        while (largest >= unitOf * 2 ** (bits - 1)) unitOf *= 2;
        const most = 2 ** (bits - 1) - 1;
        const expected = Int16Array.from(scaled, (value) => clamp(round(value / unitOf), -most, most));

        const gradient = values.slice();
        const mantissa = inPlace ? new Int16Array(gradient.buffer, 0, count) : new Int16Array(count).fill(poison);
        const unit = new Float32Array(1);
        call('ft_quantise_gradient_s16', { gradient, mask, scale, mantissa, unit, positions, channels, bits });
        expect(unit[0]).toBe(unitOf);
        expect(mantissa).toEqual(expected);
        if (!inPlace) expect(gradient).toEqual(scaled);
      }),
      { numRuns: 400 },
    );
  });
});

describe('units and multipliers', () => {
  it('divide by the reach of each channel, and stay below 2^31', () => {
    const size = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(size, seeds, fc.boolean(), fc.integer({ min: -60, max: 60 }), (count, seed, own, exponent) => {
        const units = channelUnits(count, seed, own);
        const below = gradients(count, seed + 5);
        const multiplier = new Int32Array(count);
        const factor = 2 ** exponent;
        call('ft_reach_multipliers', { ...units, below, factor, multiplier, count });
        const expected = below.map((scale, c) => f(f(scale * unitOf(1, units, c)) * factor));
        expect(multiplier).toEqual(Int32Array.from(expected, (value) => Math.trunc(clamp(value, 0, 2 ** 31 - 128))));
      }),
      { numRuns: 200 },
    );
  });

  it('multiplies a unit', () => {
    const output = new Float32Array(1);
    call('ft_scale_unit_f32', { unit: Float32Array.of(2 ** -20), output, factor: f(0.3) });
    expect(output[0]).toBe(f(2 ** -20 * f(0.3)));
  });
});

describe('int16 convolution, input gradient', () => {
  const draw = [windows('conv'), seeds, fc.nat(3), fc.array(fractions, { maxLength: 3 }), units] as const;

  it('sums exactly over output channels and taps, in any ranges of output channels one after the other', () => {
    fc.assert(
      fc.property(...draw, (w, seed, gap, places, unit) => {
        const gradient = drawMantissas(outPositions(w) * w.out_channels, seed);
        const size = tapCount(w) * w.in_channels;
        const weights = drawCodes(w.out_channels * size, seed + 1);
        const dx = new Float32Array(inPositions(w) * w.in_channels).fill(Number.NaN);
        const ends = [...places.map((place) => Math.round(place * w.out_channels)), w.out_channels];
        let begin = 0;
        for (const end of ends.sort((a, b) => a - b)) {
          if (end === begin) continue;
          const stride = end - begin + gap;
          call('ft_conv_input_gradient_s16', {
            ...{ window: { ...w }, gradient: channelsOf(gradient, w.out_channels, begin, end, stride), stride },
            ...{ weights: weights.slice(begin * size, end * size), unit, dx },
            ...{ channel_begin: begin, channel_end: end },
          });
          begin = end;
        }
        const sums = inputSums(w, gradient, weights, 'conv');
        expect(dx).toEqual(Float32Array.from(sums, (sum) => f(f(sum) * at(unit, 0))));
      }),
      { numRuns: 200 },
    );
  });

  it('gives mantissas of a range of input channels of a 1x1 layer, and writes no other', () => {
    const range = [fractions, fractions, fc.nat(3), fc.nat(3), fc.nat(11), fc.boolean()] as const;
    fc.assert(
      fc.property(windows('conv'), seeds, ...range, (d, seed, first, last, before, after, maskBefore, masked) => {
        const w = pointwiseOf(d);
        const gradient = drawMantissas(outPositions(w) * w.out_channels, seed);
        const weights = drawCodes(w.out_channels * w.in_channels, seed + 1);
        const sums = inputSums(w, gradient, weights, 'conv');
        const begin = Math.floor(first * w.in_channels);
        const channels = Math.ceil(last * (w.in_channels - begin));
        const mask_channels = maskBefore + channels + after;
        const mask = masked ? maskBytes(inPositions(w) * mask_channels, seed + 2) : null;
        const reach = reaches(channels, seed + 3);
        const dx_stride = channels + before;
        const dx = new Int16Array(inPositions(w) * dx_stride).fill(poison);
        const expected = dx.map((value, i) => {
          const [p, c] = [Math.floor(i / dx_stride), i % dx_stride];
          if (c >= channels) return value;
          if (!maskBit(mask, p * mask_channels + maskBefore + c)) return 0;
          return mantissaOf(at(sums, p * w.in_channels + begin + c), multiplierOf(at(reach, c)));
        });
        call('ft_pointwise_input_gradient_s16', {
          ...{ window: { ...w }, gradient, weights, mask, reach, dx, dx_stride, mask_channels },
          ...{ mask_channel: maskBefore, channel_begin: begin, channel_end: begin + channels },
        });
        expect(dx).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe('int16 weight and bias gradients', () => {
  it('sums a convolution over positions, 256 at a time, for any range of outputs and any saved channels', () => {
    const draw = [windows('conv'), fc.oneof(fc.constant(0), fc.nat(130)), seeds, fc.nat(3), fractions] as const;
    fc.assert(
      fc.property(...draw, fc.integer({ min: 1, max: 11 }), units, (d, rows, seed, gap, place, saved, unit) => {
        const w = taller({ ...d, out_channels: Math.min(d.out_channels, 9) }, rows);
        const input = drawCodes(inPositions(w) * saved, seed);
        const gradient = drawMantissas(outPositions(w) * w.out_channels, seed + 1);
        const begin = Math.floor(place * w.out_channels);
        const outputs = w.out_channels - begin;
        const stride = outputs + gap;
        const held = new Float32Array(outputs * tapCount(w) * saved).fill(Number.NaN);
        call('ft_conv_weight_gradient_s16', {
          ...{ window: { ...w, in_channels: saved + (seed % 3) }, input, unit, rows: held, saved_channels: saved },
          ...{ gradient: channelsOf(gradient, w.out_channels, begin, w.out_channels, stride), stride },
          ...{ channel_begin: begin, channel_end: w.out_channels },
        });
        const expected = Array.from({ length: outputs }, (_, o) =>
          weightSums(
            w,
            (tap) =>
              Array.from({ length: saved }, (_, i) => {
                const x = at(input, tap.in * saved + i) - w.in_zero_point;
                return at(gradient, tap.out * w.out_channels + begin + o) * x;
              }),
            new Array<number>(saved).fill(at(unit, 0)),
          ),
        );
        expect([...held]).toEqual(expected.flatMap((row) => [...row]));
      }),
      { numRuns: 120 },
    );
  });

  it('sums the chosen channels of a depthwise layer, each in its own unit', () => {
    const draw = [windows('depthwise'), fc.oneof(fc.constant(0), fc.nat(130)), seeds, fc.nat(3), units] as const;
    fc.assert(
      fc.property(...draw, fc.boolean(), fc.boolean(), (d, rows, seed, gap, unit, chosen, scaled) => {
        const w = taller(d, rows);
        const saved = chosen ? Math.max(1, w.out_channels >> 1) : w.out_channels;
        const table = chosen ? ascending(saved, w.out_channels, seed) : null;
        const stride = w.out_channels + gap;
        const input = drawCodes(inPositions(w) * saved, seed + 1);
        const gradient = drawMantissas(outPositions(w) * w.out_channels, seed + 2);
        const own = channelUnits(w.out_channels, seed + 3, scaled);
        const held = new Float32Array(tapCount(w) * saved).fill(Number.NaN);
        call('ft_depthwise_weight_gradient_s16', {
          ...{ window: { ...w }, input, table, unit, ...own, rows: held, saved_channels: saved, stride },
          gradient: channelsOf(gradient, w.out_channels, 0, w.out_channels, stride),
        });
        const channel = (j: number) => table?.[j] ?? j;
        const expected = weightSums(
          w,
          (tap) =>
            Array.from({ length: saved }, (_, j) => {
              const x = at(input, tap.in * saved + j) - w.in_zero_point;
              return at(gradient, tap.out * w.out_channels + channel(j)) * x;
            }),
          Array.from({ length: saved }, (_, j) => unitOf(at(unit, 0), own, channel(j))),
        );
        expect(held).toEqual(expected);
      }),
      { numRuns: 120 },
    );
  });

  const biasOf = (values: Int16Array, channels: number, unit: number, own: ChannelUnits) => {
    const sum = new Float32Array(channels);
    const most = 65_535 * channels;
    for (let first = 0; first < values.length; first += most) {
      const sums = new Array<number>(channels).fill(0);
      values.subarray(first, first + most).forEach((value, i) => {
        sums[i % channels] = at(sums, i % channels) + value;
      });
      for (const [c, each] of sums.entries()) sum[c] = f(at(sum, c) + f(f(each) * unitOf(unit, own, c)));
    }
    return sum;
  };

  it('sums a bias gradient over positions', () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, size, fc.nat(3), seeds, units, fc.boolean(), (positions, channels, gap, seed, unit, scaled) => {
        const values = drawMantissas(positions * channels, seed);
        const stride = channels + gap;
        const own = channelUnits(channels, seed + 1, scaled);
        const sum = new Float32Array(channels).fill(Number.NaN);
        const gradient = channelsOf(values, channels, 0, channels, stride);
        call('ft_bias_gradient_s16', { gradient, unit, ...own, sum, positions, channels, stride });
        expect(sum).toEqual(biasOf(values, channels, at(unit, 0), own));
      }),
    );
  });

  it('sums a bias gradient over more positions than int32 holds', () => {
    const positions = 2 * 65_535 + 7;
    for (const value of [-32768, 32767]) {
      const gradient = new Int16Array(2 * positions).fill(value);
      const sum = new Float32Array(2);
      const unit = Float32Array.of(0.5);
      call('ft_bias_gradient_s16', { gradient, unit, ...none, sum, positions, channels: 2, stride: 2 });
      expect(sum).toEqual(biasOf(gradient, 2, 0.5, none));
    }
  });
});

describe('int16 depthwise input gradient', () => {
  const draw = [windows('depthwise'), seeds, fc.nat(3), fc.nat(3), fractions, fractions] as const;

  function rangeOf(w: Window, seed: number, gap: number, first: number, last: number) {
    const group = w.out_channels / w.in_channels;
    const begin = Math.floor(first * w.in_channels);
    const end = begin + Math.ceil(last * (w.in_channels - begin));
    const gradient = drawMantissas(outPositions(w) * w.out_channels, seed);
    const weights = drawCodes(tapCount(w) * w.out_channels, seed + 1);
    const stride = (end - begin) * group + gap;
    const part = {
      ...{ window: { ...w }, gradient: channelsOf(gradient, w.out_channels, begin * group, end * group, stride) },
      ...{ weights: weights.slice(begin * group), stride, channel_begin: begin, channel_end: end },
    };
    return { part, begin, channels: end - begin, sums: inputSums(w, gradient, weights, 'depthwise') };
  }

  it('gives mantissas of any range of input channels, and writes no other', () => {
    fc.assert(
      fc.property(...draw, fc.boolean(), (w, seed, gap, dxGap, first, last, masked) => {
        const { part, begin, channels, sums } = rangeOf(w, seed, gap, first, last);
        const mask = masked ? maskBytes(inPositions(w) * w.in_channels, seed + 2) : null;
        const multiplier = drawMultipliers(channels, seed + 3);
        const dx_stride = channels + dxGap;
        const dx = new Int16Array(inPositions(w) * dx_stride).fill(poison);
        const expected = dx.map((value, i) => {
          const [p, c] = [Math.floor(i / dx_stride), i % dx_stride];
          if (c >= channels) return value;
          const place = p * w.in_channels + begin + c;
          return maskBit(mask, place) ? mantissaOf(at(sums, place), at(multiplier, c)) : 0;
        });
        call('ft_depthwise_input_gradient_s16', { ...part, mask, multiplier, dx, dx_stride, mask_channel: begin });
        expect(dx).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('gives float32 in the unit of each channel, and writes no other', () => {
    fc.assert(
      fc.property(...draw, units, fc.boolean(), (w, seed, gap, dxGap, first, last, unit, scaled) => {
        const { part, begin, channels, sums } = rangeOf(w, seed, gap, first, last);
        const own = channelUnits(channels, seed + 2, scaled);
        const dx_stride = channels + dxGap;
        const dx = new Float32Array(inPositions(w) * dx_stride).fill(Number.NaN);
        const expected = dx.map((value, i) => {
          const [p, c] = [Math.floor(i / dx_stride), i % dx_stride];
          if (c >= channels) return value;
          return f(f(at(sums, p * w.in_channels + begin + c)) * unitOf(at(unit, 0), own, c));
        });
        call('ft_depthwise_input_gradient_s16_f32', { ...part, unit, ...own, dx, dx_stride });
        expect(dx).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});
