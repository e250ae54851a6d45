import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import { planTotals } from '../../../compiler/memory/report.ts';
import { compileOracle, plannedBounds } from '../../../compiler/search/costs.ts';
import { priorContributions } from '../../../compiler/search/priors.ts';
import { type Scheme, type SearchOptions, searchScheme } from '../../../compiler/search/scheme.ts';
import {
  type Choice,
  type Contributions,
  planWith,
  scoreOf,
  searchableLayers,
  spaceOf,
} from '../../../compiler/search/space.ts';
import { graph } from '../../support/graph-builder.ts';
import { planFor, trainedNetworks } from '../../support/random-network.ts';

const network = graph(3)
  .input([1, 12, 12, 3])
  .conv({ channels: 8, stride: 2, name: 'stem' })
  .conv({ channels: 48, kernel: 1, activation: 'relu6', name: 'expand' })
  .depthwise({ activation: 'relu6', name: 'depthwise' })
  .conv({ channels: 8, kernel: 1, name: 'project' })
  .averagePool()
  .dense({ units: 4, name: 'classifier' })
  .build();
const plan = planFor(new Map(), { classes: 5 });

const contributions: Contributions = {
  source: 'measured',
  biases: [
    { from: 'stem', gain: 4 },
    { from: 'depthwise', gain: 3 },
  ],
  weights: [
    { layer: 'expand', fraction: { numerator: 1, denominator: 2 }, gain: 2 },
    { layer: 'expand', fraction: { numerator: 1, denominator: 1 }, gain: 3.5 },
    { layer: 'project', fraction: { numerator: 1, denominator: 4 }, gain: 1.1 },
    { layer: 'project', fraction: { numerator: 1, denominator: 1 }, gain: 2.3 },
    { layer: 'depthwise', fraction: { numerator: 1, denominator: 1 }, gain: -1 },
  ],
};

async function found(options: SearchOptions): Promise<Scheme> {
  const result = await searchScheme(network, plan, options);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}

/** All choices of the small space with what they take. */
const all = (() => {
  const space = spaceOf(network, plan, contributions);
  const oracle = compileOracle(network, plan, space);
  let choices: readonly Choice[] = [...space.layers.keys(), space.layers.length].map((from) => ({ from, options: [] }));
  for (const [index, { options }] of space.layers.entries()) {
    choices = choices.flatMap((each) =>
      (index < each.from ? [-1] : [-1, ...options.keys()]).map((option) => ({
        ...each,
        options: [...each.options, option],
      })),
    );
  }
  return choices.flatMap((choice) => {
    const planned = oracle.plan(choice);
    return planned === undefined ? [] : [{ score: scoreOf(space, choice), totals: planned.totals }];
  });
})();
const least = Math.min(...all.map(({ totals }) => totals.sramBytes));
const most = Math.max(...all.map(({ totals }) => totals.sramBytes));

describe('the search for a scheme', () => {
  it('finds what compiling every choice finds, and proves it', async () => {
    for (const share of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
      const budgetBytes = Math.round(least + share * (most - least));
      const best = Math.max(...all.filter(({ totals }) => totals.sramBytes <= budgetBytes).map(({ score }) => score));
      const scheme = await found({ budgetBytes, contributions });
      expect(scheme.score).toBeCloseTo(best, 9);
      expect(scheme).toMatchObject({
        provenOptimal: true,
        complete: true,
        scoreBound: scheme.score,
        source: 'measured',
      });
      expect(scheme.totals.sramBytes).toBeLessThanOrEqual(budgetBytes);
    }
  });

  it('keeps to flash and to the cost of a step too', async () => {
    const free = await found({ budgetBytes: most, contributions });
    const flashBytes = free.totals.flashBytes - 1;
    expect((await found({ budgetBytes: most, contributions, flashBytes })).totals.flashBytes).toBeLessThan(
      free.totals.flashBytes,
    );
    const macsOf = ({ totals: { macs } }: Scheme): number => macs.forward + macs.backward + macs.update;
    const stepMacs = macsOf(free) - 1;
    const cheaper = await found({ budgetBytes: most, contributions, stepMacs });
    expect(macsOf(cheaper)).toBeLessThanOrEqual(stepMacs);
    expect(cheaper.score).toBeLessThan(free.score);
  });

  it('says what the plan takes that it chose', async () => {
    const scheme = await found({ budgetBytes: most, contributions });
    const compiled = compile(network, { ...plan, update: scheme.update });
    if (!compiled.ok) throw new Error('it does not compile');
    expect(planTotals(compiled.value)).toEqual(scheme.totals);
  });

  it('gives a front of choices of which none is better than another in both', async () => {
    const { pareto, score, totals } = await found({ budgetBytes: most, contributions });
    expect(pareto.length).toBeGreaterThan(2);
    for (const [index, point] of pareto.slice(1).entries()) {
      expect(point.sramBytes).toBeGreaterThan(pareto[index]?.sramBytes ?? Number.NaN);
      expect(point.score).toBeGreaterThan(pareto[index]?.score ?? Number.NaN);
    }
    expect(pareto).toContainEqual(expect.objectContaining({ sramBytes: totals.sramBytes, score }));
  });

  it('gives the same for the same seed', async () => {
    const options = { budgetBytes: Math.round((least + most) / 2), contributions, seed: 5 };
    expect(await found(options)).toEqual(await found(options));
  });

  it('says that gains are guessed where nothing was measured', async () => {
    const { source, why } = await found({ budgetBytes: most });
    expect(source).toBe('prior');
    expect(why[0]?.text).toMatch(/^Nothing was measured/);
  });

  it('says why each layer was chosen or left out', async () => {
    const { why } = await found({ budgetBytes: most - 200, contributions });
    expect(why.map(({ text }) => text).join('\n')).toMatch(/weights.*: [\d.]+ points for [\d,]+ B/);
  });

  it('claims no optimum that it did not prove', async () => {
    const budgetBytes = Math.round((least + most) / 2);
    const scheme = await found({ budgetBytes, contributions, evaluations: 6 });
    expect(scheme.provenOptimal).toBe(false);
    expect(scheme.scoreBound).toBeGreaterThanOrEqual((await found({ budgetBytes, contributions })).score);
  });

  it('refuses a budget that nothing fits in, and says what the least would be', async () => {
    const result = await searchScheme(network, plan, { budgetBytes: least - 1, contributions });
    expect(result).toMatchObject({ ok: false, diagnostics: [{ code: 'nothing-fits' }] });
    expect(result.diagnostics[0]?.message).toContain(String(least));
  });

  it('stops when it is cancelled, with what it has', async () => {
    const controller = new AbortController();
    const result = await searchScheme(network, plan, {
      budgetBytes: most,
      signal: controller.signal,
      onProgress: ({ score }) => {
        if (score !== undefined) controller.abort();
      },
    });
    expect(result.ok ? result.value : result).toMatchObject({ cancelled: true, provenOptimal: false });
  });
});

describe('the lower bounds', () => {
  it('hold for random choices of random networks', () => {
    const property = fc.property(
      trainedNetworks,
      fc.array(fc.tuple(fc.nat(), fc.infiniteStream(fc.nat())), { minLength: 4, maxLength: 4 }),
      ({ network: model, plan: settings }, draws) => {
        const space = spaceOf(model, settings, priorContributions(model, settings));
        const oracle = compileOracle(model, settings, space);
        const generator = plannedBounds(model, settings, space, oracle);
        let turn = generator.next();
        while (turn.done !== true) turn = generator.next();
        const { floor, saved } = turn.value;
        for (const [depth, numbers] of draws) {
          const from = depth % (space.layers.length + 1);
          let choice: Choice = { from, options: space.layers.map(() => -1) };
          for (const [index, { options }] of space.layers.entries()) {
            const option = (numbers.next().value ?? 0) % (2 * options.length + 1);
            if (index < from || option >= options.length) continue;
            choice = { from, options: choice.options.with(index, option) };
            const planned = oracle.plan(choice);
            if (planned === undefined) return;
            for (const bound of [floor, saved]) {
              const bytes = choice.options.reduce(
                (sum, each, layer) => sum + (bound.options[layer]?.[each] ?? 0),
                bound.from[from] ?? 0,
              );
              expect(planned.totals.sramBytes).toBeGreaterThanOrEqual(bytes);
            }
          }
        }
      },
    );
    fc.assert(property, { seed: 11, numRuns: 25 });
  });

  it('never look at layers that are no layers of the plan', () => {
    const ownHead = planFor(new Map());
    expect(searchableLayers(network, plan)).not.toContain('classifier');
    expect(searchableLayers(network, ownHead)).toContain('classifier');
    expect(
      planWith(spaceOf(network, plan, contributions), plan, { from: 3, options: [-1, -1, -1, -1] }).update,
    ).toEqual(new Map([['project', { bias: true, weights: { kind: 'none' } }]]));
  });
});
