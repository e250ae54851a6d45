/** What the user wants: the meaning of a `*.trainplan` file, free of its text. Plain data. */

export type Core =
  | 'cortex-m0+'
  | 'cortex-m3'
  | 'cortex-m4'
  | 'cortex-m7'
  | 'cortex-m33'
  | 'cortex-m55'
  | 'riscv32'
  | 'xtensa-lx7';

export interface Target {
  readonly core: Core;
  /** The board's name as written, where the plan names one. */
  readonly board?: string;
  readonly sramBytes: number;
  readonly flashBytes: number;
  /** Where the board's is known. */
  readonly clockHz?: number;
}

export type WeightHolding = 'int8' | 'int8-stochastic' | 'int16';

export type Optimizer =
  | { readonly kind: 'sgd' /** 0 = none */; readonly momentum: number }
  | { readonly kind: 'adam'; readonly beta1: number; readonly beta2: number; readonly epsilon: number };

export interface TrainSettings {
  /** A new classifier with so many classes replaces the last layer that has weights; absent: the model's own head. */
  readonly classes?: number;
  readonly head: 'float32' | 'int8';
  readonly loss: 'cross-entropy' | 'mean-squared-error';
  readonly optimizer: Optimizer;
  /** Multiplies the mean gradient of the batch in real units. */
  readonly learningRate: number;
  readonly schedule: { readonly kind: 'constant' } | { readonly kind: 'cosine'; readonly steps: number };
  readonly warmUpSteps: number;
  readonly batch: number;
  readonly epochs: number;
  readonly seed: number;
  /** Quantisation-aware scaling. */
  readonly scaling: boolean;
  readonly weights: WeightHolding;
  readonly gradients: 'float32' | 'int16';
  readonly stream: boolean;
}

/** Which input channels of a layer's weights train (numerics.md 11). */
export type WeightSelection =
  | { readonly kind: 'none' }
  | { readonly kind: 'fraction'; readonly numerator: number; readonly denominator: number; readonly first: boolean }
  | { readonly kind: 'channels'; readonly count: number; readonly first: boolean };

export interface LayerUpdate {
  readonly bias: boolean;
  readonly weights: WeightSelection;
}

/** Random changes of training pictures: mirrored, moved by up to `shift` pixels, cut by up to `crop` and scaled back. */
export interface Augmentation {
  readonly flip: boolean;
  readonly shift: number;
  readonly crop?: number;
}

/** What a model hears of a sound; what is left out comes from the model's input. */
export interface AudioFeatures {
  readonly kind: 'mfcc' | 'log-mel';
  readonly bands: number;
  /** In Hz. */
  readonly lowest: number;
  readonly highest: number;
  /** Length of a frame. */
  readonly frameMs: number;
  /** From the start of one frame to the next. */
  readonly hopMs: number;
}

export interface DataSource {
  /** As written, relative to the plan. */
  readonly path: string;
  readonly resize?: { readonly width: number; readonly height: number };
  /** How pictures of another aspect are made to fit; absent: `stretch`. */
  readonly fit?: 'stretch' | 'crop';
  readonly augment?: Augmentation;
  readonly features?: Partial<AudioFeatures>;
  /** How often a sample begins in a longer recording: of sounds in milliseconds, of tables in rows. */
  readonly windows?: { readonly every: number; readonly unit: 'ms' | 'rows' };
  /** The share of each class that is held out for testing, where the data has no test part. */
  readonly split?: { readonly numerator: number; readonly denominator: number };
  /** The column that holds the classes. */
  readonly label?: string;
  /** real = (pixel - mean) / deviation, then quantised; absent: code = pixel - 128. */
  readonly normalise?: { readonly mean: number; readonly deviation: number };
  readonly skipBroken: boolean;
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

export interface TrainingPlan {
  /** Prefix of the C symbols. */
  readonly name: string;
  /** Path of the model, as written, relative to the plan. */
  readonly model: string;
  readonly target: Target;
  /** All SRAM that training may use. */
  readonly budgetBytes: number;
  readonly data?: DataSource;
  /** Resize the model's input. */
  readonly input?: PictureSize;
  readonly train: TrainSettings;
  /** By the layer's short name; layers not named are frozen. */
  readonly update: ReadonlyMap<string, LayerUpdate>;
}

export const frozen: LayerUpdate = { bias: false, weights: { kind: 'none' } };

export const defaultTrainSettings: TrainSettings = {
  head: 'float32',
  loss: 'cross-entropy',
  optimizer: { kind: 'sgd', momentum: 0 },
  learningRate: 0.001,
  schedule: { kind: 'constant' },
  warmUpSteps: 0,
  batch: 1,
  epochs: 10,
  seed: 1,
  scaling: true,
  weights: 'int8',
  gradients: 'int16',
  stream: true,
};
