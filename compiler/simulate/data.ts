/** Samples of the plan's data: which, in which order, as which codes. Bytes in, samples out; reading files is the host's. */
import { type Diagnostic, failure, type Result, success } from '../diagnostics.ts';
import { elementCount, type Graph, tensorAt } from '../model/graph.ts';
import { scaleOf, zeroPointOf } from '../operators/quantisation.ts';
import type { DataSource, TrainingPlan } from '../training/plan.ts';
import { augmented } from './augment.ts';
import type { InputFormat, Normalisation } from './picture.ts';
import { counterSource, randomSource, shuffled } from './random.ts';

export interface Sample {
  /** The bytes of the model's input. */
  readonly input: Uint8Array;
  /** Class number, from 0; -1 where there is none. */
  readonly label: number;
  /** How people call it: its file, or its place in one. */
  readonly name?: string;
}

export interface DataSet {
  /** Empty where samples have no labels. */
  readonly classes: readonly string[];
  readonly train: readonly Sample[];
  readonly test: readonly Sample[];
}

export interface SampleChoice {
  /** At most so many of each class. */
  readonly perClass?: number | undefined;
  /** At most so many in all. */
  readonly limit?: number | undefined;
  readonly seed: number;
}

/** Positions of the chosen samples, in order: of each class the first ones, the same for every seed, so that runs with
 * several seeds can be compared; of these, where a limit says so, as many as are drawn by the seed. */
export function chooseSamples(labels: ArrayLike<number>, choice: SampleChoice): readonly number[] {
  const { perClass, limit } = choice;
  const taken = new Map<number, number>();
  const chosen = Array.from({ length: labels.length }, (_, index) => index).filter((index) => {
    const label = labels[index] ?? -1;
    const count = (taken.get(label) ?? 0) + 1;
    taken.set(label, count);
    return perClass === undefined || count <= perClass;
  });
  if (limit === undefined || limit >= chosen.length) return chosen;
  return shuffled(chosen, randomSource(choice.seed))
    .slice(0, limit)
    .sort((a, b) => a - b);
}

export interface Division {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/**
 * Holds out a share of each class, rounded, but leaves at least one sample of it to train on. The same for every seed.
 * @param groups by sample: those of one group, such as a recording, stay together
 */
export function divideSamples(
  labels: ArrayLike<number>,
  { numerator, denominator }: Share,
  groups?: ArrayLike<number>,
): Division {
  const byClass = new Map<number, Set<number>>();
  const groupOf = (index: number): number => groups?.[index] ?? index;
  const all = Array.from({ length: labels.length }, (_, index) => index);
  for (const index of all) {
    const label = labels[index] ?? -1;
    const members = byClass.get(label) ?? new Set();
    byClass.set(label, members.add(groupOf(index)));
  }
  const held = new Set<number>();
  for (const [label, members] of byClass) {
    const count = Math.min(members.size - 1, Math.round((members.size * numerator) / denominator));
    for (const group of shuffled([...members], counterSource(0, 0, label + 1)).slice(0, count)) held.add(group);
  }
  const isHeld = (index: number): boolean => held.has(groupOf(index));
  return { train: all.filter((index) => !isHeld(index)), test: all.filter(isHeld) };
}

type Share = NonNullable<DataSource['split']>;

/** The model's input, a picture or not. `height`, `width` and `channels` are its last sides, 1 where it has fewer. */
export interface ModelInput extends InputFormat {
  readonly shape: readonly number[];
  readonly elements: number;
}

/** Refused where it is not one sample of int8 or uint8 codes. */
export function inputFormat(graph: Graph): Result<ModelInput> {
  const tensor = tensorAt(graph, graph.inputs[0] ?? -1);
  const { dtype, shape } = tensor;
  if (dtype !== 'int8' && dtype !== 'uint8') {
    return failure(inputError('input-not-quantised', `the model's input is ${dtype}, not int8 or uint8`));
  }
  const [batch = 1, ...sides] = shape;
  if (batch !== 1) return failure(inputError('several-samples', `the model takes [${shape.join(', ')}] at once`));
  const [height, width, channels] = sides.length >= 3 ? threeSides(sides) : [1, 1, ...sides, 1].slice(-3);
  return success({
    ...{ shape, elements: elementCount(shape) },
    ...{ height: height ?? 1, width: width ?? 1, channels: channels ?? 1 },
    ...{ dtype, scale: scaleOf(tensor), zeroPoint: zeroPointOf(tensor) },
  });
}

function threeSides(sides: readonly number[]): readonly number[] {
  return [elementCount(sides.slice(0, -2)), ...sides.slice(-2)];
}

/** Undefined where the model takes pictures, of the size that the plan resizes to. */
export function pictureProblem(
  { shape, width, height, channels }: ModelInput,
  data: DataSource,
): Diagnostic | undefined {
  if (shape.length !== 4 || (channels !== 1 && channels !== 3)) {
    return inputError('data-not-pictures', `the model takes [${shape.join(', ')}], not one picture`);
  }
  const { resize } = data;
  if (resize === undefined || (resize.width === width && resize.height === height)) return undefined;
  const message = `the data is resized to ${resize.width}x${resize.height}, but the model takes ${width}x${height}`;
  return {
    ...inputError('resize-mismatch', message),
    remedy: `write \`resize ${width}x${height}\`: pictures are always resized to the model's input`,
  };
}

const remedies: Readonly<Record<string, string>> = {
  'input-not-quantised': 'convert the model with full integer quantisation',
  'several-samples': 'convert the model with a batch of 1',
};

function inputError(code: string, message: string): Diagnostic {
  const remedy = remedies[code] ?? 'choose a model that takes pictures [1, height, width, 1 or 3]';
  return { severity: 'error', code, message, remedy };
}

/** Real numbers as the model's codes: normalised, quantised, rounded half away from zero, saturated. */
export function codesOf(values: ArrayLike<number>, format: InputFormat, normalise?: Normalisation): Uint8Array {
  const { dtype, scale, zeroPoint } = format;
  const { mean, deviation } = normalise ?? { mean: 0, deviation: 1 };
  const [least, most] = dtype === 'int8' ? [-128, 127] : [0, 255];
  return Uint8Array.from(values, (value) => {
    const code = (value - mean) / deviation / scale;
    return Math.max(least, Math.min(most, Math.sign(code) * Math.round(Math.abs(code)) + zeroPoint));
  });
}

/** Positions of training samples, one epoch after the other: shuffled anew in each, the same for the same seed. */
export function* epochOrders(count: number, seed: number): Generator<readonly number[], never> {
  const random = randomSource(seed);
  const positions = Array.from({ length: count }, (_, index) => index);
  for (;;) yield shuffled(positions, random);
}

export type AugmentFormat = Pick<InputFormat, 'width' | 'height' | 'channels'> & {
  readonly dtype?: InputFormat['dtype'];
};

/** A training sample as it is shown in one epoch (from 0): augmented where the plan says so. */
export function shownSample(
  sample: Sample,
  { data }: Pick<TrainingPlan, 'data'>,
  format: AugmentFormat,
  { seed, epoch, position }: { readonly seed: number; readonly epoch: number; readonly position: number },
): Sample {
  if (data?.augment === undefined) return sample;
  const random = counterSource(seed, epoch, position);
  return { ...sample, input: augmented(sample.input, format, data.augment, random) };
}

/**
 * Training samples without end, epoch after epoch: shuffled anew in each, augmented where the plan says so. The same
 * seed gives the same samples, so that simulator and board can be compared.
 */
export function* trainingOrder(
  samples: readonly Sample[],
  plan: Pick<TrainingPlan, 'data'>,
  format: AugmentFormat,
  seed: number,
): Generator<Sample, never> {
  if (samples.length === 0) throw new RangeError('no samples to train on');
  let epoch = 0;
  for (const positions of epochOrders(samples.length, seed)) {
    for (const position of positions) {
      const sample = samples[position];
      if (sample !== undefined) yield shownSample(sample, plan, format, { seed, epoch, position });
    }
    epoch++;
  }
  throw new Error('the epochs ended');
}
