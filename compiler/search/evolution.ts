/** Evolution and, to compare it with, random search, for costs that do not add up. Each turn of the generators is one
 * evaluation, so that the caller may pause, report and stop. */
import { type RandomSource, randomSource } from '../simulate/random.ts';
import { type Choice, keyOf, nothing, type SearchSpace } from './space.ts';

/** The score of a choice; undefined where it does not fit. */
export type Evaluate = (choice: Choice) => number | undefined;

export interface EvolutionOptions {
  readonly seed: number;
  readonly population: number;
  readonly generations: number;
  /** Choices that are known to be good. */
  readonly start?: readonly Choice[];
}

export const defaultEvolution = { population: 100, generations: 50 } as const;

export interface Evaluated {
  readonly choice: Choice;
  readonly score: number;
}

const parentShare = 0.2;
const geneMutation = 0.1;
/** Draws of one child before its place stays empty. */
const attempts = 20;

export function* evolve(
  space: SearchSpace,
  evaluate: Evaluate,
  options: EvolutionOptions,
): Generator<Evaluated, Evaluated | undefined> {
  const random = randomSource(options.seed);
  let population: readonly Evaluated[] = [];
  for (let generation = 0; generation < options.generations; generation++) {
    const parents = population.slice(0, Math.max(2, Math.floor(options.population * parentShare)));
    const children: Evaluated[] = [];
    const seen = new Set(parents.map(({ choice }) => keyOf(choice)));
    const given = generation === 0 ? [...(options.start ?? [])] : [];
    while (children.length + parents.length < options.population) {
      const child = yield* fitting(evaluate, () => given.pop() ?? bred(space, parents, random), seen);
      if (child === undefined) break;
      children.push(child);
    }
    population = [...parents, ...children].sort((a, b) => b.score - a.score);
  }
  return population[0];
}

export function* searchRandomly(
  space: SearchSpace,
  evaluate: Evaluate,
  options: { readonly seed: number; readonly evaluations: number },
): Generator<Evaluated, Evaluated | undefined> {
  const random = randomSource(options.seed);
  let best: Evaluated | undefined;
  for (let evaluation = 0; evaluation < options.evaluations; evaluation++) {
    const found = yield* fitting(evaluate, () => randomChoice(space, random), new Set());
    if (found !== undefined && (best === undefined || found.score > best.score)) best = found;
  }
  return best;
}

/** Draws until a choice is new and fits. */
function* fitting(
  evaluate: Evaluate,
  draw: () => Choice,
  seen: Set<string>,
): Generator<Evaluated, Evaluated | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const choice = draw();
    const key = keyOf(choice);
    if (seen.has(key)) continue;
    seen.add(key);
    const score = evaluate(choice);
    if (score === undefined) continue;
    const evaluated = { choice, score };
    yield evaluated;
    return evaluated;
  }
  return undefined;
}

function bred(space: SearchSpace, parents: readonly Evaluated[], random: RandomSource): Choice {
  const one = parents[random.below(parents.length)]?.choice;
  const other = parents[random.below(parents.length)]?.choice;
  if (one === undefined || other === undefined) return randomChoice(space, random);
  return random.below(2) === 0 ? mutated(space, one, random) : crossed(space, one, other, random);
}

/** As many layers with weights as by chance, so that small and large choices come up alike. */
export function randomChoice(space: SearchSpace, random: RandomSource): Choice {
  const count = space.layers.length;
  const from = random.below(count + 1);
  const density = random.below(100) / 100;
  const options = space.layers.map(({ options: own }, index) =>
    index >= from && random.below(1000) < 1000 * density ? random.below(own.length + 1) - 1 : -1,
  );
  return repaired(space, from, options);
}

function mutated(space: SearchSpace, { from, options }: Choice, random: RandomSource): Choice {
  const mutates = (): boolean => random.below(1000) < 1000 * geneMutation;
  const next = options.map((option, index) =>
    mutates() ? random.below((space.layers[index]?.options.length ?? 0) + 1) - 1 : option,
  );
  // A step to a neighbouring depth costs little; any depth may come up, but seldom.
  const moved = from + random.below(7) - 3;
  const depth = mutates() ? random.below(options.length + 1) : moved;
  return repaired(space, Math.min(options.length, Math.max(0, depth)), next);
}

function crossed(space: SearchSpace, one: Choice, other: Choice, random: RandomSource): Choice {
  const options = one.options.map((option, index) => (random.below(2) === 0 ? option : (other.options[index] ?? -1)));
  return repaired(space, random.below(2) === 0 ? one.from : other.from, options);
}

/** Biases reach as deep as weights do. */
export function repaired(space: SearchSpace, from: number, options: readonly number[]): Choice {
  const deepest = options.findIndex((option) => option >= 0);
  return { from: Math.min(from, deepest < 0 ? nothing(space).from : deepest), options };
}
