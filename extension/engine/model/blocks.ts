/** Finds the building blocks of networks by their structure: what enters and leaves at one place each. */

import { type Graph, type Layer, tensorAt } from '../../../compiler/model/graph.ts';

export interface FoundBlock {
  readonly kind: string;
  /** In execution order. */
  readonly layers: readonly Layer[];
}

/** Larger ones are whole stages or U-shaped networks, not blocks. */
const mostLayers = 40;

const merges: readonly string[] = ['ADD', 'SUB', 'MUL', 'CONCATENATION', 'PACK'];

/** Layers of a graph with the layers that they read and that read them. */
export interface Wiring {
  readonly layers: readonly Layer[];
  /** By layer index: layers whose output it reads, and -1 for each input of the graph. */
  readonly sources: readonly (readonly number[])[];
  readonly readers: readonly (readonly number[])[];
  /** Is one of its outputs an output of the graph? */
  readonly leaves: readonly boolean[];
}

export function wiringOf(graph: Graph): Wiring {
  const producer = new Map<number, number>();
  for (const { index, outputs } of graph.layers) for (const id of outputs) producer.set(id, index);
  const sources = graph.layers.map(({ inputs }) => [
    ...new Set(inputs.filter((id) => id >= 0 && !tensorAt(graph, id).data).map((id) => producer.get(id) ?? -1)),
  ]);
  const readers: number[][] = graph.layers.map(() => []);
  sources.forEach((list, index) => {
    for (const source of list) readers[source]?.push(index);
  });
  const outputs = new Set(graph.outputs);
  const leaves = graph.layers.map((layer) => layer.outputs.some((id) => outputs.has(id)));
  return { layers: graph.layers, sources, readers, leaves };
}

/**
 * Blocks that share no layer: residual and branched ones first, the innermost where they nest, then inverted
 * bottlenecks and depthwise separable convolutions among the rest. In execution order.
 */
export function findBlocks(graph: Graph): readonly FoundBlock[] {
  const wiring = wiringOf(graph);
  const taken = new Set<number>();
  const found: FoundBlock[] = [];
  const take = (kind: string, indices: readonly number[]): void => {
    if (indices.some((index) => taken.has(index))) return;
    for (const index of indices) taken.add(index);
    found.push({ kind, layers: indices.flatMap((index) => wiring.layers[index] ?? []) });
  };
  const merging = regions(wiring).sort((a, b) => a.length - b.length);
  for (const indices of merging) take(kindOf(graph, wiring, indices), indices);
  for (const { index, operator } of graph.layers) {
    if (operator !== 'DEPTHWISE_CONV_2D') continue;
    const chain = chainAround(graph, wiring, index, taken);
    if (chain !== undefined) take(chain.kind, chain.indices);
  }
  return found.sort((a, b) => (a.layers[0]?.index ?? 0) - (b.layers[0]?.index ?? 0));
}

/**
 * For each layer where branches meet, all between it and the place where they parted, if nothing else enters or leaves
 * there. The layer where they part belongs to what is before.
 */
function regions(wiring: Wiring): number[][] {
  return wiring.sources.flatMap((sources, merge) => {
    if (sources.length < 2 || !merges.includes(wiring.layers[merge]?.operator ?? '')) return [];
    const region = regionBelow(wiring, merge);
    return region === undefined ? [] : [region];
  });
}

function regionBelow({ sources, readers, leaves }: Wiring, merge: number): number[] | undefined {
  // Walks backwards in execution order: once one single source is left to visit, that is where the branches parted.
  const open = new Set(sources[merge] ?? []);
  const region = [merge];
  while (open.size > 1) {
    const next = Math.max(...open);
    open.delete(next);
    region.push(next);
    if (region.length > mostLayers) return undefined;
    for (const source of sources[next] ?? []) open.add(source);
    if ((sources[next] ?? []).length === 0) return undefined;
  }
  const inside = new Set(region);
  const closed = region.every(
    (index) => index === merge || (leaves[index] === false && (readers[index] ?? []).every((each) => inside.has(each))),
  );
  return closed ? region.sort((a, b) => a - b) : undefined;
}

function kindOf(graph: Graph, wiring: Wiring, indices: readonly number[]): string {
  const layers = indices.flatMap((index) => wiring.layers[index] ?? []);
  const merge = layers.at(-1)?.operator ?? '';
  const hasDepthwise = layers.some(({ operator }) => operator === 'DEPTHWISE_CONV_2D');
  if (merge === 'CONCATENATION' || merge === 'PACK') return 'branches';
  if (merge === 'MUL') return 'gate';
  return hasDepthwise && layers.filter((layer) => isPointwise(graph, layer)).length >= 2
    ? 'inverted residual'
    : 'residual';
}

/** [1x1 that widens], [pad], depthwise, 1x1: each read by the next only. */
function chainAround(
  graph: Graph,
  wiring: Wiring,
  depthwise: number,
  taken: ReadonlySet<number>,
): { readonly kind: string; readonly indices: readonly number[] } | undefined {
  const { sources, readers, leaves, layers } = wiring;
  const soleReader = (index: number): number | undefined =>
    leaves[index] || readers[index]?.length !== 1 ? undefined : readers[index]?.[0];
  const project = soleReader(depthwise);
  const projectLayer = layers[project ?? -1];
  if (project === undefined || projectLayer === undefined || !isPointwise(graph, projectLayer)) return undefined;
  const indices = [depthwise, project];
  const sourceOf = (index: number): number | undefined => {
    const [source = -1, ...others] = sources[index] ?? [];
    return others.length > 0 || source < 0 || taken.has(source) || soleReader(source) !== index ? undefined : source;
  };
  let source = sourceOf(depthwise);
  if (source !== undefined && layers[source]?.operator === 'PAD') {
    indices.unshift(source);
    source = sourceOf(source);
  }
  const expand = layers[source ?? -1];
  if (source !== undefined && expand !== undefined && isPointwise(graph, expand) && widens(graph, expand)) {
    return { kind: 'inverted bottleneck', indices: [source, ...indices] };
  }
  return { kind: 'depthwise separable', indices };
}

function isPointwise(graph: Graph, { operator, inputs }: Layer): boolean {
  const [, height, width] = graph.tensors[inputs[1] ?? -1]?.shape ?? [];
  return operator === 'CONV_2D' && height === 1 && width === 1;
}

function widens(graph: Graph, { inputs }: Layer): boolean {
  const [outputs = 0, , , channels = 0] = graph.tensors[inputs[1] ?? -1]?.shape ?? [];
  return outputs > channels;
}

/**
 * What a block's layers are called together: the part of their full names that they share, beyond what all layers of the
 * model share; undefined where there is none.
 */
export function sharedName(layers: readonly Layer[], all: readonly Layer[]): string | undefined {
  const everywhere = sharedParts(all).length;
  const parts = sharedParts(layers.filter(({ operator }) => operator !== 'PAD'));
  const own = parts.slice(everywhere);
  return own.length === 0 ? undefined : own.join('/');
}

function sharedParts(layers: readonly Layer[]): readonly string[] {
  // Converters join the names of fused operators by semicolons; the first is the layer's own.
  const paths = layers.map(({ fullName }) => (fullName.split(';')[0] ?? '').split(/[./]/).slice(0, -1));
  const [first = []] = paths;
  const differs = first.findIndex((part, place) => paths.some((path) => path[place] !== part));
  return differs < 0 ? first : first.slice(0, differs);
}
