/** Weights that train in part: any channels, rows and ranges, against the definition. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { codes, gradients, numbers, seeds } from './draws.ts';
import { call } from './kernel.ts';
import { at, clamp, f, toCode } from './reference.ts';

const size = (most: number) => fc.integer({ min: 1, max: most });
const runs = { numRuns: 60 };
const layers = fc.record({ rows: size(6), taps: size(9), channels: size(40) });

interface Part {
  readonly frozen: Int8Array;
  /** NULL where all train. */
  readonly table: Uint16Array | null;
  readonly narrow: Int8Array;
  readonly wide: Int16Array;
  readonly trained_channels: number;
  /** The weights that run, [outer][channels], of int8 and of int16 ones. */
  readonly merged: { readonly narrow: Int8Array; readonly wide: Int8Array };
}

function partOf(outer: number, channels: number, seed: number): Part {
  const next = numbers(seed);
  const share = next();
  const chosen = Array.from({ length: channels }, (_, c) => c).filter(() => next() < share);
  const isWhole = chosen.length === 0 || next() < 0.2;
  const table = isWhole ? null : Uint16Array.from(chosen);
  const trained_channels = isWhole ? channels : chosen.length;
  const frozen = codes(outer * channels, seed + 1, -127);
  const narrow = codes(outer * trained_channels, seed + 2, -127);
  const wide = Int16Array.from(narrow, () => Math.floor(next() * 65025) - 32512);
  const merge = (code: (index: number) => number) =>
    frozen.map((value, i) => {
      const j = table === null ? i % channels : table.indexOf(i % channels);
      return j < 0 ? value : code(Math.floor(i / channels) * trained_channels + j);
    });
  const merged = {
    narrow: merge((i) => at(narrow, i)),
    wide: merge((i) => clamp((at(wide, i) + 128) >> 8, -127, 127)),
  };
  return { frozen, table, narrow, wide, trained_channels, merged };
}

const held = [
  ['s8', 'narrow'],
  ['s16', 'wide'],
] as const;

it('extracts what trains, and merges any rows', () => {
  fc.assert(
    fc.property(layers, seeds, ({ rows: outputs, taps, channels }, seed) => {
      const part = partOf(outputs * taps, channels, seed);
      const { frozen, table, trained_channels } = part;
      const row_begin = seed % outputs;
      const row_end = row_begin + 1 + (Math.floor(seed / 7) % (outputs - row_begin));
      for (const [kernel, kind] of held) {
        const rows = new Int8Array((row_end - row_begin) * taps * channels).fill(99);
        const shape = { taps, channels, trained_channels, row_begin, row_end };
        call(`ft_merge_weights_${kernel}`, { frozen, trained: part[kind], table, rows, ...shape });
        expect(rows).toEqual(part.merged[kind].slice(row_begin * taps * channels, row_end * taps * channels));

        if (table === null) continue;
        const trained = part[kind].map(() => 99);
        call(`ft_extract_weights_${kernel}`, {
          ...{ frozen, table, trained, outer: outputs * taps, channels, trained_channels },
        });
        const unit = kind === 'wide' ? 256 : 1;
        const source = (i: number) => Math.floor(i / trained_channels) * channels + at(table, i % trained_channels);
        expect(trained).toEqual(trained.map((_, i) => at(frozen, source(i)) * unit));
      }
    }),
    runs,
  );
});

it('merges any channels of columns and of depthwise taps, and writes no others', () => {
  fc.assert(
    fc.property(layers, fc.nat(3), seeds, ({ rows, channels }, gap, seed) => {
      const part = partOf(rows, channels, seed);
      const { frozen, table, trained_channels } = part;
      const channel_begin = seed % channels;
      const channel_end = channel_begin + 1 + (Math.floor(seed / 11) % (channels - channel_begin));
      const stride = channel_end - channel_begin + gap;
      const range = { channels, trained_channels, channel_begin, channel_end };
      for (const [kernel, kind] of held) {
        const inRange = (_: number, i: number) => i % channels >= channel_begin && i % channels < channel_end;
        const expected = part.merged[kind].filter(inRange);
        const taps = new Int8Array(expected.length).fill(99);
        call(`ft_merge_depthwise_${kernel}`, { frozen, trained: part[kind], table, rows: taps, taps: rows, ...range });
        expect(taps).toEqual(expected);

        const columns = new Int8Array(rows * stride).fill(99);
        call(`ft_merge_columns_${kernel}`, { frozen, trained: part[kind], table, columns, rows, stride, ...range });
        const width = channel_end - channel_begin;
        const apart = columns.map((_, i) =>
          i % stride < width ? at(expected, Math.floor(i / stride) * width + (i % stride)) : 99,
        );
        expect(columns).toEqual(apart);
      }
    }),
    runs,
  );
});

it('gathers any channels of any rows out of a ring', () => {
  fc.assert(
    fc.property(size(6), size(5), size(30), size(6), seeds, (height, width, channels, in_rows, seed) => {
      const { table, trained_channels: saved_channels } = partOf(1, channels, seed);
      const input = codes(in_rows * width * channels, seed);
      const saved = new Int8Array(height * width * saved_channels).fill(99);
      const row_begin = seed % height;
      const row_end = Math.min(height, row_begin + in_rows);
      const shape = { width, in_rows, channels, saved_channels, row_begin, row_end };
      call('ft_gather_channels_s8', { input, table, saved, ...shape });
      const expected = saved.map((_, i) => {
        const [y, x] = [Math.floor(i / (width * saved_channels)), Math.floor(i / saved_channels) % width];
        const channel = table === null ? i % saved_channels : at(table, i % saved_channels);
        return y >= row_begin && y < row_end ? at(input, ((y % in_rows) * width + x) * channels + channel) : 99;
      });
      expect(saved).toEqual(expected);
    }),
    runs,
  );
});

it('updates depthwise weights and biases with a factor for each channel; dead ones stay', () => {
  fc.assert(
    fc.property(size(9), size(40), seeds, (taps, channels, seed) => {
      const factor = gradients(channels, seed);
      const gradient = gradients(taps * channels, seed + 1);
      const rate = Float32Array.of(0.2);
      const stepOf = (i: number) => f(f(at(rate, 0) * at(factor, i % channels)) * at(gradient, i));
      const isDead = (i: number) => at(factor, i % channels) === 0;
      const narrow = codes(taps * channels, seed + 2, -127);
      const wide = Int16Array.from(narrow, (w) => w * 255 + 11);
      const expected = narrow.map((w, i) => (isDead(i) ? w : toCode(f(w - stepOf(i)), -127, 127)));
      const expectedWide = wide.map((w, i) => (isDead(i) ? w : toCode(f(w - f(256 * stepOf(i))), -32512, 32512)));
      call('ft_update_depthwise_s8', { weights: narrow, gradient, factor, rate, taps, channels });
      call('ft_update_depthwise_s16', { weights: wide, gradient, factor, rate, taps, channels });
      expect(narrow).toEqual(expected);
      expect(wide).toEqual(expectedWide);

      const next = numbers(seed + 3);
      const bias = Int32Array.from(factor, () => Math.floor((next() - 0.5) * 2 ** 16));
      const far = f(2 ** 20);
      const moved = bias.map((b, c) => (isDead(c) ? b : b - toCode(stepOf(c), -far, far)));
      const common = { initial: bias.slice(), gradient, factor, rate };
      call('ft_update_bias_s32', { ...common, bias, count: channels });
      expect(bias).toEqual(moved);
    }),
    runs,
  );
});
