/** Row streaming of a chain of layers: each produces a row as soon as the rows that it reads are there, and what lies
 * between them exists only as a ring of rows. No value is computed twice. */
import { type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { perLayer } from '../model/memo.ts';
import type { RingRows, RowRange } from '../operators/rule.ts';
import { firstInputRow, inputRowsNeeded, pictureOf, type Window, windowOf } from '../operators/window.ts';

/** Rows of a tensor that exist after iteration i: clamp(slope * (i - lead) + base, 0, height). */
interface Progress {
  readonly slope: number;
  readonly base: number;
}

export interface Chain {
  readonly layers: readonly Layer[];
  /** Iterations of the loop: rows of the last output, and the lead that the first layers need. */
  readonly iterations: number;
  /** Output rows of each layer in an iteration, by layer name. */
  readonly rows: ReadonlyMap<string, RowRange>;
  /** Rows held of each tensor between the layers, by tensor id. */
  readonly rings: ReadonlyMap<number, number>;
  readonly ringBytes: number;
  /** The output may grow into the input: offset(input) - offset(output) >= distance, see memory/arena.ts. */
  readonly distance: number;
}

const chainsFrom = perLayer(() => new Map<Layer | undefined, Chain | undefined>());

/** Consecutive layers of the graph. Undefined where they do not stream: strides that do not agree. */
export function chainOf(graph: Graph, layers: readonly Layer[]): Chain | undefined {
  const [first] = layers;
  if (first === undefined) return undefined;
  const known = chainsFrom(graph, first);
  const last = layers[layers.length - 1];
  if (!known.has(last)) known.set(last, computeChain(graph, layers));
  return known.get(last);
}

function computeChain(graph: Graph, layers: readonly Layer[]): Chain | undefined {
  const first = layers[0]?.inputs[0];
  const result = layers[layers.length - 1]?.outputs[0];
  if (first === undefined || result === undefined) return undefined;
  const progress = progressOf(graph, layers, result);
  if (progress === undefined) return undefined;
  const produced = layers.map((layer) => layer.outputs[0] ?? -1);
  const lead = produced.reduce((most, id) => {
    const { slope, base } = progress.get(id) ?? { slope: 1, base: 1 };
    return Math.max(most, Math.ceil(base / slope - 1));
  }, 0);
  const iterations = heightOf(graph, result) + lead;
  const rowsAfter = (id: number, iteration: number): number => {
    const height = heightOf(graph, id);
    const line = progress.get(id);
    if (line === undefined) return height;
    return Math.min(height, Math.max(0, line.slope * (iteration - lead) + line.base));
  };
  /** The first row of tensor `id` that anybody still reads in an iteration; its height if nobody does. */
  const firstNeeded = (id: number, iteration: number): number =>
    layers.reduce(
      (least, layer) => {
        const output = layer.outputs[0] ?? -1;
        const next = rowsAfter(output, iteration - 1);
        if (!layer.inputs.includes(id) || next >= heightOf(graph, output)) return least;
        const window = slidingWindow(graph, layer);
        return Math.min(least, window === undefined ? next : Math.max(0, firstInputRow(window, next)));
      },
      heightOf(graph, id),
    );

  const rings = new Map<number, number>();
  let ringBytes = 0;
  for (const id of produced.slice(0, -1)) {
    let held = 1;
    for (let i = 0; i < iterations; i++) held = Math.max(held, rowsAfter(id, i) - firstNeeded(id, i));
    rings.set(id, held);
    ringBytes += held * rowBytes(graph, id);
  }
  let distance = 0;
  for (let i = 0; i < iterations; i++) {
    const end = rowsAfter(result, i) * rowBytes(graph, result);
    if (rowsAfter(result, i) > rowsAfter(result, i - 1)) {
      distance = Math.max(distance, end - firstNeeded(first, i) * rowBytes(graph, first));
    }
  }
  const rows = new Map(
    layers.map((layer) => {
      const id = layer.outputs[0] ?? -1;
      const { slope, base } = progress.get(id) ?? { slope: 1, base: 1 };
      const limits = { step: slope, min: 0, max: heightOf(graph, id) };
      const end = { base: base - slope * lead, ...limits };
      return [layer.name, { begin: { base: base - slope * (lead + 1), ...limits }, end }] as const;
    }),
  );
  return { layers, iterations, rows, rings, ringBytes, distance };
}

/** Rings of one stage's inputs and output. */
export function ringsOf(graph: Graph, chain: Chain, layer: Layer): RingRows {
  const held = (id: number): number => chain.rings.get(id) ?? heightOf(graph, id);
  const second = layer.inputs[1];
  return {
    input: held(layer.inputs[0] ?? -1),
    output: held(layer.outputs[0] ?? -1),
    ...(second === undefined || slidingWindow(graph, layer) !== undefined ? {} : { second: held(second) }),
  };
}

/** Backwards from the result, of which one row is finished in each iteration. */
function progressOf(graph: Graph, layers: readonly Layer[], result: number): ReadonlyMap<number, Progress> | undefined {
  const progress = new Map<number, Progress>([[result, { slope: 1, base: 1 }]]);
  const produced = new Set(layers.map((layer) => layer.outputs[0] ?? -1));
  for (const layer of [...layers].reverse()) {
    const own = progress.get(layer.outputs[0] ?? -1);
    if (own === undefined) return undefined;
    const window = slidingWindow(graph, layer);
    const need =
      window === undefined
        ? own
        : { slope: own.slope * window.stride_y, base: own.base * window.stride_y + inputRowsNeeded(window, 0) };
    for (const input of activationInputs(graph, layer)) {
      if (!produced.has(input)) continue;
      const known = progress.get(input);
      if (known !== undefined && known.slope !== need.slope) return undefined;
      progress.set(input, { slope: need.slope, base: Math.max(need.base, known?.base ?? need.base) });
    }
  }
  return progress;
}

function slidingWindow(graph: Graph, layer: Layer): Window | undefined {
  return layer.attributes.kind === 'window' ? windowOf(graph, layer) : undefined;
}

export function activationInputs(graph: Graph, layer: Layer): readonly number[] {
  return layer.inputs.filter((id) => id >= 0 && tensorAt(graph, id).data === undefined);
}

function heightOf(graph: Graph, id: number): number {
  return pictureOf(tensorAt(graph, id)).height;
}

function rowBytes(graph: Graph, id: number): number {
  const { width, channels } = pictureOf(tensorAt(graph, id));
  return width * channels;
}
