/** What the generated code tells of a model beside its program. */
import type { Compilation } from '../compile.ts';
import { type Tensor, tensorAt } from '../model/graph.ts';
import { scaleOf, zeroPointOf } from '../operators/quantisation.ts';
import { codeTable } from '../simulate/picture.ts';
import type { TrainingPlan } from '../training/plan.ts';
import { planHash } from './identity.ts';

/** Present where the model takes one picture. */
export interface PictureFacts {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly dtype: 'int8' | 'uint8';
  /** The code's byte of each of the 256 pixel values, where the plan normalises. */
  readonly table?: Uint8Array;
}

export interface ModelFacts {
  /** A blob is refused by a model with another one: see identity.ts. */
  readonly planHash: number;
  readonly picture?: PictureFacts;
  /** Of the data; numbers stand in for those that are missing. */
  readonly classNames: readonly string[];
  /** Lines for the top of every file: the user's copyright and licence. */
  readonly licence?: string;
}

export interface FactOptions {
  readonly classNames?: readonly string[] | undefined;
  readonly licence?: string | undefined;
}

export function modelFacts(compilation: Compilation, plan: TrainingPlan, options: FactOptions = {}): ModelFacts {
  const { graph } = compilation.network;
  const { licence, classNames = [] } = options;
  const picture = pictureFacts(tensorAt(graph, graph.inputs[0] ?? -1), plan);
  return {
    planHash: planHash(compilation),
    classNames,
    ...(picture === undefined ? {} : { picture }),
    ...(licence === undefined ? {} : { licence }),
  };
}

function pictureFacts(tensor: Tensor, { data }: TrainingPlan): PictureFacts | undefined {
  const [batch, height = 0, width = 0, channels] = tensor.shape;
  const { dtype } = tensor;
  if (tensor.shape.length !== 4 || batch !== 1 || (channels !== 1 && channels !== 3)) return undefined;
  if (dtype !== 'int8' && dtype !== 'uint8') return undefined;
  const format = { width, height, channels, dtype, scale: scaleOf(tensor), zeroPoint: zeroPointOf(tensor) };
  const { normalise } = data ?? {};
  return { width, height, channels, dtype, ...(normalise && { table: codeTable(format, normalise) }) };
}
