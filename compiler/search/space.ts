/** What a search may choose from: how deep biases train, and which share of each layer's weights; each with its gain. */
import type { Graph } from '../model/graph.ts';
import { isWeighted, weightedLayer } from '../operators/weighted.ts';
import { selectableChannels, selectedCount } from '../training/channels.ts';
import type { LayerUpdate, TrainingPlan, WeightSelection } from '../training/plan.ts';

/** Shares of a layer's input channels that are measured and searched. */
export const fractionDenominators = [8, 4, 2, 1] as const;

/** What updating a part of the network adds to accuracy, in percentage points. Gains of parts are assumed to add up. */
export interface Contributions {
  readonly source: 'measured' | 'prior';
  /** Of the biases of layer `from` and of all layers after it, over training the head alone. */
  readonly biases: readonly { readonly from: string; readonly gain: number }[];
  /** Of weights, over training biases alone. */
  readonly weights: readonly {
    readonly layer: string;
    readonly fraction: { readonly numerator: number; readonly denominator: number };
    readonly gain: number;
  }[];
}

export interface WeightOption {
  readonly selection: WeightSelection;
  readonly gain: number;
}

export interface SpaceLayer {
  readonly name: string;
  /** Of the biases of this layer and of all after it. */
  readonly biasGain: number;
  /** Apart from none; from the smallest share to the largest. */
  readonly options: readonly WeightOption[];
}

export interface SearchSpace {
  readonly source: Contributions['source'];
  /** In execution order; a new head is not among them, since it always trains. */
  readonly layers: readonly SpaceLayer[];
}

/** Biases train from a layer on; weights train only where biases do, as in the published schemes. */
export interface Choice {
  /** Number of the first layer whose bias trains; `layers.length`: none does. */
  readonly from: number;
  /** For each layer the number of its option, -1 for none. */
  readonly options: readonly number[];
}

/** The layers that a plan may train, in execution order, without a new head. */
export function searchableLayers(graph: Graph, plan: TrainingPlan): readonly string[] {
  const weighted = graph.layers.filter((layer) => isWeighted(graph, layer)).map(({ name }) => name);
  return plan.train.classes === undefined ? weighted : weighted.slice(0, -1);
}

/**
 * Weights without a contribution stay out of the space. The gain of a bias depth between two that are known is
 * interpolated by the number of layers; deeper than all that are known it stays that of the deepest.
 */
export function spaceOf(graph: Graph, plan: TrainingPlan, contributions: Contributions): SearchSpace {
  const names = searchableLayers(graph, plan);
  const biasGain = interpolatedBiases(names, contributions.biases);
  const byName = new Map(graph.layers.map((layer) => [layer.name, layer]));
  const layers = names.map((name, index): SpaceLayer => {
    const layer = byName.get(name);
    const channels = layer === undefined ? 0 : selectableChannels(weightedLayer(graph, layer));
    const options = contributions.weights
      .filter((each) => each.layer === name)
      .map(({ fraction, gain }): WeightOption => ({ selection: { kind: 'fraction', ...fraction, first: false }, gain }))
      .filter(({ selection }) => selectedCount(selection, channels) > 0)
      .sort((a, b) => selectedCount(a.selection, channels) - selectedCount(b.selection, channels));
    return { name, biasGain: biasGain[index] ?? 0, options };
  });
  return { source: contributions.source, layers };
}

function interpolatedBiases(names: readonly string[], biases: Contributions['biases']): readonly number[] {
  const known = new Map(biases.map(({ from, gain }) => [names.indexOf(from), gain]));
  known.delete(-1);
  known.set(names.length, 0);
  const positions = [...known.keys()].sort((a, b) => a - b);
  return names.map((_, index) => {
    const above = positions.find((position) => position >= index) ?? names.length;
    const below = positions.findLast((position) => position <= index);
    const gain = known.get(above) ?? 0;
    if (below === undefined || below === above) return gain;
    return gain + ((known.get(below) ?? 0) - gain) * ((above - index) / (above - below));
  });
}

/** Sum of the gains. */
export function scoreOf({ layers }: SearchSpace, { from, options }: Choice): number {
  return options.reduce(
    (sum, option, index) => sum + (layers[index]?.options[option]?.gain ?? 0),
    layers[from]?.biasGain ?? 0,
  );
}

export function updateOfChoice({ layers }: SearchSpace, choice: Choice): ReadonlyMap<string, LayerUpdate> {
  const update = new Map<string, LayerUpdate>();
  for (const [index, { name, options }] of layers.entries()) {
    if (index < choice.from) continue;
    const weights = options[choice.options[index] ?? -1]?.selection ?? { kind: 'none' };
    update.set(name, { bias: true, weights });
  }
  return update;
}

/** The plan that trains what the choice says, and the model's own head, if it keeps it, as before. */
export function planWith(space: SearchSpace, plan: TrainingPlan, choice: Choice): TrainingPlan {
  return { ...plan, update: updateOfChoice(space, choice) };
}

export function keyOf({ from, options }: Choice): string {
  return `${from} ${options.join()}`;
}

export function nothing({ layers }: SearchSpace): Choice {
  return { from: layers.length, options: layers.map(() => -1) };
}
