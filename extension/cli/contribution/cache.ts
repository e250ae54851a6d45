/** Results by content, one file each, so that nothing is measured twice: after a kill, for another budget, by another plan. */
import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import type { Result } from '../../../compiler/diagnostics.ts';
import type { Measured } from '../../../compiler/search/contribution.ts';
import { writeAtomically } from '../files/write.ts';

export const measuredSchema = v.object({ accuracy: v.number(), loss: v.number() });

export function defaultCacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  return join(XDG_CACHE_HOME || LOCALAPPDATA || join(homedir(), '.cache'), 'firmtune', 'contributions');
}

export interface ResultCache {
  /** Undefined where there is none, or only a damaged one. */
  read(key: string): Promise<Measured | undefined>;
  write(key: string, measured: Measured): Promise<Result<void>>;
}

export function resultCache(folder: string): ResultCache {
  const fileOf = (key: string): string => join(folder, `${key}.json`);
  return {
    read: async (key) => {
      try {
        const parsed = v.safeParse(measuredSchema, JSON.parse(await readFile(fileOf(key), 'utf8')));
        return parsed.success ? parsed.output : undefined;
      } catch {
        return undefined;
      }
    },
    write: async (key, measured) => {
      await mkdir(folder, { recursive: true }).catch(() => undefined);
      return await writeAtomically(fileOf(key), `${JSON.stringify(measured)}\n`);
    },
  };
}
