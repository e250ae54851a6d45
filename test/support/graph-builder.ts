/**
 * Small int8 networks for tests, with seeded random weights and quantisation that neither saturates nor wastes codes:
 *
 *     const network = graph(7)
 *       .input([1, 8, 8, 3])
 *       .conv({ channels: 8, stride: 2, activation: 'relu6', name: 'stem' })
 *       .depthwise({ kernel: 5 })
 *       .conv({ channels: 8, kernel: 1 })
 *       .add('stem')
 *       .averagePool()
 *       .dense({ units: 10, name: 'classifier' })
 *       .build();
 *
 * Every method appends one layer (concat and pack also the QUANTIZEs they need) that reads the current tensor, whose
 * output becomes the current one. `from(name)` goes back to a layer's or input's output; output k of a layer with
 * several is `name:k`. What is never read is an output of the graph.
 */

import type { Attributes, Graph, Quantisation } from '../../compiler/model/graph.ts';
import { elementCount } from '../../compiler/model/graph.ts';
import { at } from '../reference/values.ts';
import { GraphDraft, type OutputQuantisation, perTensor } from './graph-draft.ts';

import type { Fused, Named, Other, ResizeOptions, WeightOptions, WindowOptions } from './graph-options.ts';
import { axisAttributes, broadcast, none, outputSize, pair } from './graph-options.ts';

export { randomValues } from './graph-draft.ts';

export function graph(seed = 1): GraphBuilder {
  return new GraphBuilder(seed);
}

export class GraphBuilder {
  readonly #draft: GraphDraft;
  readonly #byName = new Map<string, number>();
  #current = -1;
  #count = 0;

  constructor(seed: number) {
    this.#draft = new GraphDraft(seed);
  }

  /** A graph input; int8 with scale 1/64 and zero point -3 unless told otherwise. */
  input(
    shape: readonly number[],
    options: Named & { scale?: number; zeroPoint?: number; dtype?: 'int8' | 'float32' } = {},
  ): this {
    const { name = `input${this.#count++}`, scale = 1 / 64, zeroPoint = -3, dtype = 'int8' } = options;
    this.#current = this.#draft.input(name, shape, dtype, perTensor(scale, zeroPoint));
    this.#byName.set(name, this.#current);
    return this;
  }

  /** Continues from an earlier tensor. */
  from(name: string): this {
    this.#current = this.#idOf(name);
    return this;
  }

  /** kernel 3, stride 1, SAME, per-channel weights and a bias by default. */
  conv(options: WindowOptions & WeightOptions & { readonly channels: number }): this {
    const [height, width] = pair(options.kernel ?? 3);
    const inputs = at(this.#shape, 3);
    const weights = this.#weights([options.channels, height, width, inputs], 0, options.perChannel ?? true);
    return this.#window('CONV_2D', options, weights, options.channels, 0);
  }

  /** Each input channel gives `multiplier` output channels. */
  depthwise(options: WindowOptions & WeightOptions & { readonly multiplier?: number } = {}): this {
    const [height, width] = pair(options.kernel ?? 3);
    const multiplier = options.multiplier ?? 1;
    const channels = at(this.#shape, 3) * multiplier;
    const weights = this.#weights([1, height, width, channels], 3, options.perChannel ?? true);
    return this.#window('DEPTHWISE_CONV_2D', options, weights, channels, multiplier);
  }

  /** The output is stride times as large (SAME), or (size - 1) stride + kernel (VALID). */
  transposeConv(options: WindowOptions & WeightOptions & { readonly channels: number }): this {
    const { channels, padding = 'same' } = options;
    const kernel = pair(options.kernel ?? 3);
    const stride = pair(options.stride ?? 2);
    const [batch = 1, rows = 1, columns = 1, inputs = 1] = this.#shape;
    const size = (input: number, d: 0 | 1) =>
      padding === 'same' ? input * stride[d] : (input - 1) * stride[d] + kernel[d];
    const shape = [batch, size(rows, 0), size(columns, 1), channels];
    const weights = this.#weights([channels, ...kernel, inputs], 0, options.perChannel ?? true);
    const bias = this.#bias(options, channels, weights);
    const attributes = this.#windowAttributes({ ...options, stride, padding }, [0, 0], 0);
    const operands = [this.#integers(shape), weights, this.#current, ...bias];
    return this.#append('TRANSPOSE_CONV', options, operands, [shape], attributes);
  }

  /** Fully connected over rows of the weights' inputs: the whole input flattened, or its last axis with keepDims. */
  dense(options: Fused & WeightOptions & { readonly units: number; readonly keepDims?: boolean }): this {
    const { units, activation = 'none', keepDims = false } = options;
    const batch = at(this.#shape, 0);
    const inputs = keepDims ? at(this.#shape, this.#shape.length - 1) : elementCount(this.#shape.slice(1));
    const weights = this.#weights([units, inputs], 0, options.perChannel ?? false);
    const shape = keepDims ? [...this.#shape.slice(0, -1), units] : [batch, units];
    const operands = [this.#current, weights, ...this.#bias(options, units, weights)];
    return this.#append('FULLY_CONNECTED', options, operands, [shape], { kind: 'dense', activation, keepDims });
  }

  /** current + other, broadcast */
  add = (other: Other, options: Fused = {}): this => this.#binary('ADD', other, options);
  /** current - other, broadcast */
  sub = (other: Other, options: Fused = {}): this => this.#binary('SUB', other, options);
  /** current x other, broadcast */
  mul = (other: Other, options: Fused = {}): this => this.#binary('MUL', other, options);

  /** current x other over the last two dimensions. */
  matmul(other: Other, options: Named & { readonly adjointX?: boolean; readonly adjointY?: boolean } = {}): this {
    const { adjointX = false, adjointY = false } = options;
    const right = this.#other(other);
    const rightShape = this.#draft.tensor(right).shape;
    const rows = at(this.#shape, this.#shape.length - (adjointX ? 1 : 2));
    const columns = at(rightShape, rightShape.length - (adjointY ? 2 : 1));
    const batches = broadcast(this.#shape.slice(0, -2), rightShape.slice(0, -2));
    const attributes: Attributes = { kind: 'matmul', adjointX, adjointY };
    return this.#append('BATCH_MATMUL', options, [this.#current, right], [[...batches, rows, columns]], attributes);
  }

  /** The whole picture by default. */
  averagePool = (options: WindowOptions = {}): this => this.#pool('AVERAGE_POOL_2D', options);
  /** The whole picture by default. */
  maxPool = (options: WindowOptions = {}): this => this.#pool('MAX_POOL_2D', options);

  mean(options: Named & { readonly axes: readonly number[]; readonly keepDims?: boolean }): this {
    const { axes, keepDims = false } = options;
    const shape = this.#shape.flatMap((size, d) => (axes.includes(d) ? (keepDims ? [1] : []) : [size]));
    const attributes: Attributes = { kind: 'reduce', keepDims };
    return this.#append('MEAN', options, [this.#current, this.#integers(axes)], [shape], attributes);
  }

  /** [current, ...others] along an axis, all requantised to the range that holds them. */
  concat(others: readonly string[], axis: number, options: Fused = {}): this {
    const inputs = this.#alike(others);
    const sizes = inputs.map((id) => at(this.#draft.tensor(id).shape, axis));
    const shape = this.#shape.map((size, d) => (d === axis ? sizes.reduce((a, b) => a + b, 0) : size));
    const attributes: Attributes = { kind: 'axis', axis, activation: options.activation ?? 'none' };
    return this.#append('CONCATENATION', options, inputs, [shape], attributes, this.#same);
  }

  /** [current, ...others] along a new axis, all requantised to the range that holds them. */
  pack(others: readonly string[], axis: number, options: Named = {}): this {
    const inputs = this.#alike(others);
    const shape = [...this.#shape.slice(0, axis), inputs.length, ...this.#shape.slice(axis)];
    return this.#append('PACK', options, inputs, [shape], axisAttributes(axis), this.#same);
  }

  unpack(axis: number, options: Named = {}): this {
    const shape = this.#shape.filter((_, d) => d !== axis);
    const shapes = Array.from({ length: at(this.#shape, axis) }, () => shape);
    return this.#append('UNPACK', options, [this.#current], shapes, axisAttributes(axis), this.#same);
  }

  split(options: Named & { readonly axis: number; readonly parts: number }): this {
    const { axis, parts } = options;
    const shape = this.#shape.map((size, d) => (d === axis ? size / parts : size));
    const operands = [this.#integers([axis], []), this.#current];
    const shapes = Array.from({ length: parts }, () => shape);
    return this.#append('SPLIT', options, operands, shapes, axisAttributes(axis), this.#same);
  }

  splitV(options: Named & { readonly axis: number; readonly sizes: readonly number[] }): this {
    const { axis, sizes } = options;
    const shapes = sizes.map((part) => this.#shape.map((size, d) => (d === axis ? part : size)));
    const operands = [this.#current, this.#integers(sizes), this.#integers([axis], [])];
    return this.#append('SPLIT_V', options, operands, shapes, axisAttributes(axis), this.#same);
  }

  reshape(shape: readonly number[], options: Named = {}): this {
    return this.#append('RESHAPE', options, [this.#current, this.#integers(shape)], [shape], none, this.#same);
  }

  /** Drops every dimension of 1 but the first. */
  squeeze(options: Named = {}): this {
    const shape = this.#shape.filter((size, d) => d === 0 || size !== 1);
    return this.#append('SQUEEZE', options, [this.#current], [shape], none, this.#same);
  }

  expandDims(axis: number, options: Named = {}): this {
    const shape = [...this.#shape.slice(0, axis), 1, ...this.#shape.slice(axis)];
    return this.#append('EXPAND_DIMS', options, [this.#current, this.#integers([axis], [])], [shape], none, this.#same);
  }

  transpose(permutation: readonly number[], options: Named = {}): this {
    const shape = permutation.map((d) => at(this.#shape, d));
    const operands = [this.#current, this.#integers(permutation)];
    return this.#append('TRANSPOSE', options, operands, [shape], none, this.#same);
  }

  /** paddings: [before, after] for each dimension; `value`: a code (PADV2), the zero point without (PAD). */
  pad(paddings: readonly (readonly [number, number])[], options: Named & { readonly value?: number } = {}): this {
    const shape = this.#shape.map((size, d) => size + (paddings[d]?.[0] ?? 0) + (paddings[d]?.[1] ?? 0));
    const operands = [this.#current, this.#integers(paddings.flat(), [paddings.length, 2])];
    if (options.value === undefined) return this.#append('PAD', options, operands, [shape], none, this.#same);
    const value = this.#draft.constant(this.#fresh('value'), 'int8', [], [options.value], this.#same);
    return this.#append('PADV2', options, [...operands, value], [shape], none, this.#same);
  }

  slice(begin: readonly number[], size: readonly number[], options: Named = {}): this {
    const shape = size.map((s, d) => (s < 0 ? at(this.#shape, d) - at(begin, d) : s));
    const operands = [this.#current, this.#integers(begin), this.#integers(size)];
    return this.#append('SLICE', options, operands, [shape], none, this.#same);
  }

  /** begin and end inside the tensor, strides positive; dimensions in shrinkMask (bits) are dropped. */
  stridedSlice(
    range: { readonly begin: readonly number[]; readonly end: readonly number[]; readonly strides: readonly number[] },
    options: Named & { readonly shrinkMask?: number } = {},
  ): this {
    const { begin, end, strides } = range;
    const { shrinkMask = 0 } = options;
    const sizes = begin.map((first, d) => Math.ceil((at(end, d) - first) / at(strides, d)));
    const shape = sizes.filter((_, d) => (shrinkMask & (1 << d)) === 0);
    const operands = [this.#current, this.#integers(begin), this.#integers(end), this.#integers(strides)];
    const attributes: Attributes = { kind: 'stridedSlice', beginMask: 0, endMask: 0, shrinkMask };
    return this.#append('STRIDED_SLICE', options, operands, [shape], attributes, this.#same);
  }

  softmax(options: Named & { readonly beta?: number } = {}): this {
    return this.#unary('SOFTMAX', options, { kind: 'softmax', beta: options.beta ?? 1 }, perTensor(1 / 256, -128));
  }

  logistic = (options: Named = {}): this => this.#unary('LOGISTIC', options, none, perTensor(1 / 256, -128));
  tanh = (options: Named = {}): this => this.#unary('TANH', options, none, perTensor(1 / 128, 0));
  relu = (options: Named = {}): this => this.#unary('RELU', options, none, 'calibrated');
  relu6 = (options: Named = {}): this => this.#unary('RELU6', options, none, this.#same);
  hardSwish = (options: Named = {}): this => this.#unary('HARD_SWISH', options, none, 'calibrated');

  leakyRelu(alpha: number, options: Named = {}): this {
    return this.#unary('LEAKY_RELU', options, { kind: 'leaky', alpha: Math.fround(alpha) }, 'calibrated');
  }

  /** Random slopes, one for each channel (the last axis). */
  prelu(options: Named = {}): this {
    const channels = at(this.#shape, this.#shape.length - 1);
    const slopes = this.#weights([...this.#shape.slice(1, -1).map(() => 1), channels], 0, false);
    return this.#append('PRELU', options, [this.#current, slopes], [this.#shape], none);
  }

  /** To a given quantisation, or to the range of the values. */
  quantise(options: Named & { readonly scale?: number; readonly zeroPoint?: number } = {}): this {
    const { scale, zeroPoint } = options;
    return this.#unary('QUANTIZE', options, none, scale === undefined ? 'calibrated' : perTensor(scale, zeroPoint));
  }

  dequantise = (options: Named = {}): this => this.#unary('DEQUANTIZE', options, none, 'float32');
  resizeNearest = (options: ResizeOptions): this => this.#resize('RESIZE_NEAREST_NEIGHBOR', options);
  resizeBilinear = (options: ResizeOptions): this => this.#resize('RESIZE_BILINEAR', options);

  build(name = 'network'): Graph {
    return this.#draft.graph(name);
  }

  get #shape(): readonly number[] {
    return this.#draft.tensor(this.#current).shape;
  }

  get #same(): Quantisation {
    return this.#draft.tensor(this.#current).quantisation ?? perTensor(1);
  }

  #idOf(name: string): number {
    const id = this.#byName.get(name);
    if (id === undefined) throw new Error(`no tensor is called ${name}`);
    return id;
  }

  #other(other: Other): number {
    if (typeof other === 'string') return this.#idOf(other);
    const codes = Array.from(
      { length: elementCount(other.constant) },
      () => Math.floor(this.#draft.random() * 256) - 128,
    );
    return this.#draft.constant(this.#fresh('operand'), 'int8', other.constant, codes, perTensor(1 / 70, 11));
  }

  #fresh(role: string): string {
    return `${role}${this.#count++}`;
  }

  #integers(values: readonly number[], shape: readonly number[] = [values.length]): number {
    return this.#draft.constant(this.#fresh('argument'), 'int32', shape, values);
  }

  #weights(shape: readonly number[], axis: number, perChannel: boolean): number {
    return this.#draft.weights(this.#fresh('weights'), shape, axis, perChannel);
  }

  #bias(options: WeightOptions, channels: number, weights: number): readonly number[] {
    return options.bias === false ? [] : [this.#draft.bias(this.#fresh('bias'), channels, this.#current, weights)];
  }

  #windowAttributes(options: WindowOptions, window: readonly [number, number], depthMultiplier: number): Attributes {
    const [strideY, strideX] = pair(options.stride ?? 1);
    const [dilationY, dilationX] = pair(options.dilation ?? 1);
    const { padding = 'same', activation = 'none' } = options;
    const [windowHeight, windowWidth] = window;
    return {
      kind: 'window',
      ...{ padding, strideY, strideX, dilationY, dilationX, windowHeight, windowWidth, depthMultiplier, activation },
    };
  }

  #windowShape(options: WindowOptions, kernel: readonly [number, number], channels: number): readonly number[] {
    const [stride, dilation] = [pair(options.stride ?? 1), pair(options.dilation ?? 1)];
    const [batch = 1, rows = 1, columns = 1] = this.#shape;
    const size = (input: number, d: 0 | 1) =>
      outputSize(input, kernel[d], stride[d], dilation[d], options.padding ?? 'same');
    return [batch, size(rows, 0), size(columns, 1), channels];
  }

  #window(
    operator: string,
    options: WindowOptions & WeightOptions,
    weights: number,
    channels: number,
    multiplier: number,
  ): this {
    const shape = this.#windowShape(options, pair(options.kernel ?? 3), channels);
    const operands = [this.#current, weights, ...this.#bias(options, channels, weights)];
    return this.#append(operator, options, operands, [shape], this.#windowAttributes(options, [0, 0], multiplier));
  }

  #pool(operator: string, options: WindowOptions): this {
    const [, rows = 1, columns = 1, channels = 1] = this.#shape;
    const kernel = pair(options.kernel ?? [rows, columns]);
    const complete: WindowOptions = { padding: 'valid', stride: options.kernel ?? 1, ...options };
    const shape = this.#windowShape(complete, kernel, channels);
    return this.#append(
      operator,
      options,
      [this.#current],
      [shape],
      this.#windowAttributes(complete, kernel, 0),
      this.#same,
    );
  }

  #resize(operator: string, options: ResizeOptions): this {
    const { height, width, alignCorners = false, halfPixelCenters = false } = options;
    const [batch = 1, , , channels = 1] = this.#shape;
    const operands = [this.#current, this.#integers([height, width])];
    const attributes: Attributes = { kind: 'resize', alignCorners, halfPixelCenters };
    return this.#append(operator, options, operands, [[batch, height, width, channels]], attributes, this.#same);
  }

  #binary(operator: string, other: Other, options: Fused): this {
    const second = this.#other(other);
    const shape = broadcast(this.#shape, this.#draft.tensor(second).shape);
    const attributes: Attributes = { kind: 'activation', activation: options.activation ?? 'none' };
    return this.#append(operator, options, [this.#current, second], [shape], attributes);
  }

  #unary(operator: string, options: Named, attributes: Attributes, quantisation: OutputQuantisation): this {
    return this.#append(operator, options, [this.#current], [this.#shape], attributes, quantisation);
  }

  /** The current tensor and the others in one quantisation that holds them all. */
  #alike(others: readonly string[]): readonly number[] {
    const ids = [this.#current, ...others.map((name) => this.#idOf(name))];
    const ranges = ids.map((id) => {
      const { scales: [scale = 1] = [], zeroPoints: [zeroPoint = 0] = [] } = this.#draft.tensor(id).quantisation ?? {};
      return { scale, zeroPoint, low: scale * (-128 - zeroPoint), high: scale * (127 - zeroPoint) };
    });
    const [first] = ranges;
    if (ranges.every((range) => range.scale === first?.scale && range.zeroPoint === first.zeroPoint)) return ids;
    const low = Math.min(...ranges.map((range) => range.low));
    const scale = (Math.max(...ranges.map((range) => range.high)) - low) / 255;
    const shared = perTensor(scale, Math.round(-128 - low / scale));
    const requantised = ids.map((id) => {
      this.#current = id;
      return this.#unary('QUANTIZE', {}, none, shared).#current;
    });
    this.#current = at(requantised, 0);
    return requantised;
  }

  #append(
    operator: string,
    { name = `${operator.toLowerCase()}${this.#count++}` }: Named,
    operands: readonly number[],
    shapes: readonly (readonly number[])[],
    attributes: Attributes,
    quantisation: OutputQuantisation = 'calibrated',
  ): this {
    const outputs = this.#draft.layer(name, operator, operands, shapes, attributes, quantisation);
    outputs.forEach((id, k) => {
      this.#byName.set(k === 0 ? name : `${name}:${k}`, id);
    });
    this.#current = at(outputs, 0);
    return this;
  }
}
