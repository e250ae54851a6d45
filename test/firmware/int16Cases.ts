/** Kernels of int16 gradients on random layers, and on 1x1 layers of all widths and depths around the sizes of tiles. */
import fc from 'fast-check';
import { mantissas, maskBytes, multipliers, reaches } from '../compiler/kernels/block-float-cases.ts';
import type { Case } from '../compiler/kernels/cases.ts';
import { codes, gradients, windows } from '../compiler/kernels/draws.ts';
import type { Window } from '../compiler/kernels/reference.ts';

const inputs = (w: Window) => w.in_height * w.in_width;
const outputs = (w: Window) => w.out_height * w.out_width;
const taps = (w: Window) => w.kernel_height * w.kernel_width;
const unit = Float32Array.of(2 ** -19);

function pointwiseWindow(width: number, in_channels: number, out_channels: number): Window {
  return {
    ...{ in_height: 1, in_width: width, in_channels, out_height: 1, out_width: width, out_channels },
    ...{ kernel_height: 1, kernel_width: 1, stride_y: 1, stride_x: 1, dilation_y: 1, dilation_x: 1 },
    ...{ pad_top: 0, pad_left: 0, in_zero_point: -128, out_zero_point: 3, act_min: -128, act_max: 127 },
    ...{ in_rows: 1, out_rows: 1, weight_channels: out_channels },
  };
}

/** No sum over so many products of a code leaves int32. */
function safeBits(products: number): number {
  return Math.min(16, Math.floor(Math.log2(2 ** 31 / (128 * products + 1))) + 1);
}

/** In two ranges of output channels where there are several, the sums of the first in place of what dx held. */
function convInput(w: Window, seed: number, stride: number): Case[] {
  const dx = gradients(inputs(w) * w.in_channels, seed + 2);
  const gradient = mantissas(outputs(w) * stride, seed, safeBits(w.out_channels * taps(w)));
  const size = taps(w) * w.in_channels;
  const weights = codes(w.out_channels * size, seed + 1);
  const middle = w.out_channels > 1 && seed % 2 === 0 ? Math.ceil(w.out_channels / 2) : 0;
  const ranges = [
    [0, middle],
    [middle, w.out_channels],
  ] as const;
  return ranges
    .filter(([begin, end]) => end > begin)
    .map(([begin, end]) => ({
      kernel: 'ft_conv_input_gradient_s16',
      values: {
        ...{ window: { ...w }, gradient: gradient.slice(begin), weights: weights.slice(begin * size), stride },
        // The sums of the first range are those of a case of its own; here any bytes stand for them.
        ...{ dx: dx.map((value, i) => (begin === 0 ? value : ((i % 100) - 50) * 1e-39)) },
        ...{ unit, channel_begin: begin, channel_end: end },
      },
    }));
}

function weightGradient(w: Window, seed: number, saved: number, stride: number): Case {
  return {
    kernel: 'ft_conv_weight_gradient_s16',
    values: {
      ...{ window: { ...w, in_channels: saved }, input: codes(inputs(w) * saved, seed), saved_channels: saved, unit },
      ...{ gradient: mantissas(outputs(w) * stride, seed + 1), stride, channel_begin: 0, channel_end: w.out_channels },
      ...{ rows: new Float32Array(w.out_channels * taps(w) * saved) },
    },
  };
}

/** `aligned`: whether gradients begin at a whole word, as vector instructions want it. */
function pointwiseInput(w: Window, seed: number, range: readonly [number, number], aligned = true): Case {
  const [begin, end] = range;
  const channels = end - begin;
  const mask_channels = w.in_channels + (seed % 4);
  const held = mantissas(outputs(w) * w.out_channels + 1, seed, safeBits(w.out_channels));
  return {
    kernel: 'ft_pointwise_input_gradient_s16',
    values: {
      ...{ window: { ...w }, gradient: aligned ? held : held.subarray(1), mask_channels, mask_channel: seed % 4 },
      ...{ weights: codes(w.out_channels * w.in_channels, seed + 1), reach: reaches(channels, seed + 2) },
      ...{ mask: seed % 3 === 0 ? null : maskBytes(outputs(w) * mask_channels + 8, seed + 3), dx_stride: channels + 1 },
      ...{ dx: new Int16Array(outputs(w) * (channels + 1)), channel_begin: begin, channel_end: end },
    },
  };
}

function depthwise(w: Window, seed: number): Case[] {
  const group = w.out_channels / w.in_channels;
  const stride = w.out_channels + (seed % 3);
  const common = {
    ...{ window: { ...w }, gradient: mantissas(outputs(w) * stride, seed), stride, dx_stride: w.in_channels },
    ...{ weights: codes(taps(w) * w.out_channels, seed + 1), channel_begin: 0, channel_end: w.in_channels },
  };
  const size = inputs(w) * w.in_channels;
  const own = { scale: gradients(w.out_channels, seed + 2), reach: reaches(w.out_channels, seed + 6) };
  const none = { scale: null, reach: null };
  const saved = seed % 2 === 0 ? w.out_channels : Math.ceil(w.out_channels / 2);
  return [
    {
      kernel: 'ft_depthwise_input_gradient_s16',
      values: {
        ...{ ...common, mask: seed % 3 === 0 ? null : maskBytes(size, seed + 3), mask_channel: 0 },
        ...{ multiplier: multipliers(w.in_channels, seed + 4), dx: new Int16Array(size) },
      },
    },
    {
      kernel: 'ft_depthwise_input_gradient_s16_f32',
      values: { ...common, unit, ...(group === 1 ? own : none), dx: new Float32Array(size) },
    },
    {
      kernel: 'ft_depthwise_weight_gradient_s16',
      values: {
        ...{ window: { ...w }, input: codes(inputs(w) * saved, seed + 5), gradient: common.gradient, stride, unit },
        ...{
          table: seed % 2 === 0 ? null : Uint16Array.from({ length: saved }, (_, j) => 2 * j),
          saved_channels: saved,
        },
        ...{ ...(seed % 5 === 0 ? none : own), rows: new Float32Array(taps(w) * saved) },
      },
    },
  ];
}

function conversions(seed: number): Case[] {
  return [1, 3, 8, 13, 24].flatMap((channels, i): Case[] => {
    const positions = 4 + i;
    const count = positions * channels;
    const mask = i % 2 === 0 ? null : maskBytes(count, seed + i);
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, 2 ** -149, -(2 ** -130)];
    const values = gradients(count, seed + i).map((g, j) =>
      j % 7 === 6 ? (odd[j % 4] ?? 0) : g * 2 ** (60 * i - 130),
    );
    const bits = [16, 2, 15, 9, 12][i] ?? 16;
    return [
      {
        kernel: 'ft_quantise_gradient_s16',
        values: {
          ...{ gradient: values, mask, scale: gradients(channels, i + 1).map(Math.abs), unit: new Float32Array(1) },
          ...{ mantissa: new Int16Array(values.buffer, 0, count), positions, channels, bits },
        },
      },
      {
        kernel: 'ft_reach_multipliers',
        values: {
          ...{
            scale: i % 2 === 0 ? null : gradients(channels, seed),
            reach: i % 2 === 0 ? null : reaches(channels, i),
          },
          ...{ below: gradients(channels, seed + i), factor: 2 ** (6 * i), multiplier: new Int32Array(channels) },
          count: channels,
        },
      },
      {
        kernel: 'ft_bias_gradient_s16',
        values: {
          ...{ gradient: mantissas(positions * (channels + i), seed + i), unit, sum: new Float32Array(channels) },
          ...{
            scale: i % 2 === 0 ? null : gradients(channels, i),
            reach: i % 2 === 0 ? null : reaches(channels, i + 1),
          },
          ...{ positions, channels, stride: channels + i },
        },
      },
    ];
  });
}

export function int16Backward(seed: number): Case[] {
  const conv = fc
    .sample(windows('conv'), { seed: 92 + seed, numRuns: 30 })
    .flatMap((w, i) => [
      ...convInput(w, i, w.out_channels + (i % 3)),
      weightGradient(w, i, 1 + (i % 11), w.out_channels + (i % 3)),
    ]);
  const layers = fc.sample(windows('depthwise'), { seed: 93 + seed, numRuns: 24 }).flatMap(depthwise);
  const channels = [1, 3, 4, 5, 8, 11, 16];
  // Above 96 outputs the vector code takes several turns; above 16 positions those wait in groups.
  const depths = [1, 2, 4, 6, 8, 12, 92, 96, 97, 100, 104, 192, 196, 200, 292];
  const pointwise = depths.flatMap((depth, i) =>
    [1, 3, 4, 15, 16, 17, 33].map((width, j) => {
      const begin = j % 3;
      const range = [begin, begin + (channels[(i + j) % channels.length] ?? 1)] as const;
      return pointwiseInput(pointwiseWindow(width, 19, depth), seed + 7 * i + j, range, (i + j) % 5 > 0);
    }),
  );
  const sums = depths.flatMap((depth, i) =>
    [1, 4, 5].flatMap((width, j) =>
      convInput(
        pointwiseWindow(width, channels[(i + j) % channels.length] ?? 1, depth),
        seed + i + j,
        depth + (j % 2) * 2,
      ),
    ),
  );
  const places = [1, 2, 3, 63, 64, 65, 127, 128, 129, 130, 255, 256, 257, 300];
  const weights = places.flatMap((width, i) =>
    [0, 1, 2].map((j) => {
      const saved = 1 + ((4 * i + 3 * j) % 11);
      return weightGradient(pointwiseWindow(width, saved, 1 + (i % 4)), seed + i + j, saved, 1 + (i % 4) + j);
    }),
  );
  return [...conversions(seed), ...conv, ...layers, ...pointwise, ...sums, ...weights];
}
