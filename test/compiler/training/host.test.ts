import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../compiler/model/graph.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import type { Optimizer } from '../../../compiler/training/plan.ts';
import { graph } from '../../support/graph-builder.ts';
import { gccIsThere, trainOnHost } from '../../support/host-training.ts';
import { randomNumbers } from '../../support/random.ts';
import { compiled, type PlanChanges, part, residual, sampleOf, whole } from './networks.ts';

const momentum: Optimizer = { kind: 'sgd', momentum: 0.9 };
const adam: Optimizer = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** 1x1 and depthwise layers in turn, wide enough that groups of channels go through three of them. */
function stack(): Graph {
  return graph(4)
    .input([1, 8, 8, 3], { name: 'input' })
    .conv({ channels: 8, kernel: 1, name: 'stem', activation: 'relu6' })
    .depthwise({ name: 'depthwise0', activation: 'relu6' })
    .conv({ channels: 33, kernel: 1, name: 'point0', activation: 'relu6' })
    .depthwise({ name: 'depthwise1', activation: 'relu6' })
    .conv({ channels: 12, kernel: 1, name: 'point1' })
    .averagePool({ name: 'pool' })
    .dense({ units: 4, name: 'classifier' })
    .build();
}

/** More outputs than 16 bits of mantissa allow, and every weight 127 or -127. */
function wide(): Graph {
  const network = graph(5)
    .input([1, 8, 8, 3], { name: 'input' })
    .conv({ channels: 700, kernel: 1, stride: 4, name: 'stem' })
    .depthwise({ name: 'depthwise', stride: 2 })
    .conv({ channels: 600, kernel: 1, name: 'point' })
    .averagePool({ name: 'pool' })
    .dense({ units: 4, name: 'classifier' })
    .build();
  const tensors = network.tensors.map((tensor) => {
    if (tensor.dtype !== 'int8' || tensor.data === undefined) return tensor;
    const random = randomNumbers(tensor.id);
    return { ...tensor, data: tensor.data.map(() => (random() < 0.5 ? -127 : 127) & 255) };
  });
  return { ...network, tensors };
}

/** Each optimiser, way of holding weights, head, loss and schedule at least once. */
const cases: readonly (readonly [string, Graph, PlanChanges])[] = [
  ['SGD, int8, float32 head', residual(), { classes: 5, learningRate: 0.2 }],
  ['momentum, int16, int8 head', residual(), { classes: 3, head: 'int8', weights: 'int16', optimizer: momentum }],
  [
    'Adam, int8-stochastic, float32 head, batch of 3',
    residual(),
    { classes: 5, weights: 'int8-stochastic', optimizer: adam, batch: 3, learningRate: 0.02, warmUpSteps: 3 },
  ],
  [
    'Adam, int16, own head, cosine',
    residual(true),
    {
      ...{ weights: 'int16', optimizer: adam, learningRate: 0.01, schedule: { kind: 'cosine', steps: 15 } },
      update: new Map([
        ['project', whole],
        ['classifier', whole],
      ]),
    },
  ],
  [
    'momentum, int8-stochastic, squared error, batch of 2, no scaling',
    residual(),
    {
      ...{ classes: 2, loss: 'mean-squared-error', weights: 'int8-stochastic', optimizer: momentum },
      ...{ batch: 2, scaling: false, learningRate: 5 },
    },
  ],
  [
    'Adam, int8 head and weights, so fast that codes saturate',
    residual(),
    { classes: 3, head: 'int8', optimizer: adam, learningRate: 100 },
  ],
  ['gradients int16, SGD, int8', residual(), { classes: 5, learningRate: 0.2, gradients: 'int16' }],
  [
    'gradients int16, Adam, int16 weights, parts of channels, whole layers',
    residual(),
    { classes: 5, weights: 'int16', optimizer: adam, learningRate: 0.02, gradients: 'int16', stream: false },
  ],
  [
    'gradients int16, momentum, int8-stochastic, batch of 2, groups of channels',
    stack(),
    {
      ...{ classes: 5, weights: 'int8-stochastic', optimizer: momentum, batch: 2, gradients: 'int16' },
      update: new Map([
        ['stem', whole],
        ['depthwise0', part(1, 2)],
        ['point0', part(1, 2)],
        ['point1', whole],
      ]),
    },
  ],
  [
    'gradients int16, fewer bits for many outputs',
    wide(),
    {
      ...{ classes: 5, weights: 'int16', gradients: 'int16', learningRate: 0.5 },
      update: new Map([
        ['stem', part(1, 1)],
        ['point', part(1, 16)],
      ]),
    },
  ],
];

describe.skipIf(!gccIsThere)('generated C on the host (skipped: needs gcc)', () => {
  it.each(cases)('learns the bytes that the simulator learns: %s', async (_, network, changes) => {
    const { program } = compiled(network, { learningRate: 0.05, ...changes });
    const training = Array.from({ length: 30 }, (_, i) => ({ input: sampleOf(8 * 8 * 3, i % 2, i), label: i % 2 }));
    const machine = await Machine.create(program);
    const losses = training.map(({ input, label }) => machine.trainStep(input, label));
    const host = await trainOnHost(program, training);
    expect(host.steps.map(({ loss }) => loss)).toEqual(losses);
    expect(host.learned).toEqual(machine.learned().slice());
    expect(new Set(losses).size).toBeGreaterThan(2);
  });
});
