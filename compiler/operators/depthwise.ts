import type { Affine, Argument, BufferId, KernelCall } from '../program.ts';
import { at, atOrNull, call, int } from '../schedule/builder.ts';
import { emitBiasUpdate, emitUpdate } from '../training/optimizer.ts';
import {
  accumulatorGradient,
  type ConvolutionMantissas,
  convolutionMantissas,
  inMantissas,
  mantissaBuffer,
  mantissasBelow,
} from './block-float.ts';
import type { BackwardContext, ForwardContext, LoweredForward, OperatorRule, RowRange } from './rule.ts';
import {
  gradientBytes,
  groupBegin,
  groupCount,
  groupEnd,
  mergeTile,
  type OutputGradient,
  type WeightedLayer,
  weightedConstants,
  weightedLayer,
  windowParameters,
} from './weighted.ts';
import { forEachImage, outputPositions } from './window.ts';

export const depthwise: OperatorRule = {
  masked: true,
  byRows: true,
  constants: [1, 2],
  macs: (graph, layer) => {
    const { window, taps } = weightedLayer(graph, layer);
    return outputPositions(window) * window.out_channels * taps;
  },
  forward: lowerForward,
  backward: lowerBackward,
};

interface TapSource {
  readonly buffer: BufferId;
  readonly merge: readonly KernelCall[];
  readonly loop: number;
  readonly begin: Affine;
  readonly end: Affine;
  /** Output channels of one iteration; also the distance of two taps in the buffer. */
  readonly tile: number;
}

function tapSource(context: ForwardContext | BackwardContext, data: WeightedLayer): TapSource {
  const { layer, builder, training } = context;
  const constants = weightedConstants(builder, layer, data);
  const trained = training?.weights;
  const direct = { merge: [], loop: 1, begin: 0, end: data.outputs, tile: data.outputs };
  if (trained === undefined) return { buffer: constants.weights, ...direct };
  if (trained.all && trained.holding !== 'int16') return { buffer: trained.buffer, ...direct };
  const whole = evenTile(data.outputs, data.outputs / data.inputs, mergeTile(data.taps, data.outputs));
  const scratch = builder.arena(
    `${layer.name}_merged`,
    layer.name,
    'scratch',
    'int8',
    whole * data.taps,
    `weights of ${layer.name}, trained ones among the frozen`,
  );
  const begin: Affine = { base: 0, step: whole };
  const end: Affine = { base: whole, step: whole };
  const merge = call(trained.holding === 'int16' ? 'ft_merge_depthwise_s16' : 'ft_merge_depthwise_s8', {
    frozen: at(constants.weights),
    trained: at(trained.buffer),
    table: atOrNull(trained.table),
    rows: at(scratch),
    taps: int(data.taps),
    channels: int(data.outputs),
    trained_channels: int(trained.channels.length),
    channel_begin: int(begin),
    channel_end: int(end),
  });
  return { buffer: scratch, merge: [merge], loop: Math.ceil(data.outputs / whole), begin, end, tile: whole };
}

/** The largest tile that divides the channels evenly: a narrower last tile would move its taps closer together. */
function evenTile(outputs: number, multiplier: number, most: number): number {
  const groups = outputs / multiplier;
  for (let parts = 1; parts < groups; parts++) {
    if (groups % parts === 0 && outputs / parts <= most) return outputs / parts;
  }
  return multiplier;
}

function lowerForward(context: ForwardContext): LoweredForward {
  const { graph, layer, builder, mask } = context;
  const data = weightedLayer(graph, layer);
  const constants = weightedConstants(builder, layer, data);
  const source = tapSource(context, data);
  const window = windowParameters(builder, layer, data.window, { weight_channels: source.tile }, context.rings);
  const bias = context.training?.bias?.buffer ?? constants.bias;
  const whole: RowRange = { begin: 0, end: data.window.out_height };
  return {
    loop: source.loop,
    calls: (rows = whole) => [
      ...source.merge,
      ...forEachImage(context, data.window, (image) =>
        call('ft_depthwise_s8', {
          window: at(window),
          input: at(context.input(0), image.input),
          weights: at(source.buffer),
          bias: at(bias),
          multiplier: at(constants.multiplier),
          shift: at(constants.shift),
          output: at(context.output(0), image.output),
          mask: atOrNull(mask),
          row_begin: int(rows.begin),
          row_end: int(rows.end),
          channel_begin: int(source.begin),
          channel_end: int(source.end),
        }),
      ),
    ],
  };
}

function lowerBackward(context: BackwardContext): void {
  const data = weightedLayer(context.graph, context.layer);
  const gradient = accumulatorGradient(context, data);
  if (context.needs(0)) inputGradient(context, data, gradient);
  weightUpdate(context, data, gradient);
  emitBiasUpdate(context, data, gradient);
}

function inputGradient(context: BackwardContext, data: WeightedLayer, gradient: OutputGradient): void {
  const { graph, layer, builder } = context;
  const { window } = data;
  const multiplier = data.outputs / data.inputs;
  const count = window.in_height * window.in_width * window.in_channels;
  const below = mantissasBelow(graph, layer);
  const mantissas =
    below !== undefined && inMantissas(gradient) ? convolutionMantissas(context, data, gradient, below) : undefined;
  const held: OutputGradient =
    below === undefined || mantissas === undefined
      ? { buffer: builder.inputGradient(layer.name, count), stride: data.inputs }
      : { buffer: mantissaBuffer(builder, below, count), stride: data.inputs, block: mantissas.block };
  const source = tapSource(context, data);
  const merged = source.loop > 1;
  // Tables of multipliers are short.
  const most = mantissas === undefined ? data.inputs : mostMultipliers;
  const tile = merged ? source.tile / multiplier : Math.min(data.inputs, most);
  const group = tile === data.inputs ? undefined : tile;
  const first = groupBegin(group);
  builder.step({
    layer: layer.name,
    phase: 'backward',
    loop: Math.ceil(data.inputs / tile),
    macs: outputPositions(window) * data.outputs * data.taps,
    calls: [
      ...source.merge,
      ...depthwiseGradientCalls(context, gradient, held, mantissas, {
        window: at(windowParameters(builder, layer, window, { weight_channels: source.tile })),
        weights: at(source.buffer, merged ? 0 : times(first, multiplier)),
        channel_begin: first,
        channel_end: groupEnd(data.inputs, group),
        count: groupCount(data.inputs, group),
        most: tile,
        first,
        held: first,
        outputs: multiplier,
      }),
    ],
  });
  context.contribute(0, held.buffer, held.block);
}

/** Of one call: a quarter of a KB. */
const mostMultipliers = 64;

/** A range of input channels of one iteration. */
interface ChannelRange {
  readonly window: Argument;
  readonly weights: Argument;
  readonly channel_begin: Affine;
  readonly channel_end: Affine;
  readonly count: Affine;
  /** Of `count`. */
  readonly most: number;
  /** The first one, in tables of the layer, and in what is held of the two gradients. */
  readonly first: Affine;
  readonly held: Affine;
  /** Output channels of each. */
  readonly outputs: number;
}

/** The calls for a range of channels. */
export function depthwiseGradientCalls(
  { builder, layer }: Pick<BackwardContext, 'builder' | 'layer'>,
  gradient: OutputGradient,
  held: OutputGradient,
  mantissas: ConvolutionMantissas | undefined,
  range: ChannelRange,
): readonly KernelCall[] {
  const channels = gradient.block?.channels;
  const common = {
    ...{ window: range.window, weights: range.weights },
    gradient: at(gradient.buffer, times(range.held, gradientBytes(gradient) * range.outputs)),
    dx: at(held.buffer, times(range.held, gradientBytes(held))),
    stride: int(gradient.stride),
    dx_stride: int(held.stride),
    channel_begin: int(range.channel_begin),
    channel_end: int(range.channel_end),
  };
  const own = {
    scale: atOrNull(channels?.scale, times(range.first, 4)),
    reach: atOrNull(channels?.reach, times(range.first, 2)),
  };
  if (mantissas !== undefined) {
    const name = `${layer.name}_multipliers`;
    const reason = `scales of the gradient below ${layer.name}`;
    const multiplier = builder.arena(name, layer.name, 'scratch', 'int32', range.most, reason);
    return [
      call(mantissas.kernel, {
        ...(mantissas.kernel === 'ft_reach_multipliers' ? own : {}),
        below: at(mantissas.below, times(range.first, 4)),
        factor: mantissas.factor,
        multiplier: at(multiplier),
        count: int(range.count),
      }),
      call('ft_depthwise_input_gradient_s16', {
        ...common,
        mask: atOrNull(mantissas.mask),
        multiplier: at(multiplier),
        mask_channel: int(range.first),
      }),
    ];
  }
  if (gradient.block === undefined) return [call('ft_depthwise_input_gradient_f32', common)];
  return [call('ft_depthwise_input_gradient_s16_f32', { ...common, ...own, unit: at(gradient.block.unit) })];
}

/** Of a line without limits. */
function times(value: Affine, factor: number): Affine {
  return typeof value === 'number' ? value * factor : { base: value.base * factor, step: value.step * factor };
}

function weightUpdate(context: BackwardContext, data: WeightedLayer, gradient: OutputGradient): void {
  const { layer, builder } = context;
  const { block } = gradient;
  const trained = context.training?.weights;
  if (trained === undefined) return;
  const channels = trained.channels.length;
  const count = data.taps * channels;
  const rows = builder.arena(
    `${layer.name}_weight_gradient`,
    layer.name,
    'scratch',
    'float32',
    count,
    `weight gradient of ${layer.name}`,
  );
  emitUpdate(context, {
    parameter: {
      kind: 'depthwise',
      name: `${layer.name}_weights`,
      buffer: trained.buffer,
      holding: trained.holding,
      factor: trained.factor,
      taps: data.taps,
      channels,
      layerIndex: layer.index,
    },
    macs: outputPositions(data.window) * count,
    gradient: rows,
    calls: [
      call(block === undefined ? 'ft_depthwise_weight_gradient_f32' : 'ft_depthwise_weight_gradient_s16', {
        ...(block === undefined
          ? {}
          : {
              unit: at(block.unit),
              scale: atOrNull(block.channels?.scale),
              reach: atOrNull(block.channels?.reach),
            }),
        window: at(windowParameters(builder, layer, data.window)),
        input: at(trained.saved),
        gradient: at(gradient.buffer),
        table: atOrNull(trained.table),
        rows: at(rows),
        saved_channels: int(channels),
        stride: int(data.outputs),
      }),
    ],
  });
}
