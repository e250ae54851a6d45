/** Samples of the plan's data: which, in which order, as which codes. Bytes in, samples out; reading files is the host's. */
import { type Diagnostic, failure, type Result, success } from '../diagnostics.ts';
import { type Graph, tensorAt } from '../model/graph.ts';
import { scaleOf, zeroPointOf } from '../operators/quantisation.ts';
import type { DataSource, TrainingPlan } from '../training/plan.ts';
import { type InputFormat, type Picture, pictureToCodes } from './picture.ts';
import { type RandomSource, randomSource, shuffled } from './random.ts';

export interface Sample {
  /** The bytes of the model's input. */
  readonly input: Uint8Array;
  /** Class number, from 0. */
  readonly label: number;
}

export interface DataSet {
  readonly classes: readonly string[];
  readonly train: readonly Sample[];
  readonly test: readonly Sample[];
}

/** Pictures that lie one after the other: uint8 [labels.length, height, width, channels]. */
export interface RawPictures {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
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

/** The i-th picture, or undefined where the file ends before it. */
export function pictureAt(raw: RawPictures, index: number): Picture | undefined {
  const { width, height, channels } = raw;
  const bytes = width * height * channels;
  const pixels = raw.pixels.subarray(index * bytes, (index + 1) * bytes);
  return pixels.length === bytes ? { width, height, channels, pixels } : undefined;
}

/** What the model takes; refused where that is no picture, or not the size that the plan resizes to. */
export function inputFormat(graph: Graph, data: DataSource): Result<InputFormat> {
  const tensor = tensorAt(graph, graph.inputs[0] ?? -1);
  const [batch = 1, height = 1, width = 1, channels = 1] = tensor.shape;
  const { dtype } = tensor;
  if (tensor.shape.length !== 4 || batch !== 1 || (channels !== 1 && channels !== 3)) {
    return failure(dataError('data-not-pictures', `the model takes [${tensor.shape.join(', ')}], not one picture`));
  }
  if (dtype !== 'int8' && dtype !== 'uint8') {
    return failure(dataError('data-not-pictures', `the model's input is ${dtype}, not int8 or uint8`));
  }
  const { resize } = data;
  if (resize !== undefined && (resize.width !== width || resize.height !== height)) {
    const message = `the data is resized to ${resize.width}x${resize.height}, but the model takes ${width}x${height}`;
    const remedy = `write \`resize ${width}x${height}\`, or leave it out: pictures are always resized to the model's input`;
    return failure({ ...dataError('resize-mismatch', message), remedy });
  }
  return success({ width, height, channels, dtype, scale: scaleOf(tensor), zeroPoint: zeroPointOf(tensor) });
}

function dataError(code: string, message: string): Diagnostic {
  return { severity: 'error', code, message, remedy: 'choose a model that takes pictures [1, height, width, 1 or 3]' };
}

export function sampleOf(picture: Picture, label: number, format: InputFormat, data: DataSource): Sample {
  return { input: pictureToCodes(picture, format, data.normalise), label };
}

/**
 * Training samples without end, epoch after epoch: shuffled anew in each, augmented where the plan says so. The same
 * seed gives the same samples, so that simulator and board can be compared.
 */
export function* trainingOrder(
  samples: readonly Sample[],
  plan: Pick<TrainingPlan, 'data'>,
  format: Pick<InputFormat, 'width' | 'height' | 'channels'>,
  seed: number,
): Generator<Sample, never> {
  if (samples.length === 0) throw new RangeError('no samples to train on');
  const random = randomSource(seed);
  const augment = plan.data?.augment;
  for (;;) {
    for (const sample of shuffled(samples, random)) {
      yield augment === undefined ? sample : { ...sample, input: augmented(sample.input, format, augment, random) };
    }
  }
}

/** Mirrored by chance, and moved by up to `shift` pixels each way; the edge is repeated. */
function augmented(
  codes: Uint8Array,
  { width, height, channels }: Pick<InputFormat, 'width' | 'height' | 'channels'>,
  { flip, shift }: { readonly flip: boolean; readonly shift: number },
  random: RandomSource,
): Uint8Array {
  const mirrored = flip && random.below(2) === 1;
  const [down, right] =
    shift === 0 ? [0, 0] : [random.below(2 * shift + 1) - shift, random.below(2 * shift + 1) - shift];
  const result = new Uint8Array(codes.length);
  const inside = (position: number, size: number): number => Math.min(size - 1, Math.max(0, position));
  for (let y = 0; y < height; y++) {
    const row = inside(y - down, height) * width;
    for (let x = 0; x < width; x++) {
      const column = inside(x - right, width);
      const source = (row + (mirrored ? width - 1 - column : column)) * channels;
      result.set(codes.subarray(source, source + channels), (y * width + x) * channels);
    }
  }
  return result;
}
