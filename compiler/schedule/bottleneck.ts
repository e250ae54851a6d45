/** Channel streaming of the backward pass of an inverted bottleneck (1x1, depthwise, 1x1): a group of expanded channels
 * at a time goes through all three layers, so the float32 gradients of the expanded tensors, the largest of all, exist
 * only for that group. A depthwise layer keeps channels apart, so nothing is computed twice, and every sum keeps its
 * order (numerics.md 3): results are those of the layers one by one, bit for bit. */
import type { Graph, Layer } from '../model/graph.ts';
import { perObject } from '../model/memo.ts';
import { emitConvInputGradient, emitConvWeightUpdate } from '../operators/conv.ts';
import type { BackwardContext } from '../operators/rule.ts';
import {
  gradientTile,
  groupBegin,
  groupCount,
  groupEnd,
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
import { at, atOrNull, call, int, type ProgramBuilder } from './builder.ts';
import type { LoweredForwardPass } from './forward.ts';

export interface Bottleneck {
  /** The second 1x1 layer, whose output gradient comes in. */
  readonly project: Layer;
  readonly depthwise: Layer;
  /** The first 1x1 layer; absent where the depthwise input needs no gradient, or is no 1x1 layer's output. */
  readonly expand: Layer | undefined;
}

/** The bottleneck that begins with task `index` of the backward pass, if there is one that streams. */
export function bottleneckAt(graph: Graph, differentiation: Differentiation, index: number): Bottleneck | undefined {
  const [project, depthwise, expand] = differentiation.tasks.slice(index, index + 3);
  if (project === undefined || depthwise === undefined) return undefined;
  if (!isPointwise(graph, project) || !feedsOnly(graph, depthwise, project)) return undefined;
  if (depthwise.operator !== 'DEPTHWISE_CONV_2D') return undefined;
  const data = weightedLayer(graph, depthwise);
  const trained = (layer: Layer): boolean => (differentiation.trained.get(layer.name)?.channels.length ?? 0) > 0;
  // A depthwise weight gradient goes over all channels at once; such a block goes layer by layer.
  if (data.inputs !== data.outputs || trained(depthwise)) return undefined;
  if (!differentiation.wanted.has(depthwise.inputs[0] ?? -1)) return { project, depthwise, expand: undefined };
  if (expand === undefined || !isPointwise(graph, expand) || !feedsOnly(graph, expand, depthwise)) return undefined;
  return { project, depthwise, expand };
}

function isPointwise(graph: Graph, layer: Layer): boolean {
  if (layer.operator !== 'CONV_2D') return false;
  const { window, taps } = weightedLayer(graph, layer);
  return taps === 1 && window.stride_y === 1 && window.stride_x === 1 && window.pad_top === 0 && window.pad_left === 0;
}

function feedsOnly(graph: Graph, producer: Layer, reader: Layer): boolean {
  const [tensor = -1] = producer.outputs;
  return reader.inputs[0] === tensor && readerCounts(graph).get(tensor) === 1 && !graph.outputs.includes(tensor);
}

/** How many layers read each tensor. */
const readerCounts = perObject((graph: Graph): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>();
  for (const { inputs } of graph.layers) {
    for (const id of new Set(inputs)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
});

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
  { besides, gradient }: BlockSurroundings,
): number | undefined {
  const middle = weightedLayer(graph, depthwise);
  const below = expand === undefined ? undefined : weightedLayer(graph, expand);
  const before = 4 * outputPositions(middle.window);
  const after = below === undefined ? 0 : 4 * outputPositions(below.window);
  const dx =
    below !== undefined && differentiation.wanted.has(expand?.inputs[0] ?? -1)
      ? 4 * below.inputs * outputPositions(below.window)
      : 0;
  const perChannel = before + after + scratchPerChannel(graph, project, expand, forward);
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
  block: Bottleneck,
  group: number,
  gradient: BufferId,
  forward: LoweredForwardPass,
  differentiation: Differentiation,
  optimization: Optimization,
): BufferId | undefined {
  const { project, depthwise, expand } = block;
  const contextOf = (layer: Layer) => ({ layer, builder, optimization, training: forward.training.get(layer.name) });
  const output = weightedLayer(graph, project);
  const middle = weightedLayer(graph, depthwise);
  const whole: OutputGradient = { buffer: gradient, stride: output.outputs };
  builder.step({
    layer: project.name,
    phase: 'backward',
    calls: [maskScaleCall(builder, project, output, forward.masks.get(project.name), whole)],
  });
  const input = expand === undefined ? undefined : weightedLayer(graph, expand);
  const loop = Math.ceil(middle.outputs / group);
  let dx: BufferId | undefined;
  builder.fuse(depthwise.name, loop, () => {
    const held = groupGradient(builder, depthwise, outputPositions(middle.window), group);
    projectGradient(contextOf(project), output, gradient, held);
    builder.step({
      layer: depthwise.name,
      phase: 'backward',
      loop,
      calls: [maskScaleCall(builder, depthwise, middle, forward.masks.get(depthwise.name), held)],
    });
    emitBiasUpdate(contextOf(depthwise), middle, held);
    if (expand === undefined || input === undefined) return;
    const below = groupGradient(builder, expand, outputPositions(input.window), group);
    depthwiseGradient(builder, depthwise, middle, held, below);
    builder.step({
      layer: expand.name,
      phase: 'backward',
      loop,
      calls: [maskScaleCall(builder, expand, input, forward.masks.get(expand.name), below)],
    });
    const context = contextOf(expand);
    if (differentiation.wanted.has(expand.inputs[0] ?? -1)) dx = emitConvInputGradient(context, input, below);
    emitConvWeightUpdate(context, input, below);
    emitBiasUpdate(context, input, below);
  });
  emitConvWeightUpdate(contextOf(project), output, whole);
  emitBiasUpdate(contextOf(project), output, whole);
  return dx;
}

function groupGradient(builder: ProgramBuilder, layer: Layer, positions: number, group: number): OutputGradient {
  const name = `${layer.name}_group_gradient`;
  return {
    buffer: builder.arena(
      name,
      layer.name,
      'gradient',
      'float32',
      positions * group,
      `gradient of ${group} output channels of ${layer.name} at a time`,
    ),
    stride: group,
    group,
  };
}

/** Gradient of a group of the projection's input channels: the columns of its weights. */
function projectGradient(
  context: Pick<BackwardContext, 'builder' | 'layer' | 'training'>,
  data: WeightedLayer,
  gradient: BufferId,
  held: OutputGradient,
): void {
  const { builder, layer, training } = context;
  const constants = weightedConstants(builder, layer, data);
  const trained = training?.weights;
  const begin = int(groupBegin(held.group));
  const end = int(groupEnd(data.inputs, held.group));
  const merged =
    trained === undefined || (trained.all && trained.holding !== 'int16')
      ? undefined
      : builder.arena(
          `${layer.name}_merged`,
          layer.name,
          'scratch',
          'int8',
          data.outputs * held.stride,
          `weights of ${layer.name}, trained ones among the frozen, ${held.stride} columns at a time`,
        );
  const merge =
    trained === undefined || merged === undefined
      ? []
      : [
          call(trained.holding === 'int16' ? 'ft_merge_columns_s16' : 'ft_merge_columns_s8', {
            frozen: at(constants.weights),
            trained: at(trained.buffer),
            table: atOrNull(trained.table),
            columns: at(merged),
            rows: int(data.outputs),
            channels: int(data.inputs),
            trained_channels: int(trained.channels.length),
            stride: int(held.stride),
            channel_begin: begin,
            channel_end: end,
          }),
        ];
  const window = windowParameters(
    builder,
    layer,
    data.window,
    merged === undefined ? {} : { in_channels: held.stride },
  );
  builder.step({
    layer: layer.name,
    phase: 'backward',
    loop: Math.ceil(data.inputs / held.stride),
    macs: outputPositions(data.window) * data.outputs * data.inputs,
    calls: [
      ...merge,
      call('ft_pointwise_input_gradient_f32', {
        window: at(window),
        gradient: at(gradient),
        weights: at(merged ?? trained?.buffer ?? constants.weights),
        dx: at(held.buffer),
        dx_stride: int(held.stride),
        channel_begin: merged === undefined ? begin : int(0),
        channel_end: merged === undefined ? end : int(groupCount(data.inputs, held.group)),
      }),
    ],
  });
}

function depthwiseGradient(
  builder: ProgramBuilder,
  layer: Layer,
  data: WeightedLayer,
  held: OutputGradient,
  below: OutputGradient,
): void {
  const { group } = held;
  builder.step({
    layer: layer.name,
    phase: 'backward',
    loop: Math.ceil(data.outputs / held.stride),
    macs: outputPositions(data.window) * data.outputs * data.taps,
    calls: [
      call('ft_depthwise_input_gradient_f32', {
        window: at(windowParameters(builder, layer, data.window)),
        gradient: at(held.buffer),
        weights: at(weightedConstants(builder, layer, data).weights, groupBegin(group)),
        dx: at(below.buffer),
        stride: int(held.stride),
        dx_stride: int(below.stride),
        channel_begin: int(0),
        channel_end: int(groupCount(data.outputs, group)),
      }),
    ],
  });
}
