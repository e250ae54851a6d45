import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import type { DataSet } from '../../../compiler/simulate/data.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { prefixCaches } from '../../../compiler/simulate/prefixCache.ts';
import { randomSource } from '../../../compiler/simulate/random.ts';
import {
  type SimulationOptions,
  type SimulationReport,
  type SimulationState,
  simulateTraining,
} from '../../../compiler/simulate/train.ts';
import { defaultTrainSettings, type TrainingPlan } from '../../../compiler/training/plan.ts';
import { graph } from '../../support/graph-builder.ts';

/** Two frozen layers below two that train. */
const network = graph(3)
  .input([1, 8, 8, 1])
  .conv({ channels: 4, activation: 'relu', name: 'frozen0' })
  .conv({ channels: 4, activation: 'relu', name: 'frozen1' })
  .conv({ channels: 6, activation: 'relu', name: 'trained' })
  .averagePool()
  .build();
const format = { width: 8, height: 8, channels: 1, dtype: 'int8', scale: 1 / 64, zeroPoint: -3 } as const;

const plan: TrainingPlan = {
  name: 'test',
  model: 'test.tflite',
  target: { core: 'cortex-m7', sramBytes: 1e6, flashBytes: 1e6 },
  budgetBytes: 1e6,
  train: { ...defaultTrainSettings, learningRate: 0.05, batch: 3, optimizer: { kind: 'sgd', momentum: 0.5 } },
  update: new Map([
    ['trained', { bias: true, weights: { kind: 'fraction', numerator: 1, denominator: 1, first: false } }],
  ]),
};
const augmenting: TrainingPlan = { ...plan, data: { path: 'd', skipBroken: false, augment: { flip: true, shift: 1 } } };

function samples(count: number, seed: number): DataSet['train'] {
  const random = randomSource(seed);
  return Array.from({ length: count }, (_, index) => ({
    input: Uint8Array.from(
      { length: 64 },
      (_, place) => (place < 32 === (index % 2 === 0) ? 60 : 180) + random.below(40),
    ),
    label: index % 3,
    name: `sample ${index}`,
  }));
}
const data: DataSet = { classes: ['a', 'b', 'c'], train: samples(20, 1), test: samples(9, 2) };

async function machine(): Promise<Machine> {
  const compiled = compile(network, plan);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
  return await Machine.create(compiled.value.program);
}

/** Everything but the time that it took. */
function timeless({ epochs, samplesPerSecond: _, cacheBytes: __, ...report }: SimulationReport): object {
  return { ...report, epochs: epochs.map((epoch) => ({ ...epoch, seconds: 0 })) };
}

async function run(options: Partial<SimulationOptions>, trained = plan) {
  const device = await machine();
  const report = await simulateTraining(device, trained, data, format, { epochs: 3, seed: 5, ...options });
  return { report, learned: device.learned().slice() };
}

describe('the cache of frozen layers', () => {
  it.each([
    ['none', 0],
    ['room for some samples', 7 * 256],
    ['room for all', 1e6],
  ])('changes no bit of the results: %s', async (_, cacheBytes) => {
    const without = await run({ cacheBytes: 0 });
    const { report, learned } = await run({ cacheBytes });
    expect(timeless(report)).toEqual(timeless(without.report));
    expect(learned).toEqual(without.learned);
    expect(report.cacheBytes).toBeLessThanOrEqual(cacheBytes);
    expect(report.cacheBytes > 0).toBe(cacheBytes > 0);
  });

  it('keeps augmented samples out, as no epoch shows them again', async () => {
    const without = await run({ cacheBytes: 0 }, augmenting);
    const { report, learned } = await run({}, augmenting);
    expect(learned).toEqual(without.learned);
    expect(report.cacheBytes).toBeLessThan((await run({})).report.cacheBytes);
  });

  it('is filled by several runs together', async () => {
    const device = await machine();
    const { prefix } = device;
    const needs = { prefix, trainSamples: 20, testSamples: 9, limitBytes: 1e6, shared: true };
    const caches = prefixCaches(needs);
    await run({ caches, seed: 1 });
    expect(caches.train.present.every((present) => present === 1)).toBe(true);
    expect((await run({ caches })).learned).toEqual((await run({ cacheBytes: 0 })).learned);
  });

  it('stays within its limit, test samples first', () => {
    const prefix = { steps: 2, buffers: [], bytes: 100 };
    const caches = prefixCaches({ prefix, trainSamples: 50, testSamples: 3, limitBytes: 1000 });
    expect([caches.test.present.length, caches.train.present.length]).toEqual([3, 7]);
    expect(caches.test.bytes.length + caches.train.bytes.length).toBe(1000);
    const none = prefixCaches({ prefix: { ...prefix, steps: 0 }, trainSamples: 50, testSamples: 3, limitBytes: 1000 });
    expect(none.train.bytes).toHaveLength(0);
  });
});

describe('a run that was stopped', () => {
  it.each([
    ['plain', plan],
    ['augmented', augmenting],
  ])('goes on to the same result from every state that it saved: %s', async (_, trained) => {
    const states: SimulationState[] = [];
    // No time between two states: one is saved wherever the host gets its turn.
    const whole = await run({ onState: (state) => states.push(structuredClone(state)), stateEveryMs: 0 }, trained);
    expect(states.length).toBeGreaterThanOrEqual(3);
    for (const resume of states) {
      const resumed = await run({ resume }, trained);
      expect(timeless(resumed.report)).toEqual(timeless(whole.report));
      expect(resumed.learned).toEqual(whole.learned);
    }
  });

  it('saves its state where it is cancelled, in the middle of an epoch too', async () => {
    const whole = await run({ epochs: 4 });
    const signal = { aborted: false };
    let steps = 0;
    let saved: SimulationState | undefined;
    const cut = await run({
      epochs: 4,
      signal,
      onState: (state) => {
        saved = state;
      },
      onStep: () => {
        if (++steps === 33) signal.aborted = true;
      },
    });
    expect(cut.report.cancelled).toBe(true);
    expect(saved).toMatchObject({ samplesDone: 13, learned: cut.learned });
    expect(cut.report.epochs).toHaveLength(1);
    const resumed = await run({ epochs: 4, resume: saved });
    expect(timeless(resumed.report)).toEqual(timeless(whole.report));
    expect(resumed.learned).toEqual(whole.learned);
  });

  it('can train for more epochs than it was to', async () => {
    const states: SimulationState[] = [];
    await run({ epochs: 1, onState: (state) => states.push(state) });
    const longer = await run({ epochs: 3, resume: states.at(-1) });
    expect(timeless(longer.report)).toEqual(timeless((await run({ epochs: 3 })).report));
  });
});

describe('the report', () => {
  it('counts what was taken for what, and names each wrong sample', async () => {
    const { report } = await run({ epochs: 1 });
    const { confusion, perClass, wrong, testSamples } = report;
    expect(testSamples).toBe(9);
    expect(confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(9);
    expect(perClass.map(({ name, samples }) => [name, samples])).toEqual([
      ['a', 3],
      ['b', 3],
      ['c', 3],
    ]);
    const right = confusion.reduce((sum, row, label) => sum + (row[label] ?? 0), 0);
    expect(wrong).toHaveLength(9 - right);
    expect(report.epochs[0]?.testAccuracy).toBe(right / 9);
    for (const { index, name, label, prediction } of wrong) {
      expect([name, label]).toEqual([`sample ${index}`, index % 3]);
      expect(prediction).not.toBe(label);
    }
    for (const [label, { accuracy }] of perClass.entries()) expect(accuracy).toBe((confusion[label]?.[label] ?? 0) / 3);
  });

  it('has the loss that the device computes', async () => {
    const device = await machine();
    const [sample] = data.test;
    if (sample === undefined) throw new Error('no sample');
    const one = { ...data, test: [sample] };
    const { before } = await simulateTraining(device, plan, one, format, { epochs: 0, seed: 1 });
    expect(before.testLoss).toBeCloseTo(device.trainStep(sample.input, sample.label), 5);
  });
});
