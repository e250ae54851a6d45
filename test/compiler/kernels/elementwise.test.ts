import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codes, seeds, windows } from './draws.ts';
import { call } from './kernel.ts';
import { at, clampAll, f, maskOf, requantise, round, taps } from './reference.ts';

const code = fc.integer({ min: -128, max: 127 });
const multiplier = fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 });

describe('add', () => {
  const adds = fc.record({
    zero_point1: code,
    multiplier1: multiplier,
    shift1: fc.integer({ min: -6, max: 0 }),
    zero_point2: code,
    multiplier2: multiplier,
    shift2: fc.integer({ min: -6, max: 0 }),
    out_zero_point: code,
    out_multiplier: multiplier,
    out_shift: fc.integer({ min: -22, max: -14 }),
    left_shift: fc.constant(20),
    act_min: fc.integer({ min: -128, max: 0 }),
    act_max: fc.integer({ min: 0, max: 127 }),
    row_size: fc.integer({ min: 1, max: 70 }),
    rows1: fc.integer({ min: 1, max: 4 }),
    rows2: fc.integer({ min: 1, max: 4 }),
    out_rows: fc.integer({ min: 1, max: 4 }),
  });

  it('equals the definition in exact integers, with each tensor in a ring of its own', () => {
    fc.assert(
      fc.property(adds, seeds, (add, seed) => {
        const size = add.row_size;
        const x1 = codes(add.rows1 * size, seed);
        const x2 = codes(add.rows2 * size, seed + 1);
        const output = new Int8Array(add.out_rows * size);
        const mask = new Uint8Array(Math.ceil((4 * size) / 8));
        const all: number[] = [];
        for (let y = 0; y < 4; y++) {
          call('ft_add_s8', { add, x1, x2, output, mask, row_begin: y, row_end: y + 1 });
          const values = Array.from({ length: size }, (_, i) => {
            const left = (at(x1, (y % add.rows1) * size + i) - add.zero_point1) * 2 ** 20;
            const right = (at(x2, (y % add.rows2) * size + i) - add.zero_point2) * 2 ** 20;
            const sum = requantise(left, add.multiplier1, add.shift1) + requantise(right, add.multiplier2, add.shift2);
            return requantise(sum, add.out_multiplier, add.out_shift) + add.out_zero_point;
          });
          const start = (y % add.out_rows) * size;
          expect(output.slice(start, start + size)).toEqual(clampAll(values, add));
          all.push(...values);
        }
        expect(mask).toEqual(maskOf(all, add));
      }),
    );
  });

  it('may write over either input', () => {
    fc.assert(
      fc.property(adds, seeds, (drawn, seed) => {
        const add = { ...drawn, rows1: 2, rows2: 2, out_rows: 2 };
        const x1 = codes(2 * add.row_size, seed);
        const x2 = codes(2 * add.row_size, seed + 1);
        const common = { add, mask: null, row_begin: 0, row_end: 2 };
        const output = new Int8Array(2 * add.row_size);
        call('ft_add_s8', { ...common, x1, x2, output });
        const first = x1.slice();
        call('ft_add_s8', { ...common, x1: first, x2, output: first });
        expect(first).toEqual(output);
        call('ft_add_s8', { ...common, x1, x2, output: x2 });
        expect(x2).toEqual(output);
      }),
      { numRuns: 30 },
    );
  });
});

describe('average pool', () => {
  it('rounds the mean of the valid part half away from zero', () => {
    fc.assert(
      fc.property(windows('pool'), seeds, (window, seed) => {
        const w = window;
        const input = codes(w.in_height * w.in_width * w.in_channels, seed);
        const sums = new Array<number>(w.out_height * w.out_width * w.out_channels).fill(0);
        const counts = [...sums];
        for (const tap of taps(w))
          for (let c = 0; c < w.out_channels; c++) {
            const index = tap.out * w.out_channels + c;
            sums[index] = at(sums, index) + at(input, tap.in * w.in_channels + c);
            counts[index] = at(counts, index) + 1;
          }
        const values = sums.map((sum, i) => round(sum / Math.max(1, at(counts, i))));
        const output = new Int8Array(values.length);
        const mask = new Uint8Array(Math.ceil(values.length / 8));
        const middle = seed % w.out_height;
        for (const [row_begin, row_end] of [
          [middle, w.out_height],
          [0, middle],
        ] as const)
          call('ft_average_pool_s8', { window: { ...w }, input, output, mask, row_begin, row_end });
        expect(output).toEqual(clampAll(values, w));
        expect(mask).toEqual(maskOf(values, w));
      }),
    );
  });
});

describe('softmax', () => {
  /** TFLite's preparation: 2^(31 - 5) units of beta * scale, and the difference beyond which exp is nothing. */
  const scale = 0.1;
  const exponent = Math.ceil(Math.log2(scale * 2 ** 26));
  const softmax = { multiplier: Math.round((scale * 2 ** 26 * 2 ** 31) / 2 ** exponent), left_shift: exponent };
  const diff_min = -Math.floor((2 ** 5 - 1) * 2 ** (26 - exponent));

  it('is within one code of the real softmax, in units of 1/256', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), seeds, (depth, seed) => {
        const input = codes(depth * 2, seed);
        const output = new Int8Array(depth * 2);
        call('ft_softmax_s8', { softmax: { ...softmax, diff_min, rows: 2, depth }, input, output });
        for (const row of [0, 1]) {
          const exps = [...input.slice(row * depth, (row + 1) * depth)].map((value) => Math.exp(scale * value));
          const sum = exps.reduce((a, b) => a + b);
          exps.forEach((exp, i) => {
            const real = Math.min(127, (256 * exp) / sum - 128);
            expect(Math.abs(at(output, row * depth + i) - real)).toBeLessThanOrEqual(1);
          });
        }
      }),
    );
  });
});

describe('pad', () => {
  it('surrounds four dimensions with the value', () => {
    fc.assert(
      fc.property(
        ...[fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 1, max: 4 })))],
        fc.array(fc.nat(2), { minLength: 8, maxLength: 8 }),
        code,
        seeds,
        (shape, around, value, seed) => {
          const before = around.slice(0, 4);
          const after = around.slice(4);
          const out = shape.map((size, d) => size + at(before, d) + at(after, d));
          const input = codes(
            shape.reduce((a, b) => a * b),
            seed,
          );
          const output = new Int8Array(out.reduce((a, b) => a * b)).fill(33);
          call('ft_pad_s8', { pad: { in_shape: shape, before, after, value }, input, output });
          const expected = output.map((_, index) => {
            let rest = index;
            let source = 0;
            let inside = true;
            const coordinates = [3, 2, 1, 0].map((d) => {
              const coordinate = (rest % at(out, d)) - at(before, d);
              rest = Math.floor(rest / at(out, d));
              return coordinate;
            });
            coordinates.reverse().forEach((coordinate, d) => {
              inside &&= coordinate >= 0 && coordinate < at(shape, d);
              source = source * at(shape, d) + coordinate;
            });
            return inside ? at(input, source) : value;
          });
          expect(output).toEqual(expected);
        },
      ),
    );
  });
});

describe('copies and channel selection', () => {
  const table = Uint16Array.of(1, 2, 6);

  it('copies codes and biases', () => {
    const output = new Int8Array(9);
    call('ft_copy_s8', { input: codes(9, 1), output, count: 9 });
    expect(output).toEqual(codes(9, 1));
    const biases = Int32Array.of(-(2 ** 31), 5, 2 ** 31 - 1);
    const copy = new Int32Array(3);
    call('ft_copy_s32', { input: biases, output: copy, count: 3 });
    expect(copy).toEqual(biases);
  });

  it('gathers rows out of a ring into a whole picture', () => {
    const input = codes(2 * 3 * 7, 2);
    const saved = new Int8Array(5 * 3 * 3).fill(99);
    const shape = { width: 3, in_rows: 2, channels: 7, saved_channels: 3 };
    call('ft_gather_channels_s8', { input, table, saved, ...shape, row_begin: 1, row_end: 4 });
    const expected = saved.map((_, i) => {
      const [y, x, j] = [Math.floor(i / 9), Math.floor(i / 3) % 3, i % 3];
      return y >= 1 && y < 4 ? at(input, ((y % 2) * 3 + x) * 7 + at(table, j)) : 99;
    });
    expect(saved).toEqual(expected);
    const all = new Int8Array(2 * 3 * 7);
    call('ft_gather_channels_s8', {
      ...{ input, table: null, saved: all, ...shape, saved_channels: 7, row_begin: 0, row_end: 2 },
    });
    expect(all).toEqual(input);
  });

  it('dequantises in one float32 product', () => {
    const output = new Float32Array(256);
    const input = Int8Array.from({ length: 256 }, (_, i) => i - 128);
    call('ft_dequantise_s8_f32', { input, output, scale: 0.0173, zero_point: -7, count: 256 });
    expect(output).toEqual(Float32Array.from(input, (value) => f(f(0.0173) * (value + 7))));
  });
});

describe('weights that train in part', () => {
  const table = Uint16Array.of(0, 3, 4);
  const frozen = codes(4 * 2 * 5, 3, -127);
  const trained = codes(4 * 2 * 3, 4, -127);
  const wide = Int16Array.of(-32768, -32512, -129, -128, -127, 127, 128, 32383, 32384, 32511, 32512, 32767);

  /** [outer][channels] with the trained channels put in. */
  function merged(weights: ArrayLike<number>): Int8Array {
    return frozen.map((value, i) => {
      const j = table.indexOf(i % 5);
      return j < 0 ? value : at(weights, Math.floor(i / 5) * 3 + j);
    });
  }

  it('extracts the trained channels, and merges them back into any range of rows', () => {
    const extracted = new Int8Array(4 * 2 * 3);
    call('ft_extract_weights_s8', { frozen, table, trained: extracted, outer: 8, channels: 5, trained_channels: 3 });
    expect(merged(extracted)).toEqual(frozen);
    const rows = new Int8Array(2 * 2 * 5);
    const shape = { taps: 2, channels: 5, trained_channels: 3, row_begin: 1, row_end: 3 };
    call('ft_merge_weights_s8', { frozen, trained, table, rows, ...shape });
    expect(rows).toEqual(merged(trained).slice(10, 30));
    call('ft_merge_weights_s8', { frozen, trained: frozen, table: null, rows, ...shape, trained_channels: 5 });
    expect(rows).toEqual(frozen.slice(10, 30));
  });

  it('rounds weights with eight more bits by an arithmetic shift, and keeps -128 out', () => {
    const rows = new Int8Array(12);
    const shape = { taps: 1, channels: 12, trained_channels: 12, row_begin: 0, row_end: 1 };
    call('ft_merge_weights_s16', { frozen: rows.slice(), trained: wide, table: null, rows, ...shape });
    expect([...rows]).toEqual([-127, -127, -1, 0, 0, 0, 1, 126, 127, 127, 127, 127]);
    const extracted = new Int16Array(4 * 2 * 3);
    call('ft_extract_weights_s16', { frozen, table, trained: extracted, outer: 8, channels: 5, trained_channels: 3 });
    const merge = new Int8Array(4 * 2 * 5);
    const partly = { taps: 2, channels: 5, trained_channels: 3, row_begin: 0, row_end: 4 };
    call('ft_merge_weights_s16', { frozen, trained: extracted, table, rows: merge, ...partly });
    expect(merge).toEqual(frozen);
  });

  it('merges columns of a range, a stride apart, and writes no others', () => {
    const trained16 = Int16Array.from(trained, (value) => value * 256 + 127);
    for (const [channel_begin, channel_end] of [
      [0, 5],
      [1, 4],
      [2, 3],
    ] as const) {
      const stride = channel_end - channel_begin + 1;
      const shape = { rows: 8, channels: 5, trained_channels: 3, stride, channel_begin, channel_end };
      const expected = Int8Array.from({ length: 8 * stride }, (_, i) => {
        const channel = channel_begin + (i % stride);
        return channel < channel_end ? at(merged(trained), Math.floor(i / stride) * 5 + channel) : 99;
      });
      const narrow = new Int8Array(8 * stride).fill(99);
      call('ft_merge_columns_s8', { frozen, trained, table, columns: narrow, ...shape });
      expect(narrow).toEqual(expected);
      const wide = new Int8Array(8 * stride).fill(99);
      call('ft_merge_columns_s16', { frozen, trained: trained16, table, columns: wide, ...shape });
      expect(wide).toEqual(expected);
    }
  });

  it('merges any range of depthwise channels', () => {
    for (const [channel_begin, channel_end] of [
      [0, 5],
      [1, 4],
      [3, 4],
      [1, 3],
    ] as const) {
      const width = channel_end - channel_begin;
      const inRange = (_: number, i: number) => i % 5 >= channel_begin && i % 5 < channel_end;
      const shape = { taps: 8, channels: 5, trained_channels: 3, channel_begin, channel_end };
      const rows = new Int8Array(8 * width);
      call('ft_merge_depthwise_s8', { frozen, trained, table, rows, ...shape });
      expect(rows).toEqual(merged(trained).filter(inRange));
      const trained16 = Int16Array.from(trained, (value) => value * 256 - 128);
      call('ft_merge_depthwise_s16', { frozen, trained: trained16, table, rows, ...shape });
      expect(rows).toEqual(merged(trained).filter(inRange));
      const whole = { ...shape, trained_channels: 5 };
      call('ft_merge_depthwise_s8', { frozen: frozen.map(() => 0), trained: frozen, table: null, rows, ...whole });
      expect(rows).toEqual(frozen.filter(inRange));
      const frozen16 = Int16Array.from(frozen, (value) => value * 256 + 127);
      call('ft_merge_depthwise_s16', { frozen, trained: frozen16, table: null, rows, ...whole });
      expect(rows).toEqual(frozen.filter(inRange));
    }
  });
});
