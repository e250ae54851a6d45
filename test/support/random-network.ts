/** Random networks of inverted bottlenecks, and plans that train some of their layers. */

import fc from 'fast-check';
import type { Graph } from '../../compiler/model/graph.ts';
import { isWeighted } from '../../compiler/operators/weighted.ts';
import {
  defaultTrainSettings,
  type LayerUpdate,
  type TrainingPlan,
  type TrainSettings,
  type WeightSelection,
} from '../../compiler/training/plan.ts';
import { graph } from './graph-builder.ts';

interface Block {
  /** Absent: the depthwise layer reads the block's input. */
  readonly expansion: number | undefined;
  readonly kernel: number | readonly [number, number];
  readonly stride: number | readonly [number, number];
  readonly padding: 'same' | 'valid';
  readonly channels: number;
  /** Adds the block's input where the shapes agree. */
  readonly residual: boolean;
  readonly activation: 'none' | 'relu' | 'relu6';
  readonly after: 'nothing' | 'relu6' | 'maxPool' | 'pad' | 'hardSwish';
}

const block: fc.Arbitrary<Block> = fc.record({
  expansion: fc.option(fc.constantFrom(3, 4, 5, 6), { nil: undefined, freq: 4 }),
  kernel: fc.constantFrom<Block['kernel'][]>(1, 3, 5, 7, [3, 1], [2, 4]),
  stride: fc.constantFrom<Block['stride'][]>(1, 1, 1, 2, [2, 1], 3),
  padding: fc.constantFrom('same', 'same', 'valid'),
  channels: fc.constantFrom(4, 8, 8, 11),
  residual: fc.boolean(),
  activation: fc.constantFrom('relu6', 'relu', 'none'),
  after: fc.constantFrom<Block['after'][]>('nothing', 'nothing', 'nothing', 'relu6', 'maxPool', 'pad', 'hardSwish'),
});

interface NetworkDraft {
  readonly seed: number;
  readonly size: readonly [number, number];
  readonly stem: { readonly kernel: number; readonly stride: number };
  readonly blocks: readonly Block[];
}

const draft: fc.Arbitrary<NetworkDraft> = fc.record({
  seed: fc.integer({ min: 1, max: 1000 }),
  size: fc.tuple(fc.integer({ min: 7, max: 19 }), fc.integer({ min: 7, max: 19 })),
  stem: fc.record({ kernel: fc.constantFrom(1, 3, 5), stride: fc.constantFrom(1, 1, 2) }),
  blocks: fc.array(block, { minLength: 1, maxLength: 4 }),
});

const pairOf = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

/** Layer names: `stem`, `expandN`, `depthwiseN`, `projectN`, `addN`, `classifier`. */
function networkOf({ seed, size, stem, blocks }: NetworkDraft): Graph {
  const builder = graph(seed)
    .input([1, ...size, 3], { name: 'input' })
    .conv({ channels: 8, ...stem, activation: 'relu6', name: 'stem' });
  let [rows, columns]: readonly number[] = size.map((length) => Math.ceil(length / stem.stride));
  let channels = 8;
  let before = 'stem';
  blocks.forEach((each, n) => {
    const [height, width] = pairOf(each.kernel);
    const [down, right] = pairOf(each.stride);
    const padding = (rows ?? 0) < height || (columns ?? 0) < width ? 'same' : each.padding;
    const sizeAfter = (length = 1, window: number, stride: number): number =>
      padding === 'same' ? Math.ceil(length / stride) : Math.ceil((length - window + 1) / stride);
    const after = [sizeAfter(rows, height, down), sizeAfter(columns, width, right)];
    const { activation } = each;
    if (each.expansion !== undefined) {
      builder.conv({ channels: channels * each.expansion, kernel: 1, activation, name: `expand${n}` });
    }
    builder.depthwise({ kernel: each.kernel, stride: each.stride, padding, activation, name: `depthwise${n}` });
    builder.conv({ channels: each.channels, kernel: 1, name: `project${n}` });
    const fits = after[0] === rows && after[1] === columns && each.channels === channels;
    if (each.residual && fits) builder.add(before, { name: `add${n}` });
    before = each.residual && fits ? `add${n}` : `project${n}`;
    [rows, columns, channels] = [after[0], after[1], each.channels];
    const name = `after${n}`;
    if (each.after === 'relu6') builder.relu6({ name });
    if (each.after === 'hardSwish') builder.hardSwish({ name });
    if (each.after === 'maxPool') {
      builder.maxPool({ kernel: 3, stride: 2, padding: 'same', name });
      [rows, columns] = [Math.ceil((rows ?? 0) / 2), Math.ceil((columns ?? 0) / 2)];
    }
    if (each.after === 'pad') {
      builder.pad(
        [
          [0, 0],
          [1, 0],
          [0, 2],
          [0, 0],
        ],
        { name },
      );
      [rows, columns] = [(rows ?? 0) + 1, (columns ?? 0) + 2];
    }
    if (each.after !== 'nothing') before = name;
  });
  return builder.averagePool({ name: 'pool' }).dense({ units: 4, name: 'classifier' }).build();
}

const selection: fc.Arbitrary<WeightSelection> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<WeightSelection>({ kind: 'none' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fraction' as const),
      numerator: fc.constant(1),
      denominator: fc.constantFrom(1, 2),
      first: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('channels' as const),
      count: fc.integer({ min: 1, max: 3 }),
      first: fc.boolean(),
    }),
  },
);

const settings: fc.Arbitrary<Partial<TrainSettings>> = fc.record(
  {
    classes: fc.constantFrom(3, 10),
    head: fc.constantFrom('float32', 'int8'),
    optimizer: fc.constantFrom<TrainSettings['optimizer'][]>(
      { kind: 'sgd', momentum: 0 },
      { kind: 'sgd', momentum: 0.9 },
      { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    ),
    batch: fc.constantFrom(1, 2),
    weights: fc.constantFrom('int8', 'int16', 'int8-stochastic'),
    gradients: fc.constantFrom('float32', 'int16'),
  },
  { requiredKeys: ['batch', 'gradients'] },
);

export interface TrainedNetwork {
  readonly network: Graph;
  readonly plan: TrainingPlan;
}

export function planFor(update: ReadonlyMap<string, LayerUpdate>, train: Partial<TrainSettings> = {}): TrainingPlan {
  return {
    name: 'random',
    model: 'random.tflite',
    target: { core: 'cortex-m7', sramBytes: 1 << 20, flashBytes: 1 << 22 },
    budgetBytes: 1 << 20,
    train: { ...defaultTrainSettings, learningRate: 0.01, ...train },
    update,
  };
}

/** Layers from a random one on train biases, weights, or both; those before are frozen. */
function trained(networks: fc.Arbitrary<Graph>): fc.Arbitrary<TrainedNetwork> {
  return fc.tuple(networks, settings).chain(([network, train]) => {
    const names = network.layers.filter((layer) => isWeighted(network, layer)).map(({ name }) => name);
    const update = fc.option(fc.record({ bias: fc.boolean(), weights: selection }), { freq: 3 });
    return fc.tuple(fc.nat(names.length - 1), ...names.map(() => update)).map(([first, ...chosen]) => {
      const updates = names.flatMap((name, index): [string, LayerUpdate][] => {
        const each = chosen[index];
        if (index < first || !each || (!each.bias && each.weights.kind === 'none')) return [];
        return [[name, each]];
      });
      return { network, plan: planFor(new Map(updates), train) };
    });
  });
}

export const trainedNetworks: fc.Arbitrary<TrainedNetwork> = trained(draft.map(networkOf));

/** Depthwise and 1x1 layers in turn: 1x1 layers feed depthwise ones, sums stand between some. */
const stack: fc.Arbitrary<Graph> = fc
  .record({
    seed: fc.integer({ min: 1, max: 1000 }),
    size: fc.tuple(fc.integer({ min: 5, max: 12 }), fc.integer({ min: 5, max: 12 })),
    stem: fc.constantFrom(4, 5, 8, 16),
    layers: fc.array(
      fc.record({
        channels: fc.constantFrom(3, 4, 8, 12, 16, 24, 33, 40),
        kernel: fc.constantFrom<Block['kernel'][]>(3, 3, 5, [3, 1]),
        stride: fc.constantFrom(1, 1, 2),
        multiplier: fc.constantFrom(1, 1, 1, 1, 2),
        activation: fc.constantFrom<Block['activation'][]>('relu6', 'relu', 'none'),
        sum: fc.boolean(),
      }),
      { minLength: 2, maxLength: 4 },
    ),
  })
  .map(({ seed, size, stem, layers }) => {
    const builder = graph(seed)
      .input([1, ...size, 3], { name: 'input' })
      .conv({ channels: stem, stride: 2, activation: 'relu6', name: 'stem' });
    let before = 'stem';
    let channels: number = stem;
    for (const [n, { kernel, stride, multiplier, activation, sum, ...each }] of layers.entries()) {
      builder.depthwise({ kernel, stride, multiplier, activation, name: `depthwise${n}` });
      builder.conv({ channels: each.channels, kernel: 1, activation, name: `point${n}` });
      const fits = sum && stride === 1 && each.channels === channels;
      if (fits) builder.add(before, { name: `add${n}` });
      before = fits ? `add${n}` : `point${n}`;
      channels = each.channels;
    }
    return builder.averagePool({ name: 'pool' }).dense({ units: 4, name: 'classifier' }).build();
  });

export const trainedStacks: fc.Arbitrary<TrainedNetwork> = trained(stack);

export function withGradients(
  { network, plan }: TrainedNetwork,
  gradients: TrainSettings['gradients'],
): TrainedNetwork {
  return { network, plan: { ...plan, train: { ...plan.train, gradients } } };
}
