import { elementCount } from './graph.ts';
import {
  attributesOf,
  axisWithin,
  constantIntegers,
  expectElements,
  expectNumeric,
  expectSameType,
  expectShape,
  pictureShape,
  type Site,
  shapeText,
} from './site.ts';

/** Shape of an element-wise operation: dimensions aligned at the end, those of 1 repeated. */
export function broadcast(site: Site, first: readonly number[], second: readonly number[]): readonly number[] {
  const rank = Math.max(first.length, second.length);
  return Array.from({ length: rank }, (_, axis) => {
    const one = first[axis - rank + first.length] ?? 1;
    const other = second[axis - rank + second.length] ?? 1;
    if (one !== other && one !== 1 && other !== 1) {
      site.reject(`the shapes ${shapeText(first)} and ${shapeText(second)} do not go together`);
    }
    return Math.max(one, other);
  });
}

export function checkElementwise(site: Site): void {
  attributesOf(site, 'activation');
  const [first, second, output] = [site.input(0), site.input(1), site.output(0)];
  expectSameType(site, first, second, output);
  expectNumeric(site, first, second, output);
  expectShape(site, output, broadcast(site, first.shape, second.shape));
}

/** Same shape, same type: activation functions. */
export function checkUnary(site: Site): void {
  checkConversion(site);
  expectSameType(site, site.input(0), site.output(0));
}

/** Same shape, any types: QUANTIZE and DEQUANTIZE; also SOFTMAX, which may widen its result. */
export function checkConversion(site: Site): void {
  const [input, output] = [site.input(0), site.output(0)];
  const { attributes } = site.layer;
  const factor = attributes.kind === 'softmax' ? attributes.beta : attributes.kind === 'leaky' ? attributes.alpha : 1;
  if (!Number.isFinite(factor)) site.reject(`its factor is ${factor}`);
  expectNumeric(site, input, output);
  expectShape(site, output, input.shape);
}

export function checkParametricRelu(site: Site): void {
  const [input, slopes, output] = [site.input(0), site.input(1), site.output(0)];
  expectSameType(site, input, slopes, output);
  expectNumeric(site, input, slopes, output);
  expectShape(site, output, input.shape);
  expectShape(site, output, broadcast(site, input.shape, slopes.shape));
}

/** The elements stay in their order: RESHAPE, SQUEEZE, EXPAND_DIMS. */
export function checkReshape(site: Site): void {
  const [input, output] = [site.input(0), site.output(0)];
  expectSameType(site, input, output);
  expectElements(site, output, elementCount(input.shape));
}

export function checkResize(site: Site): void {
  attributesOf(site, 'resize');
  const [input, output] = [site.input(0), site.output(0)];
  const [batch, , , channels] = pictureShape(site, input);
  const size = constantIntegers(site, site.input(1), 2);
  if (size.length !== 2) site.reject(`its size has ${size.length} numbers, expected 2`);
  expectSameType(site, input, output);
  expectShape(site, output, [batch, ...size, channels]);
}

/** inputs: tensor, [rank][2] elements added before and after, and for PADV2 their value */
export function checkPad(site: Site): void {
  const [input, paddings, value, output] = [site.input(0), site.input(1), site.optionalInput(2), site.output(0)];
  expectShape(site, paddings, [input.shape.length, 2]);
  const added = constantIntegers(site, paddings, 2 * input.shape.length);
  if (added.some((count) => count < 0)) site.reject(`it pads by a negative number: ${shapeText(added)}`);
  expectSameType(site, input, output);
  if (value !== undefined) {
    expectSameType(site, input, value);
    expectElements(site, value, 1);
  }
  expectShape(
    site,
    output,
    input.shape.map((dimension, axis) => dimension + (added[2 * axis] ?? 0) + (added[2 * axis + 1] ?? 0)),
  );
}

export function checkTranspose(site: Site): void {
  const [input, output] = [site.input(0), site.output(0)];
  const rank = input.shape.length;
  const order = constantIntegers(site, site.input(1), rank);
  const axes = order.map((axis) => axisWithin(site, axis, rank));
  if (axes.length !== rank || new Set(axes).size !== rank) {
    site.reject(`${shapeText(order)} is not an order of ${rank} dimensions`);
  }
  expectSameType(site, input, output);
  expectShape(
    site,
    output,
    axes.map((axis) => input.shape[axis] ?? 0),
  );
}

export function checkMean(site: Site): void {
  const { keepDims } = attributesOf(site, 'reduce');
  const [input, output] = [site.input(0), site.output(0)];
  const rank = input.shape.length;
  const axes = new Set(constantIntegers(site, site.input(1), rank).map((axis) => axisWithin(site, axis, rank)));
  expectSameType(site, input, output);
  expectNumeric(site, input, output);
  const kept = input.shape.map((dimension, axis) => (axes.has(axis) ? 1 : dimension));
  expectShape(site, output, keepDims ? kept : kept.filter((_, axis) => !axes.has(axis)));
}

export function checkArgMax(site: Site): void {
  const [input, output] = [site.input(0), site.output(0)];
  const axis = axisWithin(site, attributesOf(site, 'axis').axis, input.shape.length);
  if (output.dtype !== 'int32' && output.dtype !== 'int64')
    site.reject(`its output is ${output.dtype}, expected int32`);
  expectShape(
    site,
    output,
    input.shape.filter((_, index) => index !== axis),
  );
}

/** [..., rows, inner] x [..., inner, columns], each of the last two swapped where the options say so */
export function checkMatrixProduct(site: Site): void {
  const { adjointX, adjointY } = attributesOf(site, 'matmul');
  const [first, second, output] = [site.input(0), site.input(1), site.output(0)];
  if (first.shape.length < 2 || second.shape.length < 2) site.reject('its inputs have less than two dimensions');
  const [rows, inner] = matrixSize(first.shape, adjointX);
  const [secondInner, columns] = matrixSize(second.shape, adjointY);
  if (inner !== secondInner) site.reject(`${shapeText(first.shape)} times ${shapeText(second.shape)} is not defined`);
  expectSameType(site, first, second, output);
  expectNumeric(site, first, second, output);
  const batches = broadcast(site, first.shape.slice(0, -2), second.shape.slice(0, -2));
  expectShape(site, output, [...batches, rows, columns]);
}

function matrixSize(shape: readonly number[], swapped: boolean): readonly [number, number] {
  const [rows = 0, columns = 0] = shape.slice(-2);
  return swapped ? [columns, rows] : [rows, columns];
}
