/**
 * Gradients as block floating point (`gradients int16`): int16 mantissas, one float32 unit for a tensor, and where
 * channels keep apart a factor for each. What a layer's own mask and scale make of its output's gradient is held in this
 * way; sums are int32, so they are exact and no order of work changes them.
 *
 * Between a 1x1 layer and the depthwise layer below it, and between that and the convolution below, the gradient is not
 * float32: the kernel that sums it writes the mantissas of the layer below. How far a sum can reach is known at compile
 * time, from the sums of magnitudes of the weights, so that nothing needs a second pass; elsewhere the largest value of
 * the tensor decides the unit when the step runs.
 */
import type { Graph, Layer } from '../model/graph.ts';
import { perLayer, perObject } from '../model/memo.ts';
import type { Argument, BufferId, KernelCall } from '../program.ts';
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
import { outputPositions } from './window.ts';

/** What the mantissas of a gradient mean: mantissa * unit, times scale * reach of the channel where they have that. */
export interface BlockFloat {
  /** float32 [1]. */
  readonly unit: BufferId;
  readonly channels?: {
    /** float32 [channels] in flash: the layer's gradient scales. */
    readonly scale: BufferId;
    /** uint16 [channels] in flash: what the sums of the layer above were divided by. */
    readonly reach: BufferId;
    /** Their products. */
    readonly factors: Float32Array;
  };
}

export type MantissaGradient = OutputGradient & { readonly block: BlockFloat };

export function inMantissas(gradient: OutputGradient): gradient is MantissaGradient {
  return gradient.block !== undefined;
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

/** The layer below for which this layer's input gradient writes mantissas. */
export function mantissasBelow(graph: Graph, layer: Layer): Layer | undefined {
  return belowOf(graph, layer).layer;
}

const belowOf = perLayer((graph: Graph, layer: Layer): { readonly layer: Layer | undefined } => ({
  layer: findBelow(graph, layer),
}));

function findBelow(graph: Graph, layer: Layer): Layer | undefined {
  const producer = onlyProducer(graph, layer);
  if (producer === undefined || !isWeighted(graph, producer)) return undefined;
  if (layer.operator === 'DEPTHWISE_CONV_2D') {
    const fits = producer.operator === 'CONV_2D' && mantissaBits(weightedLayer(graph, layer), true) === 16;
    // Each layer without float32 costs a few bits of the sixteen: who hands on mantissas takes float32.
    return fits && mantissasBelow(graph, producer) === undefined ? producer : undefined;
  }
  if (!isPointwise(graph, layer) || producer.operator !== 'DEPTHWISE_CONV_2D') return undefined;
  const data = weightedLayer(graph, producer);
  return data.inputs === data.outputs && mantissaBits(data, true) === 16 ? producer : undefined;
}

/** The largest magnitude of a mantissa of 16 bits. */
const most = 2 ** 15;
/** Below, a multiplier in 2^-32 would leave int32. */
const least = 3;

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

/** How far sums of unit mantissas reach, by input channel. Weights that train may double, and eight of them may be as large as
 * they get, before a mantissa saturates. */
function rangeOf(data: WeightedLayer, trains: boolean): Float64Array {
  const { frozen, trained } = rangesOf(data);
  return trains ? trained : frozen;
}

const rangesOf = perObject((data: WeightedLayer) => {
  const limit = furthest(data);
  const reach = reachOf(data);
  return {
    frozen: reach.map((each) => Math.max(least, each)),
    trained: reach.map((each) => Math.max(least, Math.min(Math.max(2 * each, 8 * 127), limit))),
  };
});

const largestReach = perObject((data: WeightedLayer) =>
  reachOf(data).reduce((high, value) => Math.max(high, value), 1),
);

/** Bits of the mantissas at a layer's accumulator such that no sum of its input gradient leaves int32. */
export function mantissaBits(data: WeightedLayer, trains: boolean): number {
  const reach = trains ? furthest(data) : largestReach(data);
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

/** `count`: with the factor of multipliers behind it. */
function unitBuffer(builder: ProgramBuilder, layer: Layer, count = 1): BufferId {
  const reason = `unit of a gradient of ${layer.name}`;
  return builder.arena(`${layer.name}_unit`, layer.name, 'scratch', 'float32', count, reason);
}

/** int16 gradient at a layer's accumulator: all of it, or one group of channels at a time. */
export function mantissaBuffer(builder: ProgramBuilder, layer: Layer, count: number, group?: number): BufferId {
  const reason =
    group === undefined
      ? `gradient of the output of ${layer.name}`
      : `gradient of ${group} output channels of ${layer.name} at a time`;
  // Whole words, as everything that is aligned to them: nothing is packed worse for a half.
  const even = count + (count % 2);
  return builder.arena(`${layer.name}_mantissas`, layer.name, 'gradient', 'int16', even, reason);
}

/** What the kernels need to write the mantissas of a depthwise layer below. */
export interface DepthwiseMantissas {
  readonly block: Required<BlockFloat>;
  readonly mask: BufferId | undefined;
}

/** From a 1x1 layer to the depthwise layer below it: every channel with a range of its own. */
export function depthwiseMantissas(
  context: Context & Pick<BackwardContext, 'graph' | 'lowered'>,
  data: WeightedLayer,
  { block: { unit } }: MantissaGradient,
  below: Layer,
): DepthwiseMantissas {
  const { builder, layer, graph, lowered } = context;
  const belowData = weightedLayer(graph, below);
  const trains = trainsWeights(context);
  const { reach, factors } = channelRanges(data, trains, belowData);
  const channels = {
    scale: gradientScale(builder, below, belowData),
    reach: builder.constant(`${layer.name}_reach`, layer.name, reach),
    factors,
  };
  return { block: { unit, channels }, mask: lowered(below).mask };
}

interface ChannelRanges {
  readonly reach: Uint16Array;
  readonly factors: Float32Array;
}

const knownRanges = perObject((_: WeightedLayer) => new Map<boolean, ChannelRanges>());

/** `below` is the only producer of the layer's input. */
function channelRanges(data: WeightedLayer, trains: boolean, below: WeightedLayer): ChannelRanges {
  const known = knownRanges(data).get(trains);
  if (known !== undefined) return known;
  const room = most / 2 ** (mantissaBits(data, trains) - 1);
  const reach = rangeOf(data, trains).map((range) => Math.min(Math.max(least, Math.ceil(range / room)), 2 ** 16 - 1));
  const factors = below.gradientScales.map((scale, channel) => scale * (reach[channel] ?? 0));
  const ranges = { reach: Uint16Array.from(reach), factors };
  knownRanges(data).set(trains, ranges);
  return ranges;
}

/** What the kernels need to write the mantissas of a convolution below. */
export interface ConvolutionMantissas {
  readonly block: BlockFloat;
  readonly mask: BufferId | undefined;
  /** float32 [channels] in flash: the convolution's gradient scales. */
  readonly below: BufferId;
  /** What makes the multipliers of a depthwise layer's sums, and its factor. */
  readonly kernel: 'ft_reach_multipliers' | 'ft_measured_multipliers';
  readonly factor: Argument;
}

/**
 * From a depthwise layer to the convolution below it, whose sums go over channels: one unit for all, which it emits. Where
 * the depthwise layer's gradient has one unit, too, its largest values of each channel are measured; where its channels
 * have ranges of their own, as in groups of channels, nothing but the weights decides.
 */
export function convolutionMantissas(
  context: Context & Pick<BackwardContext, 'graph' | 'lowered'>,
  data: WeightedLayer,
  { buffer, block }: MantissaGradient,
  below: Layer,
): ConvolutionMantissas {
  const { builder, layer, graph, lowered } = context;
  const belowData = weightedLayer(graph, below);
  const { mask, training } = lowered(below);
  const bits = mantissaBits(belowData, training?.weights !== undefined);
  const trains = trainsWeights(context);
  // A sum beyond the range saturates at 16 bits; where those below have less, nothing may.
  const range = trains && bits < 16 ? new Float64Array(data.inputs).fill(furthest(data)) : rangeOf(data, trains);
  const scale = gradientScale(builder, below, belowData);
  const step = (unit: BufferId, entry: KernelCall): Pick<ConvolutionMantissas, 'block' | 'mask' | 'below'> => {
    builder.step({ layer: below.name, phase: 'backward', calls: [entry] });
    return { block: { unit }, mask, below: scale };
  };
  const unit = unitBuffer(builder, below, block.channels === undefined ? 2 : 1);
  if (block.channels === undefined) {
    const reach = builder.constant(
      `${layer.name}_reach`,
      layer.name,
      Uint16Array.from(range, (value) => Math.ceil(value)),
    );
    const measure = call('ft_measure_gradient_s16', {
      gradient: at(buffer),
      reach: at(reach),
      below: at(scale),
      unit: at(block.unit),
      output: at(unit),
      positions: int(outputPositions(data.window)),
      inputs: int(data.inputs),
      group: int(data.outputs / data.inputs),
      bits: int(bits),
    });
    return { ...step(unit, measure), kernel: 'ft_measured_multipliers', factor: at(unit, 4) };
  }
  const { factors } = block.channels;
  let largest = 0;
  for (const [channel, each] of factors.entries()) {
    largest = Math.max(largest, each * (belowData.gradientScales[channel] ?? 0) * (range[channel] ?? 0));
  }
  // The kernel's float32 products may be off by a few units of 2^-24.
  const perUnit = largest === 0 ? 1 : (largest * most * (1 + 2 ** -20)) / 2 ** (bits - 1);
  const scaled = call('ft_scale_unit_f32', { unit: at(block.unit), output: at(unit), factor: float(perUnit) });
  return { ...step(unit, scaled), kernel: 'ft_reach_multipliers', factor: float(2 ** 32 / perUnit) };
}
