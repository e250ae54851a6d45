import type { Tensor } from './graph.ts';
import {
  attributesOf,
  axisWithin,
  constantIntegers,
  expectSameType,
  expectShape,
  type Site,
  shapeText,
} from './site.ts';

/** Rules of the operators that take tensors apart or put them together. */

function allInputs(site: Site): readonly Tensor[] {
  return site.layer.inputs.map((_, index) => site.input(index));
}

function allOutputs(site: Site): readonly Tensor[] {
  return site.layer.outputs.map((_, index) => site.output(index));
}

function replaced(shape: readonly number[], axis: number, size: number): readonly number[] {
  return shape.map((dimension, index) => (index === axis ? size : dimension));
}

export function checkConcatenation(site: Site): void {
  const [first, output] = [site.input(0), site.output(0)];
  const axis = axisWithin(site, attributesOf(site, 'axis').axis, first.shape.length);
  const inputs = allInputs(site);
  for (const input of inputs) expectShape(site, input, replaced(first.shape, axis, input.shape[axis] ?? 0));
  expectSameType(site, output, ...inputs);
  const size = inputs.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
  expectShape(site, output, replaced(first.shape, axis, size));
}

export function checkPack(site: Site): void {
  const [first, output] = [site.input(0), site.output(0)];
  const axis = axisWithin(site, attributesOf(site, 'axis').axis, first.shape.length + 1);
  const inputs = allInputs(site);
  for (const input of inputs) expectShape(site, input, first.shape);
  expectSameType(site, output, ...inputs);
  expectShape(site, output, [...first.shape.slice(0, axis), inputs.length, ...first.shape.slice(axis)]);
}

export function checkUnpack(site: Site): void {
  const input = site.input(0);
  const axis = axisWithin(site, attributesOf(site, 'axis').axis, input.shape.length);
  const outputs = allOutputs(site);
  if (outputs.length !== input.shape[axis]) {
    site.reject(`it has ${outputs.length} outputs for a dimension of ${input.shape[axis]}`);
  }
  const part = input.shape.filter((_, index) => index !== axis);
  for (const output of outputs) expectShape(site, output, part);
  expectSameType(site, input, ...outputs);
}

export function checkSplit(site: Site): void {
  const input = site.input(1);
  const count = site.layer.outputs.length;
  const axis = axisWithin(site, attributesOf(site, 'axis').axis, input.shape.length);
  const size = (input.shape[axis] ?? 0) / count;
  expectParts(site, input, axis, Array<number>(count).fill(size));
}

/** inputs: tensor, sizes (one may be -1: what is left), axis */
export function checkSplitSizes(site: Site): void {
  const [input, sizes] = [site.input(0), constantIntegers(site, site.input(1), site.layer.outputs.length)];
  const axis = axisWithin(site, attributesOf(site, 'axis').axis, input.shape.length);
  const left = (input.shape[axis] ?? 0) - sizes.reduce((sum, size) => sum + Math.max(size, 0), 0);
  expectParts(
    site,
    input,
    axis,
    sizes.map((size) => (size === -1 ? left : size)),
  );
}

function expectParts(site: Site, input: Tensor, axis: number, sizes: readonly number[]): void {
  const outputs = allOutputs(site);
  const sum = sizes.reduce((total, size) => total + size, 0);
  if (sizes.length !== outputs.length || sum !== input.shape[axis] || sizes.some((size) => !isPositive(size))) {
    site.reject(`its ${outputs.length} parts do not add up to the dimension of ${input.shape[axis]}`);
  }
  outputs.forEach((output, index) => {
    expectShape(site, output, replaced(input.shape, axis, sizes[index] ?? 0));
  });
  expectSameType(site, input, ...outputs);
}

function isPositive(size: number): boolean {
  return Number.isInteger(size) && size > 0;
}

/** inputs: tensor, begin, size (-1: up to the end) */
export function checkSlice(site: Site): void {
  const [input, output] = [site.input(0), site.output(0)];
  const rank = input.shape.length;
  const [begin, size] = [1, 2].map((index) => constantIntegers(site, site.input(index), rank));
  if (begin?.length !== rank || size?.length !== rank) site.reject(`its begin and size are not of ${rank} dimensions`);
  const part = input.shape.map((dimension, axis) => {
    const first = begin[axis] ?? 0;
    const count = size[axis] === -1 ? dimension - first : (size[axis] ?? 0);
    if (first < 0 || count < 1 || first + count > dimension) {
      site.reject(`${count} elements from ${first} are not within the dimension of ${dimension}`);
    }
    return count;
  });
  expectSameType(site, input, output);
  expectShape(site, output, part);
}

/** inputs: tensor, begin, end, strides; in the masks, bit n is for dimension n */
export function checkStridedSlice(site: Site): void {
  const { beginMask, endMask, shrinkMask } = attributesOf(site, 'stridedSlice');
  const [input, output] = [site.input(0), site.output(0)];
  const rank = input.shape.length;
  const [begin, end, strides] = [1, 2, 3].map((index) => constantIntegers(site, site.input(index), rank));
  if (begin?.length !== rank || end?.length !== rank || strides?.length !== rank) {
    site.reject(`its begin, end and strides are not of ${rank} dimensions`);
  }
  const part = input.shape.flatMap((dimension, axis) => {
    const range = {
      first: (beginMask >> axis) & 1 ? undefined : begin[axis],
      end: (endMask >> axis) & 1 ? undefined : end[axis],
      stride: strides[axis] ?? 1,
    };
    if ((shrinkMask >> axis) & 1) {
      axisWithin(site, range.first ?? 0, dimension);
      if (range.stride < 1) site.reject(`it takes one element with the stride ${range.stride}`);
      return [];
    }
    const count = stridedCount(dimension, range);
    return count > 0 ? [count] : site.reject(`it takes nothing of dimension ${axis}, ${shapeText(input.shape)}`);
  });
  expectSameType(site, input, output);
  expectShape(site, output, part);
}

/** Elements that a range takes; as in NumPy, ends count from the back where negative and are clamped. */
function stridedCount(
  dimension: number,
  range: { readonly first: number | undefined; readonly end: number | undefined; readonly stride: number },
): number {
  const { stride } = range;
  if (stride === 0) return 0;
  const [lowest, highest] = stride > 0 ? [0, dimension] : [-1, dimension - 1];
  const place = (position: number) => {
    const counted = position < 0 ? position + dimension : position;
    return Math.min(Math.max(counted, lowest), highest);
  };
  const first = range.first === undefined ? (stride > 0 ? lowest : highest) : place(range.first);
  const end = range.end === undefined ? (stride > 0 ? highest : lowest) : place(range.end);
  return Math.max(0, Math.ceil((end - first) / stride));
}
