/** Channel streaming of the backward pass of an inverted bottleneck (1x1, depthwise, 1x1): a group of expanded channels
 * at a time goes through all three layers, so the float32 gradients of the expanded tensors, the largest of all, exist
 * only for that group. A depthwise layer keeps channels apart, so nothing is computed twice, and every sum keeps its
 * order (numerics.md 3): results are those of the layers one by one, bit for bit. */
import type { Graph, Layer } from '../model/graph.ts';
import {
  accumulatorGradient,
  type BlockFloat,
  type ConvolutionMantissas,
  convolutionMantissas,
  depthwiseMantissas,
  inMantissas,
  isPointwise,
  mantissaBuffer,
  mantissasBelow,
  onlyProducer,
} from '../operators/block-float.ts';
import { emitConvInputGradient, emitConvWeightUpdate } from '../operators/conv.ts';
import { depthwiseGradientCalls } from '../operators/depthwise.ts';
import { emitPointwiseGradient } from '../operators/pointwise-gradient.ts';
import type { BackwardContext } from '../operators/rule.ts';
import {
  gradientTile,
  groupBegin,
  groupCount,
  maskScaleCall,
  mergeTile,
  type OutputGradient,
  type WeightedLayer,
  weightedConstants,
  weightedLayer,
  windowParameters,
} from '../operators/weighted.ts';
import { outputPositions } from '../operators/window.ts';
import type { BufferId } from '../program.ts';
import type { Differentiation } from '../training/differentiate.ts';
import { emitBiasUpdate, type Optimization } from '../training/optimizer.ts';
import type { TrainSettings } from '../training/plan.ts';
import { at, type ProgramBuilder } from './builder.ts';
import { type LoweredForwardPass, loweredBy } from './forward.ts';

export interface Bottleneck {
  /** The second 1x1 layer, whose output gradient comes in. */
  readonly project: Layer;
  readonly depthwise: Layer;
  /** The first 1x1 layer; absent where the depthwise input needs no gradient, or is no 1x1 layer's output. */
  readonly expand: Layer | undefined;
}

/** The bottleneck that begins with task `index` of the backward pass, if there is one that streams. */
export function bottleneckAt(
  graph: Graph,
  differentiation: Differentiation,
  index: number,
  gradients: TrainSettings['gradients'],
): Bottleneck | undefined {
  const [project, depthwise, expand] = differentiation.tasks.slice(index, index + 3);
  if (project === undefined || depthwise === undefined) return undefined;
  if (!isPointwise(graph, project) || !feedsOnly(graph, depthwise, project)) return undefined;
  if (depthwise.operator !== 'DEPTHWISE_CONV_2D') return undefined;
  // Else there would be float32 in between, whose unit takes a whole tensor.
  const handsOn = (layer: Layer, to: Layer) => gradients === 'float32' || mantissasBelow(graph, layer) === to;
  if (!handsOn(project, depthwise)) return undefined;
  const data = weightedLayer(graph, depthwise);
  const trained = (layer: Layer): boolean => (differentiation.trained.get(layer.name)?.channels.length ?? 0) > 0;
  // A depthwise weight gradient goes over all channels at once; such a block goes layer by layer.
  if (data.inputs !== data.outputs || trained(depthwise)) return undefined;
  if (!differentiation.wanted.has(depthwise.inputs[0] ?? -1)) return { project, depthwise, expand: undefined };
  if (expand === undefined || !isPointwise(graph, expand) || !feedsOnly(graph, expand, depthwise)) return undefined;
  if (!handsOn(depthwise, expand)) return undefined;
  return { project, depthwise, expand };
}

function feedsOnly(graph: Graph, producer: Layer, reader: Layer): boolean {
  return onlyProducer(graph, reader) === producer;
}

/** Larger groups save nothing. */
const largestGroupBytes = 12_288;
/** Masks are written by whole bytes. */
const smallestGroup = 8;

/** What is alive when the block's turn comes. */
export interface BlockSurroundings {
  /** Bytes of all that waits for this block and the layers below it, the gradient that comes in among them. */
  readonly besides: number;
  /** Bytes of the gradient that comes in. */
  readonly gradient: number;
  /** How those between the block's layers are held. */
  readonly gradients: TrainSettings['gradients'];
}

/**
 * Channels of a group: as many as fit below the peak of the forward pass, so that they cost nothing, else as few as
 * possible. Undefined where the layers one by one need no more memory than that.
 */
export function groupOf(
  graph: Graph,
  { project, depthwise, expand }: Bottleneck,
  forward: LoweredForwardPass,
  differentiation: Differentiation,
  { besides, gradient, gradients }: BlockSurroundings,
): number | undefined {
  const middle = weightedLayer(graph, depthwise);
  const below = expand === undefined ? undefined : weightedLayer(graph, expand);
  const elementBytes = gradients === 'int16' ? 2 : 4;
  const before = elementBytes * outputPositions(middle.window);
  const after = below === undefined ? 0 : elementBytes * outputPositions(below.window);
  const dx =
    below !== undefined && differentiation.wanted.has(expand?.inputs[0] ?? -1)
      ? 4 * below.inputs * outputPositions(below.window)
      : 0;
  const multipliers = gradients === 'int16' && expand !== undefined ? 4 : 0;
  const perChannel = before + after + multipliers + scratchPerChannel(graph, project, expand, forward);
  const room = Math.min(largestGroupBytes, forward.peakBytes - besides - dx);
  const fitting = Math.floor(room / perChannel);
  const group = Math.min(middle.outputs, Math.max(smallestGroup, fitting - (fitting % smallestGroup)));
  const [wholeBefore, wholeAfter] = [before * middle.outputs, after * middle.outputs];
  const oneByOne = Math.max(
    wholeBefore + scratchBytes(graph, project, forward),
    wholeBefore + wholeAfter - gradient,
    wholeAfter + dx - gradient + (expand === undefined ? 0 : scratchBytes(graph, expand, forward)),
  );
  return oneByOne <= dx + group * perChannel ? undefined : group;
}

/** What a layer by itself takes for tiles of merged weights or of weight gradients. */
function scratchBytes(graph: Graph, layer: Layer, { training }: LoweredForwardPass): number {
  const weights = training.get(layer.name)?.weights;
  if (weights === undefined) return 0;
  const { inputs, outputs } = weightedLayer(graph, layer);
  const trained = weights.channels.length;
  const merged = weights.all && weights.holding !== 'int16' ? 0 : mergeTile(inputs, outputs) * inputs;
  return Math.max(merged, gradientTile(trained, outputs) * 4 * trained);
}

function scratchPerChannel(
  graph: Graph,
  project: Layer,
  expand: Layer | undefined,
  { training }: LoweredForwardPass,
): number {
  const columns = training.get(project.name)?.weights === undefined ? 0 : weightedLayer(graph, project).outputs;
  const weights = expand === undefined ? undefined : training.get(expand.name)?.weights;
  if (expand === undefined || weights === undefined) return columns;
  return columns + 4 * weights.channels.length + (weights.all ? 0 : weightedLayer(graph, expand).inputs);
}

/** Emits the steps of all the block's layers. Returns the gradient of the first 1x1 layer's input, if wanted. */
export function emitBottleneck(
  builder: ProgramBuilder,
  graph: Graph,
  { project, depthwise, expand }: Bottleneck,
  group: number,
  gradient: BufferId,
  forward: LoweredForwardPass,
  differentiation: Differentiation,
  optimization: Optimization,
): BufferId | undefined {
  const lowered = loweredBy(forward);
  const contextOf = (layer: Layer) => ({ graph, layer, builder, optimization, lowered, ...lowered(layer) });
  const output = weightedLayer(graph, project);
  const middle = weightedLayer(graph, depthwise);
  // Float32: who hands on mantissas takes that.
  const whole = accumulatorGradient({ ...contextOf(project), gradient, block: undefined }, output);
  const toDepthwise = inMantissas(whole) ? depthwiseMantissas(contextOf(project), output, whole, depthwise) : undefined;
  const held = groupGradient(builder, depthwise, outputPositions(middle.window), group, toDepthwise?.block);
  const toExpand =
    expand !== undefined && inMantissas(held)
      ? convolutionMantissas(contextOf(depthwise), middle, held, expand)
      : undefined;
  const input = expand === undefined ? undefined : weightedLayer(graph, expand);
  const loop = Math.ceil(middle.outputs / group);
  /** Float32 gradients are masked and scaled where they are; mantissas come so. */
  const maskAndScale = (layer: Layer, data: WeightedLayer, gradient: OutputGradient): void => {
    if (inMantissas(gradient)) return;
    const calls = [maskScaleCall(builder, layer, data, lowered(layer).mask, gradient)];
    builder.step({ layer: layer.name, phase: 'backward', loop, calls });
  };
  let dx: BufferId | undefined;
  const carries = expand !== undefined && differentiation.wanted.has(expand.inputs[0] ?? -1);
  builder.fuse(depthwise.name, loop, () => {
    emitPointwiseGradient(contextOf(project), output, whole, held, toDepthwise);
    maskAndScale(depthwise, middle, held);
    emitBiasUpdate(contextOf(depthwise), middle, held);
    if (expand === undefined || input === undefined) return;
    const below = groupGradient(builder, expand, outputPositions(input.window), group, toExpand?.block);
    depthwiseGradient(contextOf(depthwise), middle, held, below, toExpand);
    maskAndScale(expand, input, below);
    const context = contextOf(expand);
    if (carries) dx = emitConvInputGradient(context, input, below);
    emitConvWeightUpdate(context, input, below);
    emitBiasUpdate(context, input, below);
  });
  emitConvWeightUpdate(contextOf(project), output, whole);
  emitBiasUpdate(contextOf(project), output, whole);
  return dx;
}

function groupGradient(
  builder: ProgramBuilder,
  layer: Layer,
  positions: number,
  group: number,
  block: BlockFloat | undefined,
): OutputGradient {
  const count = positions * group;
  if (block !== undefined) {
    const buffer = mantissaBuffer(builder, layer, count, group);
    return { buffer, stride: group, group, block };
  }
  const reason = `gradient of ${group} output channels of ${layer.name} at a time`;
  const buffer = builder.arena(`${layer.name}_group_gradient`, layer.name, 'gradient', 'float32', count, reason);
  return { buffer, stride: group, group };
}

function depthwiseGradient(
  context: Pick<BackwardContext, 'builder' | 'layer'>,
  data: WeightedLayer,
  held: OutputGradient,
  below: OutputGradient,
  mantissas: ConvolutionMantissas | undefined,
): void {
  const { builder, layer } = context;
  const { group } = held;
  const count = groupCount(data.outputs, group);
  builder.step({
    layer: layer.name,
    phase: 'backward',
    loop: Math.ceil(data.outputs / held.stride),
    macs: outputPositions(data.window) * data.outputs * data.taps,
    calls: depthwiseGradientCalls(context, held, below, mantissas, {
      window: at(windowParameters(builder, layer, data.window)),
      weights: at(weightedConstants(builder, layer, data).weights, groupBegin(group)),
      channel_begin: 0,
      channel_end: count,
      count,
      most: held.stride,
      first: groupBegin(group),
      held: 0,
      outputs: 1,
    }),
  });
}
