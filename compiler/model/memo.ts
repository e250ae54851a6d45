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

/** The same for what depends on a graph as a whole. */
export function perGraph<T>(compute: (graph: Graph) => T): (graph: Graph) => T {
  const known = new WeakMap<Graph, T>();
  return (graph) => {
    let value = known.get(graph);
    if (value === undefined) {
      value = compute(graph);
      known.set(graph, value);
    }
    return value;
  };
}
