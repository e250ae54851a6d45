/** The searches beside each other on the published contributions: `npm run bench -- search`. Needs ../shared/data. */
import { readFileSync } from 'node:fs';
import { readTflite } from '../../compiler/model/tflite.ts';
import { bestAdditive } from '../../compiler/search/additive.ts';
import { compileOracle, labelCosts } from '../../compiler/search/costs.ts';
import { defaultEvolution, type Evaluate, evolve, searchRandomly } from '../../compiler/search/evolution.ts';
import { searchScheme } from '../../compiler/search/scheme.ts';
import { scoreOf, spaceOf } from '../../compiler/search/space.ts';
import { parsePlan, resolvePlan } from '../../language/index.ts';
import { publishedContributions } from '../support/published-contributions.ts';

export interface SearchResult {
  readonly budget: string;
  readonly search: string;
  readonly score: number;
  readonly evaluations: number;
  readonly milliseconds: number;
}

function drained<T>(generator: Generator<unknown, T>, until: () => boolean = () => false): T | undefined {
  for (;;) {
    const turn = generator.next();
    if (turn.done === true) return turn.value;
    if (until()) return undefined;
  }
}

const shared = '../shared/data';
const labelBytes = 100 * 1024;
const plannedBytes = 112 * 1024;

export async function runSearch(): Promise<readonly SearchResult[]> {
  const model = readTflite(readFileSync(`${shared}/models/mcunetv3/mcunet-5fps.tflite`), 'mcunet-5fps');
  if (!model.ok) throw new Error(model.diagnostics[0]?.message);
  const file = `${shared}/plans/mcunet-5fps-49kb.trainplan`;
  const resolved = resolvePlan(parsePlan(readFileSync(file, 'utf8'), file), model.value);
  if (!resolved.ok) throw new Error(resolved.diagnostics[0]?.message);
  const [graph, plan] = [model.value, resolved.value];
  const space = spaceOf(graph, plan, publishedContributions);
  const results: SearchResult[] = [];
  const timed = (budget: string, search: string, work: () => { score: number; evaluations: number }): void => {
    const start = performance.now();
    const { score, evaluations } = work();
    const milliseconds = Number((performance.now() - start).toFixed(1));
    results.push({ budget, search, score: Number(score.toFixed(2)), evaluations, milliseconds });
  };

  const label = '100 KB as published schemes count';
  const costs = labelCosts(graph, plan, space);
  timed(label, 'exact', () => ({ score: bestAdditive(space, costs, labelBytes)?.score ?? Number.NaN, evaluations: 0 }));
  const counted = (): { evaluate: Evaluate; count: () => number } => {
    let count = 0;
    const evaluate: Evaluate = (choice) => {
      count++;
      const bytes = choice.options.reduce(
        (sum, option, layer) => sum + (costs.options[layer]?.[option] ?? 0),
        costs.from[choice.from] ?? 0,
      );
      return bytes <= labelBytes ? scoreOf(space, choice) : undefined;
    };
    return { evaluate, count: () => count };
  };
  const evolved = counted();
  timed(label, 'evolution', () => {
    const best = drained(evolve(space, evolved.evaluate, { seed: 1, ...defaultEvolution }));
    return { score: best?.score ?? Number.NaN, evaluations: evolved.count() };
  });
  timed(label, 'at random', () => {
    const random = counted();
    let best = Number.NEGATIVE_INFINITY;
    const search = searchRandomly(space, random.evaluate, { seed: 1, evaluations: evolved.count() });
    drained(
      (function* () {
        for (const { score } of search) {
          best = Math.max(best, score);
          yield;
        }
      })(),
      () => random.count() >= evolved.count(),
    );
    return { score: best, evaluations: random.count() };
  });

  const planned = '112 KB of SRAM as planned';
  const start = performance.now();
  const found = await searchScheme(graph, plan, { budgetBytes: plannedBytes, contributions: publishedContributions });
  if (!found.ok) throw new Error(found.diagnostics[0]?.message);
  const { score, evaluations, complete } = found.value;
  results.push({
    budget: planned,
    search: complete ? 'branch and bound, complete' : 'branch and bound',
    score: Number(score.toFixed(2)),
    evaluations,
    milliseconds: Number((performance.now() - start).toFixed(1)),
  });
  for (const kind of ['evolution', 'at random'] as const) {
    timed(planned, kind, () => {
      const oracle = compileOracle(graph, plan, space);
      let best = Number.NEGATIVE_INFINITY;
      const evaluate: Evaluate = (choice) => {
        const fits = (oracle.plan(choice)?.totals.sramBytes ?? Number.POSITIVE_INFINITY) <= plannedBytes;
        if (fits) best = Math.max(best, scoreOf(space, choice));
        return fits ? scoreOf(space, choice) : undefined;
      };
      const search =
        kind === 'evolution'
          ? evolve(space, evaluate, { seed: 1, population: 40, generations: 1000 })
          : searchRandomly(space, evaluate, { seed: 1, evaluations });
      drained(search, () => oracle.compiled >= evaluations);
      return { score: best, evaluations: oracle.compiled };
    });
  }
  return results;
}
