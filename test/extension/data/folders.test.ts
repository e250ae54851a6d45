import { encode as encodePng } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { defaultTrainSettings } from '../../../compiler/training/plan.ts';
import { loadClassNames } from '../../../extension/data/load.ts';
import { codesOf, complaints, inputGraph, type Load, load, loaded, memoryFiles } from './memoryFiles.ts';

/** A grey PNG; brighter from left to right where a step is given. */
function png(value: number, width = 4, height = 4, step = 0): Uint8Array {
  const data = Uint8Array.from({ length: width * height }, (_, index) => value + step * (index % width));
  return encodePng({ width, height, channels: 1, data });
}

const pictures: Load = { shape: [1, 4, 4, 1] };
const files = {
  'train/bag/a.png': png(1),
  'train/bag/b.png': png(2),
  'train/shirt/a.png': png(3),
  'test/shirt/a.png': png(4),
};

describe('a folder for each class', () => {
  it('is read through any file system, with names for reports', async () => {
    const { data, format } = await loaded(files, pictures);
    expect(data.classes).toEqual(['bag', 'shirt']);
    expect(data.train.map(({ label, name }) => [label, name])).toEqual([
      [0, 'd/train/bag/a.png'],
      [0, 'd/train/bag/b.png'],
      [1, 'd/train/shirt/a.png'],
    ]);
    expect(data.test.map(({ name }) => name)).toEqual(['d/test/shirt/a.png']);
    expect(format).toMatchObject({ width: 4, height: 4, channels: 1, elements: 16 });
  });

  it('may have no parts, and then holds some of each class out', async () => {
    const flat = Object.fromEntries(
      ['a', 'b'].flatMap((name) => Array.from({ length: 10 }, (_, index) => [`${name}/${index}.png`, png(index)])),
    );
    const split = { numerator: 1, denominator: 5 };
    const { data } = await loaded(flat, { ...pictures, data: { split } });
    expect([data.train.length, data.test.length]).toEqual([16, 4]);
    expect(data.test.map(({ label }) => label)).toEqual([0, 0, 1, 1]);
    const names = [...data.train, ...data.test].map(({ name }) => name);
    expect(new Set(names).size).toBe(20);
    const again = await loaded(flat, { ...pictures, data: { split }, options: { choice: { seed: 99 } } });
    expect(again.data.test.map(({ name }) => name)).toEqual(data.test.map(({ name }) => name));
  });

  it('is cut to the aspect of the model where the plan says so', async () => {
    const wide = { 'train/a/x.png': png(0, 8, 4, 10) };
    const cut = await loaded(wide, { ...pictures, data: { fit: 'crop' } });
    expect(codesOf(cut.data.train)[0]?.slice(0, 4)).toEqual([20 - 128, 30 - 128, 40 - 128, 50 - 128]);
    const stretched = await loaded(wide, { ...pictures, data: { fit: 'stretch' } });
    expect(codesOf(stretched.data.train)[0]?.slice(0, 4)).toEqual([5 - 128, 25 - 128, 45 - 128, 65 - 128]);
  });

  it.each([
    ['a class without a picture', { 'train/empty/notes.txt': '' }, 'empty-class', 'd/train/empty', /'empty'/],
    ['a class that is tested only', { 'test/hat/a.png': png(1) }, 'empty-class', 'd/train/hat', /'hat'/],
    [
      'a picture of another size',
      { 'train/shirt/b.png': png(1, 5, 4) },
      'mixed-sizes',
      'd/train/shirt/b.png',
      /5x4.*4x4/,
    ],
    [
      'a damaged picture',
      { 'train/shirt/b.png': png(1).subarray(0, 40) },
      'broken-picture',
      'd/train/shirt/b.png',
      /./,
    ],
    ['a damaged test picture', { 'test/bag/b.png': 'text' }, 'broken-picture', 'd/test/bag/b.png', /neither/],
    ['sounds among the pictures', { 'train/shirt/b.wav': '' }, 'mixed-kinds', 'd/train/shirt/b.wav', /sound/],
  ])('is refused with %s', async (_, more, code, file, message) => {
    const found = await complaints({ ...files, ...more }, pictures);
    expect(found).toMatchObject([{ severity: 'error', code, file, message: expect.stringMatching(message) }]);
  });

  it('is told of an empty class before there are too many of them', async () => {
    const found = await complaints({ ...files, 'train/hat/notes.txt': '' }, { ...pictures, classes: 2 });
    expect(found).toMatchObject([{ code: 'empty-class', file: 'd/train/hat' }]);
  });

  it('names every broken picture at once', async () => {
    const broken = { 'train/bag/x.png': 'x', 'train/shirt/y.jpg': 'y', 'test/bag/z.png': 'z' };
    const found = await complaints({ ...files, ...broken }, pictures);
    expect(found.map(({ file }) => file)).toEqual(['d/train/bag/x.png', 'd/train/shirt/y.jpg', 'd/test/bag/z.png']);
  });

  it('loses no class to skipped pictures', async () => {
    const broken = { ...files, 'train/shirt/a.png': 'text' };
    const found = await complaints(broken, { ...pictures, data: { skipBroken: true } });
    expect(found).toMatchObject([
      { code: 'empty-class', file: 'd/train/shirt', message: expect.stringContaining('broken') },
    ]);
  });

  it('needs no classes for an autoencoder, and keeps those that there are', async () => {
    const autoencoder: Load = { ...pictures, classes: 16, train: { loss: 'mean-squared-error' } };
    const bare = await loaded({ 'train/a.png': png(1), 'train/b.png': png(2) }, autoencoder);
    expect([bare.data.classes, bare.data.train.map(({ label }) => label)]).toEqual([[], [-1, -1]]);
    const anomalies = { 'train/normal/a.png': png(1), 'test/normal/b.png': png(2), 'test/broken/c.png': png(3) };
    const { data } = await loaded(anomalies, autoencoder);
    expect([data.classes, data.test.map(({ label }) => label)]).toEqual([
      ['broken', 'normal'],
      [0, 1],
    ]);
  });

  it('can be cancelled, and tells how far it is', async () => {
    const signal = { aborted: true };
    const cancelled = await load(files, { ...pictures, options: { signal } });
    expect(cancelled).toMatchObject({ ok: false, diagnostics: [{ severity: 'information', code: 'cancelled' }] });
    const seen: unknown[] = [];
    await load(files, { ...pictures, options: { onProgress: (progress) => seen.push(progress) } });
    expect(seen.at(-1)).toEqual({ done: 4, total: 4 });
  });

  it('gives the names of its classes without reading a sample', async () => {
    const files = memoryFiles({ 'd/train/b/x.png': 'no picture', 'd/train/a/y.png': 'no picture' });
    const plan = { data: { path: 'd', skipBroken: false }, train: defaultTrainSettings };
    const network = { graph: inputGraph([1, 4, 4, 1]), head: { classes: 2 } };
    expect(await loadClassNames(files, plan, network)).toEqual(['a', 'b']);
    expect(await loadClassNames(files, { ...plan, data: { ...plan.data, path: 'e' } }, network)).toEqual([]);
  });
});

describe('raw inputs with an index', () => {
  const index = JSON.stringify({ classes: ['x', 'y'], shape: [2], train: { files: ['first', 'second'] } });
  const raw = {
    'index.json': index,
    'train-inputs.i8': Uint8Array.of(1, 255, 3, 4),
    'train-labels.u8': Uint8Array.of(1, 0),
  };

  it('are the codes of the model', async () => {
    const { data } = await loaded(raw, { shape: [1, 2] });
    expect(codesOf(data.train)).toEqual([
      [1, -1],
      [3, 4],
    ]);
    expect(data.train[1]?.name).toBe('d/train-inputs.i8 (sample 1, second)');
  });

  it('need no labels for an autoencoder', async () => {
    const { 'train-labels.u8': _, ...unlabelled } = raw;
    const autoencoder: Load = { shape: [1, 2], classes: 2, train: { loss: 'mean-squared-error' } };
    expect((await loaded(unlabelled, autoencoder)).data.train.map(({ label }) => label)).toEqual([-1, -1]);
    expect(await complaints(unlabelled, { shape: [1, 2] })).toMatchObject([{ file: 'd/train-labels.u8' }]);
  });

  it.each([
    ['labels of another set', 'train-labels.u8', { 'train-labels.u8': Uint8Array.of(1, 2) }, 'data-damaged'],
    ['too few labels', 'train-labels.u8', { 'train-labels.u8': Uint8Array.of(1) }, 'data-damaged'],
    ['a cut file', 'train-inputs.i8', { 'train-inputs.i8': Uint8Array.of(1, 2, 3) }, 'data-damaged'],
    [
      'fewer samples than the index says',
      'train-inputs.i8',
      { 'index.json': index.replace('"train":{', '"train":{"count":3,') },
      'data-damaged',
    ],
    ['a class that no label names', 'train-labels.u8', { 'train-labels.u8': Uint8Array.of(1, 1) }, 'empty-class'],
    ['another shape than the model', 'index.json', { 'index.json': index.replace('[2]', '[4]') }, 'data-damaged'],
  ])('are refused with %s', async (_, file, changes, code) => {
    const found = await complaints({ ...raw, ...changes }, { shape: [1, 2] });
    expect(found).toMatchObject([{ severity: 'error', code, file: `d/${file}` }]);
  });
});
