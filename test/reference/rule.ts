/**
 * What the reference model knows of an operator: its formula over real numbers, and that formula's derivative.
 * Quantisation is no rule's business; forward.ts and backward.ts do it around every rule alike.
 */

import type { Activation, Attributes, Graph, Layer } from '../../compiler/model/graph.ts';
import { elementCount } from '../../compiler/model/graph.ts';
import { at } from './values.ts';

/** One operand of a call: real values, row-major. */
export interface Operand {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export interface Call {
  readonly graph: Graph;
  readonly layer: Layer;
  /** In the order of the rule's `operands`; an absent optional one is missing at the end. */
  readonly operands: readonly Operand[];
  readonly outputShapes: readonly (readonly number[])[];
}

export interface Rule {
  /** The layer's inputs that carry real values; the others are shape arguments. */
  operands(layer: Layer): readonly number[];
  /** The third operand is a bias, whose codes are in units of input scale x weight scale. */
  readonly biased?: boolean;
  /** The activation that the operator itself is (RELU, RELU6), as opposed to a fused one. */
  readonly activation?: Activation;
  /** The outputs, before any activation. */
  forward(call: Call): readonly Float64Array[];
  /** Output gradients (real units) to one gradient per operand (real units). */
  backward(call: Call, gradients: readonly Float64Array[]): readonly Float64Array[];
}

export function operand(call: Call, index: number): Operand {
  const found = call.operands[index];
  if (found === undefined) throw new Error(`${call.layer.name}: operand ${index} is missing`);
  return found;
}

export function outputShape(call: Call, index = 0): readonly number[] {
  const shape = call.outputShapes[index];
  if (shape === undefined) throw new Error(`${call.layer.name}: output ${index} is missing`);
  return shape;
}

type AttributesOf<Kind extends Attributes['kind']> = Extract<Attributes, { readonly kind: Kind }>;

export function attributesOf<Kind extends Attributes['kind']>(layer: Layer, kind: Kind): AttributesOf<Kind> {
  if (layer.attributes.kind !== kind) throw new Error(`${layer.name}: ${layer.attributes.kind}, expected ${kind}`);
  return layer.attributes as AttributesOf<Kind>;
}

export function fusedActivation(layer: Layer): Activation {
  return 'activation' in layer.attributes ? layer.attributes.activation : 'none';
}

export const every = (layer: Layer): readonly number[] => layer.inputs.map((_, position) => position);
export const only =
  (...positions: readonly number[]) =>
  (): readonly number[] =>
    positions;

function zeros(shapes: readonly (readonly number[])[]): Float64Array[] {
  return shapes.map((shape) => new Float64Array(elementCount(shape)));
}

function sumInto(target: Float64Array, index: number, value: number): void {
  target[index] = at(target, index) + value;
}

function pick(arrays: readonly Float64Array[], index: number): Float64Array {
  const array = arrays[index];
  if (array === undefined) throw new RangeError(`array ${index} of ${arrays.length}`);
  return array;
}

/** One term of a linear operator: outputs[output][o] += weight x operands[source][i]. */
export type VisitLinear = (output: number, o: number, source: number, i: number, weight: number) => void;

/** An operator that is a sum of weighted inputs; its gradient is the same terms read backwards. */
export function linear(operands: Rule['operands'], terms: (call: Call, visit: VisitLinear) => void): Rule {
  return {
    operands,
    forward(call) {
      const outputs = zeros(call.outputShapes);
      terms(call, (output, o, source, i, weight) => {
        sumInto(pick(outputs, output), o, weight * at(operand(call, source).values, i));
      });
      return outputs;
    },
    backward(call, gradients) {
      const results = zeros(call.operands.map(({ shape }) => shape));
      terms(call, (output, o, source, i, weight) => {
        sumInto(pick(results, source), i, weight * at(pick(gradients, output), o));
      });
      return results;
    },
  };
}

/** One term of a bilinear operator: output[o] += first[i] x second[j]. */
export type VisitBilinear = (o: number, i: number, j: number) => void;

/** An operator that is a sum of products of its first two operands, plus a bias along the output's last axis. */
export function bilinear(
  operands: Rule['operands'],
  biased: boolean,
  terms: (call: Call, visit: VisitBilinear) => void,
): Rule {
  return {
    operands,
    biased,
    forward(call) {
      const first = operand(call, 0).values;
      const second = operand(call, 1).values;
      const output = new Float64Array(elementCount(outputShape(call)));
      terms(call, (o, i, j) => {
        output[o] = at(output, o) + at(first, i) * at(second, j);
      });
      const bias = call.operands[2]?.values;
      if (bias !== undefined) {
        for (let o = 0; o < output.length; o++) sumInto(output, o, at(bias, o % bias.length));
      }
      return [output];
    },
    backward(call, gradients) {
      const first = operand(call, 0).values;
      const second = operand(call, 1).values;
      const gradient = pick(gradients, 0);
      const toFirst = new Float64Array(first.length);
      const toSecond = new Float64Array(second.length);
      terms(call, (o, i, j) => {
        toFirst[i] = at(toFirst, i) + at(gradient, o) * at(second, j);
        toSecond[j] = at(toSecond, j) + at(gradient, o) * at(first, i);
      });
      if (call.operands.length < 3) return [toFirst, toSecond];
      const toBias = new Float64Array(operand(call, 2).values.length);
      for (let o = 0; o < gradient.length; o++) sumInto(toBias, o % toBias.length, at(gradient, o));
      return [toFirst, toSecond, toBias];
    },
  };
}

/** An operator on single elements: f and its derivative, at the layer's attributes. */
export function elementwise(
  f: (x: number, layer: Layer) => number,
  derivative: (x: number, layer: Layer) => number,
): Rule {
  return {
    operands: only(0),
    forward: (call) => [operand(call, 0).values.map((x) => f(x, call.layer))],
    backward: (call, gradients) => [
      operand(call, 0).values.map((x, i) => derivative(x, call.layer) * at(pick(gradients, 0), i)),
    ],
  };
}
