/** The kernels of ft_operators.h, each at least once: see cases.ts. */
import type { Case } from './cases.ts';
import { codes, gradients } from './draws.ts';
import type { Struct } from './kernel.ts';

/** [3][4][5], of which the second operand is [4][1]. */
const broadcast: Struct = {
  ...{ shape: [1, 1, 3, 4, 5], first: [0, 0, 20, 5, 1], second: [0, 0, 0, 1, 0] },
};
/** Elements of [6][9] go to [9][6], rows from the last. */
const transposed: Struct = {
  ...{ shape: [1, 1, 1, 6, 9], first: [0, 0, 0, 9, 1], second: [0, 0, 0, -1, 6] },
};

const bits = (count: number) => Uint8Array.from({ length: Math.ceil(count / 8) }, (_, i) => (i * 73 + 0x5b) & 255);

function movementCases(): Case[] {
  const rows: Struct = { shape: [1, 1, 1, 4, 7], first: [0, 0, 0, 9, 1], second: [0, 0, 0, 7, 1] };
  // Negative distances count from the pointer on, so that it points to the last column.
  const backwards = (memory: Int8Array | Float32Array) => memory.subarray(5);
  return [
    {
      kernel: 'ft_strided_copy_s8',
      values: { strides: transposed, input: codes(54, 100), output: backwards(new Int8Array(54)) },
    },
    { kernel: 'ft_strided_copy_s8', values: { strides: rows, input: codes(36, 101), output: new Int8Array(28) } },
    {
      kernel: 'ft_strided_copy_f32',
      values: { strides: transposed, input: gradients(54, 102), output: backwards(new Float32Array(54)) },
    },
    {
      kernel: 'ft_strided_sum_f32',
      values: { strides: broadcast, input: gradients(60, 103), output: gradients(4, 104) },
    },
  ];
}

function lookupCases(): Case[] {
  const table = codes(256, 110);
  const inside = bits(256);
  return [
    ...[null, new Uint8Array(5)].map((mask) => ({
      kernel: 'ft_lookup_s8',
      values: { input: codes(37, 111), table, inside, output: new Int8Array(37), mask, count: 37 },
    })),
    {
      kernel: 'ft_lookup_gradient_f32',
      values: { input: codes(37, 112), derivative: gradients(256, 113), gradient: gradients(37, 114), count: 37 },
    },
    {
      kernel: 'ft_quantise_f32_s8',
      values: {
        ...{ input: Float32Array.of(0.25, -0.25, 1e30, -1e30, Number.NaN, 3.1, -7.75), output: new Int8Array(7) },
        ...{ scale: 0.5, zero_point: -3, low: -128, high: 127, count: 7 },
      },
    },
    {
      kernel: 'ft_dequantise_u8_f32',
      values: { input: bits(72), output: new Float32Array(9), scale: 0.173, zero_point: 117, count: 9 },
    },
  ];
}

function operandCases(): Case[] {
  const sum = {
    ...{ zero_point1: 3, multiplier1: 2 ** 30, shift1: 0, zero_point2: -128, multiplier2: 1_600_000_000 },
    ...{ shift2: -2, out_zero_point: -7, out_multiplier: 1_234_567_890, out_shift: -18, left_shift: 20 },
    ...{ act_min: -100, act_max: 127, row_size: 60, rows1: 1, rows2: 1, out_rows: 1 },
  };
  const mul = {
    ...{ zero_point1: 3, zero_point2: -5, out_zero_point: 7, multiplier: 1_700_000_000, shift: -6 },
    ...{ act_min: -90, act_max: 101 },
  };
  const prelu = {
    ...{ zero_point: -5, slope_zero_point: 3, out_zero_point: 9, multiplier: 1_300_000_000, shift: 0 },
    ...{ slope_multiplier: 1_400_000_000, slope_shift: -7 },
  };
  const result = () => ({ output: new Int8Array(60), mask: new Uint8Array(8) });
  const operands = { operands: broadcast, x1: codes(60, 120), x2: codes(4, 121) };
  const bent = { prelu, operands: broadcast, input: codes(60, 122), slopes: codes(4, 123) };
  return [
    { kernel: 'ft_add_broadcast_s8', values: { add: sum, ...operands, ...result() } },
    { kernel: 'ft_sub_s8', values: { sub: sum, ...operands, ...result() } },
    { kernel: 'ft_mul_s8', values: { mul, ...operands, ...result() } },
    {
      kernel: 'ft_mul_gradient_f32',
      values: {
        ...{ operands: broadcast, gradient: gradients(60, 124), other: codes(4, 125), mask: bits(60) },
        ...{ output: new Float32Array(60), factor: 0.0317, zero_point: 11 },
      },
    },
    { kernel: 'ft_prelu_s8', values: { ...bent, ...result() } },
    {
      kernel: 'ft_prelu_gradient_f32',
      values: { ...bent, mask: bits(60), gradient: gradients(60, 126), factor: 1.3, slope_factor: 0.017 },
    },
  ];
}

function axisCases(): Case[] {
  const mean = {
    ...{ kept: [1, 1, 2, 5], kept_stride: [0, 0, 60, 1], reduced: [1, 1, 3, 4], reduced_stride: [0, 0, 20, 5] },
    ...{ zero_sum: -36, out_zero_point: 4, multiplier: 1_431_655_765, shift: -3 },
  };
  return [
    { kernel: 'ft_mean_s8', values: { mean, input: codes(120, 130), output: new Int8Array(10), mask: bits(16) } },
    {
      kernel: 'ft_arg_max_s8',
      values: { input: codes(2 * 7 * 3, 131), output: new Int32Array(6), outer: 2, depth: 7, inner: 3 },
    },
    {
      kernel: 'ft_softmax_gradient_f32',
      values: {
        ...{ input: codes(33, 132), gradient: gradients(33, 133), scale: 0.05, factor: 12.8, limit: 0.998 },
        ...{ rows: 3, depth: 11 },
      },
    },
  ];
}

function resizeCases(): Case[] {
  const resize = {
    ...{ in_height: 3, in_width: 4, channels: 5, out_height: 5, out_width: 3 },
    ...{ scale_y: 614, scale_x: 1365, offset_y: -205, offset_x: 170 },
  };
  const places = { rows: Uint16Array.of(0, 0, 1, 2, 2), columns: Uint16Array.of(0, 2, 3) };
  const positions = { rows: Float32Array.of(-0.2, 0.4, 1, 1.6, 2.2), columns: Float32Array.of(0.17, 1.5, 2.83) };
  const input = codes(60, 140);
  const back = () => ({ resize, gradient: gradients(75, 141), dx: new Float32Array(60) });
  return [
    { kernel: 'ft_resize_nearest_s8', values: { resize, ...places, input, output: new Int8Array(75) } },
    { kernel: 'ft_resize_nearest_gradient_f32', values: { ...back(), ...places } },
    { kernel: 'ft_resize_bilinear_s8', values: { resize, input, output: new Int8Array(75) } },
    { kernel: 'ft_resize_bilinear_gradient_f32', values: { ...back(), ...positions } },
  ];
}

function windowCases(): Case[] {
  const base = {
    ...{ kernel_height: 3, kernel_width: 2, stride_y: 2, stride_x: 2, dilation_y: 1, dilation_x: 1 },
    ...{ pad_top: 1, pad_left: 0, in_zero_point: -9, out_zero_point: 5, act_min: -100, act_max: 110 },
  };
  const pool = {
    ...{ ...base, in_height: 7, in_width: 6, in_channels: 19, out_height: 4, out_width: 3, out_channels: 19 },
    ...{ in_rows: 7, out_rows: 4, weight_channels: 19 },
  };
  const transposedConv = {
    ...{ ...base, in_height: 4, in_width: 3, in_channels: 7, out_height: 7, out_width: 6, out_channels: 5 },
    ...{ in_rows: 4, out_rows: 7, weight_channels: 5 },
  };
  const weights = codes(5 * 6 * 7, 150);
  return [
    {
      kernel: 'ft_max_pool_s8',
      values: {
        ...{ window: pool, input: codes(7 * 6 * 19, 151), output: new Int8Array(228), mask: new Uint8Array(29) },
        ...{ row_begin: 0, row_end: 4 },
      },
    },
    {
      kernel: 'ft_max_pool_input_gradient_f32',
      values: {
        ...{ window: pool, input: codes(7 * 6 * 19, 151), gradient: gradients(228, 152) },
        ...{ dx: new Float32Array(7 * 6 * 19) },
      },
    },
    {
      kernel: 'ft_transpose_conv_s8',
      values: {
        ...{ window: transposedConv, input: codes(84, 153), weights, bias: Int32Array.of(5, -900, 33, 0, 2 ** 30) },
        ...{ multiplier: Int32Array.from({ length: 5 }, (_, o) => 1_300_000_000 + o), output: new Int8Array(210) },
        ...{ shift: Int8Array.of(-7, -8, -9, -8, -20), mask: new Uint8Array(27) },
      },
    },
    {
      kernel: 'ft_transpose_conv_input_gradient_f32',
      values: { window: transposedConv, gradient: gradients(210, 154), weights, dx: new Float32Array(84) },
    },
  ];
}

function productCases(): Case[] {
  const product = {
    ...{ batch: [1, 2, 3], left_batch: [0, 60, 20], right_batch: [0, 0, 30], out_batch: [0, 72, 24] },
    ...{ rows: 4, inner: 5, columns: 6, left_row: 5, left_inner: 1, right_inner: 6, right_column: 1 },
    ...{ out_row: 6, out_column: 1, left_zero_point: 3, right_zero_point: -7, out_zero_point: 11 },
    ...{ multiplier: 1_500_000_000, shift: -9 },
  };
  return [
    {
      kernel: 'ft_product_s8',
      values: {
        ...{ product, left: codes(120, 160), right: codes(90, 161) },
        ...{ output: new Int8Array(144), mask: new Uint8Array(18) },
      },
    },
    {
      kernel: 'ft_product_gradient_f32',
      values: { product, gradient: gradients(120, 162), right: codes(90, 163), output: gradients(144, 164) },
    },
  ];
}

export const operatorCases = (): readonly Case[] => [
  ...movementCases(),
  ...lookupCases(),
  ...operandCases(),
  ...axisCases(),
  ...resizeCases(),
  ...windowCases(),
  ...productCases(),
];
