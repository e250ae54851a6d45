import { refuse } from '../diagnostics.ts';
import { type Graph, type Layer, type Tensor, tensorAt } from '../model/graph.ts';
import { perLayer } from '../model/memo.ts';
import type { KernelCall } from '../program.ts';
import { activationRange, zeroPointOf } from './quantisation.ts';

/** The fields of the kernels' `ft_window`, in its order. */
export interface Window {
  readonly in_height: number;
  readonly in_width: number;
  readonly in_channels: number;
  readonly out_height: number;
  readonly out_width: number;
  readonly out_channels: number;
  readonly kernel_height: number;
  readonly kernel_width: number;
  readonly stride_y: number;
  readonly stride_x: number;
  readonly dilation_y: number;
  readonly dilation_x: number;
  readonly pad_top: number;
  readonly pad_left: number;
  readonly in_zero_point: number;
  readonly out_zero_point: number;
  readonly act_min: number;
  readonly act_max: number;
  readonly in_rows: number;
  readonly out_rows: number;
  readonly weight_channels: number;
}

interface Picture {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export function pictureOf(tensor: Tensor): Picture {
  const [batch = 1, height = 1, width = 1, channels = 1] = tensor.shape;
  return { batch, height, width, channels };
}

/** Geometry of a convolution, depthwise convolution or pool; source of the padding rule: TFLite's ComputePadding. */
export const windowOf = perLayer(computeWindow);

function computeWindow(graph: Graph, layer: Layer): Window {
  const input = tensorAt(graph, layer.inputs[0] ?? -1);
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  if (layer.attributes.kind === 'dense') return denseWindow(graph, layer, input, output);
  if (layer.attributes.kind !== 'window') throw new Error(`${layer.name}: ${layer.operator} has no window`);
  const options = layer.attributes;
  const from = pictureOf(input);
  const to = pictureOf(output);
  const isPool = options.windowHeight > 0;
  const weights = isPool ? undefined : tensorAt(graph, layer.inputs[1] ?? -1);
  const kernelHeight = weights === undefined ? options.windowHeight : (weights.shape[1] ?? 1);
  const kernelWidth = weights === undefined ? options.windowWidth : (weights.shape[2] ?? 1);
  const range = activationRange(options.activation, output);
  const padOf = (size: number, out: number, kernel: number, stride: number, dilation: number): number =>
    options.padding === 'valid' ? 0 : samePadding(size, out, kernel, stride, dilation);
  return {
    in_height: from.height,
    in_width: from.width,
    in_channels: from.channels,
    out_height: to.height,
    out_width: to.width,
    out_channels: to.channels,
    kernel_height: kernelHeight,
    kernel_width: kernelWidth,
    stride_y: options.strideY,
    stride_x: options.strideX,
    dilation_y: options.dilationY,
    dilation_x: options.dilationX,
    pad_top: options.pads?.top ?? padOf(from.height, to.height, kernelHeight, options.strideY, options.dilationY),
    pad_left: options.pads?.left ?? padOf(from.width, to.width, kernelWidth, options.strideX, options.dilationX),
    in_zero_point: zeroPointOf(input),
    out_zero_point: zeroPointOf(output),
    act_min: range.min,
    act_max: range.max,
    in_rows: from.height,
    out_rows: to.height,
    weight_channels: to.channels,
  };
}

/** Rows or columns before the first of `size`, for `out` windows (TFLite's SAME). */
export function samePadding(size: number, out: number, kernel: number, stride: number, dilation: number): number {
  return Math.floor(Math.max(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - size) / 2);
}

/** A fully connected layer is a 1x1 convolution of a picture one row high whose columns are the batch. */
function denseWindow(graph: Graph, layer: Layer, input: Tensor, output: Tensor): Window {
  const weights = tensorAt(graph, layer.inputs[1] ?? -1);
  const [outputs = 1, inputs = 1] = weights.shape;
  const batch = Math.round(input.shape.reduce((a, b) => a * b, 1) / inputs);
  const activation = layer.attributes.kind === 'dense' ? layer.attributes.activation : 'none';
  const range = activationRange(activation, output);
  return {
    in_height: 1,
    in_width: batch,
    in_channels: inputs,
    out_height: 1,
    out_width: batch,
    out_channels: outputs,
    kernel_height: 1,
    kernel_width: 1,
    stride_y: 1,
    stride_x: 1,
    dilation_y: 1,
    dilation_x: 1,
    pad_top: 0,
    pad_left: 0,
    in_zero_point: zeroPointOf(input),
    out_zero_point: zeroPointOf(output),
    act_min: range.min,
    act_max: range.max,
    in_rows: 1,
    out_rows: 1,
    weight_channels: outputs,
  };
}

/** Positions of the output picture. */
export function outputPositions(window: Window): number {
  return window.out_height * window.out_width;
}

/** The first input row that output row `row` reads; may be negative. */
export function firstInputRow(window: Window, row: number): number {
  return row * window.stride_y - window.pad_top;
}

/** One past the last input row that output rows below `rows` read; not clamped to the picture. */
export function inputRowsNeeded(window: Window, rows: number): number {
  return (rows - 1) * window.stride_y - window.pad_top + (window.kernel_height - 1) * window.dilation_y + 1;
}

/** Elements of one input picture. */
export function inputElements(window: Window): number {
  return window.in_height * window.in_width * window.in_channels;
}

/** Elements of one output picture. */
export function outputElements(window: Window): number {
  return outputPositions(window) * window.out_channels;
}

/** Pictures that a layer with a window takes one after the other; the columns of a fully connected layer are one. */
export function imagesOf(graph: Graph, layer: Layer): number {
  return layer.attributes.kind === 'window' ? pictureOf(tensorAt(graph, layer.outputs[0] ?? -1)).batch : 1;
}

/** One call for each picture, at its offsets in bytes of codes. Refuses several pictures where a gradient passes. */
export function forEachImage(
  {
    graph,
    layer,
    mask,
    training,
  }: {
    readonly graph: Graph;
    readonly layer: Layer;
    readonly mask: unknown;
    readonly training: unknown;
  },
  window: Window,
  make: (offset: { readonly input: number; readonly output: number }) => KernelCall,
): readonly KernelCall[] {
  const images = imagesOf(graph, layer);
  if (images > 1 && (mask !== undefined || training !== undefined)) refuseBatch(layer, images);
  return Array.from({ length: images }, (_, image) =>
    make({ input: image * inputElements(window), output: image * outputElements(window) }),
  );
}

export function refuseBatch(layer: Layer, images: number): never {
  refuse(
    'several-pictures',
    `layer ${layer.name} takes ${images} pictures at once; training takes one`,
    'set the batch dimension of the model to 1',
    layer.name,
  );
}
