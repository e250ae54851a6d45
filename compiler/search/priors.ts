/** Contributions without a measurement: what published measurements have in common (Lin et al., "On-Device Training Under
 * 256KB Memory", NeurIPS 2022): later layers matter more; the first 1x1 layer of a block far more than the others,
 * depthwise weights hardly at all; a larger share gives more, but less for each channel; biases alone plateau early. */
import type { Graph } from '../model/graph.ts';
import { isWeighted, type WeightedLayer, weightedLayer } from '../operators/weighted.ts';
import type { TrainingPlan } from '../training/plan.ts';
import { type Contributions, fractionDenominators, searchableLayers } from './space.ts';

/** Percentage points of the last layer, of its kind the best, trained as a whole: the published figure's scale. */
const mostGain = 12;
const biasPlateau = 5;
const shareOf: Readonly<Record<number, number>> = { 1: 1, 2: 0.65, 4: 0.4, 8: 0.2 };

export function priorContributions(graph: Graph, plan: TrainingPlan): Contributions {
  const names = searchableLayers(graph, plan);
  const data = weightedByName(graph);
  const expanding = names.some((name) => isFirstPointwise(data.get(name)));
  return {
    source: 'prior',
    biases: names.map((from, index) => ({
      from,
      gain: biasPlateau * (1 - Math.exp((-4 * (names.length - index)) / names.length)),
    })),
    weights: names.flatMap((layer, index) => {
      const gain = mostGain * kindFactor(data.get(layer), expanding) * ((index + 1) / names.length) ** 2;
      return fractionDenominators.map((denominator) => ({
        layer,
        fraction: { numerator: 1, denominator },
        gain: gain * (shareOf[denominator] ?? 0),
      }));
    }),
  };
}

export function weightedByName(graph: Graph): ReadonlyMap<string, WeightedLayer> {
  return new Map(
    graph.layers
      .filter((layer) => isWeighted(graph, layer))
      .map((layer) => [layer.name, weightedLayer(graph, layer)] as const),
  );
}

/** The expansion of an inverted bottleneck: a 1x1 convolution with more outputs than inputs. */
export function isFirstPointwise(data: WeightedLayer | undefined): boolean {
  return data !== undefined && !data.depthwise && data.taps === 1 && data.outputs > data.inputs;
}

function kindFactor(data: WeightedLayer | undefined, expanding: boolean): number {
  if (data === undefined) return 0;
  if (data.depthwise) return 0.03;
  if (!expanding || isFirstPointwise(data)) return 1;
  return 0.3;
}
