/** What convolution, depthwise convolution and fully connected layers have in common: weights, biases, scales. */
import { elementCount, type Graph, type Layer, type Tensor, tensorAt } from '../model/graph.ts';
import { perLayer } from '../model/memo.ts';
import type { Affine, BufferId, KernelCall } from '../program.ts';
import { at, atOrNull, call, int, type ProgramBuilder } from '../schedule/builder.ts';
import type { BlockFloat } from './block-float.ts';
import { channelScales, quantiseMultiplier, scaleOf } from './quantisation.ts';
import type { RingRows } from './rule.ts';
import { outputPositions, type Window, windowOf } from './window.ts';

export interface WeightedLayer {
  readonly window: Window;
  readonly depthwise: boolean;
  /** Kernel positions. */
  readonly taps: number;
  readonly inputs: number;
  readonly outputs: number;
  /** [outputs][taps][inputs]; depthwise: [taps][outputs]. */
  readonly weights: Int8Array;
  /** [outputs]; zeros where the layer has none. */
  readonly bias: Int32Array;
  readonly weightScales: readonly number[];
  readonly inputScale: number;
  readonly outputScale: number;
  /** Q31 multiplier and shift of each output's requantisation. */
  readonly multipliers: Int32Array;
  readonly shifts: Int8Array;
  /** d(output code) / d(accumulator) = input scale * weight scale / output scale, of each output. */
  readonly gradientScales: Float32Array;
}

const weightedOperators = new Set(['CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED']);

/** A layer whose int8 weights are constant, so that they can train. */
export function isWeighted(graph: Graph, layer: Layer): boolean {
  if (!weightedOperators.has(layer.operator)) return false;
  const weights = graph.tensors[layer.inputs[1] ?? -1];
  return weights?.data !== undefined && weights.dtype === 'int8';
}

export const weightedLayer = perLayer(readWeights);

function readWeights(graph: Graph, layer: Layer): WeightedLayer {
  const window = windowOf(graph, layer);
  const depthwise = layer.operator === 'DEPTHWISE_CONV_2D';
  const input = tensorAt(graph, layer.inputs[0] ?? -1);
  const weights = tensorAt(graph, layer.inputs[1] ?? -1);
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  const outputs = window.out_channels;
  const weightScales = channelScales(weights, outputs);
  const inputScale = scaleOf(input);
  const outputScale = scaleOf(output);
  // tflite-micro multiplies in double, except for per-tensor fully connected layers: their product is a float32.
  const perTensorDense = layer.operator === 'FULLY_CONNECTED' && (weights.quantisation?.scales.length ?? 1) === 1;
  const product = (scale: number): number => (perTensorDense ? Math.fround(inputScale * scale) : inputScale * scale);
  const multipliers = weightScales.map((scale) => quantiseMultiplier(product(scale) / outputScale));
  return {
    window,
    depthwise,
    taps: window.kernel_height * window.kernel_width,
    inputs: window.in_channels,
    outputs,
    weights: int8Data(weights),
    bias: biasData(graph, layer, 2, outputs),
    weightScales,
    inputScale,
    outputScale,
    multipliers: Int32Array.from(multipliers, ({ multiplier }) => multiplier),
    shifts: Int8Array.from(multipliers, ({ shift }) => shift),
    gradientScales: Float32Array.from(weightScales, (scale) => (inputScale * scale) / outputScale),
  };
}

export function int8Data(tensor: Tensor): Int8Array {
  if (tensor.data === undefined) throw new Error(`${tensor.name} has no constant data`);
  return new Int8Array(tensor.data.slice().buffer);
}

/** int32 [outputs]; zeros where the layer has no input of that number. */
export function biasData(graph: Graph, layer: Layer, input: number, outputs: number): Int32Array {
  const id = layer.inputs[input] ?? -1;
  const tensor = id < 0 ? undefined : tensorAt(graph, id);
  if (tensor?.data === undefined) return new Int32Array(outputs);
  return new Int32Array(tensor.data.slice(0, 4 * elementCount(tensor.shape)).buffer);
}

/** Flash constants of a weighted layer, made on first use. */
export interface WeightedConstants {
  readonly weights: BufferId;
  readonly bias: BufferId;
  readonly multiplier: BufferId;
  readonly shift: BufferId;
}

export function weightedConstants(builder: ProgramBuilder, layer: Layer, data: WeightedLayer): WeightedConstants {
  const make = (what: string, values: Int8Array | Int32Array | Float32Array): BufferId =>
    builder.constant(`${layer.name}_${what}`, layer.name, values);
  return {
    weights: make('weights', data.weights),
    bias: make('bias', data.bias),
    multiplier: make('multiplier', data.multipliers),
    shift: make('shift', data.shifts),
  };
}

export function gradientScale(builder: ProgramBuilder, layer: Layer, data: WeightedLayer): BufferId {
  return builder.constant(`${layer.name}_gradient_scale`, layer.name, data.gradientScales);
}

/** The layer's `ft_window`, with rings where it is a stage of a streamed chain. */
export function windowParameters(
  builder: ProgramBuilder,
  layer: Layer,
  window: Window,
  changes: Partial<Window> = {},
  rings?: RingRows,
): BufferId {
  const fields: Window = {
    ...window,
    ...changes,
    ...(rings === undefined ? {} : { in_rows: rings.input, out_rows: rings.output }),
  };
  return builder.parameters(`${layer.name}_window`, layer.name, 'ft_window', Object.values(fields));
}

/** The gradient of a weighted layer's output: whole, or, in a streamed backward pass, one group of channels at a time,
 * held from the buffer's start. */
export interface OutputGradient {
  readonly buffer: BufferId;
  /** Elements from a position to the next. */
  readonly stride: number;
  /** Output channels of one iteration of the loop; absent: all, without a loop. */
  readonly group?: number;
  /** Set where it holds int16 mantissas at the accumulator; absent: float32. */
  readonly block?: BlockFloat;
}

/** Bytes of an element. */
export function gradientBytes({ block }: OutputGradient): number {
  return block === undefined ? 4 : 2;
}

/** Channels of iteration i: `group`, or what is left in the last one. */
export function groupCount(channels: number, group: number | undefined): Affine {
  return group === undefined ? channels : { base: channels, step: -group, max: group };
}

export function groupBegin(group: number | undefined): Affine {
  return group === undefined ? 0 : { base: 0, step: group };
}

export function groupEnd(channels: number, group: number | undefined): Affine {
  return group === undefined ? channels : { base: group, step: group, max: channels };
}

/** From the gradient at the output codes to that at the accumulator, in place. */
export function maskScaleCall(
  builder: ProgramBuilder,
  layer: Layer,
  data: WeightedLayer,
  mask: BufferId | undefined,
  gradient: OutputGradient,
): KernelCall {
  const { buffer, stride, group } = gradient;
  const scale = gradientScale(builder, layer, data);
  return call('ft_mask_scale_f32', {
    gradient: at(buffer),
    mask: atOrNull(mask),
    scale: at(scale, group === undefined ? 0 : { base: 0, step: 4 * group }),
    positions: int(outputPositions(data.window)),
    channels: int(groupCount(data.outputs, group)),
    stride: int(stride),
    mask_channels: int(data.outputs),
    mask_channel: int(groupBegin(group)),
  });
}

/** Rows of merged weights that one iteration holds in scratch: at most this many bytes, at least one row. */
const mergeScratchBytes = 2048;
/** Rows of float32 weight gradients likewise. */
const gradientScratchBytes = 2048;

export function mergeTile(rowBytes: number, rows: number): number {
  return tileOf(Math.floor(mergeScratchBytes / rowBytes), rows);
}

export function gradientTile(rowElements: number, rows: number): number {
  return tileOf(Math.floor(gradientScratchBytes / (4 * rowElements)), rows);
}

/** A multiple of 8 where possible, so that masks are written by whole bytes. */
function tileOf(fitting: number, rows: number): number {
  const tile = Math.max(1, Math.min(fitting, rows));
  return tile < rows && tile >= 8 ? tile - (tile % 8) : tile;
}
