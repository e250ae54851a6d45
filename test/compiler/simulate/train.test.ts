import { describe, expect, it } from 'vitest';
import { compile } from '../../../compiler/compile.ts';
import type { DataSet } from '../../../compiler/simulate/data.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { type SimulationProgress, simulateTraining } from '../../../compiler/simulate/train.ts';
import { defaultTrainSettings, type TrainingPlan } from '../../../compiler/training/plan.ts';
import { graph } from '../../support/graph-builder.ts';

const network = graph(3)
  .input([1, 4, 4, 1])
  .conv({ channels: 6, activation: 'relu', name: 'only' })
  .averagePool()
  .build();
const format = { width: 4, height: 4, channels: 1, dtype: 'int8', scale: 1 / 64, zeroPoint: -3 } as const;

const plan: TrainingPlan = {
  name: 'test',
  model: 'test.tflite',
  target: { core: 'cortex-m7', sramBytes: 1e6, flashBytes: 1e6 },
  budgetBytes: 1e6,
  train: { ...defaultTrainSettings, learningRate: 0.05 },
  update: new Map([
    ['only', { bias: true, weights: { kind: 'fraction', numerator: 1, denominator: 1, first: false } }],
  ]),
};

/** Bright above or bright below. */
function picture(label: number, seed: number): { readonly input: Uint8Array; readonly label: number } {
  const codes = Int8Array.from(
    { length: 16 },
    (_, index) => (index < 8 === (label === 0) ? 80 : -80) + ((index * seed) % 17),
  );
  return { input: new Uint8Array(codes.buffer), label };
}

const set = (count: number, start: number) =>
  Array.from({ length: count }, (_, index) => picture(index % 2, start + index));
const data: DataSet = { classes: ['above', 'below'], train: set(20, 1), test: set(10, 100) };

async function machine(): Promise<Machine> {
  const compiled = compile(network, plan);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
  return await Machine.create(compiled.value.program);
}

describe('simulated training', () => {
  it('reports the state before and each epoch, and leaves what was learned in the machine', async () => {
    const device = await machine();
    const factory = device.learned().slice();
    const report = await simulateTraining(device, plan, data, format, { epochs: 3, seed: 1 });
    expect(report).toMatchObject({ trainSamples: 20, testSamples: 10, classes: ['above', 'below'] });
    expect(report.epochs).toHaveLength(3);
    expect(report.epochs[2]?.loss).toBeLessThan(report.epochs[0]?.loss ?? 0);
    expect(report.cancelled).toBeUndefined();
    expect(device.learned()).not.toEqual(factory);
  });

  it('gives the same losses in every run, whatever is observed', async () => {
    const losses = async (onProgress?: (progress: SimulationProgress) => void) =>
      (await simulateTraining(await machine(), plan, data, format, { epochs: 2, seed: 4, onProgress })).epochs.map(
        ({ loss }) => loss,
      );
    expect(await losses(() => {})).toEqual(await losses());
  });

  it('tells each epoch once when it is complete', async () => {
    const seen: SimulationProgress[] = [];
    await simulateTraining(await machine(), plan, data, format, {
      epochs: 2,
      seed: 1,
      onProgress: (it) => seen.push(it),
    });
    const complete = seen.filter(({ result }) => result !== undefined);
    expect(complete.map(({ epoch, samplesDone }) => [epoch, samplesDone])).toEqual([
      [1, 20],
      [2, 20],
    ]);
  });

  it('tells enough for a chart: steps so far, their losses, the confusion of each test, and that nothing is left', async () => {
    const seen: SimulationProgress[] = [];
    const losses: number[] = [];
    await simulateTraining(await machine(), plan, data, format, {
      epochs: 2,
      seed: 1,
      onProgress: (it) => seen.push(it),
      onStep: (loss) => losses.push(loss),
    });
    const complete = seen.filter(({ result }) => result !== undefined);
    expect(complete.map(({ step }) => step)).toEqual([20, 40]);
    for (const { result, evaluation } of complete) expect(evaluation?.accuracy).toBe(result?.testAccuracy);
    expect(complete.at(-1)?.secondsLeft).toBe(0);
    expect(losses).toHaveLength(40);
    const steps = seen.map(({ step }) => step);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    // The mean losses between two events, by the steps between them, are the losses of all steps.
    const sum = seen.reduce((total, { step, recentLoss }, index) => {
      const count = step - (steps[index - 1] ?? 0);
      return count === 0 ? total : total + count * recentLoss;
    }, 0);
    expect(sum).toBeCloseTo(
      losses.reduce((total, loss) => total + loss, 0),
      6,
    );
  });

  it('stops soon after it is cancelled, with the epochs that are complete', async () => {
    const signal = { aborted: false };
    const report = await simulateTraining(await machine(), plan, data, format, {
      epochs: 1_000_000,
      seed: 1,
      signal,
      onProgress: ({ epoch }) => {
        if (epoch >= 2) signal.aborted = true;
      },
    });
    expect(report.cancelled).toBe(true);
    expect(report.epochs.length).toBeGreaterThanOrEqual(1);
    expect(report.epochs.length).toBeLessThan(1_000_000);
  });

  it('has no test accuracy without test samples', async () => {
    const report = await simulateTraining(await machine(), plan, { ...data, test: [] }, format, { epochs: 1, seed: 1 });
    expect(report.before.testAccuracy).toBeNaN();
    expect(JSON.parse(JSON.stringify(report)).epochs[0].testAccuracy).toBeNull();
  });
});
