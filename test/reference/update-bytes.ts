/** The memory label of a sparse update scheme (tiny-training.md 4.4), computed apart from the compiler. */

import type { Graph } from '../../compiler/model/graph.ts';
import { elementCount, tensorAt } from '../../compiler/model/graph.ts';
import type { LayerUpdate } from '../../compiler/training/plan.ts';
import { chooseChannels, weightedLayers } from './training.ts';
import { at } from './values.ts';

/**
 * Bytes: for each trained convolution a mask bit per output, 4 per bias and, where weights train, the trained channels of
 * the input (before any explicit padding) and of the weights; and the classifier's input, once. The last layer with
 * weights is the classifier; its own weights and bias are not counted.
 */
export function referenceSparseUpdateBytes(graph: Graph, update: ReadonlyMap<string, LayerUpdate>): number {
  const layers = weightedLayers(graph);
  const head = layers.at(-1);
  if (head === undefined) throw new Error(`${graph.name} has no layer with weights`);
  const unpadded = (id: number): number => {
    const pad = graph.layers.find(({ operator, outputs }) => operator === 'PAD' && outputs[0] === id);
    return pad?.inputs[0] ?? id;
  };
  const bytes = layers.slice(0, -1).map(({ layer, input, weights }) => {
    const wanted = update.get(layer.name);
    if (wanted === undefined || !wanted.bias) return 0;
    const output = tensorAt(graph, layer.outputs[0] ?? -1).shape;
    const channels = at(output, output.length - 1);
    const maskAndBias = elementCount(output) / 8 + 4 * channels;
    const trained = chooseChannels(weights, wanted.weights).length;
    const [, height = 1, width = 1] = tensorAt(graph, unpadded(input.id)).shape;
    const perChannel = elementCount(weights.shape) / at(weights.shape, weights.shape.length - 1);
    return maskAndBias + trained * (height * width + perChannel);
  });
  return bytes.reduce((sum, b) => sum + b, 0) + elementCount(head.input.shape);
}
