/** How well a simulated device does on samples that it does not learn from. */
import type { TrainingPlan } from '../training/plan.ts';
import type { DataSet, Sample } from './data.ts';
import type { Machine } from './machine.ts';
import type { InputFormat } from './picture.ts';
import { cachedPrefix, type PrefixCache } from './prefixCache.ts';
import type { Slices } from './slices.ts';

export interface WrongSample {
  /** Among the test samples, from 0. */
  readonly index: number;
  readonly label: number;
  readonly prediction: number;
}

export interface Evaluation {
  /** Share of samples recognised; NaN without samples or without labels. */
  readonly accuracy: number;
  /** Mean loss; NaN without samples. */
  readonly loss: number;
  /** Samples by [label][prediction]; where the network has more classes than the data names, these share a last column. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly ClassResult[];
  readonly wrong: readonly WrongSample[];
}

export interface ClassResult {
  readonly name: string;
  readonly samples: number;
  readonly accuracy: number;
  readonly loss: number;
}

/** What the loss of a sample is; for an autoencoder, the distance from its own input. */
export interface Judge {
  readonly autoencoder: boolean;
  readonly loss: (machine: Machine, sample: Sample) => number;
}

export function judgeOf({ program }: Machine, { train }: Pick<TrainingPlan, 'train'>, format: InputFormat): Judge {
  const results = (machine: Machine): Float32Array => {
    const bytes = machine.bytes(program.ports.output);
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  };
  if (train.loss === 'cross-entropy') {
    return { autoencoder: false, loss: (machine, { label }) => crossEntropy(results(machine), label) };
  }
  const inputBytes = program.buffers[program.ports.input]?.bytes ?? 0;
  const outputs = (program.buffers[program.ports.output]?.bytes ?? 0) / 4;
  const autoencoder = program.ports.training?.target === undefined && inputBytes === outputs;
  return {
    autoencoder,
    loss: (machine, sample) =>
      squaredError(results(machine), autoencoder ? inputTarget(sample, format) : labelTarget(sample)),
  };
}

function crossEntropy(logits: Float32Array, label: number): number {
  const most = logits.reduce((highest, logit) => Math.max(highest, logit), Number.NEGATIVE_INFINITY);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
  return most + Math.log(sum) - (logits[label] ?? Number.NaN);
}

type Target = (index: number, count: number) => number;

function squaredError(results: Float32Array, target: Target): number {
  const { length } = results;
  return results.reduce((sum, result, index) => sum + (result - target(index, length)) ** 2, 0) / length;
}

const labelTarget =
  ({ label }: Sample): Target =>
  (index, count) =>
    count === 1 ? label : Number(index === label);

function inputTarget({ input }: Sample, { dtype, scale, zeroPoint }: InputFormat): Target {
  const sign = dtype === 'int8' ? 24 : 0;
  return (index) => scale * ((((input[index] ?? 0) << sign) >> sign) - zeroPoint);
}

export interface EvaluationRun {
  readonly judge: Judge;
  readonly cache: PrefixCache;
  readonly pause: Slices;
  readonly onProgress: (done: number) => void;
}

/** Undefined where cancelled. */
export async function evaluate(
  machine: Machine,
  { classes, test }: DataSet,
  { judge, cache, pause, onProgress }: EvaluationRun,
): Promise<Evaluation | undefined> {
  const predictions: number[] = [];
  const losses: number[] = [];
  for (const [index, sample] of test.entries()) {
    const prefix = cachedPrefix(cache, index, machine, sample.input);
    if (prefix === undefined) machine.infer(sample.input);
    else machine.inferFrom(prefix);
    predictions.push(machine.prediction());
    losses.push(judge.loss(machine, sample));
    if (!pause.due()) continue;
    onProgress(index + 1);
    if (await pause.take()) return undefined;
  }
  return summary(classes, test, predictions, losses, judge);
}

function summary(
  classes: readonly string[],
  test: readonly Sample[],
  predictions: readonly number[],
  losses: readonly number[],
  { autoencoder }: Judge,
): Evaluation {
  const confusion = classes.map(() => new Array<number>(classes.length + 1).fill(0));
  const wrong: WrongSample[] = [];
  const classLosses = new Array<number>(classes.length).fill(0);
  for (const [index, { label }] of test.entries()) {
    const prediction = predictions[index] ?? -1;
    const row = confusion[label];
    const column = Math.min(prediction, classes.length);
    if (row !== undefined) row[column] = (row[column] ?? 0) + 1;
    classLosses[label] = (classLosses[label] ?? 0) + (losses[index] ?? 0);
    if (prediction !== label && !autoencoder) wrong.push({ index, label, prediction });
  }
  const beyond = confusion.some((row) => (row.at(-1) ?? 0) > 0);
  const perClass = classes.map((name, label): ClassResult => {
    const row = confusion[label] ?? [];
    const samples = row.reduce((sum, count) => sum + count, 0);
    const accuracy = autoencoder ? Number.NaN : (row[label] ?? 0) / samples;
    return { name, samples, accuracy, loss: (classLosses[label] ?? 0) / samples };
  });
  return {
    accuracy: autoencoder ? Number.NaN : (test.length - wrong.length) / test.length,
    loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    confusion: autoencoder ? [] : beyond ? confusion : confusion.map((row) => row.slice(0, classes.length)),
    perClass,
    wrong,
  };
}
