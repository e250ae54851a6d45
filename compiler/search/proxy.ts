/**
 * Cheap first guesses of contributions, from the gradients of one pass over a few samples, with a head that was trained:
 * no weight below the head changes. In real units, over the channels that a share would train:
 * - `fisher`: mean over samples of the squared norm of the gradient, the diagonal of the empirical Fisher information summed;
 * - `gradientNorm`: squared norm of the mean gradient, the first order of what a small step takes off the loss.
 */
import { compile } from '../compile.ts';
import type { WeightedLayer } from '../operators/weighted.ts';
import { Machine } from '../simulate/machine.ts';
import { type CancelSignal, slices } from '../simulate/slices.ts';
import { chooseChannels, deadChannels } from '../training/channels.ts';
import type { LayerUpdate, TrainingPlan } from '../training/plan.ts';
import { type ContributionJob, type MeasuringContext, train } from './contribution.ts';
import { weightedByName } from './priors.ts';

export interface Proxy {
  readonly fisher: number;
  readonly gradientNorm: number;
}

/** Of weights, by layer name and the share's denominator. */
export type Proxies = ReadonlyMap<string, Proxy>;

export const proxyKey = (layer: string, denominator: number): string => `${layer} ${denominator}`;

/** Samples of the pass. */
const proxySamples = 64;

/** For the weights jobs of a list. Undefined where cancelled. */
export async function proxiesOf(
  context: MeasuringContext,
  jobs: readonly ContributionJob[],
  signal?: CancelSignal,
): Promise<Proxies | undefined> {
  const weights = jobs.filter((job) => job.kind === 'weights');
  const trained = await train(context, { kind: 'head' }, 1, signal);
  if (trained === undefined) return undefined;
  const { graph, plan, data } = context;
  const layers = weightedByName(graph);
  const everything: LayerUpdate = {
    bias: false,
    weights: { kind: 'fraction', numerator: 1, denominator: 1, first: false },
  };
  const gradients: TrainingPlan = {
    ...plan,
    // A batch that never is complete: gradients are added up, nothing is updated.
    train: { ...plan.train, batch: proxySamples + 1, optimizer: { kind: 'sgd', momentum: 0 }, weights: 'int8' },
    update: new Map(weights.map(({ layer }) => [layer, everything])),
  };
  const compiled = compile(graph, gradients);
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
  const machine = await Machine.create(compiled.value.program);
  copyTrained(trained.machine, machine);
  const wanted = new Set(weights.map(({ layer }) => layer));
  const sums = new Map(
    machine.program.buffers
      .filter(({ role, home }) => role === 'optimizer' && home === 'sram')
      .map(({ id, layer }) => [layer, id]),
  );
  const perChannel = new Map(
    [...layers].filter(([name]) => wanted.has(name) && sums.has(name)).map(([name, layer]) => [name, emptySums(layer)]),
  );
  const pause = slices(signal);
  for (const sample of data.train.slice(0, proxySamples)) {
    machine.trainStep(sample.input, sample.label);
    for (const [name, sum] of perChannel) {
      const bytes = machine.bytes(sums.get(name) ?? -1);
      const layer = layers.get(name);
      if (layer !== undefined)
        addSample(layer, new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4), sum);
      bytes.fill(0);
    }
    if (pause.due() && (await pause.take())) return undefined;
  }
  return new Map(
    weights.flatMap(({ layer: name, denominator }) => {
      const [layer, sum] = [layers.get(name), perChannel.get(name)];
      if (layer === undefined || sum === undefined) return [];
      const channels = chooseChannels(layer, { kind: 'fraction', numerator: 1, denominator, first: false });
      return [[proxyKey(name, denominator), proxyOf(layer, sum, channels, Math.min(proxySamples, data.train.length))]];
    }),
  );
}

interface GradientSums {
  /** Sum of squares of each input channel (depthwise: own channel). */
  readonly squares: Float64Array;
  /** Sum of the gradients of each weight. */
  readonly gradients: Float64Array;
}

function emptySums({ weights, inputs, outputs, depthwise }: WeightedLayer): GradientSums {
  return {
    squares: new Float64Array(depthwise ? outputs : inputs),
    gradients: new Float64Array(weights.length),
  };
}

/** [outputs][taps][inputs]; depthwise [taps][outputs]: the last index is the channel, and the scale's is known. */
function scaleAt({ weightScales, depthwise, taps, inputs }: WeightedLayer, index: number, channel: number): number {
  return weightScales[depthwise ? channel : Math.floor(index / (taps * inputs))] ?? 1;
}

/** A gradient by the code is the real weight's times its scale. */
function addSample(layer: WeightedLayer, gradient: Float32Array, { squares, gradients }: GradientSums): void {
  const dead = deadChannels(layer.weightScales);
  const channels = squares.length;
  for (let index = 0; index < gradient.length; index++) {
    const channel = index % channels;
    const output = layer.depthwise ? channel : Math.floor(index / (layer.taps * layer.inputs));
    if (dead[output] === true) continue;
    const real = (gradient[index] ?? 0) / scaleAt(layer, index, channel);
    squares[channel] = (squares[channel] ?? 0) + real * real;
    gradients[index] = (gradients[index] ?? 0) + real;
  }
}

function proxyOf(
  layer: WeightedLayer,
  { squares, gradients }: GradientSums,
  channels: readonly number[],
  samples: number,
): Proxy {
  const count = squares.length;
  const wanted = new Set(channels);
  let norm = 0;
  for (let index = 0; index < layer.weights.length; index++) {
    if (wanted.has(index % count)) norm += ((gradients[index] ?? 0) / samples) ** 2;
  }
  return { fisher: channels.reduce((sum, channel) => sum + (squares[channel] ?? 0), 0) / samples, gradientNorm: norm };
}

/** What both programs hold of the same name. */
function copyTrained(from: Machine, to: Machine): void {
  const named = new Map(
    from.program.buffers
      .filter(({ role, home }) => role === 'trained' && home === 'sram')
      .map((each) => [each.name, each.id]),
  );
  for (const { id, name, role, home } of to.program.buffers) {
    const source = named.get(name);
    if (role === 'trained' && home === 'sram' && source !== undefined) to.bytes(id).set(from.bytes(source));
  }
}
