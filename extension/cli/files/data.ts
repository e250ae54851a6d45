/** The plan's data, read with Node. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Result } from '../../../compiler/diagnostics.ts';
import type { SampleChoice } from '../../../compiler/simulate/data.ts';
import type { FileSystem } from '../../data/files.ts';
import { type LoadedData, type LoadOptions, loadDataSet, type TrainedNetwork } from '../../data/load.ts';
import type { LoadedPlan } from './plan.ts';
import { errorCode } from './read.ts';

export type { LoadedData, TrainedNetwork } from '../../data/load.ts';

/** The choice limits training samples only. Diagnostics stand in the plan's data line, or name a broken file. */
export async function loadData(
  loaded: LoadedPlan,
  network: TrainedNetwork,
  choice: SampleChoice,
  options: Omit<LoadOptions, 'choice'> = {},
): Promise<Result<LoadedData>> {
  const range = loaded.rangeOf('data') ?? loaded.rangeOf('model');
  const result = await loadDataSet(nodeFiles(loaded.directory), loaded.plan, network, { ...options, choice });
  const diagnostics = result.diagnostics.map((each) =>
    each.file === undefined ? { ...each, file: loaded.file, ...(range && { range }) } : each,
  );
  return { ...result, diagnostics };
}

/** Paths are relative to the directory. */
export function nodeFiles(directory: string): FileSystem {
  const missing = (error: unknown): undefined => {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  };
  return {
    async list(path) {
      const folder = resolve(directory, path);
      try {
        const entries = await readdir(folder, { withFileTypes: true });
        return await Promise.all(
          entries.map(async (entry) => ({
            name: entry.name,
            folder: entry.isSymbolicLink() ? (await stat(join(folder, entry.name))).isDirectory() : entry.isDirectory(),
          })),
        );
      } catch (error) {
        return missing(error);
      }
    },
    async read(path) {
      try {
        return new Uint8Array(await readFile(resolve(directory, path)));
      } catch (error) {
        return missing(error);
      }
    },
  };
}
