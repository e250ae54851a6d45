/** Figures of layers, in the words that completion, hover and lenses share. */

import { describeModel, type LayerDescription } from '../../compiler/model/describe.ts';
import { bytesPerElement, elementCount, type Graph, tensorBytes } from '../../compiler/model/graph.ts';
import type { LayerUpdate, TrainSettings, WeightSelection } from '../../compiler/training/plan.ts';
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

/** What a plan says of training that decides how many numbers train. */
type Settings = Pick<TrainSettings, 'classes' | 'head' | 'weights'>;

/** Whether a new classifier replaces the layer: then it trains as a whole, whatever the plan says of it. */
export function isNewHead(graph: Graph, layer: TrainableLayer, settings: Settings): boolean {
  return newClasses(graph, layer, settings) !== undefined;
}

/** Classes of the new classifier that replaces the layer. */
function newClasses(graph: Graph, { layer }: TrainableLayer, { classes }: Settings): number | undefined {
  return [...layerIndex(graph).trainable.keys()].at(-1) === layer ? classes : undefined;
}

/**
 * Bytes of the numbers that train: int8 or int16 weights of the trained channels, int32 biases; float32 where a new
 * classifier has them. What else training holds, saved inputs above all, only a compile can tell.
 */
export function trainedBytes(graph: Graph, layer: TrainableLayer, update: LayerUpdate, settings: Settings): number {
  const held = bytesPerElement[settings.weights === 'int16' ? 'int16' : 'int8'];
  const classes = newClasses(graph, layer, settings);
  if (classes !== undefined) {
    const perWeight = settings.head === 'float32' ? bytesPerElement.float32 : held;
    return classes * (weightsPerResult(layer) * perWeight + biasBytes);
  }
  const perChannel = (elementCount(layer.weights.shape) / layer.channels) * held;
  const bias = update.bias && layer.bias !== undefined ? tensorBytes(layer.bias) : 0;
  return channelsOf(update.weights, layer.channels) * perChannel + bias;
}

/** MACs of the weight gradients: the forward ones, as far as channels train. The input gradient is not counted. */
export function updateMacs(
  graph: Graph,
  layer: TrainableLayer,
  update: LayerUpdate,
  settings: Settings,
  forwardMacs: number,
): number {
  // A classifier sees its features once.
  const classes = newClasses(graph, layer, settings);
  if (classes !== undefined) return classes * weightsPerResult(layer);
  return Math.round((forwardMacs * channelsOf(update.weights, layer.channels)) / layer.channels);
}

/** int32 and float32 alike. */
const biasBytes = 4;

function weightsPerResult({ weights: { shape } }: TrainableLayer): number {
  return elementCount(shape.slice(1));
}
