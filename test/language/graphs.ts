import type { Graph, Layer, Tensor } from '../../compiler/model/graph.ts';

export interface LayerSketch {
  readonly name: string;
  readonly operator: string;
  readonly fullName?: string;
  /** Of the constant int8 weights; absent: the layer has none. */
  readonly weights?: readonly number[];
  /** Default: as many as there are output channels; false: none. */
  readonly bias?: false;
  readonly output?: readonly number[];
}

/** A chain of layers with as much detail as the language looks at. */
export function sketchGraph(layers: readonly LayerSketch[]): Graph {
  const tensors: Tensor[] = [];
  const add = (tensor: Omit<Tensor, 'id'>): number => tensors.push({ ...tensor, id: tensors.length }) - 1;
  let previous = add({ name: 'input', shape: [1, 32, 32, 3], dtype: 'int8' });
  const built = layers.map((sketch, index): Layer => {
    const { weights } = sketch;
    const inputs = [previous];
    if (weights !== undefined) {
      const size = weights.reduce((product, dimension) => product * dimension, 1);
      inputs.push(add({ name: `${sketch.name}/w`, shape: weights, dtype: 'int8', data: new Uint8Array(size) }));
      const outputs = sketch.operator === 'DEPTHWISE_CONV_2D' ? (weights[3] ?? 1) : (weights[0] ?? 1);
      inputs.push(
        sketch.bias === false
          ? -1
          : add({ name: `${sketch.name}/b`, shape: [outputs], dtype: 'int32', data: new Uint8Array(4 * outputs) }),
      );
    }
    const fullName = sketch.fullName ?? sketch.name;
    previous = add({ name: fullName, shape: sketch.output ?? [1, 8, 8, 16], dtype: 'int8' });
    return {
      index,
      name: sketch.name,
      fullName,
      operator: sketch.operator,
      inputs,
      outputs: [previous],
      attributes: { kind: 'none' },
    };
  });
  return { name: 'sketch', layers: built, tensors, inputs: [0], outputs: [previous] };
}

const conv = (name: string, outputs: number, inputs: number): LayerSketch => ({
  name,
  operator: 'CONV_2D',
  weights: [outputs, 1, 1, inputs],
});

/** The blocks that the example of the language's contract speaks of. */
export const exampleGraph = sketchGraph([
  conv('stem', 16, 3),
  ...[7, 8, 9, 10].flatMap((block): LayerSketch[] => [
    conv(`block${block}.pointwise1`, 48, 16),
    { name: `block${block}.depthwise`, operator: 'DEPTHWISE_CONV_2D', weights: [1, 3, 3, 48] },
    conv(`block${block}.pointwise2`, 16, 48),
    { name: `add${block}`, operator: 'ADD', fullName: `block${block}/add` },
  ]),
  { name: 'pool', operator: 'AVERAGE_POOL_2D' },
  { name: 'classifier', operator: 'FULLY_CONNECTED', weights: [2, 16], fullName: 'head/classifier/BiasAdd' },
]);
