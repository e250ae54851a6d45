/** Every kernel at least once, on fixed data: what all builds of the kernels must agree on, byte for byte. */
import { blockFloatCases } from './block-float-cases.ts';
import { codes, gradients, layerOf } from './draws.ts';
import type { Arguments } from './kernel.ts';
import { operatorCases } from './operator-cases.ts';
import type { Window } from './reference.ts';

export interface Case {
  readonly kernel: string;
  readonly values: Arguments;
}

function window(changes: Partial<Window>): Window {
  const base: Window = {
    ...{ in_height: 7, in_width: 6, in_channels: 19, out_height: 4, out_width: 3, out_channels: 11 },
    ...{ kernel_height: 3, kernel_width: 3, stride_y: 2, stride_x: 2, dilation_y: 1, dilation_x: 1 },
    ...{ pad_top: 1, pad_left: 1, in_zero_point: -9, out_zero_point: 5, act_min: -100, act_max: 110 },
    ...{ in_rows: 7, out_rows: 4, weight_channels: 11 },
  };
  return { ...base, ...changes };
}

const strided = window({});
const dilated = window({ stride_y: 1, stride_x: 1, dilation_y: 2, dilation_x: 2, out_height: 5, out_width: 4 });
const pointwise = window({
  ...{ kernel_height: 1, kernel_width: 1, stride_y: 1, stride_x: 1, pad_top: 0, pad_left: 0 },
  ...{ in_channels: 24, out_height: 7, out_width: 6, out_channels: 16, out_rows: 7, weight_channels: 16 },
});
const depthwise = window({ in_channels: 37, out_channels: 37, weight_channels: 37 });
const multiplied = window({ in_channels: 5, out_channels: 10, weight_channels: 10 });
const pool = window({ out_channels: 19 });

function forwardCases(): Case[] {
  const layers = [
    { kernel: 'ft_conv_s8', kind: 'conv', windows: [strided, dilated, pointwise] },
    { kernel: 'ft_depthwise_s8', kind: 'depthwise', windows: [depthwise, multiplied] },
  ] as const;
  return layers.flatMap(({ kernel, kind, windows }) =>
    windows.map((w, i) => {
      const elements = w.out_height * w.out_width * w.out_channels;
      const { window: _, ...layer } = layerOf({ ...w, out_rows: w.out_height }, kind, 40 + i);
      const memory = { output: new Int8Array(elements), mask: new Uint8Array(Math.ceil(elements / 8)) };
      const range = { row_begin: 0, row_end: w.out_height, channel_begin: 0, channel_end: w.out_channels };
      return { kernel, values: { window: { ...w, out_rows: w.out_height }, ...layer, ...memory, ...range } };
    }),
  );
}

function elementwiseCases(): Case[] {
  const add = {
    ...{ zero_point1: 3, multiplier1: 2 ** 30, shift1: 0, zero_point2: -128, multiplier2: 1_600_000_000 },
    ...{ shift2: -2, out_zero_point: -7, out_multiplier: 1_234_567_890, out_shift: -18, left_shift: 20 },
    ...{ act_min: -128, act_max: 127, row_size: 45, rows1: 3, rows2: 2, out_rows: 3 },
  };
  const poolElements = 4 * 3 * 19;
  const pad = { in_shape: [2, 3, 2, 5], before: [0, 1, 0, 2], after: [1, 0, 2, 1], value: -128 };
  const softmax = { rows: 3, depth: 11, multiplier: 1_717_986_918, left_shift: 23, diff_min: -248 };
  return [
    {
      kernel: 'ft_add_s8',
      values: {
        ...{ add, x1: codes(135, 1), x2: codes(90, 2), output: new Int8Array(135), mask: new Uint8Array(17) },
        ...{ row_begin: 0, row_end: 3 },
      },
    },
    {
      kernel: 'ft_average_pool_s8',
      values: {
        ...{ window: { ...pool }, input: codes(7 * 6 * 19, 3), output: new Int8Array(poolElements) },
        ...{ mask: new Uint8Array(Math.ceil(poolElements / 8)), row_begin: 0, row_end: 4 },
      },
    },
    { kernel: 'ft_pad_s8', values: { pad, input: codes(60, 4), output: new Int8Array(3 * 4 * 4 * 8) } },
    { kernel: 'ft_softmax_s8', values: { softmax, input: codes(33, 5), output: new Int8Array(33) } },
    { kernel: 'ft_copy_s8', values: { input: codes(9, 6), output: new Int8Array(9), count: 9 } },
    {
      kernel: 'ft_copy_s32',
      values: { input: Int32Array.of(1, -2, 3), output: new Int32Array(3), count: 3 },
    },
    {
      kernel: 'ft_gather_channels_s8',
      values: {
        ...{ input: codes(2 * 3 * 7, 7), table: Uint16Array.of(0, 2, 6), saved: new Int8Array(5 * 3 * 3) },
        ...{ width: 3, in_rows: 2, channels: 7, saved_channels: 3, row_begin: 1, row_end: 5 },
      },
    },
    {
      kernel: 'ft_dequantise_s8_f32',
      values: { input: codes(19, 8), output: new Float32Array(19), scale: 0.0173, zero_point: -5, count: 19 },
    },
  ];
}

function weightCases(): Case[] {
  const table = Uint16Array.of(0, 3, 4);
  const frozen = codes(40, 10, -127);
  const narrow = codes(24, 11, -127);
  const wide = Int16Array.from(codes(24, 12), (code, i) => code * 256 + i * 11 - 128);
  const merge = { frozen, table, taps: 2, channels: 5, trained_channels: 3, row_begin: 1, row_end: 3 };
  const slice = { frozen, table, taps: 8, channels: 5, trained_channels: 3, channel_begin: 1, channel_end: 5 };
  const columns = {
    frozen,
    table,
    rows: 8,
    channels: 5,
    trained_channels: 3,
    stride: 4,
    channel_begin: 2,
    channel_end: 5,
  };
  const extract = { frozen, table, outer: 8, channels: 5, trained_channels: 3 };
  return [
    { kernel: 'ft_merge_weights_s8', values: { ...merge, trained: narrow, rows: new Int8Array(20) } },
    { kernel: 'ft_merge_weights_s16', values: { ...merge, trained: wide, rows: new Int8Array(20) } },
    { kernel: 'ft_merge_columns_s8', values: { ...columns, trained: narrow, columns: new Int8Array(32) } },
    { kernel: 'ft_merge_columns_s16', values: { ...columns, trained: wide, columns: new Int8Array(32) } },
    { kernel: 'ft_merge_depthwise_s8', values: { ...slice, trained: narrow, rows: new Int8Array(32) } },
    { kernel: 'ft_merge_depthwise_s16', values: { ...slice, trained: wide, rows: new Int8Array(32) } },
    { kernel: 'ft_extract_weights_s8', values: { ...extract, trained: new Int8Array(24) } },
    { kernel: 'ft_extract_weights_s16', values: { ...extract, trained: new Int16Array(24) } },
  ];
}

function lossCases(): Case[] {
  const result = () => ({ loss: new Float32Array(1), prediction: new Int32Array(1) });
  const logits = Float32Array.from(gradients(37, 20), (value) => value / 8);
  const rate = { learning_rate: Float32Array.of(0.0371), warm_up: 10, batch: 8 };
  return [
    {
      kernel: 'ft_dense_s8_f32',
      values: {
        ...{ input: codes(33, 21), weights: gradients(33 * 10, 22), bias: gradients(10, 23) },
        ...{ output: new Float32Array(10), scale: 0.0231, zero_point: -128, outputs: 10, inputs: 33 },
      },
    },
    {
      kernel: 'ft_dense_f32',
      values: {
        ...{ input: gradients(2 * 33, 31), weights: gradients(33 * 10, 32), bias: gradients(10, 33) },
        ...{ output: new Float32Array(20), rows: 2, outputs: 10, inputs: 33 },
      },
    },
    { kernel: 'ft_arg_max_f32', values: { values: logits, index: new Int32Array(1), count: 37 } },
    {
      kernel: 'ft_softmax_cross_entropy_f32',
      values: { logits, gradient: new Float32Array(37), ...result(), classes: 37, label: 5 },
    },
    { kernel: 'ft_label_target_f32', values: { target: gradients(5, 26), count: 5, label: 3 } },
    {
      kernel: 'ft_mean_squared_error_f32',
      values: {
        ...{ output: gradients(21, 24), target: gradients(21, 25), gradient: new Float32Array(21) },
        ...{ loss: new Float32Array(1), count: 21 },
      },
    },
    ...[3, 10, 400].flatMap((step) => [
      {
        kernel: 'ft_rate_constant',
        values: { ...rate, rate: new Float32Array(1), step_count: Int32Array.of(step) },
      },
      {
        kernel: 'ft_rate_cosine',
        values: { ...rate, rate: new Float32Array(1), step_count: Int32Array.of(step), steps: 1000 },
      },
    ]),
    { kernel: 'ft_count', values: { counter: Int32Array.of(2 ** 31 - 1) } },
  ];
}

function elementGradientCases(): Case[] {
  return [
    { kernel: 'ft_zero_f32', values: { values: gradients(13, 30), count: 11 } },
    { kernel: 'ft_scale_f32', values: { values: gradients(13, 31), factor: 0.3, count: 13 } },
    { kernel: 'ft_accumulate_f32', values: { values: gradients(13, 33), sum: gradients(13, 34), count: 13 } },
    ...[0, 3].map((mask_channel) => ({
      kernel: 'ft_mask_scale_f32',
      values: {
        ...{ gradient: gradients(5 * 23, 35), mask: Uint8Array.from(codes(20, 36)), scale: gradients(20, 37) },
        ...{ positions: 5, channels: 20, stride: 23, mask_channels: 24 + mask_channel, mask_channel },
      },
    })),
    {
      kernel: 'ft_mask_f32',
      values: {
        ...{ gradient: gradients(29, 38), output: new Float32Array(29), mask: Uint8Array.from(codes(4, 39)) },
        ...{ factor: 0.7, count: 29 },
      },
    },
    {
      kernel: 'ft_bias_gradient_f32',
      values: { gradient: gradients(7 * 41, 40), sum: new Float32Array(37), positions: 7, channels: 37, stride: 41 },
    },
  ];
}

function layerGradientCases(): Case[] {
  const out = (w: Window, stride: number) => gradients(w.out_height * w.out_width * stride, 50);
  const taps = (w: Window) => w.kernel_height * w.kernel_width;
  const inputs = (w: Window) => w.in_height * w.in_width;
  const ranges = { channel_begin: 2, channel_end: 11 };
  return [
    ...[strided, dilated, pointwise].flatMap((w) => [
      {
        kernel: 'ft_conv_input_gradient_f32',
        values: {
          ...{ window: { ...w }, gradient: out(w, 9), weights: codes(9 * taps(w) * w.in_channels, 51) },
          ...{ dx: gradients(inputs(w) * w.in_channels, 52), stride: 9, ...ranges },
        },
      },
      {
        kernel: 'ft_conv_weight_gradient_f32',
        values: {
          ...{ window: { ...w }, input: codes(inputs(w) * 13, 53), gradient: out(w, 9), saved_channels: 13 },
          ...{ rows: new Float32Array(9 * taps(w) * 13), stride: 9, ...ranges },
        },
      },
    ]),
    {
      kernel: 'ft_pointwise_input_gradient_f32',
      values: {
        ...{ window: { ...pointwise }, gradient: out(pointwise, 16), weights: codes(16 * 24, 54) },
        ...{ dx: new Float32Array(42 * 20), dx_stride: 20, channel_begin: 5, channel_end: 24 },
      },
    },
    ...[depthwise, multiplied].map((w) => ({
      kernel: 'ft_depthwise_input_gradient_f32',
      values: {
        ...{ window: { ...w }, gradient: out(w, w.out_channels), weights: codes(taps(w) * w.out_channels, 55) },
        ...{ dx: new Float32Array(inputs(w) * w.in_channels), stride: w.out_channels, dx_stride: w.in_channels },
        ...{ channel_begin: 0, channel_end: w.in_channels },
      },
    })),
    ...[null, Uint16Array.from({ length: 18 }, (_, i) => 2 * i + 1)].map((table) => ({
      kernel: 'ft_depthwise_weight_gradient_f32',
      values: {
        ...{ window: { ...depthwise }, input: codes(inputs(depthwise) * 18, 56), gradient: out(depthwise, 37) },
        ...{ table, rows: new Float32Array(9 * 18), saved_channels: 18, stride: 37 },
      },
    })),
    {
      kernel: 'ft_dense_weight_gradient_f32',
      values: {
        ...{ input: codes(33, 57), gradient: gradients(10, 58), rows: new Float32Array(33 * 7), scale: 0.0231 },
        ...{ zero_point: -128, inputs: 33, row_begin: 3, row_end: 10 },
      },
    },
    {
      kernel: 'ft_dense_input_gradient_f32',
      values: {
        ...{ gradient: gradients(10, 59), weights: gradients(330, 60), dx: new Float32Array(33), scale: 0.0231 },
        ...{ outputs: 10, inputs: 33 },
      },
    },
    {
      kernel: 'ft_average_pool_input_gradient_f32',
      values: { window: { ...pool }, gradient: out(pool, 19), dx: new Float32Array(inputs(pool) * 19) },
    },
  ];
}

function updateCases(): Case[] {
  const factor = Float32Array.of(1, 0, 1e17, 0.25);
  const rate = Float32Array.of(0.0625);
  const gradient = gradients(4 * 25, 70);
  gradient.set([Number.NaN, Number.POSITIVE_INFINITY, 8, -8]);
  const rows = { gradient, factor, rate, row_begin: 0, row_end: 4, row_size: 25 };
  const weights = () => codes(100, 71, -127);
  const wide = Int16Array.from(weights(), (code) => code * 256 + 77);
  const step = { step_count: Int32Array.of(123_456), seed: -42, layer: 7 };
  const channels = { gradient, factor: gradients(25, 72), rate, taps: 4, channels: 25 };
  const initial = Int32Array.of(5, 7, -(2 ** 31), 2 ** 31 - 1);
  return [
    { kernel: 'ft_update_weights_s8', values: { weights: weights(), ...rows } },
    { kernel: 'ft_update_weights_s16', values: { weights: wide, ...rows } },
    { kernel: 'ft_update_weights_stochastic_s8', values: { weights: weights(), ...step, ...rows } },
    { kernel: 'ft_update_depthwise_s8', values: { weights: weights(), ...channels } },
    { kernel: 'ft_update_depthwise_s16', values: { weights: wide.slice(), ...channels } },
    { kernel: 'ft_update_depthwise_stochastic_s8', values: { weights: weights(), ...step, ...channels } },
    {
      kernel: 'ft_update_bias_s32',
      values: { bias: initial.slice(), initial, gradient: Float32Array.of(40, 1, 1, -1), factor, rate, count: 4 },
    },
    {
      kernel: 'ft_update_bias_scaled_s32',
      values: {
        ...{ bias: initial.slice(), initial, gradient: Float32Array.of(40, 1, 1, -1), rate, count: 4 },
        ...{ scale: Float32Array.of(0.03, 1e-9, 0.002, 0.5), factor: 1.7, least: Math.fround(0.002) },
      },
    },
    { kernel: 'ft_update_f32', values: { values: gradients(25, 73), gradient: gradients(25, 74), rate, count: 25 } },
  ];
}

function adamCases(): Case[] {
  const betas = { beta1: 0.9, beta2: 0.999 };
  return [
    ...[0, 99, -1].map((step) => ({
      kernel: 'ft_adam_correction_f32',
      values: { correction: new Float32Array(2), step_count: Int32Array.of(step), ...betas },
    })),
    {
      kernel: 'ft_adam_f32',
      values: {
        ...{ gradient: gradients(60, 80), mean: gradients(60, 81), square: gradients(60, 82).map(Math.abs) },
        ...{ factor: Float32Array.of(1, 1e9, 1e20, 0), correction: Float32Array.of(10, 1000), ...betas },
        ...{ epsilon: 1e-8, rows: 4, row_size: 15, factor_row: 1, factor_element: 0 },
      },
    },
  ];
}

export const cases: readonly Case[] = [
  ...forwardCases(),
  ...elementwiseCases(),
  ...weightCases(),
  ...lossCases(),
  ...elementGradientCases(),
  ...layerGradientCases(),
  ...blockFloatCases({ conv: [strided, dilated, pointwise], pointwise, depthwise: [depthwise, multiplied] }),
  ...updateCases(),
  ...adamCases(),
  ...operatorCases(),
];
