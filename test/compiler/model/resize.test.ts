import { describe, expect, it } from 'vitest';
import { DiagnosticError } from '../../../compiler/diagnostics.ts';
import { elementCount, type Graph, integersOf, tensorAt } from '../../../compiler/model/graph.ts';
import { resizeInput } from '../../../compiler/model/resize.ts';
import { readTflite } from '../../../compiler/model/tflite.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { hasSharedData, sharedBytes } from '../../support/corpus.ts';
import { graph } from '../../support/graph-builder.ts';
import { compiled, sampleOf, whole } from '../training/networks.ts';

const shapeOf = (network: Graph, name: string) => {
  const layer = network.layers.find((candidate) => candidate.name === name);
  return tensorAt(network, layer?.outputs[0] ?? -1).shape;
};

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof DiagnosticError) return `${error.diagnostic.code} ${error.diagnostic.layer}`;
    throw error;
  }
  return 'none';
}

describe('another input size', () => {
  const build = (size: number) =>
    graph(4)
      .input([1, size, size + 2, 3])
      .pad(
        [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ],
        { name: 'padded' },
      )
      .conv({ channels: 4, name: 'stem', stride: 2, padding: 'valid', activation: 'relu6' })
      .depthwise({ name: 'depthwise', kernel: 5, dilation: 2 })
      .conv({ channels: 4, kernel: 1, name: 'project' })
      .add('stem', { name: 'sum' })
      .concat(['project'], 3, { name: 'both' })
      .relu({ name: 'relu' })
      .averagePool({ name: 'pool' })
      .reshape([1, 8], { name: 'flat' })
      .dense({ units: 4, name: 'classifier' })
      .build();

  it.each([6, 9, 16, 33])('gives every layer the shape that the same network has at %i', (size) => {
    const expected = build(size);
    const resized = resizeInput(build(12), { height: size, width: size + 2 });
    for (const { name } of expected.layers) expect(shapeOf(resized, name), name).toEqual(shapeOf(expected, name));
    const attributes = (network: Graph) => network.layers.find(({ name }) => name === 'pool')?.attributes;
    expect(attributes(resized)).toMatchObject({ windowHeight: expect.any(Number) });
    expect(attributes(resized)).toMatchObject({
      windowHeight: shapeOf(resized, 'relu')[1],
      windowWidth: shapeOf(resized, 'relu')[2],
    });
  });

  it('changes nothing at its own size', () => {
    const network = build(12);
    expect(resizeInput(network, { height: 12, width: 14 })).toEqual(network);
  });

  it('leaves weights and the given graph alone', () => {
    const network = build(12);
    const copy = structuredClone(network);
    const resized = resizeInput(network, { height: 20, width: 20 });
    expect(network).toEqual(copy);
    for (const [id, tensor] of network.tensors.entries()) expect(resized.tensors[id]?.data).toBe(tensor.data);
  });

  it('lets a reshape follow where one dimension takes it up, in its operand too', () => {
    const network = graph(4).input([1, 4, 4, 6]).reshape([1, 16, 6], { name: 'rows' }).build();
    const resized = resizeInput(network, { height: 5, width: 7 });
    expect(shapeOf(resized, 'rows')).toEqual([1, 35, 6]);
    expect(integersOf(tensorAt(resized, resized.layers[0]?.inputs[1] ?? -1))).toEqual([1, 35, 6]);
    const mean = graph(4)
      .input([1, 4, 4, 6])
      .mean({ axes: [1, 2], name: 'mean' })
      .build();
    expect(shapeOf(resizeInput(mean, { height: 9, width: 9 }), 'mean')).toEqual([1, 6]);
  });

  it('is refused by name where an operator cannot follow', () => {
    const size = { height: 8, width: 8 };
    const dense = graph(4).input([1, 4, 4, 2]).conv({ channels: 2 }).dense({ units: 3, name: 'dense' }).build();
    expect(refusal(() => resizeInput(dense, size))).toBe('input-not-resizable dense');
    const split = graph(4).input([1, 4, 4, 4]).reshape([1, 2, 2, 16], { name: 'blocks' }).build();
    expect(refusal(() => resizeInput(split, size))).toBe('input-not-resizable blocks');
    const small = graph(4).input([1, 8, 8, 2]).conv({ channels: 2, kernel: 5, padding: 'valid', name: 'wide' }).build();
    expect(refusal(() => resizeInput(small, { height: 4, width: 8 }))).toBe('input-too-small wide');
    const flat = graph(4).input([1, 16]).dense({ units: 2 }).build();
    expect(refusal(() => resizeInput(flat, size))).toBe('input-not-a-picture undefined');
  });
});

describe.skipIf(!hasSharedData)('published models on other inputs (skipped: needs ../shared/data)', () => {
  const names = ['mcunet-5fps', 'mbv2-w0.35', 'proxyless-w0.3'];
  const cases = names.flatMap((name) => [80, 96, 128, 160].map((size) => [name, size] as const));

  it.each(cases)('%s trains on %i pixels square', async (name, size) => {
    const read = readTflite(sharedBytes(`models/mcunetv3/${name}.tflite`), name);
    if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
    const weighted = read.value.layers.filter(({ operator }) => operator.includes('CONV_2D'));
    const update = new Map(weighted.slice(-8, -1).map((layer) => [layer.name, whole]));
    const input = { width: size, height: size };
    const { program } = compiled(read.value, { classes: 10, learningRate: 0.0005, update, input });
    const bytes = elementCount([size, size, 3]);
    const machine = await Machine.create(program);
    expect(machine.bytes(program.ports.input).length).toBe(bytes);
    const before = machine.learned().slice();
    const losses = [0, 1, 2].map(() => machine.trainStep(sampleOf(bytes, 0, 1), 0));
    expect(losses[0]).toBeCloseTo(Math.log(10), 5);
    expect(losses[1]).toBeLessThan(losses[0] ?? 0);
    expect(machine.learned().slice()).not.toEqual(before);
  });
});
