import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeModel } from '../../../compiler/model/describe.ts';
import { readTflite } from '../../../compiler/model/tflite.ts';
import { parsePlan, resolvePlan } from '../../../language/index.ts';

const sample = 'extension/samples/garments';
const bytesOf = (file: string) => new Uint8Array(readFileSync(`${sample}/${file}`));

function readModel() {
  const result = readTflite(bytesOf('garments.tflite'), 'garments.tflite');
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}

describe('the sample model', () => {
  const graph = readModel();

  it('takes a picture as pixel - 128', () => {
    const input = graph.tensors[graph.inputs[0] ?? -1];
    expect(input).toMatchObject({ name: 'input', shape: [1, 28, 28, 1], dtype: 'int8' });
    expect(input?.quantisation).toMatchObject({ scales: [Math.fround(1 / 255)], zeroPoints: [-128] });
  });

  it('has what a plan is shown on: named blocks, residuals, strides, fused clamps', () => {
    expect(graph.layers.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'first_conv',
        'block0.depthwise',
        'block4.pointwise1',
        'avgpool',
        'classifier',
        'logits',
      ]),
    );
    expect(graph.layers.filter(({ operator }) => operator === 'ADD').map(({ name }) => name)).toEqual([
      'block2.add',
      'block4.add',
    ]);
    const windows = graph.layers.flatMap(({ attributes }) => (attributes.kind === 'window' ? [attributes] : []));
    expect(windows.filter(({ strideY }) => strideY === 2)).toHaveLength(3);
    expect(windows.filter(({ activation }) => activation === 'relu6')).toHaveLength(11);
  });

  it('has the MACs and constants that its README states', () => {
    const readme = readFileSync(`${sample}/README.md`, 'utf8');
    const { macs } = describeModel(graph);
    const constants = graph.tensors.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
    for (const figure of [macs, constants, bytesOf('garments.tflite').length]) {
      expect(readme).toContain(figure.toLocaleString('en'));
    }
  });
});

describe('the sample plan', () => {
  it('fits the model without a diagnostic', () => {
    const text = readFileSync(`${sample}/garments.trainplan`, 'utf8');
    const result = resolvePlan(parsePlan(text, 'garments.trainplan'), readModel());
    expect(result).toMatchObject({
      ok: true,
      value: { model: 'garments.tflite', data: { path: 'data' }, train: { classes: 5 } },
      diagnostics: [],
    });
  });
});

describe('the sample data', () => {
  const index = JSON.parse(readFileSync(`${sample}/data/index.json`, 'utf8'));
  const images = { train: bytesOf('data/train-images.u8'), test: bytesOf('data/test-images.u8') };

  it.each(['train', 'test'] as const)(
    'has as many %s pictures of each class, all of them named in the index',
    (part) => {
      const labels = bytesOf(`data/${part}-labels.u8`);
      const files: string[] = index[part].files;
      expect(labels).toHaveLength(index[part].count);
      expect(images[part]).toHaveLength(labels.length * 28 * 28);
      expect(new Set(files).size).toBe(labels.length);
      expect(files.map((file) => file.split('/')[0])).toEqual(Array.from(labels, (label) => index.classes[label]));
      const counts = index.classes.map((_: string, label: number) => labels.filter((it) => it === label).length);
      expect(new Set(counts).size).toBe(1);
    },
  );

  it('tests on no picture that it trains on', () => {
    const pictures = (bytes: Uint8Array) =>
      Array.from({ length: bytes.length / 784 }, (_, i) => bytes.subarray(i * 784, (i + 1) * 784).join());
    const trained = new Set(pictures(images.train));
    expect(pictures(images.test).filter((picture) => trained.has(picture))).toEqual([]);
  });
});

describe('the sample folder', () => {
  it('takes at most 1 MB without the sources that make it', () => {
    const sizes = readdirSync(sample, { recursive: true, encoding: 'utf8' })
      .filter((file) => !file.startsWith('make'))
      .map((file) => statSync(`${sample}/${file}`))
      .map((stat) => (stat.isFile() ? stat.size : 0));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(1e6);
  });
});
