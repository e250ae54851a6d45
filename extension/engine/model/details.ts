/** Everything of one layer: its operands with their quantisation, its settings, how its numbers are spread. */

import { bytesPerElement, elementCount, type Graph, type Layer, type Tensor } from '../../../compiler/model/graph.ts';
import type { ModelHistogram, ModelLayerDetails, ModelOperand } from '../../../webview/messages.ts';
import { sourceNodes, tensorPicture } from './picture.ts';

const bins = 32;
const mostScales = 256;
const mostValues = 16;

/** @throws Error for a layer that the graph does not have */
export function detailsOf(graph: Graph, index: number): ModelLayerDetails {
  const layer = graph.layers[index];
  if (layer === undefined) throw new Error(`${graph.name} has no layer ${index}`);
  const operands = operandsOf(graph, layer);
  return {
    layer: index,
    fullName: layer.fullName,
    attributes: attributesOf(layer),
    tensors: operands.map(({ operand }) => operand),
    histograms: operands.flatMap(({ operand: { role }, tensor }) =>
      role === 'input' || role === 'output' || fewValues(tensor) !== undefined ? [] : (histogramOf(tensor, role) ?? []),
    ),
  };
}

interface Operand {
  readonly operand: ModelOperand;
  readonly tensor: Tensor;
}

function operandsOf(graph: Graph, layer: Layer): readonly Operand[] {
  const sourceOf = sourceNodes(graph);
  const nameOf = (node: string): string => {
    const number = Number(node.slice(1));
    if (node.startsWith('n')) return graph.layers[number]?.name ?? node;
    const id = (node.startsWith('i') ? graph.inputs : graph.outputs)[number];
    return graph.tensors[id ?? -1]?.name ?? node;
  };
  const inputs = layer.inputs.flatMap((id, position): Operand[] => {
    const tensor = graph.tensors[id];
    if (tensor === undefined) return [];
    const role = tensor.data === undefined ? 'input' : constantRole(layer, position);
    const source = sourceOf(id);
    const neighbours = source === undefined ? [] : [{ id: source, name: nameOf(source) }];
    const values = fewValues(tensor);
    return [
      { tensor, operand: { ...tensorPicture(tensor), role, neighbours, ...(values === undefined ? {} : { values }) } },
    ];
  });
  const outputs = layer.outputs.flatMap((id): Operand[] => {
    const tensor = graph.tensors[id];
    if (tensor === undefined) return [];
    const readers = [
      ...graph.layers.filter((each) => each.inputs.includes(id)).map((each) => `n${each.index}`),
      ...graph.outputs.flatMap((output, number) => (output === id ? [`o${number}`] : [])),
    ];
    const neighbours = readers.map((node) => ({ id: node, name: nameOf(node) }));
    return [{ tensor, operand: { ...tensorPicture(tensor), role: 'output', neighbours } }];
  });
  return [...inputs, ...outputs];
}

/** Axes, paddings, shapes: so few numbers are best read one by one. */
function fewValues(tensor: Tensor): readonly number[] | undefined {
  const few = tensor.data !== undefined && elementCount(tensor.shape) <= mostValues;
  return few ? [...numbersOf(tensor)] : undefined;
}

const weighted: readonly string[] = ['CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED', 'TRANSPOSE_CONV'];

function constantRole({ operator }: Layer, position: number): 'weights' | 'bias' | 'constant' {
  if (!weighted.includes(operator)) return 'constant';
  if (position === 1) return 'weights';
  return position === (operator === 'TRANSPOSE_CONV' ? 3 : 2) ? 'bias' : 'constant';
}

function attributesOf({ attributes }: Layer): ModelLayerDetails['attributes'] {
  if (attributes.kind === 'window') {
    const { padding, strideY, strideX, dilationY, dilationX, windowHeight, windowWidth, depthMultiplier, activation } =
      attributes;
    return [
      ...(windowHeight > 0 ? [{ name: 'window', value: `${windowHeight}×${windowWidth}` }] : []),
      { name: 'stride', value: `${strideY}×${strideX}` },
      { name: 'padding', value: padding },
      ...(dilationY > 1 || dilationX > 1 ? [{ name: 'dilation', value: `${dilationY}×${dilationX}` }] : []),
      ...(depthMultiplier > 1 ? [{ name: 'depth multiplier', value: String(depthMultiplier) }] : []),
      { name: 'activation', value: activation },
    ];
  }
  const words: Readonly<Record<string, string>> = {
    keepDims: 'keep dimensions',
    alignCorners: 'align corners',
    halfPixelCenters: 'half pixel centers',
    adjointX: 'adjoint left',
    adjointY: 'adjoint right',
  };
  return Object.entries(attributes)
    .filter(([name]) => name !== 'kind')
    .map(([name, value]) => ({
      name: words[name] ?? name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
      value: value === true ? 'yes' : value === false ? 'no' : String(value),
    }));
}

/** Undefined for content that is no number worth counting: booleans, empty tensors. */
export function histogramOf(tensor: Tensor, role: ModelHistogram['role']): ModelHistogram | undefined {
  const { dtype, quantisation } = tensor;
  if (dtype === 'bool') return undefined;
  const all = numbersOf(tensor);
  const numbers = dtype === 'float32' ? all.filter(Number.isFinite) : all;
  if (numbers.length === 0) return undefined;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (const value of numbers) {
    if (value < least) least = value;
    if (value > most) most = value;
    sum += value;
  }
  const mean = sum / numbers.length;
  let squares = 0;
  let zeros = 0;
  let saturated = 0;
  const zero = quantisation?.zeroPoints[0] ?? 0;
  const [low, high] = codeEnds[dtype] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const value of numbers) {
    squares += (value - mean) ** 2;
    if (value === zero) zeros++;
    if (value === low || value === high) saturated++;
  }
  return {
    role,
    dtype,
    count: all.length,
    least,
    most,
    mean,
    deviation: Math.sqrt(squares / numbers.length),
    zeros,
    saturated,
    bins: binned(numbers, dtype === 'int8' ? [-128, 127] : [least, most], dtype === 'float32'),
    notFinite: all.length - numbers.length,
    scales: someOf(quantisation?.scales ?? []),
  };
}

const codeEnds: Readonly<Record<string, readonly [number, number]>> = { int8: [-128, 127], uint8: [0, 255] };

function numbersOf({ data, dtype, shape }: Tensor): Float64Array {
  if (data === undefined) return new Float64Array();
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const width = bytesPerElement[dtype];
  const read: (offset: number) => number = {
    int8: (offset: number) => view.getInt8(offset),
    uint8: (offset: number) => view.getUint8(offset),
    int16: (offset: number) => view.getInt16(offset, true),
    int32: (offset: number) => view.getInt32(offset, true),
    int64: (offset: number) => Number(view.getBigInt64(offset, true)),
    float32: (offset: number) => view.getFloat32(offset, true),
    bool: (offset: number) => view.getUint8(offset),
  }[dtype];
  return Float64Array.from({ length: elementCount(shape) }, (_, index) => read(index * width));
}

/** Bins of equal width; whole numbers for whole numbers. */
function binned(numbers: Float64Array, [low, high]: readonly [number, number], float: boolean): ModelHistogram['bins'] {
  const span = float ? high - low : high - low + 1;
  const width = float ? span / bins || 1 : Math.max(1, Math.ceil(span / bins));
  const count = float ? (span === 0 ? 1 : bins) : Math.ceil(span / width);
  const counts = new Array<number>(count).fill(0);
  for (const value of numbers) {
    const bin = Math.min(count - 1, Math.floor((value - low) / width));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts.map((each, bin) => ({
    from: low + bin * width,
    to: float ? low + (bin + 1) * width : low + (bin + 1) * width - 1,
    count: each,
  }));
}

function someOf(scales: readonly number[]): readonly number[] {
  if (scales.length < 2) return [];
  const step = Math.ceil(scales.length / mostScales);
  return scales.filter((_, index) => index % step === 0);
}
