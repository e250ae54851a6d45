/** The file operations of code generation, each of which may fail: so that tests can fail every one of them. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { unixLines } from './manifest.ts';
import { errorCode } from './read.ts';

/** Paths are absolute. Every operation may reject with Node's error. */
export interface FileSystem {
  /** Undefined where there is no such file. */
  read(path: string): Promise<string | undefined>;
  write(path: string, text: string): Promise<void>;
  /** Of a file: replaces what has the new name. Of a folder: rejects if there is a folder with content. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Rejects if there is something in it. */
  removeEmptyFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  /** With those above it. @returns the first one that did not exist */
  makeFolder(path: string): Promise<string | undefined>;
  /** Names; empty where there is no such folder. */
  list(path: string): Promise<readonly string[]>;
}

export const nodeFileSystem: FileSystem = {
  read: (path) => unlessMissing(readFile(path, 'utf8'), undefined),
  write: (path, text) => writeFile(path, text),
  rename,
  remove: unlink,
  removeEmptyFolder: rmdir,
  removeFolder: (path) => rm(path, { recursive: true, force: true }),
  makeFolder: (path) => mkdir(path, { recursive: true }),
  list: (path) => unlessMissing(readdir(path), []),
};

async function unlessMissing<T, U>(operation: Promise<T>, missing: U): Promise<T | U> {
  try {
    return await operation;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return missing;
    throw error;
  }
}

/** Hexadecimal SHA-256 of a text; the same whichever line ends version control gave it. The editor has its own: codeState.ts. */
export function textHash(text: string): string {
  return createHash('sha256').update(unixLines(text)).digest('hex');
}
