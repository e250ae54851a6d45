/** Gives a network another input size: every shape is inferred anew, weights stay what they are. */
import { refuse } from '../diagnostics.ts';
import { elementCount, type Graph, integersOf, type Layer, type Tensor, tensorAt } from './graph.ts';

type Shape = readonly number[];
type WindowAttributes = Extract<Layer['attributes'], { kind: 'window' }>;

interface Resized {
  readonly shape: Shape;
  /** Where the layer itself changes: a global pool. */
  readonly layer?: Layer;
}

interface Resizing {
  readonly graph: Graph;
  readonly layer: Layer;
  /** Of the layer's inputs, as they were and as they are now. */
  readonly before: readonly Shape[];
  readonly after: readonly Shape[];
}

/**
 * The network for pictures of another size. A pool whose window is its whole map stays global, reshapes follow; refuses
 * (DiagnosticError) where an operator cannot follow, such as a dense layer that reads the whole map.
 */
export function resizeInput(graph: Graph, size: { readonly width: number; readonly height: number }): Graph {
  const [input = -1] = graph.inputs;
  const [batch = 1, , , channels] = tensorAt(graph, input).shape;
  if (graph.inputs.length !== 1 || tensorAt(graph, input).shape.length !== 4 || channels === undefined) {
    refuse('input-not-a-picture', `the input of ${graph.name} is not one picture`, 'leave out `input`');
  }
  const shapes = new Map<number, Shape>([[input, [batch, size.height, size.width, channels]]]);
  const constants: Tensor[] = [];
  const layers = graph.layers.map((layer) => {
    const ids = layer.inputs.filter((id) => id >= 0);
    const before = ids.map((id) => tensorAt(graph, id).shape);
    const after = ids.map((id) => shapes.get(id) ?? tensorAt(graph, id).shape);
    if (after.every((shape, index) => isSame(shape, before[index] ?? []))) return layer;
    const resized = resizeLayer({ graph, layer, before, after });
    shapes.set(layer.outputs[0] ?? -1, resized.shape);
    const changed = resized.layer ?? layer;
    return layer.operator === 'RESHAPE' ? withShapeOperand(graph, changed, resized.shape, constants) : changed;
  });
  const tensors = graph.tensors.map((tensor) => {
    const shape = shapes.get(tensor.id);
    return shape === undefined ? tensor : { ...tensor, shape };
  });
  return { ...graph, layers, tensors: [...tensors, ...constants] };
}

function resizeLayer(resizing: Resizing): Resized {
  const { layer, after } = resizing;
  const [input = []] = after;
  switch (layer.operator) {
    case 'CONV_2D':
    case 'DEPTHWISE_CONV_2D':
    case 'AVERAGE_POOL_2D':
    case 'MAX_POOL_2D':
      return resizeWindow(resizing);
    case 'PAD':
    case 'PADV2':
      return { shape: input.map((length, d) => length + listAt(resizing, 1, 2 * d) + listAt(resizing, 1, 2 * d + 1)) };
    case 'MEAN':
      return { shape: reducedShape(resizing) };
    case 'RESHAPE':
    case 'SQUEEZE':
    case 'EXPAND_DIMS':
      return { shape: reshaped(resizing) };
    case 'TRANSPOSE':
      return { shape: input.map((_, d) => input[listAt(resizing, 1, d)] ?? 1) };
    case 'CONCATENATION':
      return { shape: joined(resizing) };
    case 'ADD':
    case 'SUB':
    case 'MUL':
      return { shape: broadcast(resizing) };
    case 'RELU':
    case 'RELU6':
    case 'LEAKY_RELU':
    case 'HARD_SWISH':
    case 'LOGISTIC':
    case 'TANH':
    case 'QUANTIZE':
    case 'DEQUANTIZE':
      return { shape: input };
    default:
      return cannotFollow(resizing);
  }
}

function cannotFollow({ layer, before, after }: Resizing): never {
  refuse(
    'input-not-resizable',
    `with this input, layer ${layer.name} (${layer.operator}) would read [${after[0]}] in place of [${before[0]}]`,
    'leave out `input`, or choose a size that keeps this shape',
    layer.name,
  );
}

function resizeWindow(resizing: Resizing): Resized {
  const { graph, layer, before, after } = resizing;
  const { attributes } = layer;
  if (attributes.kind !== 'window') throw new Error(`${layer.name} has no window`);
  const [batch = 1, height = 1, width = 1] = after[0] ?? [];
  const [, heightBefore, widthBefore] = before[0] ?? [];
  const output = tensorAt(graph, layer.outputs[0] ?? -1).shape;
  const channels = output[3] ?? 1;
  const isPool = attributes.windowHeight > 0;
  if (isPool && attributes.windowHeight === heightBefore && attributes.windowWidth === widthBefore) {
    const whole: WindowAttributes = { ...attributes, windowHeight: height, windowWidth: width, padding: 'valid' };
    const isGlobal = output[1] === 1 && output[2] === 1;
    if (isGlobal) return { shape: [batch, 1, 1, channels], layer: { ...layer, attributes: whole } };
  }
  const weights = isPool ? [] : (after[1] ?? []);
  const rows = windows(attributes, height, isPool ? attributes.windowHeight : (weights[1] ?? 1), 'Y');
  const columns = windows(attributes, width, isPool ? attributes.windowWidth : (weights[2] ?? 1), 'X');
  if (rows < 1 || columns < 1) {
    refuse(
      'input-too-small',
      `with this input, the window of layer ${layer.name} is larger than its ${height}x${width} map`,
      'choose a larger input',
      layer.name,
    );
  }
  return { shape: [batch, rows, columns, channels] };
}

/** TFLite's ComputeOutSize. */
function windows(attributes: WindowAttributes, size: number, kernel: number, direction: 'X' | 'Y'): number {
  const stride = direction === 'X' ? attributes.strideX : attributes.strideY;
  const dilation = direction === 'X' ? attributes.dilationX : attributes.dilationY;
  const reach = attributes.padding === 'same' ? 1 : (kernel - 1) * dilation + 1;
  return Math.floor((size - reach) / stride) + 1;
}

function listAt({ graph, layer }: Resizing, input: number, index: number): number {
  return integersOf(tensorAt(graph, layer.inputs[input] ?? -1))?.[index] ?? 0;
}

function reducedShape({ graph, layer, after }: Resizing): Shape {
  const [input = []] = after;
  const axes = integersOf(tensorAt(graph, layer.inputs[1] ?? -1)) ?? [];
  const reduced = new Set(axes.map((axis) => (axis < 0 ? axis + input.length : axis)));
  const keepDims = layer.attributes.kind === 'reduce' && layer.attributes.keepDims;
  return input.flatMap((length, d) => (reduced.has(d) ? (keepDims ? [1] : []) : [length]));
}

/**
 * Splits both old shapes into the smallest runs of equal size. A run that did not change gives its old output; one that
 * did must have one output dimension, which takes its new size: [1, 4, 4, 64] to [1, 1024] or to [1, 16, 64] follows.
 */
function reshaped(resizing: Resizing): Shape {
  const { graph, layer, before, after } = resizing;
  const [from = []] = before;
  const [input = []] = after;
  const to = tensorAt(graph, layer.outputs[0] ?? -1).shape;
  const shape: number[] = [];
  let i = 0;
  let o = 0;
  while (i < from.length || o < to.length) {
    const [firstIn, firstOut] = [i, o];
    let [sizeIn, sizeOut] = [from[i++] ?? 1, to[o++] ?? 1];
    while (sizeIn !== sizeOut) {
      if (sizeIn < sizeOut) sizeIn *= from[i++] ?? 1;
      else sizeOut *= to[o++] ?? 1;
    }
    const size = elementCount(input.slice(firstIn, i));
    const run = to.slice(firstOut, o);
    if (size === sizeIn) shape.push(...run);
    else if (run.filter((length) => length !== 1).length === 1) {
      shape.push(...run.map((length) => (length === 1 ? 1 : size)));
    } else cannotFollow(resizing);
  }
  return shape;
}

/** The shape that RESHAPE takes as its second input, in a constant of its own. */
function withShapeOperand(graph: Graph, layer: Layer, shape: Shape, constants: Tensor[]): Layer {
  const [input = -1, operand = -1] = layer.inputs;
  if (operand < 0) return layer;
  const id = graph.tensors.length + constants.length;
  const data = new Uint8Array(Int32Array.from(shape).buffer);
  constants.push({ ...tensorAt(graph, operand), id, shape: [shape.length], dtype: 'int32', data });
  return { ...layer, inputs: [input, id] };
}

function joined(resizing: Resizing): Shape {
  const { layer, after } = resizing;
  const axis = layer.attributes.kind === 'axis' ? layer.attributes.axis : 0;
  const [first = []] = after;
  for (const shape of after) {
    if (shape.length !== first.length || !shape.every((length, d) => d === axis || length === first[d])) {
      cannotFollow(resizing);
    }
  }
  return first.map((length, d) => (d === axis ? after.reduce((sum, shape) => sum + (shape[d] ?? 0), 0) : length));
}

function broadcast(resizing: Resizing): Shape {
  const [first = [], second = []] = resizing.after;
  const rank = Math.max(first.length, second.length);
  return Array.from({ length: rank }, (_, d) => {
    const a = first[d - rank + first.length] ?? 1;
    const b = second[d - rank + second.length] ?? 1;
    if (a !== b && a !== 1 && b !== 1) cannotFollow(resizing);
    return Math.max(a, b);
  });
}

function isSame(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, d) => length === b[d]);
}
