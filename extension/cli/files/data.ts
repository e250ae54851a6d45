/** The plan's data as samples for the model that it trains. */
import { resolve } from 'node:path';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import {
  chooseSamples,
  type DataSet,
  inputFormat,
  type Sample,
  type SampleChoice,
  sampleOf,
} from '../../../compiler/simulate/data.ts';
import type { InputFormat } from '../../../compiler/simulate/picture.ts';
import type { DataSource } from '../../../compiler/training/plan.ts';
import type { Head, PreparedNetwork } from '../../../compiler/training/prepare.ts';
import type { LoadedPlan } from './plan.ts';
import { errorText } from './read.ts';
import { dataError, openData, type Part } from './sources.ts';

/** The network as it is trained: the plan may resize its input and change its classes. */
export type TrainedNetwork = Pick<PreparedNetwork, 'graph'> & { readonly head: Pick<Head, 'classes'> };

export interface LoadedData {
  readonly data: DataSet;
  readonly format: InputFormat;
}

/** The choice limits training samples only. Diagnostics stand in the plan's data line, or name a broken picture. */
export async function loadData(
  loaded: LoadedPlan,
  network: TrainedNetwork,
  choice: SampleChoice,
): Promise<Result<LoadedData>> {
  const range = loaded.rangeOf('data') ?? loaded.rangeOf('model');
  const result = await readData(loaded, network, choice);
  const diagnostics = result.diagnostics.map((each) =>
    each.file === undefined ? { ...each, file: loaded.file, ...(range && { range }) } : each,
  );
  return { ...result, diagnostics };
}

async function readData(
  { plan: { data }, directory }: LoadedPlan,
  { graph, head: { classes } }: TrainedNetwork,
  choice: SampleChoice,
): Promise<Result<LoadedData>> {
  const refuse = (code: string, message: string, remedy: string) => failure(dataError(code, message, remedy));
  if (data === undefined) {
    return refuse('missing-data', 'the plan names no data', 'add a line `data "folder"`, relative to the plan');
  }
  const format = inputFormat(graph, data);
  if (!format.ok) return format;
  const files = await openData(resolve(directory, data.path), data.path);
  if (!files.ok) return files;
  const { classes: names } = files.value;
  if (names.length > classes) {
    const message = `the data has ${names.length} classes, the network ${classes}`;
    return refuse('too-many-classes', message, `write \`classes ${names.length}\` in \`train\``);
  }
  const train = await readPart(files.value.train, choice, format.value, data);
  if (!train.ok) return train;
  if (train.value.length === 0) {
    const message = `there is no training picture in ${data.path}`;
    return refuse('no-samples', message, 'add train/<class>/*.jpg or .png');
  }
  const test = await readPart(files.value.test, { seed: choice.seed }, format.value, data);
  if (!test.ok) return test;
  const set = { classes: names, train: train.value, test: test.value };
  return success({ data: set, format: format.value }, [...train.diagnostics, ...test.diagnostics]);
}

async function readPart(
  part: Part,
  choice: SampleChoice,
  format: InputFormat,
  data: DataSource,
): Promise<Result<readonly Sample[]>> {
  const samples: Sample[] = [];
  const broken: Diagnostic[] = [];
  for (const index of chooseSamples(part.labels, choice)) {
    try {
      samples.push(sampleOf(await part.picture(index), part.labels[index] ?? 0, format, data));
    } catch (error) {
      broken.push({
        severity: data.skipBroken ? 'warning' : 'error',
        code: 'broken-picture',
        message: `the picture cannot be read: ${errorText(error)}`,
        remedy: data.skipBroken ? 'it is skipped' : 'remove or replace it, or write `skip-broken` in the data block',
        file: part.nameOf(index),
      });
    }
  }
  return broken.length > 0 && !data.skipBroken ? failure(...broken) : success(samples, broken);
}
