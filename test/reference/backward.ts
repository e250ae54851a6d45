/**
 * The float64 model of the backward pass (tiny-training.md 2.1, numerics.md 2 and 9): gradients with respect to stored
 * units (codes). Rounding passes a gradient unchanged, a clamp passes it inside its range.
 */

import type { Graph } from '../../compiler/model/graph.ts';
import { elementCount, tensorAt } from '../../compiler/model/graph.ts';
import { softmax } from './arithmetic.ts';
import type { ForwardPass } from './forward.ts';
import { callOf, operandScale, presentOperands } from './forward.ts';
import { ruleOf } from './rules.ts';
import { at, elementScale } from './values.ts';

/** dL / d(stored value), by tensor id. */
export type Gradients = ReadonlyMap<number, Float64Array>;

/**
 * Carries output gradients back through the layers with an index >= firstLayer. The result has every activation's and
 * every constant operand's gradient; a tensor with several readers has the sum.
 */
export function backpropagate(graph: Graph, pass: ForwardPass, seeds: Gradients, firstLayer = 0): Gradients {
  const gradients = new Map<number, Float64Array>();
  const accumulate = (id: number, addend: Float64Array) => {
    const sum = gradients.get(id);
    gradients.set(id, sum === undefined ? addend : sum.map((g, i) => g + at(addend, i)));
  };
  for (const [id, seed] of seeds) accumulate(id, seed);

  for (const layer of [...graph.layers].reverse()) {
    if (layer.index < firstLayer || !layer.outputs.some((id) => gradients.has(id))) continue;
    const outputGradients = layer.outputs.map((id) => {
      const tensor = tensorAt(graph, id);
      const { scale } = elementScale(tensor.shape, tensor.quantisation);
      const mask = pass.masks.get(id);
      const gradient = gradients.get(id) ?? new Float64Array(elementCount(tensor.shape));
      return gradient.map((g, i) => (mask?.[i] === 0 ? 0 : g / scale(i)));
    });
    const operands = presentOperands(layer);
    const results = ruleOf(layer).backward(callOf(graph, layer, pass.values), outputGradients);
    if (results.length !== operands.length) throw new Error(`${layer.operator}: ${results.length} gradients`);
    operands.forEach(({ index, id }, k) => {
      const { scale } = operandScale(graph, layer, index);
      accumulate(
        id,
        (results[k] ?? new Float64Array()).map((g, i) => g * scale(i)),
      );
    });
  }
  return gradients;
}

export type Loss = 'cross-entropy' | 'mean-squared-error';

/** A class number, or the target of a mean squared error in real units. */
export type Target = number | ArrayLike<number>;

export interface LossResult {
  readonly loss: number;
  /** The network's output in real units. */
  readonly outputs: Float64Array;
  /** With respect to the output in real units. */
  readonly gradient: Float64Array;
  /** Index of the largest output, the first of equals. */
  readonly prediction: number;
}

/**
 * Cross-entropy: -log softmax(outputs)[class], gradient softmax - onehot. Mean squared error: sum (output - target)^2 / n,
 * gradient 2 (output - target) / n.
 */
export function lossOf(kind: Loss, outputs: Float64Array, target: Target): LossResult {
  const prediction = outputs.reduce((best, value, i) => (value > at(outputs, best) ? i : best), 0);
  if (kind === 'cross-entropy') {
    if (typeof target !== 'number') throw new Error('cross-entropy takes a class number');
    const probabilities = softmax(outputs, outputs.length);
    const maximum = at(outputs, prediction);
    const logSum = maximum + Math.log(outputs.reduce((sum, x) => sum + Math.exp(x - maximum), 0));
    const gradient = probabilities.map((p, i) => p - (i === target ? 1 : 0));
    return { loss: logSum - at(outputs, target), outputs, gradient, prediction };
  }
  if (typeof target === 'number') throw new Error('mean squared error takes a target array');
  const errors = outputs.map((x, i) => x - at(target, i));
  const loss = errors.reduce((sum, e) => sum + e * e, 0) / errors.length;
  return { loss, outputs, gradient: errors.map((e) => (2 * e) / errors.length), prediction };
}

/** The loss at the graph's only output, and its gradient in the output's stored units. */
export function outputLoss(graph: Graph, pass: ForwardPass, kind: Loss, target: Target) {
  const [id = -1, ...others] = graph.outputs;
  if (others.length > 0) throw new Error(`${graph.name} has ${graph.outputs.length} outputs, expected 1`);
  const tensor = tensorAt(graph, id);
  const { scale, zeroPoint } = elementScale(tensor.shape, tensor.quantisation);
  const stored = pass.values.get(id) ?? new Float64Array();
  const result = lossOf(
    kind,
    stored.map((q, i) => scale(i) * (q - zeroPoint(i))),
    target,
  );
  return { ...result, seed: new Map([[id, result.gradient.map((g, i) => g * scale(i))]]) };
}
