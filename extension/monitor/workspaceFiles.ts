/** The plan's data in any kind of workspace. */

import { FileSystemError, FileType, Uri, workspace } from 'vscode';
import type { FileSystem } from '../data/files.ts';
import { stored } from '../files.ts';

/** Paths are relative to the plan, or absolute in its file system. */
export function workspaceFiles(plan: Uri): FileSystem {
  const home = stored(plan);
  const at = (path: string): Uri => {
    const slashed = path.replaceAll('\\', '/');
    if (/^[a-z]:/i.test(slashed)) return home.with({ path: `/${slashed}` });
    return slashed.startsWith('/') ? home.with({ path: slashed }) : Uri.joinPath(home, '..', slashed);
  };
  const typeOf = async (uri: Uri): Promise<FileType | undefined> => {
    try {
      return (await workspace.fs.stat(uri)).type;
    } catch (error) {
      if (error instanceof FileSystemError && error.code === 'FileNotFound') return undefined;
      throw error;
    }
  };
  const isFolder = (type: FileType): boolean => (type & FileType.Directory) !== 0;
  return {
    async list(path) {
      const uri = at(path);
      const type = await typeOf(uri);
      if (type === undefined || !isFolder(type)) return undefined;
      const entries = await workspace.fs.readDirectory(uri);
      return entries.map(([name, kind]) => ({ name, folder: isFolder(kind) }));
    },
    async read(path) {
      const uri = at(path);
      return (await typeOf(uri)) === undefined ? undefined : await workspace.fs.readFile(uri);
    },
  };
}
