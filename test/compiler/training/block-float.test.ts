/** Whole programs whose plans hold gradients in int16. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../compiler/model/graph.ts';
import { mantissaBits } from '../../../compiler/operators/block-float.ts';
import { type WeightedLayer, weightedLayer } from '../../../compiler/operators/weighted.ts';
import type { Program } from '../../../compiler/program.ts';
import type { TrainSettings } from '../../../compiler/training/plan.ts';
import { at } from '../../reference/values.ts';
import { cosineOf, gradientSums } from '../../support/gradient-sums.ts';
import { graph } from '../../support/graph-builder.ts';
import {
  planFor,
  type TrainedNetwork,
  trainedNetworks,
  trainedStacks,
  withGradients,
} from '../../support/random-network.ts';
import { programOf, trainRandomly, withoutStreaming } from '../../support/training-run.ts';

const numRuns = process.env.FIRMTUNE_SLOW === '1' ? 1000 : 60;
const timeout = 600_000;

const kinds = [
  { name: 'bottlenecks', networks: trainedNetworks, groups: 10, ratio: 0.95, most: 1.1 },
  // They do not stream by channels: between their blocks there is float32.
  { name: 'stacks of depthwise and 1x1 layers', networks: trainedStacks, groups: 0, ratio: 1.05, most: 2.5 },
] as const;

/** Two batches of two. */
const steps = 4;

const callsOf = ({ steps: all }: Program): readonly string[] =>
  all.flatMap(({ calls }) => calls.map(({ kernel }) => kernel));

function groupLoops({ steps: all }: Program): number {
  const isFused = (layers: ReadonlySet<string | undefined>) => layers.size > 1;
  return all.filter(
    ({ phase, loop, calls }) => phase === 'backward' && loop > 1 && isFused(new Set(calls.map(({ layer }) => layer))),
  ).length;
}

describe.each(kinds)('gradients in int16 through $name', ({ networks, groups: fewest, ratio, most }) => {
  it('are the same streamed and in whole layers, in shared memory and apart', { timeout }, async () => {
    let groups = 0;
    const kernels = new Map<string, number>();
    const property = fc.asyncProperty(networks, async (drawn) => {
      const { network, plan } = withGradients(drawn, 'int16');
      const streamed = programOf(network, plan);
      const unstreamed = programOf(network, withoutStreaming(plan));
      const run = await trainRandomly(streamed, steps);
      expect(await trainRandomly(unstreamed, steps)).toEqual(run);
      expect(await trainRandomly(streamed, steps, { poisoned: true })).toEqual(run);
      expect(await trainRandomly(unstreamed, steps, { poisoned: true })).toEqual(run);
      groups += groupLoops(streamed);
      for (const kernel of callsOf(streamed)) kernels.set(kernel, (kernels.get(kernel) ?? 0) + 1);
    });
    await fc.assert(property, { seed: 6, numRuns });
    // Else nothing was tested.
    expect(groups).toBeGreaterThanOrEqual(fewest);
    for (const kernel of [
      'ft_quantise_gradient_s16',
      'ft_conv_input_gradient_s16',
      'ft_pointwise_input_gradient_s16',
      'ft_depthwise_input_gradient_s16',
      'ft_conv_weight_gradient_s16',
      'ft_depthwise_weight_gradient_s16',
      'ft_bias_gradient_s16',
    ])
      expect(kernels.get(kernel) ?? 0, kernel).toBeGreaterThan(5);
  });

  it('need less memory than those in float32', { timeout }, () => {
    const ratios: number[] = [];
    const property = fc.property(networks, (drawn) => {
      const float32 = programOf(drawn.network, withGradients(drawn, 'float32').plan);
      const int16 = programOf(drawn.network, withGradients(drawn, 'int16').plan);
      ratios.push(int16.arenaBytes / float32.arenaBytes);
      // In small arenas a table of multipliers may weigh more than a gradient, or a block that has to go layer by layer.
      expect(int16.arenaBytes).toBeLessThanOrEqual(most * float32.arenaBytes + 1536);
    });
    fc.assert(property, { seed: 7, numRuns });
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeLessThan(ratio);
  });
});

/** Cosines of every parameter's gradient with that in float32, of those that are not 0. */
async function cosinesOf(drawn: TrainedNetwork): Promise<readonly number[]> {
  const sumsOf = (gradients: TrainSettings['gradients']) => {
    const { network, plan } = withGradients(drawn, gradients);
    return gradientSums((changed) => programOf(network, changed), plan);
  };
  const [wanted, got] = [await sumsOf('float32'), await sumsOf('int16')];
  return [...wanted].flatMap(([name, values]) => {
    const cosine = cosineOf(values, got.get(name) ?? new Float32Array(values.length));
    return cosine === undefined ? [] : [cosine];
  });
}

describe('gradients in int16', () => {
  it('are those in float32, nearly', { timeout }, async () => {
    const cosines: number[] = [];
    const networks = fc.oneof(trainedNetworks, trainedStacks);
    const property = fc.asyncProperty(networks, async (drawn) => {
      cosines.push(...(await cosinesOf(drawn)));
    });
    await fc.assert(property, { seed: 4, numRuns });
    expect(cosines.length).toBeGreaterThan(numRuns);
    expect(cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length).toBeGreaterThan(0.999);
    // Where channels with the smallest scales carry the gradient, they have few bits.
    expect(cosines.reduce((low, cosine) => Math.min(low, cosine), 1)).toBeGreaterThan(0.95);
  });

  it('are the same streamed and in whole layers, and those in float32, below a window of 23 x 23', {
    timeout,
  }, async () => {
    const { network, plan } = withGradients(wideWindow(), 'int16');
    const whole = await trainRandomly(programOf(network, withoutStreaming(plan)), steps);
    expect(await trainRandomly(programOf(network, plan), steps)).toEqual(whole);
    for (const cosine of await cosinesOf(wideWindow())) expect(cosine).toBeGreaterThan(0.999);
  });

  // Every step without float32 costs some of the sixteen bits.
  it('are those in float32, nearly, through depthwise and 1x1 layers in turn', { timeout }, async () => {
    for (const cosine of await cosinesOf(depthwiseAndPointwise(6, 32))) expect(cosine).toBeGreaterThan(0.9999);
  });
});

/** Of more taps than 16 bits of a mantissa allow. */
function wideWindow(): TrainedNetwork {
  const network = graph(1)
    .input([1, 16, 16, 3])
    .conv({ channels: 4, kernel: 1, activation: 'relu6', name: 'stem' })
    .conv({ channels: 24, kernel: 1, activation: 'relu6', name: 'expand' })
    .depthwise({ kernel: 23, activation: 'relu6', name: 'depthwise' })
    .conv({ channels: 4, kernel: 1, name: 'project' })
    .averagePool()
    .dense({ units: 4, name: 'classifier' })
    .build();
  const bias = { bias: true, weights: { kind: 'none' } } as const;
  return { network, plan: planFor(new Map(['stem', 'expand'].map((name) => [name, bias]))) };
}

/** As MobileNetV1: every bias trains. */
function depthwiseAndPointwise(count: number, channels: number): TrainedNetwork {
  const builder = graph(5).input([1, 16, 16, 3]).conv({ channels, stride: 2, activation: 'relu6', name: 'stem' });
  for (let n = 0; n < count; n++) {
    builder.depthwise({ activation: 'relu6', name: `depthwise${n}` });
    builder.conv({ channels, kernel: 1, activation: 'relu6', name: `point${n}` });
  }
  const network = builder.averagePool().dense({ units: 4, name: 'classifier' }).build();
  const names = network.layers.filter(({ operator }) => operator !== 'AVERAGE_POOL_2D').map(({ name }) => name);
  return { network, plan: planFor(new Map(names.map((name) => [name, { bias: true, weights: { kind: 'none' } }]))) };
}

/** The same layer with other weights. */
function withWeights(data: WeightedLayer, code: (index: number) => number): WeightedLayer {
  return { ...data, weights: data.weights.map((_, index) => code(index)) };
}

/** The largest magnitude that a sum of an input gradient can have, of mantissas of so many bits. */
function furthestSum(data: WeightedLayer, bits: number): number {
  const { weights, inputs, outputs, depthwise } = data;
  const reach = new Float64Array(inputs);
  weights.forEach((code, index) => {
    const input = depthwise ? Math.floor((index % outputs) / (outputs / inputs)) : index % inputs;
    reach[input] = at(reach, input) + Math.abs(code);
  });
  // -2^(bits - 1) is a mantissa too.
  return Math.max(...reach) * 2 ** (bits - 1);
}

describe('the bits of mantissas', () => {
  const layerOf = (network: Graph) => weightedLayer(network, nth(network.layers, 0));
  const nth = <T>(values: readonly T[], index: number): T => {
    const value = values[index];
    if (value === undefined) throw new Error(`no layer ${index}`);
    return value;
  };
  const layers = fc.oneof(
    fc
      .record({ channels: fc.integer({ min: 1, max: 2000 }), inputs: fc.constantFrom(1, 2, 3) })
      .map(({ channels, inputs }) => layerOf(graph().input([1, 1, 1, inputs]).conv({ channels, kernel: 1 }).build())),
    fc
      .record({ channels: fc.integer({ min: 1, max: 200 }), kernel: fc.constantFrom(3, 5) })
      .map(({ channels, kernel }) => layerOf(graph().input([1, 1, 1, 2]).conv({ channels, kernel }).build())),
    fc
      .record({ units: fc.integer({ min: 1, max: 2000 }) })
      .map(({ units }) => layerOf(graph().input([1, 3]).dense({ units }).build())),
    fc
      .record({ multiplier: fc.integer({ min: 1, max: 8 }), kernel: fc.constantFrom(1, 3, 9, 31) })
      .map(({ multiplier, kernel }) => layerOf(graph().input([1, 1, 1, 2]).depthwise({ multiplier, kernel }).build())),
  );
  const most = 2 ** 31;

  it('are so many that no sum leaves int32, and no fewer', () => {
    fc.assert(
      fc.property(layers, fc.constantFrom('as drawn', 'all 127', 'none'), fc.boolean(), (drawn, kind, trains) => {
        const data = kind === 'as drawn' ? drawn : withWeights(drawn, () => (kind === 'none' ? 0 : 127));
        const bits = mantissaBits(data, trains);
        // What trains may become 127 everywhere.
        const worst = trains ? withWeights(data, (index) => (index % 2 === 0 ? 127 : -127)) : data;
        expect(furthestSum(worst, bits)).toBeLessThan(most);
        if (bits < 16) expect(furthestSum(worst, bits + 1) + 2 ** bits).toBeGreaterThan(most);
        expect(bits).toBeLessThanOrEqual(16);
      }),
      { numRuns: 150 },
    );
  });

  it('are 16 up to 500 outputs of 127', () => {
    const bitsOf = (channels: number) =>
      mantissaBits(layerOf(graph().input([1, 1, 1, 1]).conv({ channels, kernel: 1 }).build()), true);
    expect([500, 516, 517, 1032, 1033, 2000].map(bitsOf)).toEqual([16, 16, 15, 15, 14, 14]);
  });
});
