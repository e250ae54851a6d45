/**
 * The float64 model of the forward pass. Every operator is computed on real numbers and put back into the units in
 * which its output is stored: u = real / scale + zero point, rounded half away from zero in mode 'int8'.
 */

import type { Graph, Layer, Tensor } from '../../compiler/model/graph.ts';
import { elementCount, tensorAt } from '../../compiler/model/graph.ts';
import type { Call } from './rule.ts';
import { fusedActivation } from './rule.ts';
import { ruleOf } from './rules.ts';
import type { ElementScale } from './values.ts';
import { activationBounds, at, clamp, clampRange, constantValues, elementScale, roundHalfAway } from './values.ts';

/** int8: codes as on the device, within 1 unit. real: the same without any rounding, smooth but for the clamps. */
export type Mode = 'int8' | 'real';

export interface ForwardOptions {
  /** Mode 'real' only: clamp to the fused activation and the type's range. Mode 'int8' always does. */
  readonly clamp?: boolean;
  /** Constants to use instead of the graph's, by tensor id, in stored units (weights and biases in codes). */
  readonly parameters?: ReadonlyMap<number, Float64Array>;
  /** Exact activations from outside, by tensor id: later layers and the backward pass read these. */
  readonly activations?: ReadonlyMap<number, ArrayLike<number>>;
  /** Exact clamp masks from outside, by tensor id, one entry (0 or 1) per element. */
  readonly masks?: ReadonlyMap<number, ArrayLike<number>>;
}

/** What a forward pass leaves behind, by tensor id, row-major. */
export interface ForwardPass {
  /** In stored units: codes (not whole numbers in mode 'real'), or reals for float32. Constants that were read, too. */
  readonly values: Map<number, Float64Array>;
  /** 1 where the value before the clamp lay inside [act_min, act_max]; per output of each layer. */
  readonly masks: Map<number, Uint8Array>;
}

function isFloat(tensor: Tensor): boolean {
  return tensor.dtype === 'float32';
}

/** How the stored values of a layer's operand become real. A bias is in units of input scale x weight scale. */
export function operandScale(graph: Graph, layer: Layer, index: number): ElementScale {
  const rule = ruleOf(layer);
  const positions = rule.operands(layer);
  const tensorOf = (k: number) => tensorAt(graph, layer.inputs[positions[k] ?? -1] ?? -1);
  const tensor = tensorOf(index);
  if (rule.biased === true && index === 2 && !isFloat(tensor)) {
    const input = elementScale(tensorOf(0).shape, tensorOf(0).quantisation);
    const scales = tensorOf(1).quantisation?.scales ?? [1];
    return { scale: (o) => input.scale(0) * at(scales, scales.length === 1 ? 0 : o), zeroPoint: () => 0 };
  }
  // The value of a PADV2 may come without a quantisation of its own: it has the picture's.
  const quantisation = tensor.quantisation ?? (isFloat(tensor) ? undefined : tensorOf(0).quantisation);
  return elementScale(tensor.shape, quantisation);
}

/** The operands that are there: their positions among the rule's operands and their tensor ids. */
export function presentOperands(layer: Layer): readonly { readonly index: number; readonly id: number }[] {
  return ruleOf(layer)
    .operands(layer)
    .map((position, index) => ({ index, id: layer.inputs[position] ?? -1 }))
    .filter(({ id }) => id >= 0);
}

function storedValues(graph: Graph, values: ForwardPass['values'], id: number): Float64Array {
  const known = values.get(id) ?? constantValues(tensorAt(graph, id));
  values.set(id, known);
  return known;
}

/** A layer's operands as reals, ready for its rule. */
export function callOf(graph: Graph, layer: Layer, values: ForwardPass['values']): Call {
  const operands = presentOperands(layer).map(({ index, id }) => {
    const { scale, zeroPoint } = operandScale(graph, layer, index);
    const stored = storedValues(graph, values, id);
    return { shape: tensorAt(graph, id).shape, values: stored.map((q, i) => scale(i) * (q - zeroPoint(i))) };
  });
  return { graph, layer, operands, outputShapes: layer.outputs.map((id) => tensorAt(graph, id).shape) };
}

/** Reals to stored units, rounded unless the mode is real, without a clamp. */
function store(tensor: Tensor, reals: Float64Array, mode: Mode): Float64Array {
  if (isFloat(tensor)) return reals;
  const { scale, zeroPoint } = elementScale(tensor.shape, tensor.quantisation);
  const rounded = mode === 'int8' ? roundHalfAway : (x: number) => x;
  return reals.map((real, i) => rounded(real / scale(i)) + zeroPoint(i));
}

/** The range in stored units that an output is clamped to; unrounded where only the operator itself clamps. */
function outputRange(layer: Layer, tensor: Tensor, mode: Mode, clamped: boolean) {
  const own = ruleOf(layer).activation;
  if (mode === 'int8' || clamped) return clampRange(tensor, own ?? fusedActivation(layer));
  const { low, high } = activationBounds(own ?? 'none');
  const { scale, zeroPoint } = elementScale(tensor.shape, tensor.quantisation);
  return { low: low / scale(0) + zeroPoint(0), high: high / scale(0) + zeroPoint(0) };
}

/**
 * Runs the graph on `inputs`: one array per graph input, in stored units (codes; reals for float32).
 * Throws on an operator that the reference has no rule for.
 */
export function referenceForward(
  graph: Graph,
  inputs: readonly ArrayLike<number>[],
  mode: Mode,
  options: ForwardOptions = {},
): ForwardPass {
  const values = new Map<number, Float64Array>(options.parameters);
  const masks = new Map<number, Uint8Array>();
  const keep = (id: number, computed: ArrayLike<number>) => {
    const stored = Float64Array.from(options.activations?.get(id) ?? computed);
    const expected = elementCount(tensorAt(graph, id).shape);
    if (stored.length !== expected) throw new Error(`tensor ${id}: ${stored.length} elements, expected ${expected}`);
    values.set(id, stored);
  };
  graph.inputs.forEach((id, i) => {
    keep(id, inputs[i] ?? []);
  });
  for (const layer of graph.layers) {
    const outputs = ruleOf(layer).forward(callOf(graph, layer, values));
    layer.outputs.forEach((id, i) => {
      const tensor = tensorAt(graph, id);
      const before = store(tensor, outputs[i] ?? new Float64Array(), mode);
      const { low, high } = outputRange(layer, tensor, mode, options.clamp === true);
      masks.set(id, Uint8Array.from(options.masks?.get(id) ?? before.map((u) => (low <= u && u <= high ? 1 : 0))));
      keep(
        id,
        before.map((u) => clamp(u, low, high)),
      );
    });
  }
  return { values, masks };
}
