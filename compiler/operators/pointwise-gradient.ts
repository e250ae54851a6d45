/** Input gradient of a 1x1 layer by ranges of its input channels: the columns of its weights. */
import type { Layer } from '../model/graph.ts';
import { at, atOrNull, call, int } from '../schedule/builder.ts';
import { type DepthwiseMantissas, depthwiseMantissas, type MantissaGradient, mantissaBuffer } from './block-float.ts';
import type { BackwardContext } from './rule.ts';
import {
  groupBegin,
  groupCount,
  groupEnd,
  mergeTile,
  type OutputGradient,
  type WeightedLayer,
  weightedConstants,
  windowParameters,
} from './weighted.ts';
import { inputElements, outputPositions } from './window.ts';

type Context = Pick<BackwardContext, 'builder' | 'layer' | 'training'>;

/** The whole int16 gradient at the accumulator of the depthwise layer below. */
export function emitDepthwiseMantissas(
  context: Pick<BackwardContext, 'builder' | 'layer' | 'training' | 'graph' | 'lowered'>,
  data: WeightedLayer,
  gradient: MantissaGradient,
  below: Layer,
): OutputGradient {
  const mantissas = depthwiseMantissas(context, data, gradient, below);
  const buffer = mantissaBuffer(context.builder, below, inputElements(data.window));
  const held = { buffer, stride: data.inputs, block: mantissas.block };
  emitPointwiseGradient(context, data, gradient, held, mantissas);
  return held;
}

/** `held`: the gradient that comes out: a group of channels from the buffer's start on, or the whole. */
export function emitPointwiseGradient(
  context: Context,
  data: WeightedLayer,
  gradient: OutputGradient,
  held: OutputGradient,
  mantissas: DepthwiseMantissas | undefined,
): void {
  const { builder, layer, training } = context;
  const constants = weightedConstants(builder, layer, data);
  const trained = training?.weights;
  const inPlace = trained === undefined || (trained.all && trained.holding !== 'int16');
  const tile = held.group ?? (inPlace ? data.inputs : mergeTile(data.outputs, data.inputs));
  const group = tile === data.inputs ? undefined : tile;
  const begin = int(groupBegin(group));
  const end = int(groupEnd(data.inputs, group));
  const merged = inPlace
    ? undefined
    : builder.arena(
        `${layer.name}_merged`,
        layer.name,
        'scratch',
        'int8',
        data.outputs * tile,
        `weights of ${layer.name}, trained ones among the frozen, ${tile} columns at a time`,
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
            stride: int(tile),
            channel_begin: begin,
            channel_end: end,
          }),
        ];
  const window = windowParameters(builder, layer, data.window, merged === undefined ? {} : { in_channels: tile });
  const moves = held.group === undefined && group !== undefined;
  const common = {
    window: at(window),
    gradient: at(gradient.buffer),
    weights: at(merged ?? trained?.buffer ?? constants.weights),
    dx: at(held.buffer, moves ? { base: 0, step: 2 * tile } : 0),
    dx_stride: int(held.stride),
    channel_begin: merged === undefined ? begin : int(0),
    channel_end: merged === undefined ? end : int(groupCount(data.inputs, group)),
  };
  builder.step({
    layer: layer.name,
    phase: 'backward',
    loop: Math.ceil(data.inputs / tile),
    macs: outputPositions(data.window) * data.outputs * data.inputs,
    calls: [
      ...merge,
      mantissas === undefined
        ? call('ft_pointwise_input_gradient_f32', common)
        : call('ft_pointwise_input_gradient_s16', {
            ...common,
            mask: atOrNull(mantissas.mask),
            reach: at(mantissas.block.channels.reach, group === undefined ? 0 : { base: 0, step: 2 * group }),
            mask_channels: int(data.inputs),
            mask_channel: begin,
          }),
    ],
  });
}
