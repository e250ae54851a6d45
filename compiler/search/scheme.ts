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
import { type AdditiveBound, type BoundedSearch, branchAndBound, upperBound } from './exact.ts';
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
  /** As `Scheme.pareto`, so far. */
  front(): readonly ParetoPoint[];
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
  const search = new SchemeSearch(graph, plan, options);
  const steps = search.steps();
  let start = performance.now();
  for (;;) {
    const turn = steps.next();
    if (turn.done === true) return outcome(search, turn.value, options);
    if (performance.now() - start < sliceMilliseconds) continue;
    options.onProgress?.(turn.value);
    await new Promise((resolve) => setTimeout(resolve, 0));
    start = performance.now();
  }
}

/** A search under way; each turn of `steps` is a piece of work of some milliseconds. */
class SchemeSearch {
  readonly space: SearchSpace;
  readonly oracle: Oracle;
  best: Planned | undefined;
  private readonly fits: (planned: Planned) => boolean;
  private readonly evaluations: number;

  constructor(
    private readonly graph: Graph,
    private readonly plan: TrainingPlan,
    private readonly options: SearchOptions,
  ) {
    this.space = spaceOf(graph, plan, options.contributions ?? priorContributions(graph, plan));
    this.oracle = compileOracle(graph, plan, this.space, () => this.aborted());
    this.fits = withinLimits(plan, options);
    this.evaluations = options.evaluations ?? defaultEvaluations;
  }

  *steps(): Generator<SearchProgress, SearchEnd> {
    const { space, oracle, options } = this;
    const { budgetBytes, seed = 1 } = options;
    const bounds = yield* this.until(plannedBounds(this.graph, this.plan, space, oracle), () => this.aborted());
    for (const { choice } of oracle.all()) this.judge(choice);
    if (bounds === undefined) return unknown;
    const judge = (choice: Choice): Planned | undefined => this.judge(choice);
    const start = yield* this.until(ladder(space, bounds, budgetBytes, judge), () => this.over());
    const evaluate = (choice: Choice): number | undefined => this.evaluate(bounds, choice);
    const evolution = evolve(space, evaluate, { seed, population: 40, generations: 50, start: start ?? [] });
    yield* this.until(evolution, () => this.over(evolutionShare));

    const bounded = (costs: AdditiveCosts): AdditiveBound => ({
      ...costs,
      frontiers: frontiersOf(space, costs, budgetBytes),
    });
    const saved = bounded(bounds.saved);
    const likely = { space, budgetBytes, saved, arena: bounded(bounds.likely) };
    const certain = { space, budgetBytes, saved, arena: bounded(bounds.floor) };
    const complete = yield* this.complete(likely, true, this.evaluations);
    const proven = complete && (yield* this.complete(certain, false, oracle.compiled + proofEvaluations));
    const scoreBound = proven ? this.score() : Math.max(this.score(), upperBound(certain));
    return { complete, provenOptimal: proven, scoreBound };
  }

  /** Compiles a choice, and keeps it if it is the best so far that fits. */
  private judge(choice: Choice): Planned | undefined {
    const planned = this.oracle.plan(choice);
    if (planned === undefined || !this.fits(planned)) return planned;
    const ahead = scoreOf(this.space, choice) - this.score();
    const smaller = planned.totals.sramBytes < (this.best?.totals.sramBytes ?? Number.POSITIVE_INFINITY);
    if (ahead > 0 || (ahead === 0 && smaller)) this.best = planned;
    return planned;
  }

  /** For evolution: undefined where it does not fit, which need not be compiled where a bound says so. */
  private evaluate({ likely, saved }: PlannedBounds, choice: Choice): number | undefined {
    const least = Math.max(boundBytes(likely, choice), boundBytes(saved, choice));
    if (this.over() || least > this.options.budgetBytes) return undefined;
    const planned = this.judge(choice);
    return planned !== undefined && this.fits(planned) ? scoreOf(this.space, choice) : undefined;
  }

  /** Whether branch and bound came to its end. */
  private *complete(search: BoundedSearch, quick: boolean, mostCompiled: number): Generator<SearchProgress, boolean> {
    const best = (): number => this.score();
    const judge = (choice: Choice): number | undefined => this.judge(choice)?.arenaBound;
    const nodes = branchAndBound({ ...search, quick, best, judge });
    const limit = Math.min(this.evaluations, mostCompiled);
    for (let node = 0; !this.aborted() && this.oracle.compiled < limit && node < mostNodes; node++) {
      if (nodes.next().done === true) return true;
      if (node % 64 === 0) yield this.progress();
    }
    return false;
  }

  private *until<T, R>(work: Generator<T, R>, stop: () => boolean): Generator<SearchProgress, R | undefined> {
    for (;;) {
      if (stop()) return undefined;
      const turn = work.next();
      if (turn.done === true) return turn.value;
      yield this.progress();
    }
  }

  private score(): number {
    return this.best === undefined ? Number.NEGATIVE_INFINITY : scoreOf(this.space, this.best.choice);
  }

  private aborted(): boolean {
    return this.options.signal?.aborted === true;
  }

  private over(share = 1): boolean {
    return this.aborted() || this.oracle.compiled >= share * this.evaluations;
  }

  private progress(): SearchProgress {
    return {
      evaluations: this.oracle.compiled,
      ofEvaluations: this.evaluations,
      ...(this.best === undefined ? {} : { score: this.score() }),
      front: () => paretoOf(this.space, this.oracle.all()),
    };
  }
}

/** What is known of the best choice at the end. */
type SearchEnd = Pick<Scheme, 'complete' | 'provenOptimal' | 'scoreBound'>;

const unknown: SearchEnd = { complete: false, provenOptimal: false, scoreBound: Number.POSITIVE_INFINITY };

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

function outcome({ space, oracle, best }: SchemeSearch, end: SearchEnd, options: SearchOptions): Result<Scheme> {
  if (best === undefined) return failure(nothingFits(oracle, options));
  return success({
    update: updateOfChoice(space, best.choice),
    score: scoreOf(space, best.choice),
    totals: best.totals,
    ...end,
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
