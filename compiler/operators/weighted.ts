/** What convolution, depthwise convolution and fully connected layers have in common: weights, biases, scales. */
import { elementCount, type Graph, type Layer, type Tensor, tensorAt } from '../model/graph.ts';
import type { BufferId } from '../program.ts';
import type { ProgramBuilder } from '../schedule/builder.ts';
import { channelScales, type Multiplier, quantiseMultiplier, scaleOf } from './quantisation.ts';
import type { RingRows } from './rule.ts';
import { type Window, windowOf } from './window.ts';

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
  readonly multipliers: readonly Multiplier[];
}

const weightedOperators = new Set(['CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED']);

/** A layer whose int8 weights are constant, so that they can train. */
export function isWeighted(graph: Graph, layer: Layer): boolean {
  if (!weightedOperators.has(layer.operator)) return false;
  const weights = graph.tensors[layer.inputs[1] ?? -1];
  return weights?.data !== undefined && weights.dtype === 'int8';
}

export function weightedLayer(graph: Graph, layer: Layer): WeightedLayer {
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
  return {
    window,
    depthwise,
    taps: window.kernel_height * window.kernel_width,
    inputs: window.in_channels,
    outputs,
    weights: int8Data(weights),
    bias: biasData(graph, layer, outputs),
    weightScales,
    inputScale,
    outputScale,
    multipliers: weightScales.map((scale) => quantiseMultiplier(product(scale) / outputScale)),
  };
}

export function int8Data(tensor: Tensor): Int8Array {
  if (tensor.data === undefined) throw new Error(`${tensor.name} has no constant data`);
  return new Int8Array(tensor.data.slice().buffer);
}

function biasData(graph: Graph, layer: Layer, outputs: number): Int32Array {
  const id = layer.inputs[2] ?? -1;
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
    multiplier: make(
      'multiplier',
      Int32Array.from(data.multipliers, (entry) => entry.multiplier),
    ),
    shift: make(
      'shift',
      Int32Array.from(data.multipliers, (entry) => entry.shift),
    ),
  };
}

/** float32 [outputs]: d(output code) / d(accumulator) = input scale * weight scale / output scale. */
export function gradientScale(builder: ProgramBuilder, layer: Layer, data: WeightedLayer): BufferId {
  const values = Float32Array.from(data.weightScales, (scale) => (data.inputScale * scale) / data.outputScale);
  return builder.constant(`${layer.name}_gradient_scale`, layer.name, values);
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
