/** The plan's data as samples for the model that it trains; the same on the command line and in the editor. */
import { type Diagnostic, DiagnosticError, failure, type Result, success } from '../../compiler/diagnostics.ts';
import { elementCount, tensorAt } from '../../compiler/model/graph.ts';
import {
  chooseSamples,
  type DataSet,
  divideSamples,
  inputFormat,
  type ModelInput,
  pictureProblem,
  type Sample,
  type SampleChoice,
} from '../../compiler/simulate/data.ts';
import type { DataSource, TrainingPlan } from '../../compiler/training/plan.ts';
import type { Head, PreparedNetwork } from '../../compiler/training/prepare.ts';
import { openArrays } from './arrays.ts';
import { Encoder, sizeOf } from './content.ts';
import { dataError, errorText, type FileSystem, refuseData } from './files.ts';
import { openFolders } from './folders.ts';
import { type DataFiles, type DataRequest, emptyPart, type Part } from './forms.ts';
import { openRaw } from './raw.ts';
import { openTables } from './tables.ts';

/** The network as it is trained: the plan may resize its input and change its classes. */
export type TrainedNetwork = Pick<PreparedNetwork, 'graph'> & { readonly head: Pick<Head, 'classes'> };

export interface LoadedData {
  readonly data: DataSet;
  readonly format: ModelInput;
}

export interface LoadOptions {
  /** Limits training samples only. */
  readonly choice: SampleChoice;
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
  /** An `AbortSignal` will do. */
  readonly signal?: { readonly aborted: boolean } | undefined;
}

/** The code of the diagnostic of a load that was cancelled. */
export const loadCancelled = 'cancelled';

/**
 * All or nothing: a sample that cannot be read, or a file that contradicts another, fails the whole set, unless the plan
 * says `skip-broken`, which leaves broken samples out with a warning each. Diagnostics name the file at fault; those
 * without a file are about the plan's `data` statement.
 */
export async function loadDataSet(
  files: FileSystem,
  plan: Pick<TrainingPlan, 'data' | 'train'>,
  network: TrainedNetwork,
  options: LoadOptions,
): Promise<Result<LoadedData>> {
  try {
    return await load(files, plan, network, options);
  } catch (error) {
    if (error instanceof DiagnosticError) return failure(error.diagnostic);
    throw error;
  }
}

/** The names of the classes alone, without reading the samples; empty where there are none, or nothing is readable. */
export async function loadClassNames(
  files: FileSystem,
  plan: Pick<TrainingPlan, 'data' | 'train'>,
  network: TrainedNetwork,
): Promise<readonly string[]> {
  const { data } = plan;
  const format = inputFormat(network.graph);
  if (data === undefined || !format.ok) return [];
  try {
    const labelled = isLabelled(plan, network);
    return (await openData({ files, path: data.path, data, input: format.value, labelled })).classes;
  } catch (error) {
    if (error instanceof DiagnosticError) return [];
    throw error;
  }
}

/** An autoencoder learns its own input: its samples need no labels. */
function isLabelled({ train: { loss } }: Pick<TrainingPlan, 'train'>, { graph, head }: TrainedNetwork): boolean {
  const inputs = elementCount(tensorAt(graph, graph.inputs[0] ?? -1).shape);
  return loss !== 'mean-squared-error' || inputs !== head.classes;
}

async function load(
  files: FileSystem,
  plan: Pick<TrainingPlan, 'data' | 'train'>,
  network: TrainedNetwork,
  options: LoadOptions,
): Promise<Result<LoadedData>> {
  const { data } = plan;
  const {
    graph,
    head: { classes },
  } = network;
  if (data === undefined) {
    return refuseData('missing-data', 'the plan names no data', 'add a line `data "folder"`, relative to the plan');
  }
  const format = inputFormat(graph);
  if (!format.ok) return format;
  const input = format.value;
  const labelled = isLabelled(plan, network);
  const opened = await openData({ files, path: data.path, data, input, labelled });
  if (opened.train.labels.length === 0) {
    return refuseData('no-samples', `there is no training ${opened.what} in ${data.path}`, addSome[opened.what]);
  }
  if (labelled) refuseEmptyClasses(opened, opened.train.labels);
  if (labelled && opened.classes.length > classes) {
    const message = `the data has ${opened.classes.length} classes, the network ${classes}`;
    return refuseData('too-many-classes', message, `write \`classes ${opened.classes.length}\` in \`train\``);
  }
  const problem = opened.what === 'picture' ? pictureProblem(input, data) : augmentProblem(opened, data);
  if (problem !== undefined) return failure(problem);
  refuseWindows(opened, data);
  return await readParts(opened, data, input, labelled, options);
}

async function openData(request: DataRequest): Promise<DataFiles> {
  const { files, path } = request;
  const entries = await listed(files, path);
  if (entries === undefined && /\.csv$/i.test(path) && (await files.read(path)) !== undefined) {
    const table = await openTables(request, undefined);
    if (table !== undefined) return table;
  }
  if (entries === undefined) {
    return refuseData(
      'data-not-found',
      `${path}: there is no such folder`,
      'check the path; it is relative to the plan',
    );
  }
  for (const open of [openRaw, openArrays, openTables, openFolders]) {
    const opened = await open(request, entries);
    if (opened !== undefined) return opened;
  }
  const forms = 'train/<class>/*.jpg (.png, .wav), train.csv, x.npy and y.npy, or train-images.u8 with index.json';
  return refuseData('data-unknown', `${path} holds no data of a known form`, `give a folder with ${forms}`);
}

async function listed(files: FileSystem, path: string): ReturnType<FileSystem['list']> {
  try {
    return await files.list(path);
  } catch (error) {
    return refuseData('data-not-found', `${path}: ${errorText(error)}`, 'check the path and the permissions');
  }
}

function augmentProblem({ what }: DataFiles, { augment }: DataSource): Diagnostic | undefined {
  if (augment === undefined) return undefined;
  return dataError(
    'augment-not-pictures',
    `\`augment\` is for pictures, not a ${what}`,
    'leave it out of the data block',
  );
}

function refuseWindows({ recordings }: DataFiles, { windows }: DataSource): void {
  if (windows === undefined || windows.unit === recordings) return;
  const remedy = recordings === undefined ? 'leave out `windows`' : `write \`windows every 100 ${recordings}\``;
  const holds = recordings === undefined ? 'no recordings to cut' : `recordings that are cut by ${recordings}`;
  refuseData('windows-mismatch', `the data has ${holds}, not by ${windows.unit}`, remedy);
}

async function readParts(
  opened: DataFiles,
  data: DataSource,
  input: ModelInput,
  labelled: boolean,
  { choice, onProgress, signal }: LoadOptions,
): Promise<Result<LoadedData>> {
  const { classes, train } = opened;
  const { split } = data;
  const divided =
    opened.test === undefined && split !== undefined ? divideSamples(train.labels, split, train.groups) : undefined;
  const trainPart = divided === undefined ? train : partAt(train, divided.train);
  const testPart = divided === undefined ? (opened.test ?? emptyPart) : partAt(train, divided.test);
  if (divided?.test.length === 0) {
    const message = 'no class has enough to hold some of it out: what overlaps stays together';
    return refuseData('split-empty', message, 'give more recordings, or a test part');
  }
  const chosen = chooseSamples(trainPart.labels, choice);
  const total = chosen.length + testPart.labels.length;
  const reader = new PartReader(opened, data, input, signal, (done) => onProgress?.({ done, total }));
  const trained = await reader.read(partAt(trainPart, chosen));
  const tested = await reader.read(testPart);
  if (signal?.aborted === true) {
    return failure({ ...dataError(loadCancelled, 'cancelled', 'start again'), severity: 'information' });
  }
  const errors = reader.diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return failure(...errors);
  if (labelled && reader.diagnostics.length > 0) refuseLostClasses(opened, partAt(trainPart, chosen).labels, trained);
  const unused = opened.test !== undefined && split !== undefined ? [unusedSplit] : [];
  return success({ data: { classes, train: trained, test: tested }, format: input }, [
    ...reader.diagnostics,
    ...unused,
  ]);
}

const addSome: Readonly<Record<DataFiles['what'], string>> = {
  picture: 'add train/<class>/*.jpg or .png',
  sound: 'add train/<class>/*.wav',
  sample: 'add samples to it',
};

const unusedSplit: Diagnostic = {
  ...dataError('split-unused', 'the data has a test part, so nothing is held out', 'leave out `split`'),
  severity: 'warning',
};

function partAt(part: Part, positions: readonly number[]): Part {
  const at = (index: number): number => positions[index] ?? -1;
  return {
    labels: positions.map((position) => part.labels[position] ?? -1),
    content: (index) => part.content(at(index)),
    nameOf: (index) => part.nameOf(at(index)),
  };
}

/** A class that is never seen can only be guessed; mostly its folder or its labels are wrong. */
function refuseEmptyClasses({ classes, placeOf }: DataFiles, labels: ArrayLike<number>): void {
  const seen = new Set(Array.from(labels));
  const empty = classes.flatMap((name, label) => (seen.has(label) ? [] : [{ name, label }]));
  const [first] = empty;
  if (first === undefined) return;
  const names = empty.map(({ name }) => `'${name}'`).join(', ');
  const what = empty.length === 1 ? `class ${names} has` : `classes ${names} have`;
  refuseData('empty-class', `${what} no training sample`, 'add samples, or take the class out', placeOf(first.label));
}

function refuseLostClasses(opened: DataFiles, chosen: ArrayLike<number>, samples: readonly Sample[]): void {
  const kept = new Set(samples.map(({ label }) => label));
  const lost = Array.from(chosen).find((label) => !kept.has(label));
  if (lost === undefined) return;
  const message = `every training sample of class '${opened.classes[lost] ?? ''}' is broken`;
  refuseData('empty-class', message, 'replace the samples, or take the class out', opened.placeOf(lost));
}

/** How long the host's event loop may wait. */
const sliceMs = 50;

class PartReader {
  readonly diagnostics: Diagnostic[] = [];
  private readonly encoder: Encoder;
  private first: { readonly size: string; readonly name: string } | undefined;
  private done = 0;
  private rested = performance.now();

  constructor(
    private readonly opened: DataFiles,
    private readonly data: DataSource,
    private readonly input: ModelInput,
    private readonly signal: LoadOptions['signal'],
    private readonly onProgress: (done: number) => void,
  ) {
    this.encoder = new Encoder(input, data);
  }

  async read(part: Part): Promise<readonly Sample[]> {
    const samples: Sample[] = [];
    for (let index = 0; index < part.labels.length && this.signal?.aborted !== true; index++) {
      const input = await this.inputOf(part, index);
      if (input !== undefined) samples.push({ input, label: part.labels[index] ?? -1, name: part.nameOf(index) });
      this.done++;
      await this.rest();
    }
    this.onProgress(this.done);
    return samples;
  }

  private async inputOf(part: Part, index: number): Promise<Uint8Array | undefined> {
    try {
      const content = await part.content(index);
      const name = part.nameOf(index);
      const size = sizeOf(content);
      this.first ??= { size, name };
      if (size !== this.first.size && !this.mayDiffer()) {
        this.diagnostics.push(this.mixedSizes(size, this.first, name));
        return undefined;
      }
      const input = this.encoder.encode(content);
      if (input.length !== this.input.elements)
        throw new Error(`${input.length} values; ${this.input.elements} are needed`);
      return input;
    } catch (error) {
      if (error instanceof DiagnosticError) throw error;
      this.diagnostics.push(this.broken(part.nameOf(index), error));
      return undefined;
    }
  }

  /** Where the plan says how pictures are made to fit, they may be of any size. */
  private mayDiffer(): boolean {
    return this.opened.what === 'picture' && (this.data.resize !== undefined || this.data.fit !== undefined);
  }

  private mixedSizes(size: string, first: { readonly size: string; readonly name: string }, file: string): Diagnostic {
    const { width, height } = this.input;
    const remedy =
      this.opened.what === 'picture'
        ? `write \`resize ${width}x${height}\` in the data block to stretch all to the model's input, or \`fit crop\` to cut them`
        : 'give all recordings the same sample rate';
    return dataError(
      'mixed-sizes',
      `this ${this.opened.what} has ${size}, ${first.name} has ${first.size}`,
      remedy,
      file,
    );
  }

  private broken(file: string, error: unknown): Diagnostic {
    const { what } = this.opened;
    const { skipBroken } = this.data;
    return {
      severity: skipBroken ? 'warning' : 'error',
      code: `broken-${what}`,
      message: `the ${what} cannot be read: ${errorText(error)}`,
      remedy: skipBroken ? 'it is skipped' : 'remove or replace it, or write `skip-broken` in the data block',
      file,
    };
  }

  private async rest(): Promise<void> {
    if (performance.now() - this.rested < sliceMs) return;
    this.onProgress(this.done);
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.rested = performance.now();
  }
}
