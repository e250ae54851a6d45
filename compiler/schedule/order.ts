/** Chooses the order of the forward pass: among the valid ones, one whose largest live set is least. Most networks are
 * chains with shortcuts and have a single valid order; branches that run side by side have many. */
import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { activationInputs } from './chain.ts';

/** Sets of finished layers looked at before the search is content with the best order found by then. */
const mostStates = 4_000;

/** The same layers; in the model's own order unless another one needs less. The backward pass goes the other way round. */
export function orderLayers(graph: Graph): Graph {
  if (isForced(graph)) return graph;
  const problem = prepare(graph);
  const own = graph.layers.map((_, index) => index);
  const found = search(problem);
  if (found === undefined || peakOf(problem, found) >= peakOf(problem, own)) return graph;
  return { ...graph, layers: found.flatMap((index) => graph.layers[index] ?? []) };
}

/** The largest sum of live activation bytes over the layers in this order. */
export function peakBytes(graph: Graph): number {
  return peakOf(
    prepare(graph),
    graph.layers.map((_, index) => index),
  );
}

interface OrderProblem {
  readonly graph: Graph;
  /** By layer: the layers whose results it reads. */
  readonly needs: readonly (readonly number[])[];
  /** By tensor id: how many layers read it; results of the graph count one more. */
  readonly readers: ReadonlyMap<number, number>;
  readonly bytes: (tensor: number) => number;
}

function prepare(graph: Graph): OrderProblem {
  const producer = new Map<number, number>();
  const readers = new Map<number, number>();
  graph.layers.forEach((layer, index) => {
    for (const output of layer.outputs) producer.set(output, index);
    for (const input of new Set(activationInputs(graph, layer))) readers.set(input, (readers.get(input) ?? 0) + 1);
  });
  for (const output of graph.outputs) readers.set(output, (readers.get(output) ?? 0) + 1);
  const needs = graph.layers.map((layer) =>
    activationInputs(graph, layer).flatMap((input) => {
      const index = producer.get(input);
      return index === undefined ? [] : [index];
    }),
  );
  return { graph, needs, readers, bytes: (tensor) => elementCount(tensorAt(graph, tensor).shape) };
}

/** Whether after each layer only one other can come next. */
function isForced(graph: Graph): boolean {
  return graph.layers.every((layer, index) => {
    const before = graph.layers[index - 1];
    return before === undefined || layer.inputs.some((input) => before.outputs.includes(input));
  });
}

interface State {
  readonly order: readonly number[];
  readonly done: ReadonlySet<number>;
  /** Bytes of live tensors after the last layer. */
  readonly live: number;
  readonly peak: number;
}

/** Best first by peak: the first complete order is one of least peak. Orders of the same layers differ in nothing but
 * their peak, so each set of finished layers is gone on from once. */
function search(problem: OrderProblem): readonly number[] | undefined {
  const { graph, needs } = problem;
  const inputs = graph.inputs.reduce((sum, id) => sum + problem.bytes(id), 0);
  const open: State[] = [{ order: [], done: new Set(), live: inputs, peak: inputs }];
  const seen = new Set<string>();
  for (let states = 0; states < mostStates && open.length > 0; states++) {
    const state = takeBest(open);
    if (state.order.length === graph.layers.length) return state.order;
    const key = keyOf(state.done, graph.layers.length);
    if (seen.has(key)) continue;
    seen.add(key);
    needs.forEach((needed, index) => {
      if (state.done.has(index) || !needed.every((other) => state.done.has(other))) return;
      open.push(perform(problem, state, index));
    });
  }
  return undefined;
}

/** Of least peak; among those the one that has come furthest. */
function takeBest(open: State[]): State {
  let best = 0;
  open.forEach((state, index) => {
    const known = open[best];
    if (known === undefined || state.peak < known.peak) best = index;
    else if (state.peak === known.peak && state.order.length > known.order.length) best = index;
  });
  const [state] = open.splice(best, 1);
  if (state === undefined) throw new Error('nothing to go on from');
  return state;
}

function keyOf(done: ReadonlySet<number>, count: number): string {
  return Array.from({ length: count }, (_, index) => (done.has(index) ? '1' : '0')).join('');
}

function perform(problem: OrderProblem, state: State, index: number): State {
  const { graph, readers, bytes } = problem;
  const layer: Layer | undefined = graph.layers[index];
  const outputs = layer?.outputs ?? [];
  const during = state.live + outputs.reduce((sum, id) => sum + bytes(id), 0);
  const done = new Set(state.done).add(index);
  const read = (id: number): number =>
    graph.layers.filter((other, position) => done.has(position) && other.inputs.includes(id)).length;
  const touched = new Set([...(layer === undefined ? [] : activationInputs(graph, layer)), ...outputs]);
  const freed = [...touched]
    .filter((id) => read(id) === (readers.get(id) ?? 0))
    .reduce((sum, id) => sum + bytes(id), 0);
  return { order: [...state.order, index], done, live: during - freed, peak: Math.max(state.peak, during) };
}

function peakOf(problem: OrderProblem, order: readonly number[]): number {
  const { graph, bytes } = problem;
  const inputs = graph.inputs.reduce((sum, id) => sum + bytes(id), 0);
  const start: State = { order: [], done: new Set(), live: inputs, peak: inputs };
  return order.reduce((state, index) => perform(problem, state, index), start).peak;
}
