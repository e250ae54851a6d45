import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../compiler/model/graph.ts';
import { tensorAt } from '../../../compiler/model/graph.ts';
import { readTflite } from '../../../compiler/model/tflite.ts';
import { writeTflite } from '../../../compiler/model/write-tflite.ts';
import { firstDifference } from '../../../compiler/simulate/agreement.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { mergeLearned, type Trained } from '../../../compiler/training/merge.ts';
import { graph } from '../../support/graph-builder.ts';
import { compiled, type PlanChanges, part, planOf, residual, sampleOf, whole } from './networks.ts';

const inputs = Array.from({ length: 40 }, (_, i) => sampleOf(8 * 8 * 3, i % 4, 1000 + i));

async function trainedBy(network: Graph, changes: PlanChanges): Promise<Trained> {
  const compilation = compiled(network, changes);
  const machine = await Machine.create(compilation.program);
  for (let i = 0; i < 40; i++) machine.trainStep(sampleOf(8 * 8 * 3, i % 2, i), i % 2);
  return { ...compilation, memory: machine.learned().slice() };
}

/** Through the bytes of a file. */
function merged(network: Graph, changes: PlanChanges, trained: Trained): Graph {
  const result = mergeLearned(network, planOf(changes), trained);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  const read = readTflite(writeTflite(result.value), 'merged');
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  return read.value;
}

/** A convolution without a bias, and padding of its own before another one. */
function padded(): Graph {
  return graph(5)
    .input([1, 8, 8, 3], { name: 'input' })
    .pad(
      [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ],
      { name: 'pad' },
    )
    .conv({ channels: 8, name: 'stem', stride: 2, padding: 'valid', activation: 'relu6', bias: false })
    .conv({ channels: 8, kernel: 1, name: 'project' })
    .averagePool({ name: 'pool' })
    .dense({ units: 4, name: 'classifier' })
    .build();
}

const momentum = { kind: 'sgd', momentum: 0.9 } as const;
const update = new Map([
  ['stem', whole],
  ['project', part(1, 2)],
]);
const cases: readonly (readonly [string, Graph, PlanChanges])[] = [
  ['float32 classifier', residual(), { classes: 5, learningRate: 0.2 }],
  ['int8 classifier, int16 weights', residual(), { classes: 3, head: 'int8', weights: 'int16', optimizer: momentum }],
  ["the model's own classifier behind a softmax", residual(true), { learningRate: 0.5 }],
  ['stochastic weights', residual(), { classes: 2, weights: 'int8-stochastic', learningRate: 0.2 }],
  ['a layer without a bias behind a PAD', padded(), { classes: 3, learningRate: 0.2, update }],
  ['a resized input', residual(), { classes: 3, learningRate: 0.2, input: { width: 16, height: 16 } }],
];

describe('what was learned, merged into the model', () => {
  it.each(cases)("gives the device's results bit for bit: %s", async (_, network, changes) => {
    const size = changes.input === undefined ? 1 : 4;
    const pictures = size === 1 ? inputs : inputs.map((_, i) => sampleOf(16 * 16 * 3, i % 4, i));
    const compilation = compiled(network, changes);
    const machine = await Machine.create(compilation.program);
    const factory = { ...compilation, memory: machine.learned().slice() };
    for (let i = 0; i < 40; i++) machine.trainStep(sampleOf(8 * 8 * 3 * size, i % 2, i), i % 2);
    const trained = { ...compilation, memory: machine.learned().slice() };
    const model = merged(network, changes, trained);
    expect(await firstDifference(trained, model, pictures)).toBeUndefined();
    expect(await firstDifference(factory, model, pictures)).toBeDefined();
  });

  it('keeps the end of a model whose classifier stays', async () => {
    const changes = { learningRate: 0.5 };
    const network = residual(true);
    const model = merged(network, changes, await trainedBy(network, changes));
    expect(model.layers.map(({ name, operator }) => [name, operator])).toEqual(
      network.layers.map(({ name, operator }) => [name, operator]),
    );
  });

  it('holds no constant that nothing reads, and the new classifier under the old name', async () => {
    const network = residual();
    const model = merged(network, { classes: 5 }, await trainedBy(network, { classes: 5 }));
    const used = new Set(model.layers.flatMap((layer) => [...layer.inputs, ...layer.outputs]));
    expect(model.tensors.filter(({ id }) => !used.has(id) && !model.inputs.includes(id))).toEqual([]);
    expect(model.layers.at(-1)).toMatchObject({ name: 'classifier', operator: 'FULLY_CONNECTED' });
    expect(tensorAt(model, model.outputs[0] ?? -1)).toMatchObject({ shape: [1, 5], dtype: 'float32' });
  });

  it('changes no channel that was frozen', async () => {
    const changes = { classes: 5, learningRate: 0.2 };
    const network = residual();
    const trained = await trainedBy(network, changes);
    const model = merged(network, changes, trained);
    const weightsOf = ({ layers, tensors }: Graph): Int8Array => {
      const layer = layers.find(({ name }) => name === 'project');
      return new Int8Array((tensors[layer?.inputs[1] ?? -1]?.data ?? new Uint8Array()).slice().buffer);
    };
    const [before, after] = [weightsOf(network), weightsOf(model)];
    const channels = trained.differentiation.trained.get('project')?.channels ?? [];
    const changed = new Set([...after.keys()].filter((i) => after[i] !== before[i]).map((i) => i % 8));
    expect(channels).toHaveLength(4);
    expect(changed.size).toBeGreaterThan(0);
    for (const channel of changed) expect(channels).toContain(channel);
  });
});
