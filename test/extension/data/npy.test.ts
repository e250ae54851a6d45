import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNpy } from '../../../extension/data/npy.ts';
import { complaints, load, loaded } from './memoryFiles.ts';

function npy(type: string, shape: readonly number[], bytes: Uint8Array, fortran = false): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${type}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${sides}), }`;
  const padded = `${header.padEnd(117, ' ')}\n`;
  const file = new Uint8Array(10 + padded.length + bytes.length);
  file.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, padded.length & 255, padded.length >> 8]);
  file.set(new TextEncoder().encode(padded), 10);
  file.set(bytes, 10 + padded.length);
  return file;
}

const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

describe('NumPy arrays', () => {
  it.each([
    ['|u1', Uint8Array.of(1, 2, 250), [1, 2, 250]],
    ['|i1', Int8Array.of(1, -2, 3), [1, -2, 3]],
    ['|b1', Uint8Array.of(0, 1, 1), [0, 1, 1]],
    ['<i2', Int16Array.of(1, -300, 3), [1, -300, 3]],
    ['<u4', Uint32Array.of(1, 2, 4_000_000_000), [1, 2, 4_000_000_000]],
    ['<i8', BigInt64Array.of(1n, -2n, 3n), [1, -2, 3]],
    ['<f4', Float32Array.of(0.5, -2, 3), [0.5, -2, 3]],
    ['<f8', Float64Array.of(0.1, -2, 3), [0.1, -2, 3]],
  ])('are read as %s', (type, values, expected) => {
    const array = readNpy(npy(type, [3, 1], bytesOf(values)));
    expect({ ...array, values: Array.from(array.values) }).toEqual({
      shape: [3, 1],
      type: type.slice(1),
      values: expected,
    });
  });

  it('are read in either byte order', () => {
    expect(Array.from(readNpy(npy('>i2', [2], Uint8Array.of(1, 0, 0xff, 0xfe))).values)).toEqual([256, -2]);
  });

  it.each([
    ['Fortran order', npy('<f4', [2, 2], new Uint8Array(16), true), /Fortran order/],
    ['too few values', npy('<f4', [2, 2], new Uint8Array(15)), /15 bytes of values; \[2, 2\] of f4 takes 16/],
    ['too many values', npy('|u1', [2], new Uint8Array(3)), /3 bytes of values/],
    ['objects', npy('|O', [2], new Uint8Array(16)), /does not describe/],
    ['complex numbers', npy('<c8', [2], new Uint8Array(16)), /'c8'/],
    ['a shape beyond all memory', npy('<f8', [4_294_967_296, 4_294_967_296], new Uint8Array(8)), /bytes of values/],
    ['text', new TextEncoder().encode('x,y\n1,2\n'), /not a NumPy array/],
    ['nothing', new Uint8Array(), /not a NumPy array/],
    ['half a header', npy('<f4', [2, 2], new Uint8Array(16)).subarray(0, 60), /ends within its header/],
  ])('are refused with %s', (_, bytes, message) => {
    expect(() => readNpy(bytes)).toThrow(message);
  });

  it('never fail in another way than with words, however damaged', () => {
    const whole = npy('<f4', [2, 2], new Uint8Array(16));
    fc.assert(
      fc.property(fc.nat(whole.length), fc.uint8Array({ maxLength: 4 }), (place, patch) => {
        const damagedFile = whole.slice();
        damagedFile.set(patch.subarray(0, whole.length - place), place);
        try {
          expect(readNpy(damagedFile).values.length).toBeLessThanOrEqual(16);
        } catch (error) {
          expect(error).toMatchObject({ name: 'Error' });
        }
      }),
    );
  });
});

describe('a pair of arrays', () => {
  const labels = npy('<i8', [3], bytesOf(BigInt64Array.of(0n, 1n, 1n)));
  const reals = npy('<f4', [3, 2], bytesOf(Float32Array.of(0, 1, -1, 2, 1000, -1000)));

  it('gives real numbers as codes: quantised, rounded half away from zero, saturated', async () => {
    const { data } = await loaded({ 'x.npy': reals, 'y.npy': labels }, { shape: [1, 2] });
    expect(data.classes).toEqual(['0', '1']);
    expect(data.train.map(({ input, label }) => [label, ...new Int8Array(input.buffer)])).toEqual([
      [0, 1, 3],
      [1, -1, 5],
      [1, 127, -128],
    ]);
  });

  it('gives codes of the model as they are, and normalises real numbers', async () => {
    const codes = npy('|i1', [2, 2], Uint8Array.of(1, 2, 255, 128));
    const y = npy('|u1', [2, 1], Uint8Array.of(1, 0));
    const { data } = await loaded({ 'train/x.npy': codes, 'train/y.npy': y }, { shape: [1, 2] });
    expect(data.train.map(({ input }) => [...new Int8Array(input.buffer)])).toEqual([
      [1, 2],
      [-1, -128],
    ]);
    const normalise = { mean: 1, deviation: 2 };
    const scaled = await loaded({ 'x.npy': reals, 'y.npy': labels }, { shape: [1, 2], data: { normalise } });
    expect([...new Int8Array(scaled.data.train[0]?.input.buffer ?? new ArrayBuffer(0))]).toEqual([0, 1]);
  });

  it('takes bytes for pictures, resized to the model', async () => {
    const x = npy('|u1', [2, 4, 4], new Uint8Array(32).fill(200));
    const y = npy('|u1', [2], Uint8Array.of(0, 1));
    const { data } = await loaded({ 'x_train.npy': x, 'y_train.npy': y }, { shape: [1, 2, 2, 1] });
    expect(data.train.map(({ input }) => [...new Int8Array(input.buffer)])).toEqual([
      [72, 72, 72, 72],
      [72, 72, 72, 72],
    ]);
  });

  it('has a test part of its own, or one that is held out', async () => {
    const files = { 'x_train.npy': reals, 'y_train.npy': labels, 'x_test.npy': reals, 'y_test.npy': labels };
    expect((await loaded(files, { shape: [1, 2] })).data.test).toHaveLength(3);
    const split = { numerator: 1, denominator: 2 };
    const held = await loaded({ 'x.npy': reals, 'y.npy': labels }, { shape: [1, 2], data: { split } });
    expect([held.data.train.length, held.data.test.length]).toEqual([2, 1]);
    expect(held.data.train.map(({ label }) => label)).toEqual(expect.arrayContaining([0, 1]));
    const both = await load(files, { shape: [1, 2], data: { split } });
    expect(both.diagnostics).toMatchObject([{ severity: 'warning', code: 'split-unused' }]);
  });

  it.each([
    ['other labels than samples', 'd/y.npy', { 'y.npy': npy('|u1', [2], Uint8Array.of(0, 1)) }, 'data-damaged'],
    [
      'labels that are no class numbers',
      'd/y.npy',
      { 'y.npy': npy('<f4', [3], bytesOf(Float32Array.of(0, 0.5, 1))) },
      'data-damaged',
    ],
    ['a label below 0', 'd/y.npy', { 'y.npy': npy('|i1', [3], Uint8Array.of(0, 255, 1)) }, 'data-damaged'],
    ['one-hot labels', 'd/y.npy', { 'y.npy': npy('|u1', [3, 2], new Uint8Array(6)) }, 'data-damaged'],
    ['no labels', 'd/y.npy', { 'y.npy': undefined }, 'file-not-found'],
    ['a class that no label names', 'd/y.npy', { 'y.npy': npy('|u1', [3], Uint8Array.of(0, 2, 2)) }, 'empty-class'],
    ['samples of another size', 'd/x.npy', { 'x.npy': npy('<f4', [3, 3], new Uint8Array(36)) }, 'data-damaged'],
    ['a cut file', 'd/x.npy', { 'x.npy': reals.subarray(0, reals.length - 1) }, 'data-damaged'],
    [
      'tests of another size',
      'd/x_test.npy',
      { 'x_test.npy': npy('<f4', [3, 3], new Uint8Array(36)), 'y_test.npy': labels },
      'mixed-sizes',
    ],
    [
      'values that are no numbers',
      'd/x.npy (sample 0)',
      { 'x.npy': npy('<f4', [3, 2], new Uint8Array(24).fill(255)) },
      'broken-sample',
    ],
  ])('is refused with %s', async (_, file, changes, code) => {
    const files = Object.entries({ 'x.npy': reals, 'y.npy': labels, ...changes });
    const given = Object.fromEntries(files.flatMap(([name, bytes]) => (bytes === undefined ? [] : [[name, bytes]])));
    expect((await complaints(given, { shape: [1, 2] }))[0]).toMatchObject({ severity: 'error', code, file });
  });
});
