/** Operators that move, repeat or average elements: each output is a fixed weighted sum of inputs. */

import { elementCount } from '../../compiler/model/graph.ts';
import type { Call, Rule } from './rule.ts';
import { attributesOf, every, linear, only, operand, outputShape } from './rule.ts';
import { at, clamp, constantIntegers, forEachElement, stridesOf } from './values.ts';

/** Elements in their order, under another shape. */
const keepOrder = linear(only(0), (call, visit) => {
  for (let i = 0; i < operand(call, 0).values.length; i++) visit(0, i, 0, i, 1);
});

const argument = (call: Call, position: number) => constantIntegers(call.graph, call.layer.inputs[position]);

const positive = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

/** An operator whose output element at c is input element `source(c)`. */
function gather(sourceOf: (call: Call) => (coordinates: readonly number[]) => readonly number[]): Rule {
  return linear(only(0), (call, visit) => {
    const strides = stridesOf(operand(call, 0).shape);
    const source = sourceOf(call);
    forEachElement(outputShape(call), (coordinates, o) => {
      const i = source(coordinates).reduce((sum, c, d) => sum + c * at(strides, d), 0);
      visit(0, o, 0, i, 1);
    });
  });
}

const transpose = gather((call) => {
  const permutation = argument(call, 1);
  return (coordinates) => permutation.map((_, d) => at(coordinates, permutation.indexOf(d)));
});

const slice = gather((call) => {
  const begin = argument(call, 1);
  return (coordinates) => coordinates.map((c, d) => c + at(begin, d));
});

const stridedSlice = gather((call) => {
  const { beginMask, shrinkMask } = attributesOf(call.layer, 'stridedSlice');
  const begin = argument(call, 1);
  const steps = argument(call, 3);
  const { shape } = operand(call, 0);
  const start = begin.map((b, d) => {
    const size = at(shape, d);
    const backwards = at(steps, d) < 0;
    if (beginMask & (1 << d)) return backwards ? size - 1 : 0;
    return clamp(b < 0 ? b + size : b, 0, backwards ? size - 1 : size);
  });
  return (coordinates) => {
    let next = 0;
    return start.map((s, d) => (shrinkMask & (1 << d) ? s : s + at(steps, d) * at(coordinates, next++)));
  };
});

/** Elements outside are 0 (PAD), or the second operand (PADV2). */
function pad(operands: Rule['operands'], filled: boolean): Rule {
  return linear(operands, (call, visit) => {
    const paddings = argument(call, 1);
    const { shape } = operand(call, 0);
    const strides = stridesOf(shape);
    forEachElement(outputShape(call), (coordinates, o) => {
      const source = coordinates.map((c, d) => c - at(paddings, 2 * d));
      const inside = source.every((c, d) => c >= 0 && c < at(shape, d));
      if (inside)
        visit(
          0,
          o,
          0,
          source.reduce((sum, c, d) => sum + c * at(strides, d), 0),
          1,
        );
      else if (filled) visit(0, o, 1, 0, 1);
    });
  });
}

/** Pairs the elements of parts lying side by side along an axis with those of the whole. */
function forEachPart(
  parts: readonly (readonly number[])[],
  axis: number,
  visit: (part: number, inPart: number, inWhole: number) => void,
): void {
  const inner = (shape: readonly number[]) => elementCount(shape.slice(axis));
  const wholeRow = parts.reduce((sum, shape) => sum + inner(shape), 0);
  let offset = 0;
  parts.forEach((shape, part) => {
    const row = inner(shape);
    for (let e = 0; e < elementCount(shape); e++) visit(part, e, Math.floor(e / row) * wholeRow + offset + (e % row));
    offset += row;
  });
}

const shapesOf = (call: Call) => call.operands.map(({ shape }) => shape);

const concatenation = linear(every, (call, visit) => {
  const axis = positive(attributesOf(call.layer, 'axis').axis, outputShape(call).length);
  forEachPart(shapesOf(call), axis, (part, i, o) => visit(0, o, part, i, 1));
});

/** [d0, d1, ...] with a 1 put in at the axis: then a pack is a concatenation. */
const withAxis = (shape: readonly number[], axis: number) => [...shape.slice(0, axis), 1, ...shape.slice(axis)];

const pack = linear(every, (call, visit) => {
  const axis = positive(attributesOf(call.layer, 'axis').axis, outputShape(call).length);
  const parts = shapesOf(call).map((shape) => withAxis(shape, axis));
  forEachPart(parts, axis, (part, i, o) => visit(0, o, part, i, 1));
});

const unpack = linear(only(0), (call, visit) => {
  const axis = positive(attributesOf(call.layer, 'axis').axis, operand(call, 0).shape.length);
  const parts = call.outputShapes.map((shape) => withAxis(shape, axis));
  forEachPart(parts, axis, (part, o, i) => visit(part, o, 0, i, 1));
});

const split = (value: number, axisPosition: number): Rule =>
  linear(only(value), (call, visit) => {
    const axis = positive(at(argument(call, axisPosition), 0), operand(call, 0).shape.length);
    forEachPart(call.outputShapes, axis, (part, o, i) => visit(part, o, 0, i, 1));
  });

const mean = linear(only(0), (call, visit) => {
  const { shape } = operand(call, 0);
  const axes = new Set(argument(call, 1).map((axis) => positive(axis, shape.length)));
  const kept = shape.map((size, d) => (axes.has(d) ? 1 : size));
  const strides = stridesOf(kept);
  const count = elementCount(shape) / elementCount(kept);
  forEachElement(shape, (coordinates, i) => {
    const o = coordinates.reduce((sum, c, d) => sum + (axes.has(d) ? 0 : c * at(strides, d)), 0);
    visit(0, o, 0, i, 1 / count);
  });
});

/**
 * Where output row or column `position` of `output` falls among `input` ones, in float32 as TFLite has it: whether a
 * position lands on a whole number or just below decides which pixel is taken.
 */
function resizeScale(alignCorners: boolean, input: number, output: number): number {
  return alignCorners && output > 1 ? Math.fround((input - 1) / (output - 1)) : Math.fround(input / output);
}

const resizeNearest = gather((call) => {
  const { alignCorners, halfPixelCenters } = attributesOf(call.layer, 'resize');
  const { shape } = operand(call, 0);
  const output = outputShape(call);
  const nearest = (position: number, d: number) => {
    const scale = resizeScale(alignCorners, at(shape, d), at(output, d));
    const exact = Math.fround((position + (halfPixelCenters ? 0.5 : 0)) * scale);
    return clamp(alignCorners ? Math.round(exact) : Math.floor(exact), 0, at(shape, d) - 1);
  };
  return ([b = 0, y = 0, x = 0, c = 0]) => [b, nearest(y, 1), nearest(x, 2), c];
});

const resizeBilinear = linear(only(0), (call, visit) => {
  const { alignCorners, halfPixelCenters } = attributesOf(call.layer, 'resize');
  const { shape } = operand(call, 0);
  const output = outputShape(call);
  const neighbours = (position: number, d: number) => {
    const scale = resizeScale(alignCorners, at(shape, d), at(output, d));
    const exact = halfPixelCenters ? (position + 0.5) * scale - 0.5 : position * scale;
    const lower = Math.max(0, Math.floor(exact));
    const upper = clamp(Math.ceil(exact), 0, at(shape, d) - 1);
    const toUpper = exact - lower;
    return [
      { index: lower, weight: 1 - toUpper },
      { index: upper, weight: toUpper },
    ];
  };
  const [, height = 0, width = 0, channels = 0] = shape;
  forEachElement(output, ([b = 0, y = 0, x = 0, c = 0], o) => {
    for (const row of neighbours(y, 1)) {
      for (const column of neighbours(x, 2)) {
        const i = ((b * height + row.index) * width + column.index) * channels + c;
        visit(0, o, 0, i, row.weight * column.weight);
      }
    }
  });
});

export const movementRules = {
  RESHAPE: keepOrder,
  SQUEEZE: keepOrder,
  EXPAND_DIMS: keepOrder,
  TRANSPOSE: transpose,
  SLICE: slice,
  STRIDED_SLICE: stridedSlice,
  PAD: pad(only(0), false),
  PADV2: pad(only(0, 2), true),
  CONCATENATION: concatenation,
  PACK: pack,
  UNPACK: unpack,
  SPLIT: split(1, 0),
  SPLIT_V: split(0, 2),
  MEAN: mean,
  RESIZE_NEAREST_NEIGHBOR: resizeNearest,
  RESIZE_BILINEAR: resizeBilinear,
} as const satisfies Record<string, Rule>;
