/** Operators element by element: sums, products, activations, changes of type, and softmax. */

import type { Rule } from './rule.ts';
import { attributesOf, bilinear, elementwise, linear, only, operand, outputShape } from './rule.ts';
import { at, broadcastIndices, clamp } from './values.ts';

/** first + sign x second, broadcast */
const sum = (sign: 1 | -1): Rule =>
  linear(only(0, 1), (call, visit) => {
    const shape = outputShape(call);
    broadcastIndices(shape, operand(call, 0).shape).forEach((i, o) => {
      visit(0, o, 0, i, 1);
    });
    broadcastIndices(shape, operand(call, 1).shape).forEach((i, o) => {
      visit(0, o, 1, i, sign);
    });
  });

const product = bilinear(only(0, 1), false, (call, visit) => {
  const shape = outputShape(call);
  const second = broadcastIndices(shape, operand(call, 1).shape);
  broadcastIndices(shape, operand(call, 0).shape).forEach((i, o) => {
    visit(o, i, at(second, o));
  });
});

const identity = elementwise(
  (x) => x,
  () => 1,
);

const logistic = (x: number) => 1 / (1 + Math.exp(-x));

/** x where x >= 0, else slope x; the slope is an operand of its own, broadcast. */
const parametricRelu: Rule = {
  operands: only(0, 1),
  forward(call) {
    const slopes = operand(call, 1);
    const slopeIndex = broadcastIndices(outputShape(call), slopes.shape);
    return [operand(call, 0).values.map((x, i) => (x >= 0 ? x : x * at(slopes.values, at(slopeIndex, i))))];
  },
  backward(call, [gradient = new Float64Array()]) {
    const { values } = operand(call, 0);
    const slopes = operand(call, 1);
    const slopeIndex = broadcastIndices(outputShape(call), slopes.shape);
    const toSlopes = new Float64Array(slopes.values.length);
    const toInput = values.map((x, i) => {
      const slope = at(slopeIndex, i);
      if (x >= 0) return at(gradient, i);
      toSlopes[slope] = at(toSlopes, slope) + at(gradient, i) * x;
      return at(gradient, i) * at(slopes.values, slope);
    });
    return [toInput, toSlopes];
  },
};

/** exp(beta x) / sum, over the last axis; the row's maximum is subtracted first. */
export function softmax(values: Float64Array, depth: number, beta = 1): Float64Array {
  const result = new Float64Array(values.length);
  for (let start = 0; start < values.length; start += depth) {
    const row = values.subarray(start, start + depth);
    const maximum = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const powers = row.map((x) => Math.exp(beta * (x - maximum)));
    const total = powers.reduce((a, b) => a + b, 0);
    result.set(
      powers.map((power) => power / total),
      start,
    );
  }
  return result;
}

const softmaxRule: Rule = {
  operands: only(0),
  forward(call) {
    const { shape, values } = operand(call, 0);
    return [softmax(values, at(shape, shape.length - 1), attributesOf(call.layer, 'softmax').beta)];
  },
  /** dx = beta p (g - sum over the row of p g) */
  backward(call, [gradient = new Float64Array()]) {
    const { shape, values } = operand(call, 0);
    const depth = at(shape, shape.length - 1);
    const { beta } = attributesOf(call.layer, 'softmax');
    const probabilities = softmax(values, depth, beta);
    const result = new Float64Array(values.length);
    for (let start = 0; start < values.length; start += depth) {
      let mean = 0;
      for (let i = start; i < start + depth; i++) mean += at(probabilities, i) * at(gradient, i);
      for (let i = start; i < start + depth; i++) result[i] = beta * at(probabilities, i) * (at(gradient, i) - mean);
    }
    return [result];
  },
};

export const arithmeticRules = {
  ADD: sum(1),
  SUB: sum(-1),
  MUL: product,
  QUANTIZE: identity,
  DEQUANTIZE: identity,
  RELU: { ...identity, activation: 'relu' },
  RELU6: { ...identity, activation: 'relu6' },
  LEAKY_RELU: elementwise(
    (x, layer) => (x >= 0 ? x : x * attributesOf(layer, 'leaky').alpha),
    (x, layer) => (x >= 0 ? 1 : attributesOf(layer, 'leaky').alpha),
  ),
  PRELU: parametricRelu,
  LOGISTIC: elementwise(logistic, (x) => logistic(x) * (1 - logistic(x))),
  TANH: elementwise(Math.tanh, (x) => 1 - Math.tanh(x) ** 2),
  HARD_SWISH: elementwise(
    (x) => (x * clamp(x + 3, 0, 6)) / 6,
    (x) => (x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6),
  ),
  SOFTMAX: softmaxRule,
} as const satisfies Record<string, Rule>;
