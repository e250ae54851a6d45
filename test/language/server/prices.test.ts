import type { LangiumDocument } from 'langium';
import { expect, it } from 'vitest';
import { defaultTrainSettings, type LayerUpdate, type TrainingPlan } from '../../../compiler/training/plan.ts';
import { parsePlan, resolveFully } from '../../../language/index.ts';
import type { Analyser, Analysis } from '../../../language/server/analysis.ts';
import { channelsOf } from '../../../language/server/facts.ts';
import { lighterFixes } from '../../../language/server/lighter.ts';
import { type Port, pricesFrom } from '../../../language/server/pricePort.ts';
import { type PlanPrice, PriceBook, type PriceProvider } from '../../../language/server/prices.ts';
import { exampleGraph } from '../graphs.ts';

const plan: TrainingPlan = {
  name: 'a',
  model: 'm',
  target: { core: 'cortex-m7', sramBytes: 1 << 18, flashBytes: 1 << 20 },
  budgetBytes: 1 << 18,
  train: defaultTrainSettings,
  update: new Map(),
};

/** A worker whose answers the test gives by hand. */
function handWorker() {
  const jobs: { id: number; graph?: unknown }[] = [];
  let receive: (message: unknown) => void = () => undefined;
  let fail = (): void => undefined;
  const port: Port = {
    post: (message) => jobs.push(message as { id: number }),
    listen: (onMessage, onFail) => {
      receive = onMessage;
      fail = onFail;
    },
  };
  const price: PlanPrice = { diagnostics: [] };
  return { jobs, provider: pricesFrom(port), answer: (id: number) => receive({ id, price }), fail: () => fail() };
}

const wanted = () => false;

it('gives the worker one job at a time, and the graph only once', async () => {
  const { jobs, provider, answer } = handWorker();
  const first = provider.priceOf(plan, exampleGraph, wanted);
  const second = provider.priceOf(plan, exampleGraph, wanted);
  expect(jobs).toHaveLength(1);
  answer(0);
  expect(await first).toEqual({ diagnostics: [] });
  expect(jobs).toHaveLength(2);
  expect(jobs.map(({ graph }) => graph === exampleGraph)).toEqual([true, false]);
  answer(1);
  expect(await second).toEqual({ diagnostics: [] });
});

it('never starts a job that nobody waits for', async () => {
  const { jobs, provider, answer } = handWorker();
  let typedOn = false;
  const first = provider.priceOf(plan, exampleGraph, wanted);
  const second = provider.priceOf(plan, exampleGraph, () => typedOn);
  const third = provider.priceOf(plan, exampleGraph, wanted);
  typedOn = true;
  answer(0);
  expect(await second).toBeUndefined();
  expect(jobs).toHaveLength(2);
  answer(1);
  expect(await Promise.all([first, third])).toEqual([{ diagnostics: [] }, { diagnostics: [] }]);
});

it('answers without a price once the worker is gone', async () => {
  const { provider, fail } = handWorker();
  const running = provider.priceOf(plan, exampleGraph, wanted);
  const waiting = provider.priceOf(plan, exampleGraph, wanted);
  fail();
  expect(await Promise.all([running, waiting, provider.priceOf(plan, exampleGraph, wanted)])).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

/** Every trained channel costs 10 bytes, every bias 1. */
const toyPrices: PriceProvider = {
  priceOf: async ({ update }) => {
    const bytes = (each: LayerUpdate) => channelsOf(each.weights, 16) * 10 + (each.bias ? 1 : 0);
    const peakBytes = [...update.values()].reduce((sum, each) => sum + bytes(each), 0);
    return { memory: { peakBytes, lowerBoundBytes: 0, provenOptimal: true, flashBytes: 0 }, diagnostics: [] };
  },
};

const threeLayers = `update {
  stem: bias
  block8.pointwise1: weights all
  block9.pointwise1: weights 1/4
}`;

function fixTitles(budget: number, training = threeLayers): Promise<readonly string[]> {
  const text = `model "m"\ntarget stm32f746\nbudget ${budget} B\n${training}`;
  const parsed = parsePlan(text, 'a');
  const resolution = resolveFully(parsed, exampleGraph);
  const analysis: Analysis = { parsed, resolution, graph: exampleGraph, modelUri: undefined, diagnostics: [] };
  return lighterFixes(analysis, toyPrices, wanted).then((fixes) => fixes.map(({ title }) => title));
}

it('offers changes that fit, the one that gives up least first', async () => {
  expect(await fixTitles(185)).toEqual([
    'Lower weights of `block9.pointwise1` to 1/8: fits (181 B)',
    'Lower weights of `block8.pointwise1` to 1/2: fits (121 B)',
  ]);
  expect(await fixTitles(200)).toContain('Freeze `stem`: fits (200 B)');
});

it('offers the change that saves most where none fits', async () => {
  expect(await fixTitles(50)).toEqual(['Lower weights of `block8.pointwise1` to 1/2: still 71 B too much']);
});

it('does not offer to freeze a new classifier, which trains as a whole', async () => {
  expect(await fixTitles(50, 'update { classifier: weights all }')).not.toEqual([]);
  expect(await fixTitles(50, 'train { classes 10 }\nupdate { classifier: weights all }')).toEqual([]);
});

/** A book of one document, whose text the test changes; quick answers are not proven, patient ones are. */
function refinedBook() {
  const asked: boolean[] = [];
  const provider: PriceProvider = {
    priceOf: async (_plan, _graph, _cancelled, patient = false) => {
      asked.push(patient);
      const [peakBytes, lowerBoundBytes, flashBytes] = [patient ? 900 : 1000, 900, 0];
      return { memory: { peakBytes, lowerBoundBytes, provenOptimal: patient, flashBytes }, diagnostics: [] };
    },
  };
  const analysisOf = (text: string): Analysis => {
    const parsed = parsePlan(text, 'a');
    const resolution = resolveFully(parsed, exampleGraph);
    return { parsed, resolution, graph: exampleGraph, modelUri: undefined, diagnostics: [] };
  };
  let analysis = analysisOf(`model "m"\ntarget stm32f746\n${threeLayers}`);
  const analyser = { analyse: async () => analysis } as unknown as Analyser;
  const document = { uri: { toString: () => 'a' } } as unknown as LangiumDocument;
  return {
    asked,
    document,
    book: new PriceBook(analyser, provider),
    type: () => {
      analysis = analysisOf('model "m"\ntarget stm32f746\nupdate { stem: bias }');
    },
    now: () => analysis,
  };
}

it('computes a price that is not proven once more, with the time of the command line', async () => {
  const { asked, book, document, now } = refinedBook();
  expect((await book.priceOf(document))?.memory?.peakBytes).toBe(1000);
  expect((await book.refine(document))?.memory).toMatchObject({ peakBytes: 900, provenOptimal: true });
  expect(asked).toEqual([false, true]);
  expect(book.priceNow(now())?.memory?.peakBytes).toBe(900);
  expect((await book.priceOf(document))?.memory?.peakBytes).toBe(900);
  expect(await book.refine(document)).toBeUndefined();
  expect(asked).toHaveLength(2);
});

it('does not refine the price of a text that has changed', async () => {
  const { asked, book, document, type } = refinedBook();
  await book.priceOf(document);
  const refined = book.refine(document);
  type();
  await book.priceOf(document);
  expect(await refined).toBeUndefined();
  expect(asked).toEqual([false, false]);
});
