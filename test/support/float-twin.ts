/** The float network that an int8 one stands for. */

import type { Graph, Tensor } from '../../compiler/model/graph.ts';
import { operandScale, presentOperands } from '../reference/forward.ts';
import { constantValues } from '../reference/values.ts';

/**
 * The same layers on float32 tensors without quantisation, and the real values (float64) of every constant operand, to be
 * given as `parameters`. Tensor ids stay what they were.
 */
export function floatTwin(
  graph: Graph,
  codes: ReadonlyMap<number, Float64Array> = new Map(),
): { readonly graph: Graph; readonly parameters: Map<number, Float64Array> } {
  const parameters = new Map<number, Float64Array>();
  for (const layer of graph.layers) {
    for (const { index, id } of presentOperands(layer)) {
      const tensor = graph.tensors[id];
      if (tensor?.data === undefined) continue;
      const { scale, zeroPoint } = operandScale(graph, layer, index);
      const stored = codes.get(id) ?? constantValues(tensor);
      parameters.set(
        id,
        stored.map((q, i) => scale(i) * (q - zeroPoint(i))),
      );
    }
  }
  const isReal = ({ id, data }: Tensor) => data === undefined || parameters.has(id);
  const tensors = graph.tensors.map((tensor): Tensor => {
    if (!isReal(tensor)) return tensor;
    const { quantisation: _, ...plain } = tensor;
    return { ...plain, dtype: 'float32' };
  });
  return { graph: { ...graph, tensors }, parameters };
}
