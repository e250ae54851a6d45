/** What choices take: by the definition of the published schemes, and by compiling them. */
import { type Compilation, compile } from '../compile.ts';
import { type PlanTotals, planTotals } from '../memory/report.ts';
import { sparseUpdateBytes } from '../memory/sparse-update.ts';
import type { Graph } from '../model/graph.ts';
import type { WeightedLayer } from '../operators/weighted.ts';
import { selectableChannels, selectedCount } from '../training/channels.ts';
import { differentiate } from '../training/differentiate.ts';
import type { TrainingPlan } from '../training/plan.ts';
import { prepareNetwork } from '../training/prepare.ts';
import type { AdditiveCosts } from './additive.ts';
import { weightedByName } from './priors.ts';
import { type Choice, keyOf, nothing, planWith, type SearchSpace } from './space.ts';

/** Extra bytes as published schemes count them (memory/sparse-update.ts): they add up. */
export function labelCosts(graph: Graph, plan: TrainingPlan, space: SearchSpace): AdditiveCosts {
  const data = weightedByName(graph);
  return {
    from: depths(space).map((choice) => {
      const network = prepareNetwork(graph, planWith(space, plan, choice));
      return sparseUpdateBytes(network, differentiate(network));
    }),
    options: perOption(space, data, (layer, count) => count * (inputPositions(layer) + outerWeights(layer))),
  };
}

/** Biases from each layer on, without weights; last, no bias either. */
function depths(space: SearchSpace): readonly Choice[] {
  const { options } = nothing(space);
  return [...space.layers.map((_, from) => ({ from, options })), nothing(space)];
}

function perOption(
  { layers }: SearchSpace,
  data: ReadonlyMap<string, WeightedLayer>,
  bytesOf: (layer: WeightedLayer, channels: number, name: string) => number,
): readonly (readonly number[])[] {
  return layers.map(({ name, options }) => {
    const layer = data.get(name);
    if (layer === undefined) return options.map(() => 0);
    return options.map(({ selection }) => bytesOf(layer, selectedCount(selection, selectableChannels(layer)), name));
  });
}

function inputPositions({ window }: WeightedLayer): number {
  return window.in_height * window.in_width;
}

/** Weights of one channel that a selection counts. */
function outerWeights({ depthwise, outputs, taps }: WeightedLayer): number {
  return taps * (depthwise ? 1 : outputs);
}

/** A choice as compiled. */
export interface Planned {
  readonly choice: Choice;
  readonly totals: PlanTotals;
  /** No packing of this program's arena is lower. */
  readonly arenaBound: number;
}

/** Compiles choices, each once. */
export interface Oracle {
  /** Undefined where the choice does not compile. */
  plan(choice: Choice): Planned | undefined;
  /** Compilations so far. */
  readonly compiled: number;
  /** All that were compiled. */
  all(): readonly Planned[];
}

export function compileOracle(
  graph: Graph,
  plan: TrainingPlan,
  space: SearchSpace,
  cancelled: () => boolean = () => false,
): Oracle {
  const known = new Map<string, Planned | undefined>();
  let similar: Compilation | undefined;
  return {
    plan: (choice) => {
      const key = keyOf(choice);
      if (known.has(key)) return known.get(key);
      const result = compile(graph, planWith(space, plan, choice), {
        cancelled,
        ...(similar === undefined ? {} : { similar: similar.program }),
      });
      if (result.ok) similar = result.value;
      const planned = result.ok
        ? { choice, totals: planTotals(result.value), arenaBound: result.value.arena.lowerBound }
        : undefined;
      known.set(key, planned);
      return planned;
    },
    get compiled() {
      return known.size;
    },
    all: () => [...known.values()].filter((each) => each !== undefined),
  };
}

/**
 * Bytes of SRAM that a choice takes at least, each an additive sum:
 * - `floor`: what trains, and the arena of the head alone. The forward pass is streamed so that its largest live set is
 *   least, and what training saves only adds to it.
 * - `saved`: what trains, and what all lives at the loss: masks, and the saved inputs of trained weights.
 * - `likely`: what trains, and the arena of the same biases without weights. Nearly always less than the truth, but no law.
 */
export interface PlannedBounds {
  readonly floor: AdditiveCosts;
  readonly saved: AdditiveCosts;
  readonly likely: AdditiveCosts;
}

/** One turn for each compilation. */
export function* plannedBounds(
  graph: Graph,
  plan: TrainingPlan,
  space: SearchSpace,
  oracle: Oracle,
): Generator<void, PlannedBounds> {
  const likely: number[] = [];
  const saved: number[] = [];
  const floor: number[] = [];
  const headOnly = oracle.plan(nothing(space))?.arenaBound ?? 0;
  for (const choice of depths(space)) {
    const planned = oracle.plan(choice);
    const { totals } = planned ?? {};
    const others = totals === undefined ? Number.POSITIVE_INFINITY : totals.sramBytes - totals.arenaBytes;
    likely.push(others + (planned?.arenaBound ?? 0));
    floor.push(others + headOnly);
    saved.push(others + (planned === undefined ? 0 : maskBytes(graph, plan, space, choice)));
    yield;
  }
  const data = weightedByName(graph);
  const perWeight = weightBytes(plan);
  const shared = sharedInputs(graph);
  const options = perOption(space, data, (layer, count) => count * outerWeights(layer) * perWeight);
  return {
    likely: { from: likely, options },
    floor: { from: floor, options },
    saved: {
      from: saved,
      options: perOption(space, data, (layer, count, name) => {
        const input = shared.has(name) ? 0 : inputPositions(layer);
        return count * (outerWeights(layer) * perWeight + input);
      }),
    },
  };
}

/** Of a trained weight in static SRAM, with the state of its optimiser. */
function weightBytes({ train: { weights, optimizer, batch } }: TrainingPlan): number {
  const held = weights === 'int16' ? 2 : 1;
  if (optimizer.kind === 'adam') return held + 8 + (batch > 1 ? 4 : 0);
  return held + (optimizer.momentum > 0 || batch > 1 ? 4 : 0);
}

/** Layers whose input other trainable layers read too: what is saved of it may be saved once for all of them. */
function sharedInputs(graph: Graph): ReadonlySet<string> {
  const names = weightedByName(graph);
  const layers = graph.layers.filter(({ name }) => names.has(name));
  const readers = (tensor: number): number => layers.filter(({ inputs }) => inputs[0] === tensor).length;
  return new Set(layers.filter(({ inputs }) => readers(inputs[0] ?? -1) > 1).map(({ name }) => name));
}

/** Less the biases and the head's input, which do not live in the arena at the loss. */
function maskBytes(graph: Graph, plan: TrainingPlan, space: SearchSpace, choice: Choice): number {
  const bytes = (each: Choice): number => {
    const network = prepareNetwork(graph, planWith(space, plan, each));
    return sparseUpdateBytes(network, differentiate(network));
  };
  const data = weightedByName(graph);
  const biases = space.layers.slice(choice.from).reduce((sum, { name }) => sum + 4 * (data.get(name)?.outputs ?? 0), 0);
  return Math.max(0, bytes(choice) - bytes(nothing(space)) - biases);
}
