/** Trains a simulated device: epochs in seeded order, and the accuracy before, between and after. */
import type { TrainingPlan } from '../training/plan.ts';
import { type DataSet, type Sample, trainingOrder } from './data.ts';
import type { Machine } from './machine.ts';
import type { InputFormat } from './picture.ts';

export interface EpochResult {
  /** Mean over the epoch's steps, each before its update. */
  readonly loss: number;
  /** Share of the epoch's samples that were recognised when their turn came, before the update. */
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
  readonly seconds: number;
}

export interface SimulationReport {
  readonly before: { readonly testAccuracy: number };
  readonly epochs: readonly EpochResult[];
  /** Of training, evaluation left out. */
  readonly samplesPerSecond: number;
  readonly classes: readonly string[];
  readonly trainSamples: number;
  readonly testSamples: number;
  /** Present where the run was cut short: `epochs` holds the complete ones. */
  readonly cancelled?: true;
}

export interface SimulationProgress {
  /** From 1; 0 while the accuracy before training is measured. */
  readonly epoch: number;
  readonly epochs: number;
  /** Of this epoch. */
  readonly samplesDone: number;
  readonly samples: number;
  readonly phase: 'training' | 'testing';
  /** Mean loss of the epoch so far. */
  readonly loss: number;
  /** Set once the epoch is complete. */
  readonly result?: EpochResult;
}

export interface SimulationOptions {
  readonly epochs: number;
  readonly seed: number;
  readonly onProgress?: ((progress: SimulationProgress) => void) | undefined;
  /** After each training step: its loss, and whether the sample was recognised before the update. */
  readonly onStep?: ((loss: number, recognised: boolean) => void) | undefined;
  /** After each sample of `data.test`, by its position: the class that it was taken for. Epoch 0 is before training. */
  readonly onTested?: ((epoch: number, index: number, prediction: number) => void) | undefined;
  /** An `AbortSignal` will do. */
  readonly signal?: { readonly aborted: boolean } | undefined;
}

/** How long the host's event loop may wait. */
const sliceMs = 50;

/** The machine keeps what it learned. */
export async function simulateTraining(
  machine: Machine,
  plan: TrainingPlan,
  data: DataSet,
  format: InputFormat,
  options: SimulationOptions,
): Promise<SimulationReport> {
  const { epochs, onProgress, onStep, onTested, signal } = options;
  const pause = slices(signal);
  const order = trainingOrder(data.train, plan, format, options.seed);
  const results: EpochResult[] = [];
  let trained = 0;
  let trainingMs = 0;
  const report = (before: number | undefined, cancelled: boolean): SimulationReport => ({
    before: { testAccuracy: before ?? Number.NaN },
    epochs: results,
    samplesPerSecond: trainingMs === 0 ? 0 : (1000 * trained) / trainingMs,
    classes: data.classes,
    trainSamples: data.train.length,
    testSamples: data.test.length,
    ...(cancelled ? { cancelled: true } : {}),
  });
  const test = (epoch: number, loss: number): Promise<number | undefined> =>
    accuracyOf(machine, data.test, pause, {
      onTested: (index, prediction) => onTested?.(epoch, index, prediction),
      onProgress: (samplesDone) =>
        onProgress?.({ epoch, epochs, samplesDone, samples: data.test.length, phase: 'testing', loss }),
    });

  const before = await test(0, Number.NaN);
  for (let epoch = 1; before !== undefined && epoch <= epochs; epoch++) {
    const start = performance.now();
    const samples = data.train.length;
    let lossSum = 0;
    let recognised = 0;
    for (let done = 0; done < samples; done++) {
      const sample = order.next().value;
      const stepLoss = machine.trainStep(sample.input, sample.label);
      const right = machine.prediction() === sample.label;
      lossSum += stepLoss;
      if (right) recognised++;
      onStep?.(stepLoss, right);
      if (!pause.due()) continue;
      onProgress?.({ epoch, epochs, samplesDone: done + 1, samples, phase: 'training', loss: lossSum / (done + 1) });
      if (await pause.take()) return report(before, true);
    }
    trainingMs += performance.now() - start;
    trained += samples;
    const loss = lossSum / samples;
    const testAccuracy = await test(epoch, loss);
    if (testAccuracy === undefined) return report(before, true);
    const seconds = (performance.now() - start) / 1000;
    const result = { loss, trainAccuracy: recognised / samples, testAccuracy, seconds };
    results.push(result);
    onProgress?.({ epoch, epochs, samplesDone: samples, samples, phase: 'training', loss, result });
  }
  return report(before, before === undefined);
}

/** Share of samples recognised; NaN without samples, undefined where cancelled. */
async function accuracyOf(
  machine: Machine,
  samples: readonly Sample[],
  pause: Slices,
  { onTested, onProgress }: { onTested(index: number, prediction: number): void; onProgress(done: number): void },
): Promise<number | undefined> {
  let recognised = 0;
  for (const [index, sample] of samples.entries()) {
    machine.infer(sample.input);
    const prediction = machine.prediction();
    onTested(index, prediction);
    if (prediction === sample.label) recognised++;
    if (!pause.due()) continue;
    onProgress(index + 1);
    if (await pause.take()) return undefined;
  }
  return recognised / samples.length;
}

interface Slices {
  due(): boolean;
  /** Lets the host do its work; says whether it cancelled. */
  take(): Promise<boolean>;
}

function slices(signal: SimulationOptions['signal']): Slices {
  let started = performance.now();
  return {
    due: () => performance.now() - started >= sliceMs,
    take: async () => {
      await new Promise((resolve) => setTimeout(resolve, 0));
      started = performance.now();
      return signal?.aborted === true;
    },
  };
}
