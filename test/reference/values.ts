/** Shapes, stored values and quantisation in float64: what every rule of the reference model is built on. */

import type { Activation, Graph, Quantisation, Tensor } from '../../compiler/model/graph.ts';
import { bytesPerElement, elementCount, tensorAt } from '../../compiler/model/graph.ts';

/** Nearest integer, halves away from zero; never -0, which no code is. */
export function roundHalfAway(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole + 0;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

export function at(values: ArrayLike<number>, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`index ${index} of ${values.length}`);
  return value;
}

/** The content of a constant, as numbers in stored units (codes, or reals for float32). */
export function constantValues(tensor: Tensor): Float64Array {
  const { data } = tensor;
  if (data === undefined) throw new Error(`${tensor.name} is not a constant`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const size = bytesPerElement[tensor.dtype];
  const read: Record<Tensor['dtype'], (offset: number) => number> = {
    int8: (offset) => view.getInt8(offset),
    uint8: (offset) => view.getUint8(offset),
    bool: (offset) => view.getUint8(offset),
    int16: (offset) => view.getInt16(offset, true),
    int32: (offset) => view.getInt32(offset, true),
    int64: (offset) => Number(view.getBigInt64(offset, true)),
    float32: (offset) => view.getFloat32(offset, true),
  };
  return Float64Array.from({ length: elementCount(tensor.shape) }, (_, i) => read[tensor.dtype](i * size));
}

/** The content of a constant integer tensor: axes, sizes, permutations. */
export function constantIntegers(graph: Graph, id: number | undefined): readonly number[] {
  return Array.from(constantValues(tensorAt(graph, id ?? -1)));
}

/** Scale and zero point of each element of a tensor: one entry, or one per slice along the axis. */
export interface ElementScale {
  scale(element: number): number;
  zeroPoint(element: number): number;
}

const unquantised: ElementScale = { scale: () => 1, zeroPoint: () => 0 };

export function elementScale(shape: readonly number[], quantisation: Quantisation | undefined): ElementScale {
  if (quantisation === undefined || quantisation.scales.length === 0) return unquantised;
  const { scales, zeroPoints } = quantisation;
  if (scales.length === 1) {
    const scale = at(scales, 0);
    const zeroPoint = zeroPoints[0] ?? 0;
    return { scale: () => scale, zeroPoint: () => zeroPoint };
  }
  const inner = elementCount(shape.slice(quantisation.axis + 1));
  const slice = (element: number) => Math.floor(element / inner) % scales.length;
  return { scale: (element) => at(scales, slice(element)), zeroPoint: (element) => zeroPoints[slice(element)] ?? 0 };
}

/** The reals that a fused activation lets through. */
export function activationBounds(activation: Activation): { readonly low: number; readonly high: number } {
  switch (activation) {
    case 'none':
      return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
    case 'relu':
      return { low: 0, high: Number.POSITIVE_INFINITY };
    case 'relu6':
      return { low: 0, high: 6 };
    case 'relu_n1_to_1':
      return { low: -1, high: 1 };
  }
}

const typeRange: Partial<Record<Tensor['dtype'], readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

/** act_min and act_max, both inclusive: the range of a tensor's values after a fused activation (numerics.md 2). */
export function clampRange(tensor: Tensor, activation: Activation): { readonly low: number; readonly high: number } {
  const bounds = activationBounds(activation);
  const range = typeRange[tensor.dtype];
  if (range === undefined) return bounds;
  const { scale, zeroPoint } = elementScale(tensor.shape, tensor.quantisation);
  const code = (real: number) => (Number.isFinite(real) ? zeroPoint(0) + roundHalfAway(real / scale(0)) : real);
  return { low: Math.max(range[0], code(bounds.low)), high: Math.min(range[1], code(bounds.high)) };
}

/** Row-major distances between neighbours along each dimension. */
export function stridesOf(shape: readonly number[]): readonly number[] {
  return shape.map((_, dimension) => elementCount(shape.slice(dimension + 1)));
}

/** Calls visit(coordinates, flat index) for every element, in row-major order. The array is reused. */
export function forEachElement(
  shape: readonly number[],
  visit: (coordinates: readonly number[], flat: number) => void,
): void {
  const coordinates = shape.map(() => 0);
  const total = elementCount(shape);
  for (let flat = 0; flat < total; flat++) {
    visit(coordinates, flat);
    for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
      const next = at(coordinates, dimension) + 1;
      coordinates[dimension] = next < at(shape, dimension) ? next : 0;
      if (next < at(shape, dimension)) break;
    }
  }
}

/** For each element of `target`, the flat index of the element of `shape` that broadcasting pairs with it. */
export function broadcastIndices(target: readonly number[], shape: readonly number[]): Int32Array {
  const indices = new Int32Array(elementCount(target));
  const strides = stridesOf(shape);
  const offset = target.length - shape.length;
  forEachElement(target, (coordinates, flat) => {
    let index = 0;
    for (let d = 0; d < shape.length; d++) {
      if (at(shape, d) !== 1) index += at(coordinates, d + offset) * at(strides, d);
    }
    indices[flat] = index;
  });
  return indices;
}
