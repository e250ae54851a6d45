import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileInference } from '../../../compiler/compile.ts';
import type { Graph } from '../../../compiler/model/graph.ts';
import { tensorAt } from '../../../compiler/model/graph.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { operatorCases } from '../../reference/cases.ts';
import { referenceForward } from '../../reference/forward.ts';
import { at } from '../../reference/values.ts';
import { graph as build, randomValues } from '../../support/graph-builder.ts';
import { randomNumbers } from '../../support/random.ts';

const codesOf = (graph: Graph): readonly Int8Array[] =>
  graph.inputs.map((id) => Int8Array.from(randomValues(tensorAt(graph, id), randomNumbers(id + 5))));

async function run(graph: Graph, everyTensor: boolean) {
  const compiled = compileInference(graph, { everyTensor, arenaMilliseconds: 20 });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
  const { program, tensors } = compiled.value;
  const machine = await Machine.create(program);
  machine.infer(...codesOf(graph));
  const results = program.ports.outputs.map((port) => machine.bytes(port).slice());
  const values = new Map(
    [...tensors].map(([id, buffer]) => {
      const bytes = machine.bytes(buffer).slice();
      return [
        id,
        tensorAt(graph, id).dtype === 'float32' ? new Float32Array(bytes.buffer) : new Int8Array(bytes.buffer),
      ];
    }),
  );
  return { results, values };
}

/** Every output against the real function of what the layer was given. */
async function expectReference(graph: Graph): Promise<void> {
  const { values } = await run(graph, true);
  for (const layer of graph.layers) {
    const activations = new Map([...values].filter(([id]) => !layer.outputs.includes(id)));
    const expected = referenceForward(graph, codesOf(graph), 'int8', { activations }).values;
    for (const id of layer.outputs) {
      const found = values.get(id) ?? new Int8Array();
      const wanted = expected.get(id) ?? new Float64Array();
      const error = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - at(found, i))), 0);
      expect(error).toBeLessThanOrEqual(1);
    }
  }
}

async function expectPackedEqual(graph: Graph): Promise<void> {
  expect((await run(graph, false)).results).toEqual((await run(graph, true)).results);
}

const drawn = { seed: 5, numRuns: 20 };

describe.each(operatorCases)('$operator on random networks', ({ graphs, trainableGraphs }) => {
  it('is within one code of the real function', async () => {
    await fc.assert(fc.asyncProperty(graphs, expectReference), drawn);
  });

  it('gives the same codes folded, streamed and in shared memory', async () => {
    await fc.assert(fc.asyncProperty(trainableGraphs, expectPackedEqual), drawn);
  });
});

/** Several operators over each other, with branches, so that much may overlap and stream. */
const networks = fc
  .record({
    seed: fc.integer({ min: 1, max: 1e6 }),
    size: fc.integer({ min: 6, max: 12 }),
    channels: fc.integer({ min: 2, max: 9 }),
    middle: fc.constantFrom('hardSwish', 'maxPool', 'gate', 'split', 'resize', 'transposeConv'),
    relu: fc.boolean(),
  })
  .map(({ seed, size, channels, middle, relu }) => {
    const network = build(seed)
      .input([1, size, size, 3])
      .pad([
        [0, 0],
        [0, 1],
        [0, 1],
        [0, 0],
      ])
      .conv({ channels, stride: 2, padding: 'valid', name: 'stem' })
      .depthwise({ kernel: 3, activation: 'relu6' });
    if (relu) network.leakyRelu(0.1);
    network.conv({ channels, kernel: 1 }).add('stem', { name: 'joined' });
    if (middle === 'hardSwish') network.hardSwish();
    if (middle === 'maxPool') network.maxPool({ kernel: 2, stride: 1, padding: 'same' });
    if (middle === 'gate')
      network
        .mean({ axes: [1, 2], keepDims: true })
        .logistic({ name: 'gate' })
        .from('joined')
        .mul('gate');
    if (middle === 'split') network.splitV({ axis: 3, sizes: [1, channels - 1], name: 'parts' }).concat(['parts:1'], 3);
    if (middle === 'resize') network.resizeBilinear({ height: size, width: size - 1, halfPixelCenters: true });
    if (middle === 'transposeConv') network.transposeConv({ channels: 3 });
    return network.conv({ channels: 4 }).averagePool().dense({ units: 5 }).softmax().build();
  });

describe('random networks of several operators', () => {
  it('give the same codes folded, streamed and in shared memory', async () => {
    await fc.assert(fc.asyncProperty(networks, expectPackedEqual), { seed: 9, numRuns: 60 });
  });
});
