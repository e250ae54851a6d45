/** What the forms of data have in common. */
import type { ModelInput } from '../../compiler/simulate/data.ts';
import type { DataSource } from '../../compiler/training/plan.ts';
import type { Content } from './content.ts';
import type { FileSystem } from './files.ts';

/** One part (train or test): what there is, without the samples. */
export interface Part {
  /** Class numbers; -1 where there is none. */
  readonly labels: ArrayLike<number>;
  /** Numbers of recordings, where samples of one may overlap. */
  readonly groups?: ArrayLike<number>;
  /** Rejects with an Error that says what is wrong with it. */
  content(index: number): Promise<Content>;
  /** How diagnostics and reports call it. */
  nameOf(index: number): string;
}

export interface DataFiles {
  /** Empty where samples have no labels. */
  readonly classes: readonly string[];
  readonly train: Part;
  /** Absent where the form has one part only. */
  readonly test?: Part;
  /** Where a class has its samples, for diagnostics. */
  readonly placeOf: (label: number) => string;
  /** What recordings are cut by, where there are any. */
  readonly recordings?: 'ms' | 'rows';
  /** What a sample is. */
  readonly what: 'picture' | 'sound' | 'sample';
}

/** What a form is opened with. */
export interface DataRequest {
  readonly files: FileSystem;
  /** Folder or file, as the plan calls it. */
  readonly path: string;
  readonly data: DataSource;
  readonly input: ModelInput;
  /** An autoencoder's samples need no labels. */
  readonly labelled: boolean;
}

export const emptyPart: Part = {
  labels: [],
  content: () => Promise.reject(new Error('there is no sample')),
  nameOf: () => '',
};

/** Class numbers 0, 1, ... of labels as they are written; numbers are ordered as such. */
export function classNames(labels: Iterable<string>): readonly string[] {
  const names = [...new Set(labels)];
  const numeric = names.every((name) => /^-?\d+$/.test(name));
  return numeric ? names.sort((a, b) => Number(a) - Number(b)) : names.sort();
}
