import type { Graph, Layer } from './graph.ts';

/** Remembers what depends on a layer and the graph's tensors alone: replanning after a click asks for it again and
 * again. Graphs are immutable, so nothing is ever outdated; what is remembered goes with the graph. */
export function perLayer<T>(compute: (graph: Graph, layer: Layer) => T): (graph: Graph, layer: Layer) => T {
  const known = new WeakMap<Graph['tensors'], WeakMap<Layer, T>>();
  return (graph, layer) => {
    let layers = known.get(graph.tensors);
    if (layers === undefined) {
      layers = new WeakMap();
      known.set(graph.tensors, layers);
    }
    let value = layers.get(layer);
    if (value === undefined) {
      value = compute(graph, layer);
      layers.set(layer, value);
    }
    return value;
  };
}

/** What depends on an immutable object, such as a graph, as a whole. */
export function perObject<K extends object, T>(compute: (object: K) => T): (object: K) => T {
  const known = new WeakMap<K, { readonly value: T }>();
  return (object) => {
    let entry = known.get(object);
    if (entry === undefined) {
      entry = { value: compute(object) };
      known.set(object, entry);
    }
    return entry.value;
  };
}

/** What depends on a graph and settings that `key` tells apart: of each graph only the newest is remembered. */
export function newestPerGraph<S, T>(
  key: (settings: S) => string,
  compute: (graph: Graph, settings: S) => T,
): (graph: Graph, settings: S) => T {
  const newest = new WeakMap<Graph, { readonly key: string; readonly value: T }>();
  return (graph, settings) => {
    const wanted = key(settings);
    const known = newest.get(graph);
    if (known?.key === wanted) return known.value;
    const value = compute(graph, settings);
    newest.set(graph, { key: wanted, value });
    return value;
  };
}
