import { rename, rm, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { errorText } from './read.ts';

/** Readers see the old file or the new one, never a part. */
export async function writeAtomically(file: string, text: string): Promise<Result<void>> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, file);
    return success(undefined);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    return failure({
      severity: 'error',
      code: 'cannot-write',
      message: `the file cannot be written: ${errorText(error)}`,
      remedy: 'choose another place, or check the permissions and the space on the disk',
      file,
    });
  }
}
