/**
 * Branch and bound over all choices, with the compiler as oracle. A branch decides a depth of biases and then layer after layer,
 * from the deepest on. What the undecided layers can still give is read off the frontiers of two additive bounds.
 *
 * In a quick search each choice on the way is compiled too, and its arena counts as the least of all that train more weights
 * at the same depth. That is nearly always so, but no law: what the compiler streams may change for the better. So a
 * quick search that ends has found the best choice in all likelihood; only one that is not quick proves it.
 */
import { type AdditiveCosts, bestWithin, type Frontiers } from './additive.ts';
import { type Choice, nothing, type SearchSpace } from './space.ts';

/** A lower bound on what a choice takes. */
export interface AdditiveBound extends AdditiveCosts {
  readonly frontiers: Frontiers;
}

export interface BoundedSearch {
  readonly space: SearchSpace;
  readonly budgetBytes: number;
  /** What trains, and the arena of the same biases without weights. */
  readonly arena: AdditiveBound;
  /** What trains, and what all lives at the loss. */
  readonly saved: AdditiveBound;
}

export interface BranchAndBound extends BoundedSearch {
  /** The score to beat; may rise while the search runs. */
  readonly best: () => number;
  /** A choice that the bounds allow. Returns the bytes of its arena; undefined where it does not compile. */
  readonly judge: (choice: Choice) => number | undefined;
  readonly quick: boolean;
}

/** Scores that differ by less are the same: sums of gains in another order. */
const tolerance = 1e-9;

/** No choice within the budget has a higher score. */
export function upperBound(search: BoundedSearch): number {
  return Math.max(...depthsOf(search).map(({ bound }) => bound));
}

/** Bytes left of the budget under each of the two bounds. */
interface Rest {
  readonly arena: number;
  readonly saved: number;
}

function depthsOf(search: BoundedSearch): readonly { from: number; bound: number; rest: Rest }[] {
  const { space, arena, saved, budgetBytes } = search;
  return arena.from
    .map((bytes, from) => {
      const rest = { arena: budgetBytes - bytes, saved: budgetBytes - (saved.from[from] ?? 0) };
      return { from, rest, bound: (space.layers[from]?.biasGain ?? 0) + completion(search, from, rest) };
    })
    .sort((a, b) => b.bound - a.bound);
}

/** The most that weights of the layers from `layer` on can add. */
function completion({ arena, saved }: BoundedSearch, layer: number, rest: Rest): number {
  const within = ({ frontiers }: AdditiveBound, bytes: number): number =>
    bestWithin(frontiers[layer] ?? [], bytes)?.gain ?? Number.NEGATIVE_INFINITY;
  return Math.min(within(arena, rest.arena), within(saved, rest.saved));
}

/** One turn for each node, so that the caller may stop. */
export function* branchAndBound(problem: BranchAndBound): Generator<void, void> {
  const { space, best, judge, quick } = problem;
  const { options } = nothing(space);
  for (const { from, bound, rest } of depthsOf(problem)) {
    if (bound <= best() + tolerance) return;
    const arenaBytes = quick ? judge({ from, options }) : 0;
    if (arenaBytes === undefined) continue;
    yield* branch(
      problem,
      { choice: { from, options }, score: space.layers[from]?.biasGain ?? 0, rest, arenaBytes },
      from,
    );
  }
}

interface Node {
  readonly choice: Choice;
  readonly score: number;
  readonly rest: Rest;
  /** Of the choice so far, in a quick search. */
  readonly arenaBytes: number;
}

function* branch(problem: BranchAndBound, node: Node, layer: number): Generator<void, void> {
  const { space, arena, saved, best, judge, quick } = problem;
  yield;
  if (layer === space.layers.length) {
    if (!quick) judge(node.choice);
    return;
  }
  const own = space.layers[layer]?.options ?? [];
  const branches = [-1, ...own.keys()]
    .filter((option) => option < 0 || (own[option]?.gain ?? 0) > 0)
    .map((option) => {
      const score = node.score + (own[option]?.gain ?? 0);
      const rest = {
        arena: node.rest.arena - (arena.options[layer]?.[option] ?? 0),
        saved: node.rest.saved - (saved.options[layer]?.[option] ?? 0),
      };
      return { option, score, rest, bound: score + completion(problem, layer + 1, rest) };
    })
    .sort((a, b) => b.bound - a.bound);
  for (const { option, score, rest, bound } of branches) {
    if (bound <= best() + tolerance) return;
    if (option < 0) {
      yield* branch(problem, node, layer + 1);
      continue;
    }
    const choice = { ...node.choice, options: node.choice.options.with(layer, option) };
    if (!quick) {
      yield* branch(problem, { ...node, choice, score, rest }, layer + 1);
      continue;
    }
    const arenaBytes = judge(choice);
    if (arenaBytes === undefined) continue;
    const grown = Math.max(0, arenaBytes - node.arenaBytes);
    const next = { choice, score, rest: { ...rest, arena: rest.arena - grown }, arenaBytes: node.arenaBytes + grown };
    if (score + completion(problem, layer + 1, next.rest) <= best() + tolerance) continue;
    yield* branch(problem, next, layer + 1);
  }
}
