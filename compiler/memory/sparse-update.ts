import { elementCount, tensorAt } from '../model/graph.ts';
import { weightedLayer } from '../operators/weighted.ts';
import { type Differentiation, needsMask } from '../training/differentiate.ts';
import type { PreparedNetwork } from '../training/prepare.ts';

/**
 * Extra bytes of a sparse update by the definition of the published schemes (Lin et al., "On-Device Training Under 256KB
 * Memory", NeurIPS 2022): of each convolution that gradients reach a clamp mask of one bit per output; of each trained
 * bias 4 bytes per channel; of trained weights the saved input and the weights of the trained channels; and the
 * classifier's int8 input. No gradients, no optimiser, no forward arena, nothing else of the classifier.
 */
export function sparseUpdateBytes(network: PreparedNetwork, differentiation: Differentiation): number {
  const { graph, head } = network;
  const convolutions = graph.layers.filter(
    ({ operator, name }) =>
      (operator === 'CONV_2D' || operator === 'DEPTHWISE_CONV_2D') && !(head.kind === 'int8' && name === head.layer),
  );
  let bits = 0;
  let bytes = headInputBytes(network);
  for (const layer of convolutions) {
    if (needsMask(differentiation, graph, layer)) bits += elementCount(tensorAt(graph, layer.outputs[0] ?? -1).shape);
    const part = differentiation.trained.get(layer.name);
    if (part === undefined) continue;
    const { window, depthwise, taps, outputs } = weightedLayer(graph, layer);
    if (part.bias) bytes += 4 * outputs;
    const perChannel = window.in_height * window.in_width + taps * (depthwise ? 1 : outputs);
    bytes += part.channels.length * perChannel;
  }
  return bytes + Math.ceil(bits / 8);
}

/** 0 where the result does not come from a layer with weights. */
function headInputBytes({ graph, head }: PreparedNetwork): number {
  if (head.kind === 'float32') return head.inputs;
  const layer = graph.layers.find(({ name }) => name === head.layer);
  return layer === undefined ? 0 : elementCount(tensorAt(graph, layer.inputs[0] ?? -1).shape);
}
