/** The kernels of gradients in int16, on fixed data. */
import type { Case } from './cases.ts';
import { codes, gradients, numbers } from './draws.ts';
import type { Window } from './reference.ts';

/** int16 [length], all sizes, the extremes among them. */
export function mantissas(length: number, seed: number, bits = 16): Int16Array {
  const next = numbers(seed);
  const most = 2 ** (bits - 1) - 1;
  return Int16Array.from({ length }, () => {
    const kind = next();
    if (kind < 0.05) return 0;
    if (kind < 0.1) return next() < 0.5 ? most : -most - 1;
    return Math.round((2 * next() - 1) * most * 2 ** -Math.floor(8 * next()));
  });
}

/** int32 [length]: multipliers of sums, from 0 to almost 2^31. */
export function multipliers(length: number, seed: number): Int32Array {
  const next = numbers(seed);
  return Int32Array.from({ length }, () => (next() < 0.1 ? 0 : Math.floor(2 ** (10 + 20.9 * next()))));
}

/** uint16 [length]: from 2 to the largest. */
export function reaches(length: number, seed: number): Uint16Array {
  const next = numbers(seed);
  return Uint16Array.from({ length }, () => Math.floor(2 ** (1 + 15 * next())));
}

export function maskBytes(bits: number, seed: number): Uint8Array {
  return Uint8Array.from(codes(Math.ceil(bits / 8), seed));
}

const outputs = (w: Window): number => w.out_height * w.out_width;
const inputs = (w: Window): number => w.in_height * w.in_width;
const taps = (w: Window): number => w.kernel_height * w.kernel_width;
const unit = Float32Array.of(2 ** -19);

function convolutions(w: Window, seed: number): Case[] {
  const all = { channel_begin: 0, channel_end: w.out_channels };
  const gradient = mantissas(outputs(w) * w.out_channels, seed);
  const weights = codes(w.out_channels * taps(w) * w.in_channels, seed + 1);
  const input = codes(inputs(w) * w.in_channels, seed + 2);
  return [
    {
      kernel: 'ft_conv_input_gradient_s16',
      values: {
        ...{ window: { ...w }, gradient, weights, unit, stride: w.out_channels, ...all },
        ...{ dx: new Float32Array(inputs(w) * w.in_channels) },
      },
    },
    {
      kernel: 'ft_conv_weight_gradient_s16',
      values: {
        ...{ window: { ...w }, input, gradient, unit, saved_channels: w.in_channels, stride: w.out_channels, ...all },
        ...{ rows: new Float32Array(w.out_channels * taps(w) * w.in_channels) },
      },
    },
  ];
}

function depthwiseLayers(w: Window, seed: number): Case[] {
  const gradient = mantissas(outputs(w) * w.out_channels, seed);
  const weights = codes(taps(w) * w.out_channels, seed + 1);
  const own = { scale: gradients(w.out_channels, seed + 2).map(Math.abs), reach: reaches(w.out_channels, seed + 5) };
  const none = { scale: null, reach: null };
  const strides = { stride: w.out_channels, dx_stride: w.in_channels };
  const range = { channel_begin: 0, channel_end: w.in_channels };
  const common = { window: { ...w }, gradient, weights, ...strides, ...range };
  const size = inputs(w) * w.in_channels;
  return [
    ...[maskBytes(size, seed + 3), null].map((mask) => ({
      kernel: 'ft_depthwise_input_gradient_s16',
      values: {
        ...{ ...common, mask, multiplier: multipliers(w.in_channels, seed + 4), mask_channel: 0 },
        ...{ dx: new Int16Array(size) },
      },
    })),
    ...[w.in_channels === w.out_channels ? own : none, none].map((channels) => ({
      kernel: 'ft_depthwise_input_gradient_s16_f32',
      values: { ...common, unit, ...channels, dx: new Float32Array(size) },
    })),
  ];
}

export function blockFloatCases(windows: {
  readonly conv: readonly Window[];
  readonly pointwise: Window;
  readonly depthwise: readonly Window[];
}): Case[] {
  const [depthwise] = windows.depthwise;
  const { pointwise } = windows;
  const places = inputs(pointwise);
  return [
    ...[16, 11].map((bits) => ({
      kernel: 'ft_quantise_gradient_s16',
      values: {
        ...{ gradient: gradients(5 * 24, 61), mask: maskBytes(120, 62), scale: gradients(24, 63) },
        ...{ mantissa: new Int16Array(120), unit: new Float32Array(1), positions: 5, channels: 24, bits },
      },
    })),
    { kernel: 'ft_scale_unit_f32', values: { unit, output: new Float32Array(1), factor: 0.3 } },
    ...[37, 24].map((count, i) => ({
      kernel: 'ft_reach_multipliers',
      values: {
        ...{ scale: i === 0 ? gradients(count, 77) : null, reach: i === 0 ? reaches(count, 78) : null, count },
        ...{ below: gradients(count, 79), factor: 2 ** (8 + 20 * i), multiplier: new Int32Array(count) },
      },
    })),
    ...[
      { scale: gradients(37, 64), reach: reaches(37, 60) },
      { scale: null, reach: null },
    ].map((channels) => ({
      kernel: 'ft_bias_gradient_s16',
      values: {
        ...{ gradient: mantissas(7 * 41, 65), unit, ...channels, sum: new Float32Array(37) },
        ...{ positions: 7, channels: 37, stride: 41 },
      },
    })),
    ...[1, 2].map((group) => ({
      kernel: 'ft_measure_gradient_s16',
      values: {
        ...{
          gradient: mantissas(7 * 12 * group, 57 + group),
          reach: reaches(12, 56),
          below: gradients(12, 55).map(Math.abs),
        },
        ...{ unit, output: new Float32Array(2), positions: 7, inputs: 12, group, bits: 17 - group },
      },
    })),
    {
      kernel: 'ft_measured_multipliers',
      values: {
        ...{ below: gradients(12, 54).map(Math.abs), factor: Float32Array.of(2 ** 20), count: 12 },
        multiplier: new Int32Array(12),
      },
    },
    ...windows.conv.flatMap((w, i) => convolutions(w, 70 + 10 * i)),
    ...[
      { begin: 0, mask_channels: 24, channels: 24 },
      { begin: 5, mask_channels: 27, channels: 19 },
    ].map(({ begin, mask_channels, channels }) => ({
      kernel: 'ft_pointwise_input_gradient_s16',
      values: {
        ...{ window: { ...pointwise }, gradient: mantissas(places * pointwise.out_channels, 66) },
        ...{ weights: codes(pointwise.out_channels * pointwise.in_channels, 67), dx_stride: channels + 1 },
        ...{ mask: maskBytes(places * mask_channels, 68), mask_channels, mask_channel: begin },
        ...{ reach: reaches(channels, 69), dx: new Int16Array(places * (channels + 1)) },
        ...{ channel_begin: begin, channel_end: begin + channels },
      },
    })),
    ...windows.depthwise.flatMap((w, i) => depthwiseLayers(w, 80 + 10 * i)),
    ...(depthwise === undefined ? [] : depthwiseWeights(depthwise)),
  ];
}

function depthwiseWeights(w: Window): Case[] {
  const half = Math.floor(w.out_channels / 2);
  return [null, Uint16Array.from({ length: half }, (_, i) => 2 * i + 1)].flatMap((table) =>
    [
      { scale: gradients(w.out_channels, 74), reach: reaches(w.out_channels, 59) },
      { scale: null, reach: null },
    ].map((own) => ({
      kernel: 'ft_depthwise_weight_gradient_s16',
      values: {
        ...{
          window: { ...w },
          input: codes(inputs(w) * half, 75),
          gradient: mantissas(outputs(w) * w.out_channels, 76),
        },
        ...{
          table,
          unit,
          ...own,
          rows: new Float32Array(taps(w) * half),
          saved_channels: half,
          stride: w.out_channels,
        },
      },
    })),
  );
}
