import type { Affine, BufferId, KernelCall } from '../program.ts';
import { at, atOrNull, call, int } from '../schedule/builder.ts';
import { emitBiasUpdate, emitUpdate } from '../training/optimizer.ts';
import { accumulatorGradient, inMantissas, mantissasBelow } from './block-float.ts';
import { emitDepthwiseMantissas } from './pointwise-gradient.ts';
import type { BackwardContext, ForwardContext, LoweredForward, OperatorRule, RowRange } from './rule.ts';
import {
  gradientBytes,
  gradientTile,
  groupBegin,
  groupEnd,
  mergeTile,
  type OutputGradient,
  type WeightedLayer,
  weightedConstants,
  weightedLayer,
  windowParameters,
} from './weighted.ts';
import { forEachImage, outputPositions } from './window.ts';

/** CONV_2D and FULLY_CONNECTED, which is a 1x1 convolution of a 1x1 picture. */
export const convolution: OperatorRule = {
  masked: true,
  byRows: true,
  constants: [1, 2],
  macs: (graph, layer) => {
    const { window, taps } = weightedLayer(graph, layer);
    return outputPositions(window) * window.out_channels * window.in_channels * taps;
  },
  forward: lowerForward,
  backward: lowerBackward,
};

function lowerForward(context: ForwardContext): LoweredForward {
  const { graph, layer, builder, mask } = context;
  const data = weightedLayer(graph, layer);
  const constants = weightedConstants(builder, layer, data);
  const window = windowParameters(builder, layer, data.window, {}, context.rings);
  const bias = context.training?.bias?.buffer ?? constants.bias;
  const source = weightSource(context, data);
  const convolve = (rows: RowRange, begin: Affine, end: Affine): readonly KernelCall[] =>
    forEachImage(context, data.window, (image) =>
      call('ft_conv_s8', {
        window: at(window),
        input: at(context.input(0), image.input),
        weights: at(source.buffer, source.offset),
        bias: at(bias),
        multiplier: at(constants.multiplier),
        shift: at(constants.shift),
        output: at(context.output(0), image.output),
        mask: atOrNull(mask),
        row_begin: int(rows.begin),
        row_end: int(rows.end),
        channel_begin: int(begin),
        channel_end: int(end),
      }),
    );
  const whole: RowRange = { begin: 0, end: data.window.out_height };
  return {
    loop: source.loop,
    calls: (rows = whole) => [...source.merge, ...convolve(rows, source.begin, source.end)],
  };
}

/** Where a kernel finds rows of whole int8 weights: in place, or merged tile by tile into scratch. */
interface WeightSource {
  readonly buffer: BufferId;
  /** Bytes from the buffer's start to the first row of the iteration. */
  readonly offset: Affine;
  readonly merge: readonly KernelCall[];
  readonly loop: number;
  readonly begin: Affine;
  readonly end: Affine;
  /** Output channels of one iteration. */
  readonly tile: number;
}

type WeightContext = Pick<BackwardContext, 'layer' | 'builder' | 'training'>;

/** `group`: the loop of a streamed backward pass decides the tile. */
function weightSource(context: WeightContext, data: WeightedLayer, group?: number): WeightSource {
  const { layer, builder, training } = context;
  const constants = weightedConstants(builder, layer, data);
  const trained = training?.weights;
  const rowBytes = data.taps * data.inputs;
  const inPlace = trained === undefined || (trained.all && trained.holding !== 'int16');
  const tile = group ?? (inPlace ? data.outputs : mergeTile(rowBytes, data.outputs));
  const range = {
    loop: Math.ceil(data.outputs / tile),
    begin: groupBegin(tile === data.outputs ? undefined : tile),
    end: groupEnd(data.outputs, tile === data.outputs ? undefined : tile),
    tile,
  };
  if (inPlace) {
    const offset: Affine = range.loop === 1 ? 0 : { base: 0, step: tile * rowBytes };
    return { buffer: trained?.buffer ?? constants.weights, offset, merge: [], ...range };
  }
  const scratch = builder.arena(
    `${layer.name}_merged`,
    layer.name,
    'scratch',
    'int8',
    tile * rowBytes,
    `weights of ${layer.name}, trained ones among the frozen, some rows at a time`,
  );
  const merge = call(trained.holding === 'int16' ? 'ft_merge_weights_s16' : 'ft_merge_weights_s8', {
    frozen: at(constants.weights),
    trained: at(trained.buffer),
    table: atOrNull(trained.table),
    rows: at(scratch),
    taps: int(data.taps),
    channels: int(data.inputs),
    trained_channels: int(trained.channels.length),
    row_begin: int(range.begin),
    row_end: int(range.end),
  });
  return { buffer: scratch, offset: 0, merge: [merge], ...range };
}

function lowerBackward(context: BackwardContext): void {
  const data = weightedLayer(context.graph, context.layer);
  const gradient = accumulatorGradient(context, data);
  if (context.needs(0)) emitInputGradient(context, data, gradient);
  emitConvWeightUpdate(context, data, gradient);
  emitBiasUpdate(context, data, gradient);
}

function emitInputGradient(context: BackwardContext, data: WeightedLayer, gradient: OutputGradient): void {
  const { graph, layer } = context;
  const below = mantissasBelow(graph, layer);
  if (below !== undefined && inMantissas(gradient)) {
    const held = emitDepthwiseMantissas(context, data, gradient, below);
    context.contribute(0, held.buffer, held.block);
  } else {
    context.contribute(0, emitConvInputGradient(context, data, gradient));
  }
}

/** With the weights from before the update (numerics.md 9). Returns the gradient of the input, float32, whole. */
export function emitConvInputGradient(context: WeightContext, data: WeightedLayer, gradient: OutputGradient): BufferId {
  const { layer, builder } = context;
  const { window } = data;
  const count = window.in_height * window.in_width * window.in_channels;
  const dx = builder.inputGradient(layer.name, count);
  const source = weightSource(context, data, gradient.group);
  const { block } = gradient;
  if (block === undefined) {
    builder.step({
      layer: layer.name,
      phase: 'backward',
      calls: [call('ft_zero_f32', { values: at(dx), count: int(count) })],
    });
  }
  const moves = gradient.group === undefined && source.loop > 1;
  builder.step({
    layer: layer.name,
    phase: 'backward',
    loop: source.loop,
    macs: outputPositions(window) * data.outputs * data.taps * data.inputs,
    calls: [
      ...source.merge,
      call(block === undefined ? 'ft_conv_input_gradient_f32' : 'ft_conv_input_gradient_s16', {
        ...(block === undefined ? {} : { unit: at(block.unit) }),
        window: at(windowParameters(builder, layer, window)),
        gradient: at(gradient.buffer, moves ? { base: 0, step: gradientBytes(gradient) * source.tile } : 0),
        weights: at(source.buffer, source.offset),
        dx: at(dx),
        stride: int(gradient.stride),
        channel_begin: int(source.begin),
        channel_end: int(source.end),
      }),
    ],
  });
  return dx;
}

export function emitConvWeightUpdate(context: UpdateContext, data: WeightedLayer, gradient: OutputGradient): void {
  const { layer, builder } = context;
  const trained = context.training?.weights;
  if (trained === undefined) return;
  const channels = trained.channels.length;
  const rowElements = data.taps * channels;
  const { group, block } = gradient;
  const tile = group ?? gradientTile(rowElements, data.outputs);
  const rows = builder.arena(
    `${layer.name}_weight_gradient`,
    layer.name,
    'scratch',
    'float32',
    tile * rowElements,
    `weight gradient of ${layer.name}, some rows at a time`,
  );
  emitUpdate(context, {
    parameter: {
      kind: 'rows',
      name: `${layer.name}_weights`,
      buffer: trained.buffer,
      holding: trained.holding,
      factor: trained.factor,
      rowCount: data.outputs,
      rowElements,
      layerIndex: layer.index,
    },
    macs: outputPositions(data.window) * data.outputs * rowElements,
    gradient: rows,
    tile,
    calls: [
      call(block === undefined ? 'ft_conv_weight_gradient_f32' : 'ft_conv_weight_gradient_s16', {
        ...(block === undefined ? {} : { unit: at(block.unit) }),
        window: at(windowParameters(builder, layer, data.window)),
        input: at(trained.saved),
        gradient: at(gradient.buffer, group === undefined ? { base: 0, step: gradientBytes(gradient) * tile } : 0),
        rows: at(rows),
        saved_channels: int(channels),
        stride: int(gradient.stride),
        channel_begin: int(groupBegin(tile)),
        channel_end: int(groupEnd(data.outputs, tile)),
      }),
    ],
  });
}

type UpdateContext = Pick<BackwardContext, 'layer' | 'builder' | 'training' | 'optimization'>;
