/** Central differences of the real-mode loss: the check on every derivative of the reference. */

import type { Graph } from '../../compiler/model/graph.ts';
import { tensorAt } from '../../compiler/model/graph.ts';
import type { ForwardOptions, ForwardPass } from './forward.ts';
import { referenceForward } from './forward.ts';
import { at, constantValues } from './values.ts';

/**
 * (L(v + h) - L(v - h)) / 2h for the elements of a tensor (a graph input, or a constant: weights, bias), in stored
 * units. `elements`: which ones, all by default; the result has one entry for each.
 */
export function finiteDifference(
  graph: Graph,
  inputs: readonly ArrayLike<number>[],
  loss: (pass: ForwardPass) => number,
  tensor: number,
  options: ForwardOptions & { readonly h?: number; readonly elements?: readonly number[] } = {},
): Float64Array {
  const position = graph.inputs.indexOf(tensor);
  const known = options.parameters?.get(tensor);
  const base = Float64Array.from(
    position >= 0 ? (inputs[position] ?? []) : (known ?? constantValues(tensorAt(graph, tensor))),
  );
  const h = options.h ?? 1e-4;
  const lossAt = (element: number, value: number) => {
    const moved = Float64Array.from(base);
    moved[element] = value;
    const movedInputs = inputs.map((input, i) => (i === position ? moved : input));
    const parameters = new Map(options.parameters);
    if (position < 0) parameters.set(tensor, moved);
    return loss(referenceForward(graph, movedInputs, 'real', { ...options, parameters }));
  };
  const elements = options.elements ?? Array.from(base.keys());
  return Float64Array.from(elements, (element) => {
    const value = at(base, element);
    return (lossAt(element, value + h) - lossAt(element, value - h)) / (2 * h);
  });
}
