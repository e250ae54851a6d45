/** The words of the language, what they stand for and within which limits: for checks, completion and hover. */

export interface NumberRule {
  readonly integer: boolean;
  readonly min: number;
  readonly max: number;
  /** `min` itself is refused. */
  readonly aboveMin?: boolean;
  /** The word that must follow. */
  readonly unit?: string;
}

export interface SettingRule {
  readonly about: string;
  readonly example: string;
  readonly number?: NumberRule;
  readonly words?: readonly string[];
}

const count = (min: number, max: number, unit?: string): NumberRule => ({
  integer: true,
  min,
  max,
  ...(unit === undefined ? {} : { unit }),
});

export const statements: Readonly<Record<string, SettingRule>> = {
  model: { about: 'The int8 TFLite file, relative to this plan.', example: 'model "model.tflite"' },
  name: { about: "Prefix of the C symbols. Default: this file's name.", example: 'name sensor' },
  target: { about: 'The part that trains: a board, or a core with its memory.', example: 'target stm32f746' },
  budget: { about: "All SRAM that training may use. Default: the target's SRAM.", example: 'budget 160 KB' },
  input: { about: "Resizes the model's input, width x height.", example: 'input 96x96' },
  data: { about: 'The folder or table that simulation trains on, relative to this plan.', example: 'data "data"' },
  train: { about: 'How it trains: loss, optimiser, rate, number formats.', example: 'train { classes 10 }' },
  update: { about: 'Which layers train. Layers not named are frozen.', example: 'update { classifier: weights all }' },
};

export const targetSettings: Readonly<Record<string, SettingRule>> = {
  core: { about: 'The processor core.', example: 'core cortex-m7' },
  sram: { about: 'SRAM of the part. 1 KB is 1024 bytes.', example: 'sram 256 KB' },
  flash: { about: 'Flash of the part. 1 MB is 1024 KB.', example: 'flash 1 MB' },
};

export const dataSettings: Readonly<Record<string, SettingRule>> = {
  resize: {
    about: "Pictures may be of any size and are resized to this, the model's input: bilinear, width x height.",
    example: 'resize 128x128',
  },
  fit: {
    about: "How pictures of any size come to the model's aspect: stretched, or cut around the middle.",
    example: 'fit crop',
    words: ['stretch', 'crop'],
  },
  augment: {
    about:
      'Random changes of training pictures: mirrored, moved by up to so many pixels, cut by up to so many and scaled back.',
    example: 'augment flip shift 4 crop 8',
    words: ['flip', 'shift', 'crop'],
    number: count(0, 1024),
  },
  normalise: {
    about: 'real = (pixel - mean) / deviation. Default: code = pixel - 128.',
    example: 'normalise 127.5 127.5',
  },
  features: {
    about:
      "What the model hears of sounds: cepstral coefficients or log-mel energies, their bands and frequencies. Default: by the model's input.",
    example: 'features mfcc 40 bands from 20 to 4000 Hz',
    words: ['mfcc', 'log-mel'],
  },
  frames: {
    about: 'How long each frame of a sound is, and how often one begins. Default: 30 ms every 20 ms.',
    example: 'frames 30 ms every 20 ms',
  },
  windows: {
    about: 'How often a sample begins in a longer recording. Default: one sample a sound, and rows without overlap.',
    example: 'windows every 500 ms',
    number: { integer: false, min: 0, max: 1e6, aboveMin: true },
  },
  split: {
    about: 'The share of each class that is held out for testing, where the data has no test part.',
    example: 'split 1/5',
  },
  label: {
    about: 'The column of a table that holds the classes. Default: `label` or `class`, else the last one.',
    example: 'label activity',
  },
  'skip-broken': { about: 'Leaves out pictures and sounds that cannot be read.', example: 'skip-broken' },
};

const onOff = ['on', 'off'] as const;

export const trainSettings: Readonly<Record<string, SettingRule>> = {
  classes: {
    about: "A new classifier for so many classes. Leave it out to keep the model's own.",
    example: 'classes 10',
    number: count(2, 65536),
  },
  head: {
    about: 'How the new classifier is held.',
    example: 'head float32',
    words: ['float32', 'int8'],
  },
  loss: { about: 'What is minimised.', example: 'loss cross-entropy', words: ['cross-entropy', 'mean-squared-error'] },
  optimizer: {
    about: 'Plain or momentum SGD, or Adam, which holds two more numbers per trained one.',
    example: 'optimizer sgd momentum 0.9',
    words: ['sgd', 'adam'],
  },
  'learning-rate': {
    about: 'Times the mean gradient, in real units.',
    example: 'learning-rate 0.0008',
    number: { integer: false, min: 0, max: 1000, aboveMin: true },
  },
  schedule: {
    about: 'How the rate changes over the steps.',
    example: 'schedule cosine 5000 steps',
    words: ['constant', 'cosine'],
    number: count(1, 2 ** 31 - 1, 'steps'),
  },
  'warm-up': {
    about: 'Steps over which the rate grows from zero.',
    example: 'warm-up 100 steps',
    number: count(0, 2 ** 31 - 1, 'steps'),
  },
  batch: {
    about: 'Samples per update. More than one: gradients are accumulated in SRAM.',
    example: 'batch 8',
    number: count(1, 65536),
  },
  epochs: { about: 'Passes over the data in simulation.', example: 'epochs 10', number: count(1, 100_000) },
  seed: { about: 'Start of the random numbers.', example: 'seed 1', number: count(0, 2 ** 32 - 1) },
  scaling: { about: 'Quantisation-aware scaling (QAS) of the gradients.', example: 'scaling on', words: onOff },
  weights: {
    about: 'How trained weights are held.',
    example: 'weights int8',
    words: ['int8', 'int8-stochastic', 'int16'],
  },
  gradients: {
    about:
      'How gradients are held: int16 with a common exponent, or float32, which takes twice the memory and more time.',
    example: 'gradients float32',
    words: ['int16', 'float32'],
  },
  stream: { about: 'Computes layers strip by strip where that saves memory.', example: 'stream on', words: onOff },
};

/** What may stand in a block or at the top, by the grammar rule that reads it. */
export const settingsOfRule: Readonly<Record<string, Readonly<Record<string, SettingRule>>>> = {
  Plan: statements,
  Statement: statements,
  TargetBlock: targetSettings,
  TargetSetting: targetSettings,
  DataBlock: dataSettings,
  DataSetting: dataSettings,
  TrainStatement: trainSettings,
  TrainSetting: trainSettings,
};

export const bandsRule: NumberRule = count(1, 512);
export const frequencyRule: NumberRule = { integer: false, min: 0, max: 96_000 };
export const millisecondsRule: NumberRule = { integer: false, min: 0, max: 10_000, aboveMin: true };

export const momentumRule: NumberRule = { integer: false, min: 0, max: 0.9999 };

/** Where a setting is at home: `train { }`, `the top level`, ... */
export function homeOf(word: string): string | undefined {
  if (word in statements) return 'at the top level';
  if (word in targetSettings) return 'in `target { }`';
  if (word in trainSettings) return 'in `train { }`';
  if (word in dataSettings) return 'in the block of `data`';
  return undefined;
}
