import { readFile } from 'node:fs/promises';
import { failure, type Result, success } from '../../../compiler/diagnostics.ts';

/** A file of the user; `shown` is how the diagnostic calls it. */
export async function readInput(path: string, what: string, shown = path): Promise<Result<Uint8Array>> {
  try {
    return success(new Uint8Array(await readFile(path)));
  } catch (error) {
    const missing = errorCode(error) === 'ENOENT';
    return failure({
      severity: 'error',
      code: missing ? 'file-not-found' : 'file-not-readable',
      message: missing ? `there is no such ${what} file` : `the ${what} cannot be read: ${errorText(error)}`,
      remedy: missing ? 'check the path' : 'check the path and the permissions',
      file: shown,
    });
  }
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
