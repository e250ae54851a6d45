/** Where data sets are read from: the command line gives Node's files, the extension those of the workspace. */
import { type Diagnostic, DiagnosticError } from '../../compiler/diagnostics.ts';

export interface FileEntry {
  readonly name: string;
  readonly folder: boolean;
}

/**
 * Paths are as the plan writes them, relative to the plan or absolute, with `/` between their parts. Undefined: there is
 * no such file or folder. Other failures reject with an Error that says what is wrong.
 */
export interface FileSystem {
  list(path: string): Promise<readonly FileEntry[] | undefined>;
  read(path: string): Promise<Uint8Array | undefined>;
}

export function dataError(code: string, message: string, remedy: string, file?: string): Diagnostic {
  return { severity: 'error', code, message, remedy, ...(file === undefined ? {} : { file }) };
}

/** Ends the reading of a data set; `loadDataSet` catches it. */
export function refuseData(code: string, message: string, remedy: string, file?: string): never {
  throw new DiagnosticError(dataError(code, message, remedy, file));
}

/** A file that must be whole for anything to be read. */
export function damaged(file: string, message: string): never {
  return refuseData('data-damaged', message, 'make the data again, or correct the file', file);
}

export function joined(folder: string, name: string): string {
  return folder === '' || folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}

/** The bytes of a file that the form of the data calls for. */
export async function requiredFile(files: FileSystem, path: string): Promise<Uint8Array> {
  const bytes = await files.read(path);
  return bytes ?? refuseData('file-not-found', 'there is no such file', 'add it, or make the data again', path);
}

export async function jsonFile(files: FileSystem, path: string): Promise<unknown> {
  const bytes = await requiredFile(files, path);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    return damaged(path, errorText(error));
  }
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
