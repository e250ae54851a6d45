import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Compilation, compile } from '../../../compiler/compile.ts';
import { planTotals } from '../../../compiler/memory/report.ts';
import type { Graph } from '../../../compiler/model/graph.ts';
import { bestChange, type Price, priceInBackground, pricesOf, withSwitch } from '../../../compiler/search/prices.ts';
import type { TrainingPlan } from '../../../compiler/training/plan.ts';
import { loadPlan } from '../../../extension/cli/files/plan.ts';
import { hasSharedData } from '../../support/corpus.ts';
import { graph } from '../../support/graph-builder.ts';
import { planFor, trainedNetworks } from '../../support/random-network.ts';

const biasOnly = { bias: true, weights: { kind: 'none' } } as const;

const network = graph(3)
  .input([1, 12, 12, 3])
  .conv({ channels: 8, stride: 2, name: 'stem' })
  .conv({ channels: 48, kernel: 1, activation: 'relu6', name: 'expand' })
  .depthwise({ activation: 'relu6', name: 'depthwise' })
  .conv({ channels: 8, kernel: 1, name: 'project' })
  .averagePool()
  .dense({ units: 4, name: 'classifier' })
  .build();
const plan = planFor(new Map([['depthwise', biasOnly]]), { classes: 5 });

/** Long enough for most of the random arenas. */
const short = { arenaMilliseconds: 30 };
const long = { arenaMilliseconds: 5000 };

function compiled(model: Graph, wanted: TrainingPlan, limit = long): Compilation {
  const result = compile(model, wanted, limit);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}

/** The price by its definition: both plans compiled from nothing. */
function priceByCompiling(
  model: Graph,
  before: TrainingPlan,
  { layer, change }: Price,
  limit = long,
  compilation = compiled(model, before, limit),
): object {
  const base = planTotals(compilation);
  const result = compile(model, withSwitch(before, layer, change), limit);
  if (!result.ok) return { layer, change, possible: false, diagnostics: result.diagnostics };
  const after = planTotals(result.value);
  return {
    layer,
    change,
    possible: true,
    exact: result.value.arena.provenOptimal,
    arenaBytes: after.arenaBytes - base.arenaBytes,
    sramBytes: after.sramBytes - base.sramBytes,
    flashBytes: after.flashBytes - base.flashBytes,
    macs: { backward: after.macs.backward - base.macs.backward, update: after.macs.update - base.macs.update },
  };
}

describe('prices', () => {
  it('are what compiling the changed plan from nothing says, for every switch of random networks', () => {
    let exact = 0;
    const property = fc.property(trainedNetworks, fc.nat(), ({ network: model, plan: before }, start) => {
      // Compiled once: without a proof, on a busy machine another time may end with another arena.
      const base = compiled(model, before, short);
      const prices = [...pricesOf(model, before, base, short)];
      for (const price of prices.filter((_, index) => (index + start) % 5 === 0)) {
        if (price.possible && !price.exact) continue;
        const definition = priceByCompiling(model, before, price, short, base);
        if ('exact' in definition && !definition.exact) continue;
        exact++;
        expect(price).toEqual(definition);
      }
    });
    fc.assert(property, { seed: 8, numRuns: 25 });
    expect(exact).toBeGreaterThan(50);
  });

  it.skipIf(!hasSharedData)('are that for mcunet-5fps-49kb too (skipped: needs ../shared/data)', async () => {
    const loaded = await loadPlan('../shared/data/plans/mcunet-5fps-49kb.trainplan');
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
    const { graph: model, plan: before } = loaded.value;
    const prices = [...pricesOf(model, before, compiled(model, before), long)];
    expect(prices).toHaveLength(42 * 5);
    for (const price of prices.filter((_, index) => index % 9 === 0)) {
      expect(price).toEqual(priceByCompiling(model, before, price));
    }
  });

  it('come first of the layers that train, then of the others from the last one on', () => {
    const layers = [...pricesOf(network, plan, compiled(network, plan))].map(({ layer }) => layer);
    expect([...new Set(layers)]).toEqual(['depthwise', 'project', 'expand', 'stem']);
  });

  it('are of all switches but the present positions', () => {
    const prices = [...pricesOf(network, plan, compiled(network, plan), { layers: new Set(['depthwise']) })];
    const part = (denominator: number) => ({ kind: 'fraction', numerator: 1, denominator, first: false });
    expect(prices.map(({ change }) => change)).toEqual([
      { kind: 'bias', bias: false },
      ...[8, 4, 2, 1].map((denominator) => ({ kind: 'weights', weights: part(denominator) })),
    ]);
  });

  it('say why where the changed plan does not compile', () => {
    const prices = [...pricesOf(network, plan, compiled(network, plan), { layers: new Set(['stem']) })];
    const [eighth] = prices.filter(({ possible }) => !possible);
    expect(eighth).toMatchObject({ layer: 'stem', diagnostics: [{ code: 'no-channels', layer: 'stem' }] });
  });

  it('stop when they are cancelled', async () => {
    const base = compiled(network, plan);
    const seen: Price[] = [];
    const done = await priceInBackground(network, plan, base, (price) => seen.push(price), {
      cancelled: () => seen.length === 3,
    });
    expect(done).toBe(false);
    expect(seen).toEqual([...pricesOf(network, plan, base)].slice(0, 3));
  });

  it('let others run between two of them', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    let priced = 0;
    const busy = (): void => {
      priced++;
      const end = performance.now() + 15;
      while (performance.now() < end);
    };
    expect(await priceInBackground(network, plan, compiled(network, plan), busy)).toBe(true);
    clearInterval(timer);
    expect(priced).toBe(4 * 5);
    expect(turns).toBeGreaterThan(0);
  });
});

describe('the best change', () => {
  it('is the one after which the arena is smallest', () => {
    const heavy = planFor(
      new Map([
        ['stem', biasOnly],
        ['expand', biasOnly],
        ['project', biasOnly],
      ]),
      { classes: 5 },
    );
    const base = compiled(network, heavy);
    const best = bestChange(network, heavy, base);
    const trained = new Set(['stem', 'expand', 'project']);
    const saved = [...pricesOf(network, heavy, base, { layers: trained })].map((price) =>
      price.possible ? -price.arenaBytes : 0,
    );
    expect(best?.bytes).toBe(Math.max(...saved));
    if (best === undefined) return;
    const after = compiled(network, withSwitch(heavy, best.layer, best.change));
    expect(base.program.arenaBytes - after.program.arenaBytes).toBe(best.bytes);
    expect(planTotals(base).sramBytes - planTotals(after).sramBytes).toBe(best.sramBytes);
  });

  it('is none where nothing trains but the head', () => {
    const headOnly = planFor(new Map(), { classes: 5 });
    expect(bestChange(network, headOnly, compiled(network, headOnly))).toBeUndefined();
  });
});
