import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTflite } from '../../../compiler/model/tflite.ts';
import { type AdditiveCosts, bestAdditive } from '../../../compiler/search/additive.ts';
import { labelCosts } from '../../../compiler/search/costs.ts';
import { defaultEvolution, evolve, searchRandomly } from '../../../compiler/search/evolution.ts';
import { type Choice, type SearchSpace, scoreOf, spaceOf } from '../../../compiler/search/space.ts';
import { hasSharedData, sharedBytes } from '../../support/corpus.ts';
import { publishedContributions } from '../../support/published-contributions.ts';
import { planFor } from '../../support/random-network.ts';

const selection = { kind: 'fraction', numerator: 1, denominator: 1, first: false } as const;

interface Problem {
  readonly space: SearchSpace;
  readonly costs: AdditiveCosts;
}

const problems: fc.Arbitrary<Problem> = fc
  .array(
    fc.record({
      biasGain: fc.integer({ min: -2, max: 9 }),
      depthBytes: fc.integer({ min: 0, max: 20 }),
      options: fc.array(fc.record({ gain: fc.integer({ min: -3, max: 20 }), bytes: fc.integer({ min: 0, max: 30 }) }), {
        maxLength: 3,
      }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((layers) => ({
    space: {
      source: 'measured',
      layers: layers.map(({ biasGain, options }, index) => ({
        name: `layer${index}`,
        biasGain,
        options: options.map(({ gain }) => ({ selection, gain })),
      })),
    },
    costs: {
      from: [...layers.keys(), layers.length].map((from) =>
        layers.slice(from).reduce((sum, { depthBytes }) => sum + depthBytes, 0),
      ),
      options: layers.map(({ options }) => options.map(({ bytes }) => bytes)),
    },
  }));

function bytesOf({ costs }: Problem, { from, options }: Choice): number {
  return options.reduce((sum, option, layer) => sum + (costs.options[layer]?.[option] ?? 0), costs.from[from] ?? 0);
}

function everyChoice({ layers }: SearchSpace): readonly Choice[] {
  return [...layers.keys(), layers.length].flatMap((from) => {
    let all: readonly (readonly number[])[] = [[]];
    for (const [index, { options }] of layers.entries()) {
      const own = index < from ? [-1] : [-1, ...options.keys()];
      all = all.flatMap((each) => own.map((option) => [...each, option]));
    }
    return all.map((options) => ({ from, options }));
  });
}

function last<T>(generator: Generator<unknown, T>): { readonly value: T; readonly turns: number } {
  for (let turns = 0; ; turns++) {
    const turn = generator.next();
    if (turn.done === true) return { value: turn.value, turns };
  }
}

describe('the additive solver', () => {
  it('finds what trying every choice finds', () => {
    const property = fc.property(problems, fc.integer({ min: 0, max: 120 }), (problem, budget) => {
      const fitting = everyChoice(problem.space).filter((choice) => bytesOf(problem, choice) <= budget);
      const best = Math.max(...fitting.map((choice) => scoreOf(problem.space, choice)));
      const solution = bestAdditive(problem.space, problem.costs, budget);
      expect(solution?.score).toBe(best);
      if (solution === undefined) return;
      expect(scoreOf(problem.space, solution.choice)).toBe(best);
      expect(bytesOf(problem, solution.choice)).toBe(solution.bytes);
      expect(solution.bytes).toBeLessThanOrEqual(budget);
    });
    fc.assert(property, { seed: 3, numRuns: 300 });
  });

  it('finds nothing where not even the head fits', () => {
    const space: SearchSpace = { source: 'prior', layers: [] };
    expect(bestAdditive(space, { from: [10], options: [] }, 9)).toBeUndefined();
  });
});

describe.skipIf(!hasSharedData)('the published contributions of mcunet-5fps (skipped: needs ../shared/data)', () => {
  const problem = (): Problem => {
    const graph = readTflite(sharedBytes('models/mcunetv3/mcunet-5fps.tflite'), 'mcunet-5fps');
    if (!graph.ok) throw new Error(graph.diagnostics[0]?.message);
    const plan = planFor(new Map(), { classes: 10 });
    const space = spaceOf(graph.value, plan, publishedContributions);
    return { space, costs: labelCosts(graph.value, plan, space) };
  };

  it('give at least 38.3 points within 100 KB as published schemes count them', () => {
    const { space, costs } = problem();
    const solution = bestAdditive(space, costs, 100 * 1024);
    expect(solution?.score).toBeGreaterThanOrEqual(38.3 - 1e-9);
    expect(solution?.bytes).toBeLessThanOrEqual(100 * 1024);
  });

  it('are searched by evolution to within a hundredth, and by chance not nearly as well', () => {
    const each = problem();
    const exact = bestAdditive(each.space, each.costs, 100 * 1024)?.score ?? Number.NaN;
    const evaluate = (choice: Choice): number | undefined =>
      bytesOf(each, choice) <= 100 * 1024 ? scoreOf(each.space, choice) : undefined;
    for (const seed of [1, 2, 3]) {
      const { value, turns } = last(evolve(each.space, evaluate, { seed, ...defaultEvolution }));
      const random = last(searchRandomly(each.space, evaluate, { seed, evaluations: turns })).value;
      expect(value?.score).toBeGreaterThanOrEqual(0.99 * exact);
      expect(value?.score).toBeLessThanOrEqual(exact + 1e-9);
      expect(random?.score).toBeLessThan(0.95 * (value?.score ?? 0));
    }
  });
});
