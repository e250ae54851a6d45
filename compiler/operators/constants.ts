import { type Graph, integersOf, type Layer, tensorAt } from '../model/graph.ts';

/** A constant list of integers (axes, sizes, an order of dimensions) that a layer takes as an input. */
export function integerInput(graph: Graph, layer: Layer, index: number): readonly number[] {
  const tensor = tensorAt(graph, layer.inputs[index] ?? -1);
  const values = integersOf(tensor);
  if (values === undefined) throw new Error(`${layer.name}: input ${index} (${tensor.name}) is not a constant list`);
  return values;
}
