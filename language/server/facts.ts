/** Figures of layers, in the words that completion, hover and lenses share. */

import { describeModel, type LayerDescription } from '../../compiler/model/describe.ts';
import { bytesPerElement, type Graph, tensorBytes } from '../../compiler/model/graph.ts';
import type { LayerUpdate, WeightHolding, WeightSelection } from '../../compiler/training/plan.ts';
import { layerIndex, type TrainableLayer } from '../layers.ts';

const descriptions = new WeakMap<Graph, ReadonlyMap<string, LayerDescription>>();

/** By the layers' short names, in execution order. */
export function describeLayers(graph: Graph): ReadonlyMap<string, LayerDescription> {
  const known = descriptions.get(graph);
  if (known !== undefined) return known;
  const layers = new Map(describeModel(graph).layers.map((layer) => [layer.name, layer]));
  descriptions.set(graph, layers);
  return layers;
}

export function trainableNamed(graph: Graph, name: string): TrainableLayer | undefined {
  const index = layerIndex(graph);
  const layer = index.byName.get(name);
  return layer === undefined ? undefined : index.trainable.get(layer);
}

/** `8x8x48`: without the batch. */
export function shapeText(shape: readonly number[]): string {
  return (shape.length > 1 ? shape.slice(1) : shape).join('x');
}

export function bytesText(bytes: number): string {
  return bytes < 10_240 ? `${bytes.toLocaleString('en')} B` : `${(bytes / 1024).toFixed(1)} KB`;
}

export function macsText(macs: number): string {
  if (macs < 10_000) return `${macs.toLocaleString('en')} MACs`;
  return macs < 1e6 ? `${(macs / 1e3).toFixed(1)} k MACs` : `${(macs / 1e6).toFixed(1)} M MACs`;
}

/** How many of the layer's input channels a selection trains. */
export function channelsOf(selection: WeightSelection, channels: number): number {
  if (selection.kind === 'none') return 0;
  if (selection.kind === 'channels') return Math.min(channels, selection.count);
  return Math.floor((channels * selection.numerator) / selection.denominator);
}

/**
 * Bytes of the numbers that train: int8 or int16 weights of the trained channels, int32 biases. What else training
 * holds, saved inputs above all, only a compile can tell.
 */
export function trainedBytes(layer: TrainableLayer, update: LayerUpdate, holding: WeightHolding): number {
  const perWeight = bytesPerElement[holding === 'int16' ? 'int16' : 'int8'];
  const perChannel = (tensorBytes(layer.weights) / layer.channels) * perWeight;
  const bias = update.bias && layer.bias !== undefined ? tensorBytes(layer.bias) : 0;
  return channelsOf(update.weights, layer.channels) * perChannel + bias;
}

/** MACs of the weight gradients: the forward ones, as far as channels train. The input gradient is not counted. */
export function updateMacs(layer: TrainableLayer, update: LayerUpdate, forwardMacs: number): number {
  return Math.round((forwardMacs * channelsOf(update.weights, layer.channels)) / layer.channels);
}
