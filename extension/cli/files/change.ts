/**
 * Changes a set of files as one. All new content is written to a folder of its own first; renaming that folder is the
 * moment of decision. Before it, nothing has changed. After it, only renames and removals are left, which need no
 * space, and which the next run finishes if this one is killed. So each file is old or new at any moment, never part of one.
 */
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { type FileSystem, textHash } from './fileSystem.ts';
import { unixLines } from './manifest.ts';
import { errorText } from './read.ts';

export interface Replacement {
  /** Relative to the folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Hash of the only content that may be lost; any other content is kept as `PATH.orig`. */
  readonly replaces: string | undefined;
}

export interface Removal {
  readonly path: string;
  /** Other content stays. */
  readonly hash: string;
}

export interface Change {
  /** In the order in which they take place. */
  readonly replacements: readonly Replacement[];
  readonly removals: readonly Removal[];
}

/** Something else was in the place of a file, and is now elsewhere. */
export interface KeptFile {
  readonly path: string;
  readonly keptAs: string;
}

/** The change is decided but not finished; `finishChange` can take it up again. */
export class UnfinishedChange extends Error {}

const pendingFolder = '.firmtune-pending';
const stagingPrefix = '.firmtune-staging-';
const listFile = 'change.json';

const changeList = v.object({
  replacements: v.array(v.object({ path: v.string(), replaces: v.nullable(v.string()) })),
  removals: v.array(v.object({ path: v.string(), hash: v.string() })),
});

/**
 * @param directory absolute; made if it does not exist
 * @throws {UnfinishedChange} after the decision; any other error before it, with everything as it was
 */
export async function changeFiles(directory: string, change: Change, files: FileSystem): Promise<readonly KeptFile[]> {
  const staging = join(directory, `${stagingPrefix}${process.pid}`);
  const made: string[] = [];
  const makeFolder = async (folder: string): Promise<void> => {
    const first = await files.makeFolder(folder);
    if (first !== undefined) made.push(...foldersFrom(first, folder));
  };
  try {
    for (const { path, text } of change.replacements) {
      // Also of the final place: after the decision there must be nothing left to make.
      await makeFolder(dirname(join(directory, path)));
      await files.makeFolder(dirname(join(staging, path)));
      await files.write(join(staging, path), text);
    }
    const list: v.InferInput<typeof changeList> = {
      replacements: change.replacements.map(({ path, replaces }) => ({ path, replaces: replaces ?? null })),
      removals: [...change.removals],
    };
    await files.makeFolder(staging);
    await files.write(join(staging, listFile), JSON.stringify(list));
    await files.rename(staging, join(directory, pendingFolder));
  } catch (error) {
    await Promise.allSettled([files.removeFolder(staging)]);
    for (const folder of made.reverse()) await Promise.allSettled([files.removeEmptyFolder(folder)]);
    throw error;
  }
  try {
    return await finishChange(directory, files);
  } catch (error) {
    throw new UnfinishedChange(errorText(error));
  }
}

/** Does what is left of a change that was interrupted; nothing if there is none. */
export async function finishChange(directory: string, files: FileSystem): Promise<readonly KeptFile[]> {
  const pending = join(directory, pendingFolder);
  const text = await files.read(join(pending, listFile));
  // The list goes last: a folder without it holds nothing that is still needed.
  if (text === undefined) {
    if ((await files.list(directory)).includes(pendingFolder)) await files.removeFolder(pending);
    return [];
  }
  const { replacements, removals } = v.parse(changeList, JSON.parse(text));
  const kept: KeptFile[] = [];
  for (const { path, replaces } of replacements) {
    const staged = await files.read(join(pending, path));
    if (staged === undefined) continue;
    const current = await files.read(join(directory, path));
    const mayGo = current === undefined || textHash(current) === replaces || unixLines(current) === staged;
    if (!mayGo) {
      const keptAs = await freeName(directory, path, files);
      await files.rename(join(directory, path), join(directory, keptAs));
      kept.push({ path, keptAs });
    }
    await files.rename(join(pending, path), join(directory, path));
  }
  for (const { path, hash } of removals) {
    const current = await files.read(join(directory, path));
    if (current !== undefined && textHash(current) === hash) await files.remove(join(directory, path));
  }
  await files.remove(join(pending, listFile));
  await files.removeFolder(pending);
  return kept;
}

/** What runs that were killed before their decision left behind. */
export async function removeLeftovers(directory: string, files: FileSystem): Promise<void> {
  for (const name of await files.list(directory)) {
    if (!name.startsWith(stagingPrefix)) continue;
    if (!isRunning(Number(name.slice(stagingPrefix.length)))) await files.removeFolder(join(directory, name));
  }
}

function isRunning(processId: number): boolean {
  if (processId === process.pid) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}

async function freeName(directory: string, path: string, files: FileSystem): Promise<string> {
  for (let number = 1; ; number++) {
    const name = `${path}.orig${number === 1 ? '' : number}`;
    if ((await files.read(join(directory, name))) === undefined) return name;
  }
}

/** `first` and the folders below it down to `last`, outermost first. */
function foldersFrom(first: string, last: string): readonly string[] {
  const folders = [last];
  while (folders[0] !== first && folders[0] !== undefined && folders[0].length > first.length) {
    folders.unshift(dirname(folders[0]));
  }
  return folders;
}
