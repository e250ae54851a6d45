/**
 * Fit to budget: the update choice with the highest sum of gains whose planned SRAM stays within a budget.
 *
 * Bytes of what trains add up, the arena's do not, so the compiler is the judge of every candidate. Good ones come from the exact
 * solution of an additive model that is corrected by what was compiled, for a ladder of budgets; then from evolution around
 * these; then from a quick branch and bound, which as a rule ends with the optimum. What compilations are left go into a proof.
 */
import { type Diagnostic, failure, type Result, success } from '../diagnostics.ts';
import type { PlanTotals } from '../memory/report.ts';
import type { Graph } from '../model/graph.ts';
import type { LayerUpdate, TrainingPlan } from '../training/plan.ts';
import { type AdditiveCosts, bestAdditive, frontiersOf } from './additive.ts';
import { compileOracle, type Oracle, type Planned, type PlannedBounds, plannedBounds } from './costs.ts';
import { evolve } from './evolution.ts';
import { type AdditiveBound, branchAndBound, upperBound } from './exact.ts';
import { priorContributions } from './priors.ts';
import {
  type Choice,
  type Contributions,
  nothing,
  type SearchSpace,
  scoreOf,
  spaceOf,
  updateOfChoice,
} from './space.ts';
import { type Reason, reasonsFor } from './why.ts';

export interface SearchOptions {
  /** Of SRAM in all: arena, what trains, state and stack. */
  readonly budgetBytes: number;
  /** Measured gains; without them priors stand in, and the result says so. */
  readonly contributions?: Contributions | undefined;
  /** The plan's target's flash if absent. */
  readonly flashBytes?: number | undefined;
  /** Multiply-accumulates of a training step, at most; no limit if absent. */
  readonly stepMacs?: number | undefined;
  /** 1 if absent. The same seed gives the same result. */
  readonly seed?: number | undefined;
  /** Compilations at most, `defaultEvaluations` if absent. */
  readonly evaluations?: number | undefined;
  /** An `AbortSignal` will do; what was found until then is the result. */
  readonly signal?: { readonly aborted: boolean } | undefined;
  readonly onProgress?: ((progress: SearchProgress) => void) | undefined;
}

export const defaultEvaluations = 4000;

export interface SearchProgress {
  /** Compilations so far, and at most. */
  readonly evaluations: number;
  readonly ofEvaluations: number;
  /** The best score so far; absent while nothing fits. */
  readonly score?: number;
}

export type Update = ReadonlyMap<string, LayerUpdate>;

/** A choice that no other is better than in both. */
export interface ParetoPoint {
  readonly sramBytes: number;
  /** Sum of gains in percentage points. */
  readonly score: number;
  readonly update: Update;
}

export interface Scheme {
  /** What the plan's update block should say; the head is listed only if the plan keeps the model's own. */
  readonly update: Update;
  /** Sum of gains in percentage points, over training the head alone. */
  readonly score: number;
  readonly totals: PlanTotals;
  /** No choice of the space has a higher score within the limits. */
  readonly provenOptimal: boolean;
  /** The same, unless more weights take a smaller arena somewhere that was not looked at (see exact.ts). */
  readonly complete: boolean;
  /** No choice has a higher score than this; the score itself where proven. */
  readonly scoreBound: number;
  readonly source: Contributions['source'];
  /** Of all that was compiled, by ascending bytes. */
  readonly pareto: readonly ParetoPoint[];
  readonly why: readonly Reason[];
  readonly evaluations: number;
  readonly cancelled?: true;
}

/** How long the search may keep others from running, in milliseconds. */
const sliceMilliseconds = 12;

/** In the background: between two slices of work the thread is free. Fails where nothing fits. */
export async function searchScheme(graph: Graph, plan: TrainingPlan, options: SearchOptions): Promise<Result<Scheme>> {
  const search = searchSteps(graph, plan, options);
  const { signal, onProgress } = options;
  let start = performance.now();
  for (;;) {
    const turn = search.next();
    if (turn.done === true) return turn.value;
    if (performance.now() - start < sliceMilliseconds) continue;
    onProgress?.(turn.value);
    await new Promise((resolve) => setTimeout(resolve, 0));
    start = performance.now();
    if (signal?.aborted === true) return await abandoned(search);
  }
}

/** `searchSteps` looks at the signal itself; so it ends with what it has. */
async function abandoned(search: Generator<SearchProgress, Result<Scheme>>): Promise<Result<Scheme>> {
  for (;;) {
    const turn = search.next();
    if (turn.done === true) return turn.value;
  }
}

/** One turn for each piece of work of some milliseconds. */
function* searchSteps(
  graph: Graph,
  plan: TrainingPlan,
  options: SearchOptions,
): Generator<SearchProgress, Result<Scheme>> {
  const { budgetBytes, signal, evaluations = defaultEvaluations, seed = 1 } = options;
  const aborted = (): boolean => signal?.aborted === true;
  const contributions = options.contributions ?? priorContributions(graph, plan);
  const space = spaceOf(graph, plan, contributions);
  const oracle = compileOracle(graph, plan, space, aborted);
  const fits = withinLimits(plan, options);
  let best: Planned | undefined;
  const bestScore = (): number => (best === undefined ? Number.NEGATIVE_INFINITY : scoreOf(space, best.choice));
  const judge = (choice: Choice): Planned | undefined => {
    const planned = oracle.plan(choice);
    if (planned === undefined || !fits(planned)) return planned;
    const ahead = scoreOf(space, choice) - bestScore();
    const smaller = planned.totals.sramBytes < (best?.totals.sramBytes ?? Number.POSITIVE_INFINITY);
    if (ahead > 0 || (ahead === 0 && smaller)) best = planned;
    return planned;
  };
  const progress = (): SearchProgress => ({
    evaluations: oracle.compiled,
    ofEvaluations: evaluations,
    ...(best === undefined ? {} : { score: bestScore() }),
  });
  const over = (share = 1): boolean => aborted() || oracle.compiled >= share * evaluations;
  function* judged<T, R>(work: Generator<T, R>, until: () => boolean): Generator<SearchProgress, R | undefined> {
    for (;;) {
      if (until()) return undefined;
      const turn = work.next();
      if (turn.done === true) return turn.value;
      yield progress();
    }
  }

  const bounds = yield* judged(plannedBounds(graph, plan, space, oracle), aborted);
  for (const { choice } of oracle.all()) judge(choice);
  if (bounds === undefined) return outcome(space, oracle, best, options, undefined);
  const seeds = yield* judged(ladder(space, bounds, budgetBytes, judge), over);
  const lowest = (choice: Choice): number =>
    Math.max(boundBytes(bounds.likely, choice), boundBytes(bounds.saved, choice));
  const evaluate = (choice: Choice): number | undefined => {
    if (over() || lowest(choice) > budgetBytes) return undefined;
    const planned = judge(choice);
    return planned !== undefined && fits(planned) ? scoreOf(space, choice) : undefined;
  };
  const evolution = evolve(space, evaluate, { seed, population: 40, generations: 1000, start: seeds ?? [] });
  yield* judged(evolution, () => over(evolutionShare));

  const bounded = (costs: AdditiveCosts): AdditiveBound => ({
    ...costs,
    frontiers: frontiersOf(space, costs, budgetBytes),
  });
  const saved = bounded(bounds.saved);
  const complete = function* (arena: AdditiveCosts, quick: boolean): Generator<SearchProgress, boolean> {
    const limit = quick ? evaluations : Math.min(evaluations, oracle.compiled + proofEvaluations);
    const problem = { space, budgetBytes, saved, arena: bounded(arena) };
    const search = branchAndBound({ ...problem, quick, best: bestScore, judge: (choice) => judge(choice)?.arenaBound });
    for (let node = 0; !aborted() && oracle.compiled < limit && node < mostNodes; node++) {
      if (search.next().done === true) return true;
      if (node % 64 === 0) yield progress();
    }
    return false;
  };
  const quick = yield* complete(bounds.likely, true);
  const proven = quick && (yield* complete(bounds.floor, false));
  const scoreBound = proven
    ? bestScore()
    : Math.max(bestScore(), upperBound({ space, budgetBytes, saved, arena: bounded(bounds.floor) }));
  return outcome(space, oracle, best, options, { complete: quick, proven, scoreBound });
}

/** Of the compilations, with those before it; the rest is for branch and bound. */
const evolutionShare = 0.04;
/** Compilations at most for a proof, which succeeds where few choices are left. */
const proofEvaluations = 400;
/** Of branch and bound: it must not count for minutes where nothing needs to be compiled. */
const mostNodes = 200_000;

function withinLimits(plan: TrainingPlan, options: SearchOptions): (planned: Planned) => boolean {
  const { budgetBytes, flashBytes = plan.target.flashBytes, stepMacs = Number.POSITIVE_INFINITY } = options;
  return ({ totals }) => {
    const { forward, backward, update } = totals.macs;
    return (
      totals.sramBytes <= budgetBytes && totals.flashBytes <= flashBytes && forward + backward + update <= stepMacs
    );
  };
}

function boundBytes({ from, options }: PlannedBounds['saved'], choice: Choice): number {
  return choice.options.reduce(
    (sum, option, layer) => sum + (options[layer]?.[option] ?? 0),
    from[choice.from] ?? Number.POSITIVE_INFINITY,
  );
}

const ladderRungs = 12;
/** Corrections of the additive model for one budget. */
const mostCorrections = 8;

/**
 * For budgets from the least to the given one: the best choice of the additive model, which is given as many bytes less as
 * the compiled choice took too many, until it fits.
 */
function* ladder(
  space: SearchSpace,
  bounds: PlannedBounds,
  budgetBytes: number,
  judge: (choice: Choice) => Planned | undefined,
): Generator<void, readonly Choice[]> {
  const least = Math.min(...bounds.likely.from);
  const found: Choice[] = [nothing(space)];
  const frontiers = frontiersOf(space, bounds.likely, budgetBytes);
  for (let rung = 1; rung <= ladderRungs; rung++) {
    const goal = least + ((budgetBytes - least) * rung) / ladderRungs;
    let allowed = goal;
    for (let correction = 0; correction < mostCorrections; correction++) {
      const solution = bestAdditive(space, bounds.likely, allowed, frontiers);
      if (solution === undefined) break;
      const planned = judge(solution.choice);
      yield;
      const excess = (planned?.totals.sramBytes ?? 0) - goal;
      if (planned !== undefined && excess <= 0) {
        found.push(solution.choice);
        break;
      }
      // What does not compile takes no bytes that could be too many.
      allowed = Math.min(allowed - 1, solution.bytes - Math.max(1, excess));
    }
  }
  return found;
}

function outcome(
  space: SearchSpace,
  oracle: Oracle,
  best: Planned | undefined,
  options: SearchOptions,
  end: { readonly complete: boolean; readonly proven: boolean; readonly scoreBound: number } | undefined,
): Result<Scheme> {
  if (best === undefined) return failure(nothingFits(oracle, options));
  const score = scoreOf(space, best.choice);
  return success({
    update: updateOfChoice(space, best.choice),
    score,
    totals: best.totals,
    complete: end?.complete ?? false,
    provenOptimal: end?.proven ?? false,
    scoreBound: end?.scoreBound ?? Number.POSITIVE_INFINITY,
    source: space.source,
    evaluations: oracle.compiled,
    why: reasonsFor(space, best, oracle),
    pareto: paretoOf(space, oracle.all()),
    ...(options.signal?.aborted === true ? { cancelled: true } : {}),
  });
}

function nothingFits(oracle: Oracle, { budgetBytes, signal }: SearchOptions): Diagnostic {
  const least = Math.min(...oracle.all().map(({ totals }) => totals.sramBytes));
  if (signal?.aborted === true) {
    const message = 'the search was cancelled before anything was found';
    return { severity: 'error', code: 'cancelled', message, remedy: 'start it again' };
  }
  return {
    severity: 'error',
    code: 'nothing-fits',
    message: Number.isFinite(least)
      ? `nothing fits within ${budgetBytes} B and the target's flash; training as little as possible takes ${least} B`
      : 'no choice of layers compiles',
    remedy: 'raise the budget, or take a smaller model or input',
  };
}

function paretoOf(space: SearchSpace, all: readonly Planned[]): readonly ParetoPoint[] {
  const points = all
    .map(({ choice, totals }) => ({ choice, sramBytes: totals.sramBytes, score: scoreOf(space, choice) }))
    .sort((a, b) => a.sramBytes - b.sramBytes || b.score - a.score);
  let most = Number.NEGATIVE_INFINITY;
  const front: ParetoPoint[] = [];
  for (const { choice, sramBytes, score } of points) {
    if (score <= most) continue;
    most = score;
    front.push({ sramBytes, score, update: updateOfChoice(space, choice) });
  }
  return front;
}
