import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Case, cases as fixedCases } from '../compiler/kernels/cases.ts';
import { codes, gradients, layerOf, windows } from '../compiler/kernels/draws.ts';
import type { Layer, Window } from '../compiler/kernels/reference.ts';
import { int16Backward } from './int16Cases.ts';
import { kernelBoards } from './kernelBoards.ts';
import { caseFirmware, expectedResults } from './kernelFirmware.ts';

const allCodes = { act_min: -128, act_max: 127 };

interface ForwardOptions {
  readonly masked: boolean;
  readonly rows?: readonly [number, number];
  readonly channels?: readonly [number, number];
}

function forward(kind: 'conv' | 'depthwise', { window, ...layer }: Layer, options: ForwardOptions): Case {
  const elements = window.out_rows * window.out_width * window.out_channels;
  const bits = window.out_height * window.out_width * window.out_channels;
  const [row_begin, row_end] = options.rows ?? [0, window.out_height];
  const [channel_begin, channel_end] = options.channels ?? [0, window.out_channels];
  const mask = options.masked ? new Uint8Array(Math.ceil(bits / 8)).fill(0xa5) : null;
  const ranges = { row_begin, row_end, channel_begin, channel_end };
  const memory = { output: new Int8Array(elements), mask };
  return { kernel: `ft_${kind}_s8`, values: { window: { ...window }, ...layer, ...memory, ...ranges } };
}

/** Scales as those of trained models: none that is 0 or that shifts by less than 2 or more than 31. */
function ordinary(layer: Layer): Layer {
  const multiplier = layer.multiplier.map((value) => Math.max(value, 2 ** 30));
  return { ...layer, multiplier, shift: layer.shift.map((value) => Math.min(value, -2)) };
}

/** Random layers, half of them with all codes allowed and ordinary scales, half of them with masks. */
function randomForward(kind: 'conv' | 'depthwise', seed: number): Case[] {
  return fc.sample(windows(kind), { seed, numRuns: 48 }).map((drawn, i) => {
    const window = i % 4 === 3 ? drawn : { ...drawn, ...allCodes };
    const layer = layerOf(window, kind, seed + i);
    return forward(kind, i % 4 === 2 ? layer : ordinary(layer), { masked: i % 2 === 0 });
  });
}

function shape(changes: Partial<Window>): Window {
  const base: Window = {
    ...{ in_height: 5, in_width: 8, in_channels: 8, out_height: 5, out_width: 8, out_channels: 16 },
    ...{ kernel_height: 1, kernel_width: 1, stride_y: 1, stride_x: 1, dilation_y: 1, dilation_x: 1 },
    ...{ pad_top: 0, pad_left: 0, in_zero_point: -128, out_zero_point: 3, ...allCodes },
    ...{ in_rows: 5, out_rows: 5, weight_channels: 16 },
  };
  return { ...base, ...changes };
}

/** Row lengths around the limits of the tiles, rows in rings, and parts of the channels. */
function chosenForward(): Case[] {
  const depths = [1, 2, 3, 4, 5, 7, 12, 27, 119, 120, 121, 124, 160, 240, 244, 301, 576];
  const pointwise = depths.flatMap((in_channels, i) =>
    [2, 3, 4, 7].map((out_width) => {
      const window = shape({ in_channels, in_width: out_width, out_width, in_height: 1, out_height: 1 });
      const layer = ordinary(layerOf({ ...window, in_rows: 1, out_rows: 1 }, 'conv', 7 * i + out_width));
      return forward('conv', layer, { masked: i % 2 === 0 });
    }),
  );
  const same = { kernel_height: 3, kernel_width: 3, pad_top: 1, pad_left: 1 };
  const rings = [3, 4, 5].flatMap((in_rows) =>
    (['conv', 'depthwise'] as const).flatMap((kind) =>
      [0, 1, 2, 3, 4].map((row) => {
        const window = shape({ ...same, in_rows, out_rows: 2, in_channels: kind === 'conv' ? 4 : 16 });
        const layer = ordinary(layerOf(window, kind, 20 * in_rows + row));
        return forward(kind, layer, { masked: row > 2, rows: [row, row + 1] });
      }),
    ),
  );
  const wide = [5, 7].flatMap((size) =>
    [1, 2].map((stride) => {
      const kernel = { kernel_height: size, kernel_width: size, pad_top: (size - 1) / 2, pad_left: (size - 1) / 2 };
      const strides = { stride_y: stride, stride_x: stride, out_height: Math.ceil(5 / stride), out_width: 8 / stride };
      const window = shape({ ...kernel, ...strides, in_channels: 12, out_channels: 12, weight_channels: 12 });
      return forward('depthwise', ordinary(layerOf(window, 'depthwise', size + stride)), { masked: stride > 1 });
    }),
  );
  const parts = [
    [0, 8],
    [8, 16],
    [3, 11],
  ].map(([begin = 0, end = 0]) => {
    const layer = ordinary(layerOf(shape({}), 'conv', begin));
    const part = { ...layer, weights: layer.weights.slice(begin * 8, end * 8) };
    return forward('conv', part, { masked: true, channels: [begin, end] });
  });
  return [...pointwise, ...rings, ...wide, ...parts];
}

/** Sums that are halves, extremes, and powers of two, under every kind of scale: the weights are 0. */
function requantisationEdges(kind: 'conv' | 'depthwise'): Case[] {
  const powers = Array.from({ length: 31 }, (_, bit) => 2 ** bit);
  const near = powers.flatMap((power) => [power - 1, power, power + 1, 3 * power]);
  const sums = near.flatMap((sum) => [sum, -sum]).filter((sum) => sum >= -(2 ** 31) && sum < 2 ** 31);
  const scales = [-31, -30, -17, -9, -8, -3, -2, -1, 0, 2].flatMap((shift) =>
    [2 ** 30, 2 ** 30 + 1, 1_610_612_737, 2 ** 31 - 1].map((multiplier) => ({ shift, multiplier })),
  );
  return scales.map(({ shift, multiplier }, i) => {
    const channels = Math.floor(sums.length / 8) * 8;
    const changes = { in_channels: kind === 'conv' ? 4 : channels, out_channels: channels };
    const height = { in_height: 1, out_height: 1, in_rows: 1, out_rows: 1 };
    const window = shape({ ...changes, ...height, in_width: 4, out_width: 4, weight_channels: channels });
    const layer = layerOf({ ...window, out_zero_point: [3, -128, 127][i % 3] ?? 0 }, kind, i);
    const scale = {
      multiplier: new Int32Array(channels).fill(multiplier),
      shift: new Int8Array(channels).fill(shift),
    };
    const exact = { ...layer, weights: new Int8Array(layer.weights.length), bias: Int32Array.from(sums) };
    return forward(kind, { ...exact, ...scale }, { masked: true });
  });
}

/** Element-wise sums: shifts of 0 and not, with masks and without, all codes and fewer. */
function sums(): Case[] {
  return [0, -1, -7].flatMap((shift1) =>
    [0, -3].flatMap((shift2, i) =>
      [48, 45].map((row_size, j): Case => {
        const size = row_size * 3;
        const add = {
          ...{ zero_point1: -128, multiplier1: 2 ** 30, shift1, zero_point2: 3 * j, multiplier2: 1_900_000_001 },
          ...{ shift2, out_zero_point: 5 - i, out_multiplier: 1_234_567_890, out_shift: -18 - j, left_shift: 20 },
          ...{ ...allCodes, act_max: i + j === 2 ? 100 : 127, row_size, rows1: 3, rows2: 2, out_rows: 3 },
        };
        const mask = i === 0 ? new Uint8Array(Math.ceil(size / 8)) : null;
        const memory = { x1: codes(size, i), x2: codes(row_size * 2, j), output: new Int8Array(size), mask };
        return { kernel: 'ft_add_s8', values: { add, ...memory, row_begin: 0, row_end: 3 } };
      }),
    ),
  );
}

function backward(seed: number): Case[] {
  const positions = (w: Window) => w.in_height * w.in_width;
  const outputs = (w: Window) => w.out_height * w.out_width;
  const taps = (w: Window) => w.kernel_height * w.kernel_width;
  const conv = fc.sample(windows('conv'), { seed: 90 + seed, numRuns: 24 }).flatMap((window, i): Case[] => {
    const stride = window.out_channels + (i % 3);
    const range = { channel_begin: 0, channel_end: window.out_channels };
    const gradient = gradients(outputs(window) * stride, i);
    return [
      {
        kernel: 'ft_conv_input_gradient_f32',
        values: {
          ...{ window: { ...window }, gradient, stride, ...range },
          ...{ weights: codes(window.out_channels * taps(window) * window.in_channels, i + 1) },
          ...{ dx: gradients(positions(window) * window.in_channels, i + 2) },
        },
      },
      {
        kernel: 'ft_conv_weight_gradient_f32',
        values: {
          ...{ window: { ...window }, gradient, stride, ...range, saved_channels: 1 + (i % 11) },
          ...{ input: codes(positions(window) * (1 + (i % 11)), i + 3) },
          ...{ rows: new Float32Array(window.out_channels * taps(window) * (1 + (i % 11))) },
        },
      },
    ];
  });
  const pointwise = [1, 2, 3, 4, 5, 8, 9, 16, 31].flatMap((channels, i) =>
    [1, 3, 4, 6, 8, 11].map((width): Case => {
      const window = shape({ in_channels: 40, out_channels: 3 + i, in_width: width, out_width: width, in_height: 1 });
      return {
        kernel: 'ft_pointwise_input_gradient_f32',
        values: {
          ...{ window: { ...window, out_height: 1 }, gradient: gradients(width * (3 + i), i) },
          ...{ weights: codes(40 * (3 + i), i + 4), dx: new Float32Array(width * (channels + 1)) },
          ...{ dx_stride: channels + 1, channel_begin: i, channel_end: i + channels },
        },
      };
    }),
  );
  const depthwise = fc.sample(windows('depthwise'), { seed: 91 + seed, numRuns: 24 }).map(
    (window, i): Case => ({
      kernel: 'ft_depthwise_input_gradient_f32',
      values: {
        ...{ window: { ...window }, gradient: gradients(outputs(window) * window.out_channels, i) },
        ...{ weights: codes(taps(window) * window.out_channels, i + 5), stride: window.out_channels },
        ...{ dx: new Float32Array(positions(window) * window.in_channels), dx_stride: window.in_channels },
        ...{ channel_begin: 0, channel_end: window.in_channels },
      },
    }),
  );
  return [...conv, ...pointwise, ...depthwise];
}

const suites: Readonly<Record<string, (seed: number) => Case[]>> = {
  'every kernel': () => [...fixedCases],
  'random convolutions': (seed) => randomForward('conv', seed),
  'random depthwise convolutions': (seed) => randomForward('depthwise', seed + 1),
  'rows of all lengths, rings and parts of channels': chosenForward,
  'halves, extremes and all scales': () => [...requantisationEdges('conv'), ...requantisationEdges('depthwise')],
  'sums of two tensors': sums,
  'gradients of random layers': backward,
  'int16 gradients of random layers': int16Backward,
};

/** Each seed is a firmware on each board: `KERNEL_SEEDS=1,2,3 npx vitest run test/firmware/kernels.test.ts`. */
const seeds = (process.env.KERNEL_SEEDS ?? '1').split(',').map(Number);

describe.each(seeds)('kernels on emulated processors, random layers from seed %i', (seed) => {
  const calls = Object.entries(suites).map(([name, make]) => ({ name, cases: make(seed) }));
  const firmware = caseFirmware(calls.flatMap(({ cases }) => cases));
  const expected = calls.map(({ cases }) => expectedResults(cases));

  describe.each(Object.entries(kernelBoards))('%s', (_, { path, available, run }) => {
    it.skipIf(!available)(
      `gives the bytes of the WebAssembly build by its ${path} code (skipped: needs its toolchain and QEMU)`,
      async () => {
        const result = await run(firmware);
        if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
        const learned = Buffer.from(result.value).toString('hex');
        let at = 0;
        for (const [suite, { name, cases }] of calls.entries()) {
          const results = expected[suite] ?? [];
          const found = results.map((bytes) => {
            at += bytes.length;
            return learned.slice(at - bytes.length, at);
          });
          const wrong = results.flatMap((bytes, i) => (bytes === found[i] ? [] : [{ name, case: i, ...cases[i] }]));
          expect(wrong.slice(0, 1)).toEqual([]);
        }
        expect(at).toBe(learned.length);
      },
      300_000,
    );
  });
});
