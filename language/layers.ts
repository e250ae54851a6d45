/** How plans name layers, and which of them can train. */

import { type Graph, type Layer, type Tensor, tensorAt } from '../compiler/model/graph.ts';

/** Position of weights and bias among the inputs of each operator that has any to train. */
const trainableInputs: Readonly<Record<string, { readonly weights: number; readonly bias: number }>> = {
  CONV_2D: { weights: 1, bias: 2 },
  DEPTHWISE_CONV_2D: { weights: 1, bias: 2 },
  FULLY_CONNECTED: { weights: 1, bias: 2 },
};

export interface TrainableLayer {
  readonly layer: Layer;
  readonly weights: Tensor;
  readonly bias: Tensor | undefined;
  /** Input channels of the weights: what a fraction or count of channels refers to (numerics.md 11). */
  readonly channels: number;
}

/** Undefined where the layer has no constant int8 weights. */
export function trainableLayer(graph: Graph, layer: Layer): TrainableLayer | undefined {
  const positions = trainableInputs[layer.operator];
  if (positions === undefined) return undefined;
  const weights = constantAt(graph, layer.inputs[positions.weights]);
  if (weights === undefined || weights.dtype !== 'int8') return undefined;
  return {
    layer,
    weights,
    bias: constantAt(graph, layer.inputs[positions.bias]),
    channels: weights.shape.at(-1) ?? 1,
  };
}

function constantAt(graph: Graph, id: number | undefined): Tensor | undefined {
  if (id === undefined || id < 0) return undefined;
  const tensor = tensorAt(graph, id);
  return tensor.data === undefined ? undefined : tensor;
}

export interface LayerIndex {
  readonly graph: Graph;
  readonly byName: ReadonlyMap<string, Layer>;
  readonly byFullName: ReadonlyMap<string, readonly Layer[]>;
  readonly trainable: ReadonlyMap<Layer, TrainableLayer>;
}

const indices = new WeakMap<Graph, LayerIndex>();

/** Built once per graph. */
export function layerIndex(graph: Graph): LayerIndex {
  const known = indices.get(graph);
  if (known !== undefined) return known;
  const byFullName = new Map<string, Layer[]>();
  const trainable = new Map<Layer, TrainableLayer>();
  for (const layer of graph.layers) {
    byFullName.set(layer.fullName, [...(byFullName.get(layer.fullName) ?? []), layer]);
    const entry = trainableLayer(graph, layer);
    if (entry !== undefined) trainable.set(layer, entry);
  }
  const byName = new Map(graph.layers.map((layer) => [layer.name, layer]));
  const index = { graph, byName, byFullName, trainable };
  indices.set(graph, index);
  return index;
}

export function isPattern(name: string): boolean {
  return /[*?]/.test(name);
}

/** `*` is any run of characters, `?` one. No regular expression: a hostile plan must not be able to stall the editor. */
function matches(pattern: string, name: string): boolean {
  let star = -1;
  let resume = 0;
  let p = 0;
  for (let n = 0; n < name.length; ) {
    if (pattern[p] === '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** Layers that a name or pattern stands for, in execution order. Quoted names also stand for full tensor names. */
export function layersNamed(index: LayerIndex, name: string, quoted: boolean): readonly Layer[] {
  if (!isPattern(name)) {
    const layer = index.byName.get(name);
    if (layer !== undefined) return [layer];
    return quoted ? (index.byFullName.get(name) ?? []) : [];
  }
  return index.graph.layers.filter((layer) => matches(name, layer.name) || (quoted && matches(name, layer.fullName)));
}
