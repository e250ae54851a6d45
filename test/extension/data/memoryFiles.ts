/** Data sets in memory, as a host that is not Node would give them, and a model to load them for. */
import type { Diagnostic, Result } from '../../../compiler/diagnostics.ts';
import type { Graph } from '../../../compiler/model/graph.ts';
import type { DataSource } from '../../../compiler/training/plan.ts';
import { defaultTrainSettings, type TrainSettings } from '../../../compiler/training/plan.ts';
import type { FileEntry, FileSystem } from '../../../extension/data/files.ts';
import { type LoadedData, type LoadOptions, loadDataSet } from '../../../extension/data/load.ts';

export type Contents = Readonly<Record<string, Uint8Array | string>>;

export function memoryFiles(contents: Contents): FileSystem {
  const paths = Object.keys(contents);
  return {
    async list(path) {
      const entries = new Map<string, FileEntry>();
      for (const each of paths.filter((other) => other.startsWith(`${path}/`))) {
        const [name = '', ...rest] = each.slice(path.length + 1).split('/');
        entries.set(name, { name, folder: rest.length > 0 });
      }
      return entries.size === 0 ? undefined : [...entries.values()];
    },
    async read(path) {
      const content = contents[path];
      return typeof content === 'string' ? new TextEncoder().encode(content) : content;
    },
  };
}

/** Scale 1/2, zero point 1. */
export function inputGraph(shape: readonly number[], dtype: 'int8' | 'uint8' = 'int8'): Graph {
  const quantisation = { scales: [0.5], zeroPoints: [1], axis: 0 };
  return {
    name: 'test',
    layers: [],
    tensors: [{ id: 0, name: 'input', shape, dtype, quantisation }],
    inputs: [0],
    outputs: [0],
  };
}

export interface Load {
  readonly shape: readonly number[];
  readonly dtype?: 'int8' | 'uint8';
  readonly classes?: number;
  readonly data?: Partial<DataSource>;
  readonly train?: Partial<TrainSettings>;
  readonly options?: Partial<LoadOptions>;
}

/** The files lie in `d`. */
export async function load(contents: Contents, load: Load): Promise<Result<LoadedData>> {
  const { shape, dtype, classes = 5, data, train, options } = load;
  const files = memoryFiles(Object.fromEntries(Object.entries(contents).map(([path, bytes]) => [`d/${path}`, bytes])));
  const plan = { data: { path: 'd', skipBroken: false, ...data }, train: { ...defaultTrainSettings, ...train } };
  return await loadDataSet(
    files,
    plan,
    { graph: inputGraph(shape, dtype), head: { classes } },
    {
      choice: { seed: 1 },
      ...options,
    },
  );
}

export async function loaded(contents: Contents, options: Load): Promise<LoadedData> {
  const result = await load(contents, options);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}

/** What is said against the data. */
export async function complaints(contents: Contents, options: Load): Promise<readonly Diagnostic[]> {
  const result = await load(contents, options);
  if (result.ok) throw new Error('nothing is wrong with it');
  return result.diagnostics;
}

export function codesOf(samples: LoadedData['data']['train']): readonly (readonly number[])[] {
  return samples.map(({ input }) => [...new Int8Array(input.buffer, input.byteOffset, input.length)]);
}
