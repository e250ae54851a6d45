/** What every switch of every layer would change: the price of each single change of a plan, by compiling it. */
import { type Compilation, compile } from '../compile.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { type PlanTotals, planTotals } from '../memory/report.ts';
import type { Graph } from '../model/graph.ts';
import { isWeighted } from '../operators/weighted.ts';
import { frozen, type LayerUpdate, type TrainingPlan, type WeightSelection } from '../training/plan.ts';

/** One switch of one layer in another position. */
export type Switch =
  | { readonly kind: 'bias'; readonly bias: boolean }
  | { readonly kind: 'weights'; readonly weights: WeightSelection };

export type Price = PossiblePrice | ImpossiblePrice;

/** Differences from the plan as it is: negative where the change saves. */
export interface PossiblePrice {
  readonly layer: string;
  readonly change: Switch;
  readonly possible: true;
  readonly arenaBytes: number;
  /** Arena, trained, state and stack. */
  readonly sramBytes: number;
  readonly flashBytes: number;
  /** Multiply-accumulates of a step. */
  readonly macs: { readonly backward: number; readonly update: number };
  /** Both arenas are proven to be the least possible; else the search for one of them ran out of time. */
  readonly exact: boolean;
}

/** The changed plan does not compile. */
export interface ImpossiblePrice {
  readonly layer: string;
  readonly change: Switch;
  readonly possible: false;
  readonly diagnostics: readonly Diagnostic[];
}

export interface PriceOptions {
  /** Which layers; all that have a choice if absent. */
  readonly layers?: ReadonlySet<string>;
  /** Time limit of each arena search in milliseconds; 100 if absent. */
  readonly arenaMilliseconds?: number;
  readonly cancelled?: () => boolean;
}

/**
 * Prices of all switches of a plan that was compiled, one with each turn of the generator: first those of the layers
 * that train, then those of the others, from the last layer to the first. Ends early once `cancelled` says true.
 */
export function* pricesOf(
  graph: Graph,
  plan: TrainingPlan,
  base: Compilation,
  options: PriceOptions = {},
): Generator<Price, void, undefined> {
  const before = planTotals(base);
  const { cancelled, arenaMilliseconds = 100 } = options;
  for (const layer of layersByInterest(plan, base)) {
    if (options.layers?.has(layer) === false) continue;
    const now = plan.update.get(layer) ?? frozen;
    for (const change of switchesOf(now)) {
      if (cancelled?.() === true) return;
      const compiled = compile(graph, withSwitch(plan, layer, change), {
        similar: base.program,
        arenaMilliseconds,
        ...(cancelled === undefined ? {} : { cancelled }),
      });
      if (cancelled?.() === true) return;
      yield compiled.ok
        ? { layer, change, ...difference(before, base, compiled.value) }
        : { layer, change, possible: false, diagnostics: compiled.diagnostics };
    }
  }
}

/** How long the prices may keep others from running, in milliseconds. */
const sliceMilliseconds = 12;

/** The same in the background: between two slices of work the thread is free. Resolves to false if it was cancelled. */
export async function priceInBackground(
  graph: Graph,
  plan: TrainingPlan,
  base: Compilation,
  onPrice: (price: Price) => void,
  options: PriceOptions = {},
): Promise<boolean> {
  let start = performance.now();
  for (const price of pricesOf(graph, plan, base, options)) {
    onPrice(price);
    if (performance.now() - start < sliceMilliseconds) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    start = performance.now();
  }
  return options.cancelled?.() !== true;
}

export interface BestChange {
  readonly layer: string;
  readonly change: Switch;
  /** By which the arena becomes less; 0: the peak stays. */
  readonly bytes: number;
  /** By which SRAM in all becomes less. */
  readonly sramBytes: number;
}

/**
 * The single change of a layer that trains which lowers the peak of the arena most; of several, or where none lowers it,
 * the one that saves most SRAM in all. Undefined where none saves anything.
 */
export function bestChange(
  graph: Graph,
  plan: TrainingPlan,
  base: Compilation,
  options: PriceOptions = {},
): BestChange | undefined {
  let best: BestChange | undefined;
  const layers = new Set([...base.differentiation.trained.keys()]);
  for (const price of pricesOf(graph, plan, base, { ...options, layers })) {
    if (!price.possible) continue;
    const [bytes, sramBytes] = [-price.arenaBytes, -price.sramBytes];
    if (bytes < 0 || bytes + sramBytes <= 0) continue;
    const better = best === undefined || bytes > best.bytes || (bytes === best.bytes && sramBytes > best.sramBytes);
    if (better) best = { layer: price.layer, change: price.change, bytes, sramBytes };
  }
  return best;
}

export function withSwitch(plan: TrainingPlan, layer: string, change: Switch): TrainingPlan {
  const now = plan.update.get(layer) ?? frozen;
  const next: LayerUpdate =
    change.kind === 'bias' ? { ...now, bias: change.bias } : { ...now, weights: change.weights };
  const update = new Map(plan.update);
  if (!next.bias && next.weights.kind === 'none') update.delete(layer);
  else update.set(layer, next);
  return { ...plan, update };
}

/** A new head always trains as a whole, so it has no switch. */
function layersByInterest(plan: TrainingPlan, { network }: Compilation): readonly string[] {
  const newHead = plan.train.classes === undefined ? undefined : network.head.layer;
  const layers = network.graph.layers
    .filter((layer) => isWeighted(network.graph, layer) && layer.name !== newHead)
    .map(({ name }) => name)
    .reverse();
  const trains = (name: string): boolean => plan.update.has(name);
  return [...layers.filter(trains), ...layers.filter((name) => !trains(name))];
}

const denominators = [8, 4, 2, 1] as const;

/** All positions but the present ones. */
function switchesOf({ bias, weights }: LayerUpdate): readonly Switch[] {
  const first = weights.kind !== 'none' && weights.first;
  const positions: readonly WeightSelection[] = [
    { kind: 'none' },
    ...denominators.map((denominator): WeightSelection => ({ kind: 'fraction', numerator: 1, denominator, first })),
  ];
  return [
    { kind: 'bias', bias: !bias },
    ...positions
      .filter((position) => !isSame(position, weights))
      .map((position): Switch => ({ kind: 'weights', weights: position })),
  ];
}

function isSame(a: WeightSelection, b: WeightSelection): boolean {
  if (a.kind === 'fraction' && b.kind === 'fraction') {
    return a.numerator * b.denominator === b.numerator * a.denominator;
  }
  return a.kind === 'none' && b.kind === 'none';
}

function difference(
  before: PlanTotals,
  base: Compilation,
  changed: Compilation,
): Omit<PossiblePrice, 'layer' | 'change'> {
  const after = planTotals(changed);
  return {
    possible: true,
    arenaBytes: after.arenaBytes - before.arenaBytes,
    sramBytes: after.sramBytes - before.sramBytes,
    flashBytes: after.flashBytes - before.flashBytes,
    macs: { backward: after.macs.backward - before.macs.backward, update: after.macs.update - before.macs.update },
    exact: base.arena.provenOptimal && changed.arena.provenOptimal,
  };
}
