import { refuse } from '../diagnostics.ts';
import { type Attributes, elementCount, type Graph, integersOf, type Layer, type Tensor } from './graph.ts';

/** A layer under examination: what the rules of the operators look at and how they say no. */
export interface Site {
  readonly layer: Layer;
  /** Refuses where the input is absent. */
  input(index: number): Tensor;
  optionalInput(index: number): Tensor | undefined;
  output(index: number): Tensor;
  reject(what: string): never;
}

export function siteOf(graph: Graph, layer: Layer): Site {
  const reject = (what: string): never =>
    refuse(
      'inconsistent-operator',
      `Layer '${layer.name}' (${layer.operator}, operator ${layer.index}): ${what}.`,
      'The file contradicts itself: export the model again, or remove this layer.',
      layer.name,
    );
  const optionalInput = (index: number) => graph.tensors[layer.inputs[index] ?? -1];
  return {
    layer,
    optionalInput,
    input: (index) => optionalInput(index) ?? reject(`input ${index} is absent`),
    output: (index) => graph.tensors[layer.outputs[index] ?? -1] ?? reject(`output ${index} is absent`),
    reject,
  };
}

export function attributesOf<K extends Attributes['kind']>(site: Site, kind: K): Extract<Attributes, { kind: K }> {
  const { attributes } = site.layer;
  if (attributes.kind !== kind) return site.reject(`its options are of the kind '${attributes.kind}', not '${kind}'`);
  return attributes as Extract<Attributes, { kind: K }>;
}

export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

export function expectShape(site: Site, tensor: Tensor, expected: readonly number[]): void {
  if (tensor.shape.length !== expected.length || tensor.shape.some((dimension, axis) => dimension !== expected[axis])) {
    site.reject(`'${tensor.name}' has the shape ${shapeText(tensor.shape)}, expected ${shapeText(expected)}`);
  }
}

export function expectElements(site: Site, tensor: Tensor, expected: number): void {
  const count = elementCount(tensor.shape);
  if (count !== expected) site.reject(`'${tensor.name}' has ${count} elements, expected ${expected}`);
}

/** Four dimensions: batch, rows, columns, channels (of weights: as their operator orders them). */
export function pictureShape(site: Site, tensor: Tensor): readonly [number, number, number, number] {
  const [batch, height, width, channels] = tensor.shape;
  if (
    tensor.shape.length !== 4 ||
    batch === undefined ||
    height === undefined ||
    width === undefined ||
    channels === undefined
  ) {
    return site.reject(`'${tensor.name}' has ${tensor.shape.length} dimensions, expected 4`);
  }
  return [batch, height, width, channels];
}

/** Tensors that are only moved or compared: one dtype. */
export function expectSameType(site: Site, ...tensors: readonly Tensor[]): void {
  const [first] = tensors;
  for (const tensor of tensors) {
    if (first !== undefined && tensor.dtype !== first.dtype) {
      site.reject(`'${first.name}' is ${first.dtype}, but '${tensor.name}' is ${tensor.dtype}`);
    }
  }
}

/** Tensors that are calculated with: small integers mean numbers only by one scale and zero point. */
export function expectNumeric(site: Site, ...tensors: readonly Tensor[]): void {
  for (const { name, dtype, quantisation } of tensors) {
    if (dtype !== 'int8' && dtype !== 'uint8' && dtype !== 'int16') continue;
    if (quantisation === undefined) site.reject(`'${name}' is ${dtype} without a scale`);
    else if (quantisation.scales.length !== 1) site.reject(`'${name}' has several scales, expected one`);
  }
}

/** Content of a constant list of at most so many integers, such as axes or paddings. */
export function constantIntegers(site: Site, tensor: Tensor, most: number): readonly number[] {
  const count = elementCount(tensor.shape);
  if (count > most) site.reject(`'${tensor.name}' lists ${count} numbers, expected at most ${most}`);
  const values = integersOf(tensor);
  return values ?? site.reject(`'${tensor.name}' (${tensor.dtype}) is not a constant list of integers`);
}

/** An axis counted from the end becomes one counted from the front. */
export function axisWithin(site: Site, axis: number, rank: number): number {
  const counted = axis < 0 ? axis + rank : axis;
  return counted >= 0 && counted < rank ? counted : site.reject(`axis ${axis} does not exist in ${rank} dimensions`);
}
