/** Changes that bring a plan under its budget, priced by the compiler: the quick fixes of an exceeded limit. */

import type { Fix } from '../../compiler/diagnostics.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import { frozen, type TrainingPlan, type WeightSelection } from '../../compiler/training/plan.ts';
import { editForToggle } from '../edits.ts';
import { printWeights } from '../print.ts';
import type { LayerChange } from '../resolveUpdate.ts';
import type { Analysis } from './analysis.ts';
import { bytesText, channelsOf, isNewHead, trainableNamed, trainedBytes } from './facts.ts';
import type { PriceProvider } from './prices.ts';

/** Each takes a compile. */
const mostTried = 8;
const mostOffered = 3;

interface Candidate {
  readonly layer: string;
  readonly change: LayerChange;
  readonly title: string;
}

/**
 * Single changes after which the plan fits, the one that keeps the most SRAM in use first; where none does, the one that
 * saves the most.
 */
export async function lighterFixes(
  analysis: Analysis,
  provider: PriceProvider,
  cancelled: () => boolean,
): Promise<readonly Fix[]> {
  const { graph, resolution, parsed } = analysis;
  const { plan } = resolution;
  if (plan === undefined || graph === undefined) return [];
  const limit = Math.min(plan.budgetBytes, plan.target.sramBytes);
  const priced: { candidate: Candidate; bytes: number }[] = [];
  for (const candidate of candidatesFor(plan, graph).slice(0, mostTried)) {
    if (cancelled()) return [];
    const { layer, change } = candidate;
    const update = new Map(plan.update).set(layer, { ...(plan.update.get(layer) ?? frozen), ...change });
    const price = await provider.priceOf({ ...plan, update }, graph, cancelled);
    if (price?.memory !== undefined) priced.push({ candidate, bytes: price.memory.peakBytes });
  }
  const fitting = priced.filter(({ bytes }) => bytes <= limit).sort((a, b) => b.bytes - a.bytes);
  const best =
    fitting.length > 0 ? fitting.slice(0, mostOffered) : priced.sort((a, b) => a.bytes - b.bytes).slice(0, 1);
  return best.flatMap(({ candidate: { layer, change, title }, bytes }) => {
    const edit = editForToggle(parsed.text, graph, layer, change);
    const verdict = bytes <= limit ? `fits (${bytesText(bytes)})` : `still ${bytesText(bytes - limit)} too much`;
    return edit === undefined ? [] : [{ title: `${title}: ${verdict}`, edits: [edit] }];
  });
}

/**
 * One step less of each layer's weights, the largest first, and the deepest bias, which costs masks up to it. Not of a
 * new head, which trains as a whole.
 */
function candidatesFor(plan: TrainingPlan, graph: Graph): Candidate[] {
  const lowered = [...plan.update].flatMap(([layer, update]) => {
    const trainable = trainableNamed(graph, layer);
    const weights = trainable === undefined ? undefined : lessThan(update.weights, trainable.channels);
    if (trainable === undefined || weights === undefined || isNewHead(graph, trainable, plan.train)) return [];
    const now = trainedBytes(graph, trainable, { ...update, bias: false }, plan.train);
    const then = trainedBytes(graph, trainable, { bias: false, weights }, plan.train);
    const what = weights.kind === 'none' ? 'Freeze the weights' : `Lower weights`;
    const to = weights.kind === 'none' ? '' : ` to ${printWeights(weights).replace('weights ', '')}`;
    return [{ layer, change: { weights }, title: `${what} of \`${layer}\`${to}`, saved: now - then }];
  });
  const [deepest] = [...plan.update.keys()].filter((layer) => {
    const trainable = trainableNamed(graph, layer);
    return trainable === undefined || !isNewHead(graph, trainable, plan.train);
  });
  const freeze = deepest === undefined ? [] : [{ layer: deepest, change: frozen, title: `Freeze \`${deepest}\`` }];
  return [...freeze, ...lowered.sort((a, b) => b.saved - a.saved)];
}

function lessThan(weights: WeightSelection, channels: number): WeightSelection | undefined {
  if (weights.kind === 'none') return undefined;
  if (weights.kind === 'channels') {
    const count = Math.floor(weights.count / 2);
    return count === 0 ? { kind: 'none' } : { ...weights, count };
  }
  const less: WeightSelection = { ...weights, numerator: 1, denominator: weights.denominator * 2 };
  return weights.denominator >= 8 || channelsOf(less, channels) === 0 ? { kind: 'none' } : less;
}
