import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layerOf, seeds, windows } from './draws.ts';
import { call } from './kernel.ts';
import { clampAll, convolve, type Layer, maskOf, type Window } from './reference.ts';

interface Ranges {
  readonly rows: readonly number[];
  readonly channels: readonly number[];
}

type Kind = 'conv' | 'depthwise';

const kernels = { conv: 'ft_conv_s8', depthwise: 'ft_depthwise_s8' } as const;

/** Runs the layer piece by piece. Every byte of the outputs starts with a value that must not survive. */
function run(layer: Layer, kind: Kind, { rows, channels }: Ranges) {
  const { window: w, input, weights, ...constants } = layer;
  const elements = w.out_height * w.out_width * w.out_channels;
  const output = new Int8Array(elements).fill(77);
  const mask = new Uint8Array(Math.ceil(elements / 8)).fill(0x5a);
  for (const [row_begin, row_end] of pairs(rows))
    for (const [channel_begin, channel_end] of pairs(channels)) {
      const first = kind === 'conv' ? channel_begin * (weights.length / w.out_channels) : channel_begin;
      const ranges = { row_begin, row_end, channel_begin, channel_end };
      call(kernels[kind], {
        ...{ window: { ...w }, input, weights: weights.slice(first), ...constants, output, mask, ...ranges },
      });
    }
  const unused = (8 - (elements % 8)) % 8;
  if (unused > 0) {
    expect((mask.at(-1) ?? 0) >> (8 - unused)).toBe(0x5a >> (8 - unused));
    mask[mask.length - 1] = (mask.at(-1) ?? 0) & (0xff >> unused);
  }
  return { output, mask };
}

function pairs(ends: readonly number[]): [number, number][] {
  return ends.slice(1).map((end, i) => [ends[i] ?? 0, end]);
}

function whole(w: Window): Ranges {
  return { rows: [0, w.out_height], channels: [0, w.out_channels] };
}

/** Cuts of [0, size) at the given fractions. */
function cut(size: number, fractions: readonly number[]): number[] {
  return [0, ...fractions.map((fraction) => Math.round(fraction * size)).sort((a, b) => a - b), size];
}

const fractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 });

describe.each(['conv', 'depthwise'] as const)('forward %s', (kind) => {
  it('equals the definition in exact integers, mask included', () => {
    fc.assert(
      fc.property(windows(kind), seeds, (window, seed) => {
        const layer = layerOf(window, kind, seed);
        const values = convolve(layer, kind);
        const { output, mask } = run(layer, kind, whole(window));
        expect(output).toEqual(clampAll(values, window));
        expect(mask).toEqual(maskOf(values, window));
      }),
      { numRuns: 150 },
    );
  });

  it('gives the same codes and bits in any pieces of rows and channels', () => {
    fc.assert(
      fc.property(windows(kind), seeds, fractions, fractions, (window, seed, rows, channels) => {
        const layer = layerOf(window, kind, seed);
        const ranges = { rows: cut(window.out_height, rows), channels: cut(window.out_channels, channels) };
        expect(run(layer, kind, ranges)).toEqual(run(layer, kind, whole(window)));
      }),
      { numRuns: 80 },
    );
  });

  it('gives the same rows where input and output are held in rings', () => {
    fc.assert(
      fc.property(windows(kind), seeds, fc.nat(2), (window, seed, spare) => {
        const layer = layerOf(window, kind, seed);
        const { input, weights, bias, multiplier, shift } = layer;
        const expected = run(layer, kind, whole(window));
        const span = (window.kernel_height - 1) * window.dilation_y + 1;
        const in_rows = Math.min(window.in_height, span + spare);
        const out_rows = Math.min(window.out_height, 1 + spare);
        const inRow = window.in_width * window.in_channels;
        const outRow = window.out_width * window.out_channels;
        const inRing = new Int8Array(in_rows * inRow);
        const outRing = new Int8Array(out_rows * outRow);
        const mask = new Uint8Array(expected.mask.length);
        let filled = 0;
        for (let y = 0; y < window.out_height; y++) {
          const last = Math.min(window.in_height, y * window.stride_y - window.pad_top + span);
          for (; filled < last; filled++)
            inRing.set(input.subarray(filled * inRow, (filled + 1) * inRow), (filled % in_rows) * inRow);
          call(kernels[kind], {
            ...{ window: { ...window, in_rows, out_rows }, input: inRing, weights, bias, multiplier, shift },
            ...{ output: outRing, mask, row_begin: y, row_end: y + 1, channel_begin: 0 },
            channel_end: window.out_channels,
          });
          const at = (y % out_rows) * outRow;
          expect(outRing.slice(at, at + outRow)).toEqual(expected.output.slice(y * outRow, (y + 1) * outRow));
        }
        expect(mask).toEqual(expected.mask);
      }),
      { numRuns: 60 },
    );
  });
});

describe('depthwise in place', () => {
  it('may write each output row over the input row that was last needed for the row before', () => {
    fc.assert(
      fc.property(windows('depthwise'), seeds, (drawn, seed) => {
        const same = { kernel_height: 3, stride_y: 1, dilation_y: 1, pad_top: 1, in_height: drawn.out_height };
        const size = { in_channels: drawn.out_channels, in_width: drawn.out_width, in_rows: drawn.out_height };
        const square = { kernel_width: 3, stride_x: 1, dilation_x: 1, pad_left: 1 };
        const window = { ...drawn, ...same, ...size, ...square };
        const layer = layerOf(window, 'depthwise', seed);
        const ahead = 2 * window.out_width * window.out_channels;
        const memory = new Int8Array(layer.input.length + ahead);
        memory.set(layer.input, ahead);
        const { weights, bias, multiplier, shift } = layer;
        call('ft_depthwise_s8', {
          ...{ window: { ...window }, input: memory.subarray(ahead), weights, bias, multiplier, shift },
          ...{ output: memory.subarray(0, layer.input.length), mask: null },
          ...{ row_begin: 0, row_end: window.out_height, channel_begin: 0, channel_end: window.out_channels },
        });
        expect(memory.slice(0, layer.input.length)).toEqual(run(layer, 'depthwise', whole(window)).output);
      }),
      { numRuns: 40 },
    );
  });
});
