/** Finds what a build or a generation has made. */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

const deepest = 4;
const passedOver = /^(CMakeFiles|bootloader|_deps|node_modules|\..*)$/;

/**
 * The newest file with this ending below the folders.
 * @param board files in a folder of this name come first: `build/mps2-an500/`, `build/make-mps2-an500/`
 */
export function newestFile(folders: readonly string[], ending: string, board?: string): string | undefined {
  const found = folders.flatMap((folder) => filesIn(folder, ending, 0));
  const ofBoard = found.filter(
    ({ path }) => board !== undefined && path.split(/[\\/]/).some((it) => it.includes(board)),
  );
  const candidates = ofBoard.length > 0 ? ofBoard : found;
  return candidates.sort((a, b) => b.time - a.time)[0]?.path;
}

/** Paths of the files with this name below the folder. */
export function filesNamed(folder: string, name: string): readonly string[] {
  return filesIn(folder, name, 0)
    .map(({ path }) => path)
    .filter((path) => basename(path) === name);
}

interface FoundFile {
  readonly path: string;
  readonly time: number;
}

function filesIn(folder: string, ending: string, depth: number): readonly FoundFile[] {
  let entries: ReturnType<typeof readEntries>;
  try {
    entries = readEntries(folder);
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return depth === deepest || passedOver.test(entry.name) ? [] : filesIn(path, ending, depth + 1);
    }
    return entry.name.endsWith(ending) ? [{ path, time: statSync(path).mtimeMs }] : [];
  });
}

function readEntries(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}
