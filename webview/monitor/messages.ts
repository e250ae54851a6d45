/** What the training monitor is sent, and what it sends back. Accuracies are shares from 0 to 1; times are milliseconds. */

import {
  array,
  boolean,
  custom,
  type InferOutput,
  integer,
  literal,
  maxLength,
  minLength,
  minValue,
  number,
  optional,
  pipe,
  strictObject,
  string,
  trim,
  variant,
} from 'valibot';

export const runSources = ['simulation', 'emulator', 'board'] as const;
export type RunSource = (typeof runSources)[number];

export type RunState = 'starting' | 'running' | 'finished' | 'cancelled' | 'failed';

/** Something that the user should know of a run; only a run that failed has errors. */
export interface RunProblem {
  readonly severity: 'error' | 'warning' | 'information';
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /** As diagnostics call it. */
  readonly file?: string;
  /** From 1, in the plan. */
  readonly line?: number;
}

/** One full pass over the training samples; 0 is the state before training. Firmware may report parts of it. */
export interface EpochPoint {
  readonly epoch: number;
  /** The number of training steps that were done when it ended. */
  readonly steps: number;
  readonly loss?: number;
  readonly trainAccuracy?: number;
  readonly testAccuracy?: number;
  readonly testLoss?: number;
}

export interface RunProgress {
  readonly epoch: number;
  /** `reading`: the samples, before everything else. */
  readonly phase: 'reading' | 'training' | 'testing';
  readonly done: number;
  readonly of: number;
}

/** All of a run but its curve of losses and its test. */
export interface RunPicture {
  readonly id: number;
  readonly name: string;
  readonly source: RunSource;
  /** As a path that the user knows; empty if the run has no plan. */
  readonly plan: string;
  /** Eight hexadecimal digits; equal for plans of equal meaning. Empty if the run has no plan. */
  readonly planHash: string;
  /** The plan line by line as keyword or layer, and value. */
  readonly settings: readonly (readonly [key: string, value: string])[];
  readonly seed?: number;
  readonly state: RunState;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly elapsed: number;
  /** Estimated. */
  readonly remaining?: number;
  readonly stepsPerSecond?: number;
  readonly epochs?: number;
  /** Training steps, or samples, so far. */
  readonly steps: number;
  readonly progress?: RunProgress;
  readonly results: readonly EpochPoint[];
  /** The first step whose loss was not a finite number. */
  readonly divergedAt?: number;
  readonly problems: readonly RunProblem[];
  /** The monitor can stop it, or start it anew. */
  readonly canCancel: boolean;
  readonly canRunAgain: boolean;
  /** It was stopped, and can go on as if it had not been. */
  readonly canContinue: boolean;
  /** Bytes of what it has learned that are kept; 0 if none. */
  readonly learnedBytes: number;
}

/**
 * A curve of at most a few thousand points: each is the mean of `stride` reported losses that follow each other, at the
 * last one's step. This message replaces all points from number `from` on.
 */
export interface LossTail {
  readonly stride: number;
  readonly from: number;
  readonly steps: readonly number[];
  /** null: not a finite number. */
  readonly losses: readonly (number | null)[];
}

/** A sample that was taken for another class. */
export interface WrongExample {
  /** Position among the test samples. */
  readonly index: number;
  /** File or row; empty if it has no name. */
  readonly name: string;
  readonly label: number;
  readonly prediction: number;
  readonly picture?: ExamplePicture;
}

/** Rows of pixels, channels innermost: uint8 [height, width, channels]. */
export interface ExamplePicture {
  readonly width: number;
  readonly height: number;
  /** 1 (grey) or 3 (RGB). */
  readonly channels: number;
  readonly pixels: Uint8Array;
}

/** How well the classes were told apart last. */
export interface TestPicture {
  /** All test samples, or those that firmware came to see between two tests, before it learned from them. */
  readonly basis: 'test' | 'seen';
  /** 0 is before training. */
  readonly epoch: number;
  readonly classes: readonly string[];
  /** By [true class][predicted class]; a last column beyond the classes is for outputs that the data has no class for. */
  readonly confusion: readonly (readonly number[])[];
  readonly wrongCount: number;
  /** The first few of them. */
  readonly wrong: readonly WrongExample[];
}

/** Host to page. */
export type ToMonitorPage =
  /** All runs, the oldest first; what else belongs to them follows. Runs that are not named are gone. */
  | { readonly type: 'runs'; readonly runs: readonly RunPicture[] }
  | { readonly type: 'run'; readonly run: RunPicture; readonly loss?: LossTail }
  | { readonly type: 'test'; readonly id: number; readonly test: TestPicture }
  | {
      readonly type: 'settings';
      /** Translations by the English text. */
      readonly texts: Readonly<Record<string, string>>;
      /** Why no board can be watched; null if one can. */
      readonly noProcesses: string | null;
    }
  /** Show this run's details. */
  | { readonly type: 'reveal'; readonly id: number };

const id = pipe(number(), integer());

/** Page to host. */
export const fromMonitorPage = variant('type', [
  /** The host asks which plan, where more than one could be meant. */
  strictObject({ type: literal('simulate') }),
  strictObject({ type: literal('watchBoard') }),
  strictObject({ type: literal('cancel'), id }),
  strictObject({ type: literal('continue'), id }),
  strictObject({ type: literal('again'), id, newSeed: boolean() }),
  strictObject({ type: literal('rename'), id, name: pipe(string(), trim(), minLength(1), maxLength(100)) }),
  strictObject({ type: literal('remove'), id }),
  strictObject({ type: literal('openPlan'), id, line: optional(pipe(number(), integer(), minValue(1))) }),
  strictObject({ type: literal('exportCsv'), ids: array(id) }),
]);
export type FromMonitorPage = InferOutput<typeof fromMonitorPage>;

const kinds = ['runs', 'run', 'test', 'settings', 'reveal'] as const;

/** Messages of the host come from our own code: the page checks the envelope only. */
export const toMonitorPage = custom<ToMonitorPage>(
  (message) => kinds.some((kind) => kind === (message as { type?: unknown } | null)?.type),
  'a message for the training monitor',
);
