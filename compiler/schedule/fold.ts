import { type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { perObject } from '../model/memo.ts';
import { padAmounts } from '../operators/pad.ts';
import { scaleOf, zeroPointOf } from '../operators/quantisation.ts';

/** Folds each PAD by zero points into the padding of the convolution that alone reads it: the padded copy of the
 * picture, often the largest tensor of a network, then never exists. */
export const foldPads = perObject(fold);

function fold(graph: Graph): Graph {
  const readers = new Map<number, number>();
  for (const layer of graph.layers) {
    for (const input of layer.inputs) readers.set(input, (readers.get(input) ?? 0) + 1);
  }
  for (const output of graph.outputs) readers.set(output, (readers.get(output) ?? 0) + 1);
  const folded = new Map<number, Layer>();
  for (const layer of graph.layers) {
    if (isFoldable(graph, layer) && readers.get(layer.outputs[0] ?? -1) === 1)
      folded.set(layer.outputs[0] ?? -1, layer);
  }
  const layers: Layer[] = [];
  const done = new Set<Layer>();
  for (const layer of graph.layers) {
    const source = folded.get(layer.inputs[0] ?? -1);
    if (source === undefined || !takesPads(layer) || layer.attributes.kind !== 'window') {
      layers.push(layer);
      continue;
    }
    const [, rows, columns] = padAmounts(graph, source);
    const pads = {
      top: rows?.before ?? 0,
      bottom: rows?.after ?? 0,
      left: columns?.before ?? 0,
      right: columns?.after ?? 0,
    };
    done.add(source);
    layers.push({
      ...layer,
      inputs: [source.inputs[0] ?? -1, ...layer.inputs.slice(1)],
      attributes: { ...layer.attributes, pads },
    });
  }
  return { ...graph, layers: layers.filter((layer) => !done.has(layer)) };
}

function takesPads(layer: Layer): boolean {
  return (
    (layer.operator === 'CONV_2D' || layer.operator === 'DEPTHWISE_CONV_2D') &&
    layer.attributes.kind === 'window' &&
    layer.attributes.padding === 'valid'
  );
}

function isFoldable(graph: Graph, layer: Layer): boolean {
  if (layer.operator !== 'PAD') return false;
  const input = tensorAt(graph, layer.inputs[0] ?? -1);
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  const amounts = padAmounts(graph, layer);
  const [batch, , , channels] = amounts;
  return (
    input.shape.length === 4 &&
    scaleOf(input) === scaleOf(output) &&
    zeroPointOf(input) === zeroPointOf(output) &&
    batch?.before === 0 &&
    batch.after === 0 &&
    channels?.before === 0 &&
    channels.after === 0
  );
}
