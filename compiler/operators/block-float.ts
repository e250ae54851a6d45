/**
 * Gradients as block floating point (`gradients int16`): int16 mantissas, one float32 unit for a tensor, and where
 * channels keep apart a factor for each. What a layer's own mask and scale make of its output's gradient is held in this
 * way; sums are int32, so they are exact and no order of work changes them.
 *
 * Between a 1x1 layer and the depthwise layer below it, and between that and the convolution below, the gradient never is
 * float32: the kernel that sums it writes the mantissas of the layer below. How far a sum can reach is known at compile
 * time, from the sums of magnitudes of the weights, so that nothing needs a second pass; elsewhere the largest value of
 * the tensor decides the unit when the step runs.
 */
import type { Graph, Layer } from '../model/graph.ts';
import { perObject } from '../model/memo.ts';
import type { BufferId } from '../program.ts';
import { at, atOrNull, call, float, int, type ProgramBuilder } from '../schedule/builder.ts';
import type { BackwardContext } from './rule.ts';
import {
  gradientScale,
  isWeighted,
  maskScaleCall,
  type OutputGradient,
  type WeightedLayer,
  weightedLayer,
} from './weighted.ts';
import { inputElements, outputPositions } from './window.ts';

/** What the mantissas of a gradient mean: mantissa * unit * scale[channel]. */
export interface BlockFloat {
  /** float32 [1]. */
  readonly unit: BufferId;
  /** float32 [channels] in flash, and their values; absent: all 1. */
  readonly scale?: { readonly buffer: BufferId; readonly values: Float32Array };
}

/** A 1x1 convolution whose every position stands alone. */
export function isPointwise(graph: Graph, layer: Layer): boolean {
  if (layer.operator !== 'CONV_2D') return false;
  const { window, taps } = weightedLayer(graph, layer);
  return taps === 1 && window.stride_y === 1 && window.stride_x === 1 && window.pad_top === 0 && window.pad_left === 0;
}

/** The layer that makes the first input, where this layer alone reads that. */
export function onlyProducer(graph: Graph, layer: Layer): Layer | undefined {
  const [tensor = -1] = layer.inputs;
  const { producers, readers } = linksOf(graph);
  return readers.get(tensor) === 1 && !graph.outputs.includes(tensor) ? producers.get(tensor) : undefined;
}

const linksOf = perObject((graph: Graph) => {
  const readers = new Map<number, number>();
  const producers = new Map<number, Layer>();
  for (const layer of graph.layers) {
    for (const id of new Set(layer.inputs)) readers.set(id, (readers.get(id) ?? 0) + 1);
    for (const id of layer.outputs) producers.set(id, layer);
  }
  return { readers, producers };
});

/** The layer below for which this layer's input gradient can write mantissas. */
export function mantissasBelow(graph: Graph, layer: Layer): Layer | undefined {
  const producer = onlyProducer(graph, layer);
  if (producer === undefined || !isWeighted(graph, producer)) return undefined;
  if (layer.operator === 'DEPTHWISE_CONV_2D') return producer.operator === 'CONV_2D' ? producer : undefined;
  if (!isPointwise(graph, layer) || producer.operator !== 'DEPTHWISE_CONV_2D') return undefined;
  const data = weightedLayer(graph, producer);
  return data.inputs === data.outputs && mantissaBits(data, true) === 16 ? producer : undefined;
}

/** The largest mantissa of 16 bits. */
const most = 2 ** 15;
/** Multipliers are below 2^31. */
const least = 2.001;

/** For each input channel, the sum of the magnitudes of all weights that multiply it. */
const reachOf = perObject((data: WeightedLayer): Float64Array => {
  const reach = new Float64Array(data.inputs);
  const perInput = data.depthwise ? data.outputs / data.inputs : 1;
  const channels = data.depthwise ? data.outputs : data.inputs;
  data.weights.forEach((code, index) => {
    const channel = Math.floor((index % channels) / perInput);
    reach[channel] = (reach[channel] ?? 0) + Math.abs(code);
  });
  return reach;
});

/** Weights of -127 to 127 wherever a sum of the input gradient has one. */
function furthest(data: WeightedLayer): number {
  return 127 * data.taps * (data.depthwise ? data.outputs / data.inputs : data.outputs);
}

/** How far sums of unit mantissas reach, by input channel. Weights that train may double before a mantissa saturates. */
function rangeOf(data: WeightedLayer, trains: boolean): Float64Array {
  const limit = furthest(data);
  return reachOf(data).map((reach) => Math.max(least, trains ? Math.min(2 * reach, limit) : reach));
}

/** Bits of the mantissas at a layer's accumulator such that no sum of its input gradient leaves int32. */
export function mantissaBits(data: WeightedLayer, trains: boolean): number {
  const reach = trains ? furthest(data) : reachOf(data).reduce((high, value) => Math.max(high, value), 1);
  return Math.min(16, Math.floor(Math.log2(2 ** 31 / (reach + 1))) + 1);
}

type Context = Pick<BackwardContext, 'layer' | 'builder' | 'training'>;

function trainsWeights({ training }: Pick<BackwardContext, 'training'>): boolean {
  return training?.weights !== undefined;
}

/** The gradient at a layer's accumulator, in the way that the plan asks for: the mask and the scale are in it. */
export function accumulatorGradient(
  context: Context & Pick<BackwardContext, 'gradient' | 'block' | 'mask' | 'optimization'>,
  data: WeightedLayer,
): OutputGradient {
  const { builder, layer, gradient, block, mask, optimization } = context;
  if (block !== undefined) return { buffer: gradient, stride: data.outputs, block };
  if (optimization.settings.gradients === 'int16') return quantiseGradient(context, data, gradient, mask);
  const whole: OutputGradient = { buffer: gradient, stride: data.outputs };
  builder.step({
    layer: layer.name,
    phase: 'backward',
    calls: [maskScaleCall(builder, layer, data, mask, whole)],
  });
  return whole;
}

/** int16 gradient at the layer's accumulator, from the float32 one at its output, whose memory it may take over. */
function quantiseGradient(
  context: Context,
  data: WeightedLayer,
  gradient: BufferId,
  mask: BufferId | undefined,
): OutputGradient {
  const { builder, layer } = context;
  const positions = outputPositions(data.window);
  const buffer = mantissaBuffer(builder, layer, positions * data.outputs);
  const unit = unitBuffer(builder, layer);
  builder.step({
    layer: layer.name,
    phase: 'backward',
    calls: [
      call('ft_quantise_gradient_s16', {
        gradient: at(gradient),
        mask: atOrNull(mask),
        scale: at(gradientScale(builder, layer, data)),
        mantissa: at(buffer),
        unit: at(unit),
        positions: int(positions),
        channels: int(data.outputs),
        bits: int(mantissaBits(data, trainsWeights(context))),
      }),
    ],
    overlaps: [{ below: buffer, above: gradient, distance: 0 }],
  });
  return { buffer, stride: data.outputs, block: { unit } };
}

function unitBuffer(builder: ProgramBuilder, layer: Layer): BufferId {
  return builder.arena(
    `${layer.name}_unit`,
    layer.name,
    'scratch',
    'float32',
    1,
    `unit of a gradient of ${layer.name}`,
  );
}

/** int16 gradient at a layer's accumulator: all of it, or one group of channels at a time. */
export function mantissaBuffer(builder: ProgramBuilder, layer: Layer, count: number, group?: number): BufferId {
  const reason =
    group === undefined
      ? `gradient of the output of ${layer.name}`
      : `gradient of ${group} output channels of ${layer.name} at a time`;
  return builder.arena(`${layer.name}_mantissas`, layer.name, 'gradient', 'int16', count, reason);
}

/** Where the mantissas of a layer below come from. */
export interface Mantissas {
  readonly step: MantissaStep;
  readonly mask: BufferId | undefined;
}

/** What turns the sums of a layer's input gradient into the mantissas of the layer below. */
export interface MantissaStep {
  /** int32 [input channels] in flash, in 2^-32. */
  readonly multiplier: BufferId;
  readonly block: BlockFloat;
}

/** From a 1x1 layer to the depthwise layer below it: every channel with a range of its own. */
export function stepToDepthwise(
  context: Context,
  data: WeightedLayer,
  unit: BufferId,
  below: Layer,
  belowData: WeightedLayer,
): MantissaStep {
  const { builder, layer } = context;
  const { multipliers, scales } = depthwiseRanges(data, trainsWeights(context), belowData);
  return {
    multiplier: builder.constant(`${layer.name}_gradient_multiplier`, layer.name, multipliers),
    block: {
      unit,
      scale: { buffer: builder.constant(`${below.name}_channel_unit`, below.name, scales), values: scales },
    },
  };
}

interface DepthwiseRanges {
  readonly multipliers: Int32Array;
  /** What a mantissa of 1 means at the depthwise layer's accumulator, in the units of the 1x1 layer. */
  readonly scales: Float32Array;
}

function depthwiseRanges(data: WeightedLayer, trains: boolean, below: WeightedLayer): DepthwiseRanges {
  const room = most / 2 ** (mantissaBits(data, trains) - 1);
  const multipliers = Int32Array.from(rangeOf(data, trains), (range) =>
    Math.round((2 ** 32 * Math.min(room, range / least)) / range),
  );
  return {
    multipliers,
    scales: Float32Array.from(
      multipliers,
      (multiplier, channel) => ((below.gradientScales[channel] ?? 0) * 2 ** 32) / multiplier,
    ),
  };
}

/** From a depthwise layer to the convolution below it, whose sums go over channels: one unit for all. Emits its
 * computation. */
export function stepToConvolution(
  context: Context,
  data: WeightedLayer,
  block: BlockFloat,
  below: Layer,
  belowData: WeightedLayer,
  belowTrains: boolean,
): MantissaStep {
  const { builder, layer } = context;
  const bits = mantissaBits(belowData, belowTrains);
  const trains = trainsWeights(context);
  // A sum beyond the range saturates at 16 bits; where those below have less, nothing may.
  const limit = furthest(data);
  const reach = trains && bits < 16 ? new Float64Array(data.inputs).fill(limit) : rangeOf(data, trains);
  const factors = Float64Array.from(
    belowData.gradientScales,
    (scale, channel) => scale * (block.scale?.values[channel] ?? 1),
  );
  const largest = factors.reduce((high, factor, channel) => Math.max(high, factor * (reach[channel] ?? 0)), 0);
  const unitFactor = Math.fround(largest === 0 ? 1 : (largest * most) / 2 ** (bits - 1));
  const unit = unitBuffer(builder, below);
  builder.step({
    layer: below.name,
    phase: 'backward',
    calls: [call('ft_scale_unit_f32', { unit: at(block.unit), output: at(unit), factor: float(unitFactor) })],
  });
  const multipliers = Int32Array.from(factors, (factor) => Math.floor((2 ** 32 * factor) / unitFactor));
  return {
    multiplier: builder.constant(`${layer.name}_gradient_multiplier`, layer.name, multipliers),
    block: { unit },
  };
}

/** From whole int32 sums of a 1x1 layer's input gradient, whose memory they may take over. */
export function mantissasOfSums(
  context: Context & Pick<BackwardContext, 'graph' | 'lowered'>,
  data: WeightedLayer,
  { unit }: BlockFloat,
  sums: BufferId,
  below: Layer,
): OutputGradient {
  const { builder, layer } = context;
  const count = inputElements(data.window);
  const { multiplier, block } = stepToDepthwise(context, data, unit, below, weightedLayer(context.graph, below));
  const buffer = mantissaBuffer(builder, below, count);
  builder.step({
    layer: layer.name,
    phase: 'backward',
    calls: [
      call('ft_mantissas_s16', {
        sums: at(sums),
        mask: atOrNull(context.lowered(below).mask),
        multiplier: at(multiplier),
        mantissa: at(buffer),
        positions: int(count / data.inputs),
        channels: int(data.inputs),
      }),
    ],
    overlaps: [{ below: buffer, above: sums, distance: 0 }],
  });
  return { buffer, stride: data.inputs, block };
}
