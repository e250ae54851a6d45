import type { Layer } from '../model/graph.ts';
import type { Affine, Argument, BufferId, KernelCall } from '../program.ts';
import { at, atOrNull, call, int } from '../schedule/builder.ts';
import { emitBiasUpdate, emitUpdate } from '../training/optimizer.ts';
import {
  accumulatorGradient,
  type BlockFloat,
  type Mantissas,
  mantissaBuffer,
  mantissasBelow,
  stepToConvolution,
} from './block-float.ts';
import type { BackwardContext, ForwardContext, LoweredForward, OperatorRule, RowRange } from './rule.ts';
import {
  gradientBytes,
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
  const { block } = gradient;
  const multiplier = data.outputs / data.inputs;
  const count = window.in_height * window.in_width * window.in_channels;
  const below = block === undefined ? undefined : mantissasBelow(graph, layer);
  const mantissas =
    block === undefined || below === undefined ? undefined : mantissasFor(context, data, block, context, below);
  const buffer = below === undefined ? builder.inputGradient(layer.name, count) : mantissaBuffer(builder, below, count);
  const held: OutputGradient = { buffer, stride: data.inputs, ...(mantissas && { block: mantissas.step.block }) };
  const source = tapSource(context, data);
  const perInput = (value: Affine): Affine =>
    typeof value === 'number' ? value / multiplier : { base: value.base / multiplier, step: value.step / multiplier };
  const moved = (bytes: number): Affine => (source.loop > 1 ? { base: 0, step: bytes * source.tile } : 0);
  builder.step({
    layer: layer.name,
    phase: 'backward',
    loop: source.loop,
    macs: outputPositions(window) * data.outputs * data.taps,
    calls: [
      ...source.merge,
      depthwiseGradientCall(gradient, held, mantissas, {
        window: at(windowParameters(builder, layer, window, { weight_channels: source.tile })),
        weights: at(source.buffer),
        channel_begin: int(perInput(source.begin)),
        channel_end: int(perInput(source.end)),
        offsets: { gradient: moved(gradientBytes(gradient)), dx: moved(gradientBytes(held) / multiplier) },
        factors: moved(4 / multiplier),
        mask_channel: perInput(source.begin),
      }),
    ],
  });
  context.contribute(0, held.buffer, held.block);
}

/** What the kernels need to write the mantissas of the convolution below. */
export function mantissasFor(
  context: Pick<BackwardContext, 'builder' | 'layer' | 'training' | 'graph'>,
  data: WeightedLayer,
  block: BlockFloat,
  { lowered }: Pick<BackwardContext, 'lowered'>,
  below: Layer,
): Mantissas {
  const { mask, training } = lowered(below);
  const trains = training?.weights !== undefined;
  return { step: stepToConvolution(context, data, block, below, weightedLayer(context.graph, below), trains), mask };
}

/** The call for a range of channels; offsets in bytes, to the range's first channel. */
export function depthwiseGradientCall(
  gradient: OutputGradient,
  held: OutputGradient,
  mantissas: Mantissas | undefined,
  range: {
    readonly window: Argument;
    readonly weights: Argument;
    readonly channel_begin: Argument;
    readonly channel_end: Argument;
    readonly offsets: { readonly gradient: Affine; readonly dx: Affine };
    /** Into tables with four bytes for a channel. */
    readonly factors: Affine;
    readonly mask_channel: Affine;
  },
): KernelCall {
  const { window, weights, channel_begin, channel_end, offsets, factors } = range;
  const common = {
    ...{ window, weights, channel_begin, channel_end },
    gradient: at(gradient.buffer, offsets.gradient),
    dx: at(held.buffer, offsets.dx),
    stride: int(gradient.stride),
    dx_stride: int(held.stride),
  };
  if (mantissas !== undefined) {
    return call('ft_depthwise_input_gradient_s16', {
      ...common,
      mask: atOrNull(mantissas.mask),
      multiplier: at(mantissas.step.multiplier, factors),
      mask_channel: int(range.mask_channel),
    });
  }
  if (gradient.block === undefined) return call('ft_depthwise_input_gradient_f32', common);
  return call('ft_depthwise_input_gradient_s16_f32', {
    ...common,
    unit: at(gradient.block.unit),
    scale: atOrNull(gradient.block.scale?.buffer, factors),
  });
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
        ...(block === undefined ? {} : { unit: at(block.unit), scale: atOrNull(block.scale?.buffer) }),
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
