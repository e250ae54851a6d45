import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { encode as encodePng, type ImageData } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { loadData } from '../../../extension/cli/files/data.ts';
import { loadPlan } from '../../../extension/cli/files/plan.ts';
import { decodePicture } from '../../../extension/data/pictures.ts';
import { cli, sampleFolder, samplePlan, temporaryFolder } from '../../support/cli.ts';

/** A PNG all of one grey. */
const png = (value: number, size = 28) =>
  encodePng({ width: size, height: size, channels: 1, data: new Uint8Array(size * size).fill(value) });

function jpeg(value: number, size = 40): Uint8Array {
  const data = new Uint8Array(4 * size * size).fill(value);
  return encodeJpeg({ width: size, height: size, data }, 95).data;
}

/** A plan for the sample's model over a folder with these files. */
async function load(files: Readonly<Record<string, Uint8Array | string>>, block = '') {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, 'data', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  const file = join(folder, 'test.trainplan');
  const model = resolve(`${sampleFolder}/garments.tflite`);
  const target = 'target { core cortex-m7 sram 256 KB flash 1 MB }';
  writeFileSync(file, `model "${model}"\n${target}\ndata "data" ${block}\ntrain { classes 5 }\n`);
  const plan = await loadPlan(file);
  if (!plan.ok) throw new Error(JSON.stringify(plan.diagnostics));
  return { file, result: await loadData(plan.value, { graph: plan.value.graph, head: { classes: 5 } }, { seed: 1 }) };
}

describe('a folder per class', () => {
  const files = {
    'train/shirt/b.png': png(10),
    'train/shirt/a.jpg': jpeg(200),
    'train/bag/c.jpeg': jpeg(90, 16),
    'train/bag/notes.txt': 'no picture',
    'test/bag/d.PNG': png(255, 7),
  };

  it('gives sorted classes, and pictures of any size as codes where the plan resizes them', async () => {
    const { result } = await load(files, '{ resize 28x28 }');
    if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
    const { classes, train, test } = result.value.data;
    expect(classes).toEqual(['bag', 'shirt']);
    expect(train.map(({ label }) => label)).toEqual([0, 1, 1]);
    const firstCodes = [...train, ...test].map(({ input }) => new Int8Array(input.buffer)[0]);
    expect(firstCodes).toEqual([90 - 128, 200 - 128, 10 - 128, 127]);
    for (const { input } of [...train, ...test]) expect(input).toHaveLength(784);
  });

  it('names each broken picture, and reads nothing then', async () => {
    const broken = { ...files, 'train/bag/bad.png': png(1).subarray(0, 60), 'train/shirt/bad.jpg': 'text' };
    const { result } = await load(broken, '{ resize 28x28 }');
    expect(result.ok).toBe(false);
    expect(result.diagnostics).toMatchObject([
      { severity: 'error', code: 'broken-picture', file: 'data/train/bag/bad.png' },
      { severity: 'error', code: 'broken-picture', file: 'data/train/shirt/bad.jpg' },
    ]);
  });

  it('skips broken pictures only where the plan says so, with a warning', async () => {
    const cut = jpeg(3).subarray(0, 300);
    const { result } = await load({ ...files, 'train/bag/bad.jpg': cut }, '{ resize 28x28 skip-broken }');
    expect(result).toMatchObject({ ok: true, diagnostics: [{ severity: 'warning', file: 'data/train/bag/bad.jpg' }] });
    if (result.ok) expect(result.value.data.train).toHaveLength(3);
  });

  it.each([
    ['no-samples', { 'train/bag/notes.txt': '' }],
    ['data-unknown', { 'other/bag/a.png': png(1) }],
    ['data-not-found', {}],
    ['too-many-classes', Object.fromEntries([...'abcdef'].map((name) => [`train/${name}/x.png`, png(1)]))],
  ])('is refused in the data line of the plan: %s', async (code, given) => {
    const { file, result } = await load(given);
    expect(result).toMatchObject({ ok: false, diagnostics: [{ code, file, range: { line: 3 } }] });
  });
});

describe('raw pictures with an index', () => {
  const index = { classes: ['x', 'y'], shape: [2, 2, 1] };
  const raw = (changes: Readonly<Record<string, Uint8Array | string>> = {}) => ({
    'index.json': JSON.stringify(index),
    'train-images.u8': Uint8Array.of(1, 1, 1, 1, 2, 2, 2, 2),
    'train-labels.u8': Uint8Array.of(1, 0),
    ...changes,
  });

  it('gives the classes of the index, and no test samples where there are none', async () => {
    const { result } = await load(raw());
    if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
    const { classes, train, test } = result.value.data;
    expect({ classes, test }).toEqual({ classes: ['x', 'y'], test: [] });
    expect(train.map(({ label, input }) => [label, new Int8Array(input.buffer)[783]])).toEqual([
      [1, -127],
      [0, -126],
    ]);
  });

  it.each([
    ['index.json', { 'index.json': '{' }],
    ['index.json', { 'index.json': '{"classes": ["x"], "shape": [2, -2, 1]}' }],
    ['index.json', { 'index.json': '{"classes": ["x"], "shape": [2, 2, 4]}' }],
    ['train-images.u8', { 'train-images.u8': Uint8Array.of(1, 2, 3) }],
    ['train-labels.u8', { 'train-labels.u8': Uint8Array.of(1, 2) }],
    ['test-labels.u8', { 'test-images.u8': Uint8Array.of(1) }],
  ])('is refused where %s is damaged or missing (%#)', async (name, changes) => {
    const { result } = await load(raw(changes));
    expect(result).toMatchObject({ ok: false, diagnostics: [{ severity: 'error', file: `data/${name}` }] });
  });
});

describe('decoding', () => {
  const pixelsOf = (image: ImageData) => [...decodePicture(encodePng(image)).pixels];

  it('drops transparency, and the lower half of 16 bits', () => {
    const size = { width: 1, height: 1 };
    expect(pixelsOf({ ...size, channels: 4, data: Uint8Array.of(1, 2, 3, 4) })).toEqual([1, 2, 3]);
    expect(pixelsOf({ ...size, channels: 2, data: Uint8Array.of(7, 9) })).toEqual([7]);
    expect(pixelsOf({ ...size, channels: 1, depth: 16, data: Uint16Array.of(0x1234) })).toEqual([0x12]);
  });

  it('spreads grey of few bits over the whole range', () => {
    const data = Uint8Array.of(0b1010_0000, 0b0100_0000);
    expect(pixelsOf({ width: 3, height: 2, channels: 1, depth: 1, data })).toEqual([255, 0, 255, 0, 255, 0]);
  });

  it('refuses a PNG that claims more pixels than fit', () => {
    const bytes = encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(1) });
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(16, 2_000_000);
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(20, 2_000_000);
    expect(() => decodePicture(bytes)).toThrow('megapixels');
    expect(() => decodePicture(bytes.subarray(0, 20))).toThrow('ends within its header');
  });

  it('refuses other files whatever their name', () => {
    expect(() => decodePicture(readFileSync('package.json'))).toThrow('neither a JPEG nor a PNG');
    expect(() => decodePicture(new Uint8Array())).toThrow('neither a JPEG nor a PNG');
  });
});

describe('the plan of the sample', () => {
  it('reads 600 and 500 pictures of five garments', async () => {
    const { json } = await cli('simulate', samplePlan, '--epochs', '0', '--json');
    expect(json).toMatchObject({ trainSamples: 600, testSamples: 500, epochs: [] });
    expect(json.classes).toEqual(['sandal', 'shirt', 'sneaker', 'bag', 'ankle-boot']);
  });
});
