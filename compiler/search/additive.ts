/** The exact optimum where bytes add up as gains do: a multiple-choice knapsack for each depth of the biases, solved for
 * all budgets at once by dominance (Nemhauser and Ullmann, "Discrete Dynamic Programming and Capital Allocation",
 * Management Science 15(9), 1969). */
import { type Choice, nothing, type SearchSpace } from './space.ts';

export interface AdditiveCosts {
  /** Bytes where biases train from layer i on and no weights do; the last entry, where no bias does either. */
  readonly from: readonly number[];
  /** Bytes that each option of each layer adds. */
  readonly options: readonly (readonly number[])[];
}

export interface AdditiveSolution {
  readonly choice: Choice;
  readonly score: number;
  readonly bytes: number;
}

/** Some options of the layers from `layer` on that no cheaper ones equal. */
interface State {
  readonly bytes: number;
  readonly gain: number;
  readonly layer: number;
  readonly option: number;
  readonly rest: State | undefined;
}

/** For each layer number: what the weights of this layer and all after it can give; ascending in bytes and in gain. */
export type Frontiers = readonly (readonly State[])[];

/** Without states above `mostBytes`. */
export function frontiersOf(space: SearchSpace, costs: AdditiveCosts, mostBytes: number): Frontiers {
  const count = space.layers.length;
  const frontiers: (readonly State[])[] = new Array(count + 1);
  let frontier: readonly State[] = [{ bytes: 0, gain: 0, layer: count, option: -1, rest: undefined }];
  frontiers[count] = frontier;
  for (let layer = count - 1; layer >= 0; layer--) {
    for (const [option, { gain }] of (space.layers[layer]?.options ?? []).entries()) {
      if (gain <= 0) continue;
      const bytes = costs.options[layer]?.[option] ?? 0;
      const without = frontiers[layer + 1] ?? [];
      const taken: State[] = [];
      for (const rest of without) {
        if (rest.bytes + bytes > mostBytes) break;
        taken.push({ bytes: rest.bytes + bytes, gain: rest.gain + gain, layer, option, rest });
      }
      frontier = merged(frontier, taken);
    }
    frontiers[layer] = frontier;
  }
  return frontiers;
}

/** Both ascending; what is no better than something cheaper is left out. */
function merged(a: readonly State[], b: readonly State[]): readonly State[] {
  const result: State[] = [];
  let [i, j] = [0, 0];
  let best = Number.NEGATIVE_INFINITY;
  for (;;) {
    const [left, right] = [a[i], b[j]];
    const next = right === undefined || (left !== undefined && isBefore(left, right)) ? left : right;
    if (next === undefined) return result;
    if (next === left) i++;
    else j++;
    if (next.gain > best) {
      best = next.gain;
      result.push(next);
    }
  }
}

function isBefore(a: State, b: State): boolean {
  return a.bytes < b.bytes || (a.bytes === b.bytes && a.gain >= b.gain);
}

/** The best state within the bytes; undefined where not even the empty one is. */
export function bestWithin(frontier: readonly State[], bytes: number): State | undefined {
  let [low, high] = [0, frontier.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((frontier[middle]?.bytes ?? 0) <= bytes) low = middle + 1;
    else high = middle;
  }
  return frontier[low - 1];
}

export function choiceOf(space: SearchSpace, from: number, state: State): Choice {
  const options = [...nothing(space).options];
  for (let each: State | undefined = state; each !== undefined; each = each.rest) {
    if (each.option >= 0) options[each.layer] = each.option;
  }
  return { from, options };
}

/** The choice of highest score within the budget; undefined where nothing fits, not even training the head alone. */
export function bestAdditive(
  space: SearchSpace,
  costs: AdditiveCosts,
  budgetBytes: number,
  frontiers: Frontiers = frontiersOf(space, costs, budgetBytes),
): AdditiveSolution | undefined {
  let best: { from: number; state: State; score: number; bytes: number } | undefined;
  for (const [from, bytes] of costs.from.entries()) {
    const state = bestWithin(frontiers[from] ?? [], budgetBytes - bytes);
    if (state === undefined) continue;
    const score = (space.layers[from]?.biasGain ?? 0) + state.gain;
    if (best === undefined || score > best.score || (score === best.score && bytes + state.bytes < best.bytes)) {
      best = { from, state, score, bytes: bytes + state.bytes };
    }
  }
  if (best === undefined) return undefined;
  return { choice: choiceOf(space, best.from, best.state), score: best.score, bytes: best.bytes };
}
