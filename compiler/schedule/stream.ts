/** Chooses which stretches of the forward pass are streamed by rows: those for which the largest live set becomes
 * least, and then those that need less than the layers one by one. */
import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { perLayer, perObject } from '../model/memo.ts';
import { ruleOf } from '../operators/index.ts';
import { activationInputs, type Chain, chainOf } from './chain.ts';

/** Layers of the forward pass in order: singly, or as a streamed chain. */
export type Unit =
  | { readonly kind: 'layer'; readonly layer: Layer }
  | { readonly kind: 'chain'; readonly chain: Chain };

export interface StreamingFacts {
  /** Bytes that the layers before this one have saved for the backward pass (masks, input codes). */
  savedBefore(index: number): number;
  /** Must see its whole input at once, or gives no finished rows before its end. */
  whole(layer: Layer): boolean;
  /** Bytes by which the layer's output may share its input's memory, where the input dies there. */
  relief(layer: Layer): number;
}

/** Longer chains gain nothing: their rings grow to whole tensors. */
const longestChain = 24;

export interface UnitPlan {
  readonly units: readonly Unit[];
  /** The largest live set of the forward pass: activations, and what is saved for the backward pass. */
  readonly peakBytes: number;
}

export function planUnits(graph: Graph, facts: StreamingFacts): UnitPlan {
  const { layers } = graph;
  const articulated = articulations(graph);
  // With several inputs or results, the network's ends are none.
  const cuts = [...new Set([0, ...articulated, layers.length])];
  const segments = segmentsOf(graph, cuts, new Set(articulated), facts);
  const least = bestSplit(cuts.length, segments, Number.POSITIVE_INFINITY);
  const chosen = bestSplit(cuts.length, segments, least.peak);
  const units = chosen.segments.flatMap(({ begin, end, chain }): readonly Unit[] =>
    chain === undefined
      ? layers.slice(begin, end).map((layer) => ({ kind: 'layer', layer }) as const)
      : [{ kind: 'chain', chain }],
  );
  return { units, peakBytes: chosen.peak };
}

interface Segment {
  /** Positions in the list of cuts. */
  readonly from: number;
  readonly to: number;
  /** Layer numbers. */
  readonly begin: number;
  readonly end: number;
  readonly bytes: number;
  readonly chain: Chain | undefined;
}

/** Layer numbers before which exactly one tensor is alive: there a stretch may begin or end. */
const articulations = perObject((graph: Graph): readonly number[] =>
  aliveBefore(graph).flatMap((alive, position) => (alive.length <= 1 ? [position] : [])),
);

/** Tensors that are alive before each layer, and after the last one. */
const aliveBefore = perObject((graph: Graph): readonly (readonly number[])[] => {
  const lastReader = lastReaders(graph);
  const isRead =
    (position: number) =>
    (id: number): boolean =>
      (lastReader.get(id) ?? -1) >= position;
  let alive = graph.inputs.filter(isRead(0));
  const all = [alive];
  graph.layers.forEach((layer, position) => {
    alive = [...alive, ...layer.outputs].filter(isRead(position + 1));
    all.push(alive);
  });
  return all;
});

/** Bytes of each layer's outputs and of all that is alive before it. */
const heldBytes = perObject((graph: Graph): readonly number[] => {
  const alive = aliveBefore(graph);
  return graph.layers.map(({ outputs }, position) =>
    [...(alive[position] ?? []), ...outputs].reduce((total, id) => total + bytesOf(graph, id), 0),
  );
});

function lastReaders(graph: Graph): ReadonlyMap<number, number> {
  const last = new Map<number, number>();
  graph.layers.forEach((layer, position) => {
    for (const input of activationInputs(graph, layer)) last.set(input, position);
  });
  for (const output of graph.outputs) last.set(output, graph.layers.length);
  return last;
}

function segmentsOf(
  graph: Graph,
  cuts: readonly number[],
  articulated: ReadonlySet<number>,
  facts: StreamingFacts,
): readonly Segment[] {
  const segments: Segment[] = [];
  const streaming = graph.layers.map((layer) => mayStream(graph, layer) && !facts.whole(layer));
  cuts.forEach((begin, from) => {
    for (let to = from + 1; to < cuts.length; to++) {
      const end = cuts[to] ?? 0;
      if (to === from + 1) {
        segments.push({ from, to, begin, end, bytes: plainBytes(graph, begin, end, facts), chain: undefined });
      }
      if (end - begin > longestChain || streaming.slice(cuts[to - 1], end).includes(false)) break;
      if (end - begin < 2 || !articulated.has(begin) || !articulated.has(end)) continue;
      const chain = chainOf(graph, graph.layers.slice(begin, end));
      if (chain === undefined) continue;
      const bytes = chainBytes(graph, chain) + facts.savedBefore(end);
      segments.push({ from, to, begin, end, bytes, chain });
    }
  });
  return segments;
}

const mayStream = perLayer((graph: Graph, layer: Layer): boolean => {
  const rule = ruleOf(layer);
  const tensors = [...activationInputs(graph, layer), ...layer.outputs].map((id) => tensorAt(graph, id));
  const pictures = tensors.every(
    (tensor) => tensor.shape.length === 4 && tensor.shape[0] === 1 && tensor.dtype === 'int8',
  );
  // An operand that is repeated does not have the output's rows.
  const sizes = new Set(tensors.map((tensor) => elementCount(tensor.shape)));
  return (
    rule.byRows === true &&
    pictures &&
    (layer.attributes.kind === 'window' || (rule.inPlace === true && sizes.size === 1))
  );
});

/** The largest live set of layers [begin, end) one after the other. */
function plainBytes(graph: Graph, begin: number, end: number, facts: StreamingFacts): number {
  const alive = aliveBefore(graph);
  const held = heldBytes(graph);
  let most = 0;
  for (let position = begin; position < end; position++) {
    const layer = graph.layers[position];
    if (layer === undefined) break;
    const [input = -1] = layer.inputs;
    const dies = alive[position + 1]?.includes(input) === false;
    const relief = dies ? facts.relief(layer) : 0;
    most = Math.max(most, (held[position] ?? 0) - relief + facts.savedBefore(position + 1));
  }
  return most;
}

function chainBytes(graph: Graph, chain: Chain): number {
  const input = bytesOf(graph, chain.layers[0]?.inputs[0] ?? -1);
  const output = bytesOf(graph, chain.layers[chain.layers.length - 1]?.outputs[0] ?? -1);
  return chain.ringBytes + Math.min(input + output, Math.max(output, chain.distance + input));
}

function bytesOf(graph: Graph, id: number): number {
  return elementCount(tensorAt(graph, id).shape);
}

interface Split {
  readonly peak: number;
  /** Bytes of all segments: with the same peak, what leaves more room around it packs better. */
  readonly sum: number;
  readonly segments: readonly Segment[];
}

/** The split of least peak, and among those the one of least sum. Keeping the best for each end is not enough for the
 * sum, since a lower peak so far may have a higher one; so the peak is found first, and then kept as a limit. */
function bestSplit(cuts: number, segments: readonly Segment[], limit: number): Split {
  const best: (Split | undefined)[] = [{ peak: 0, sum: 0, segments: [] }];
  for (let to = 1; to < cuts; to++) {
    for (const segment of segments) {
      const before = best[segment.from];
      if (segment.to !== to || before === undefined || segment.bytes > limit) continue;
      const peak = Math.max(before.peak, segment.bytes);
      const sum = before.sum + segment.bytes * (segment.end - segment.begin);
      const known = best[to];
      const better = known === undefined || (Number.isFinite(limit) ? sum < known.sum : peak < known.peak);
      if (better) best[to] = { peak, sum, segments: [...before.segments, segment] };
    }
  }
  return best[cuts - 1] ?? { peak: 0, sum: 0, segments: [] };
}
