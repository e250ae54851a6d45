import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { run } from '../../extension/cli/run.ts';

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** The one document that `--json` promises on stdout. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it by path, as scripts do
  readonly json: any;
}

/** The command line in this process. */
export async function cli(...argv: readonly string[]): Promise<CliResult> {
  let [out, err] = ['', ''];
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
  };
  const code = await run(argv, io);
  return { code, out, err, json: argv.includes('--json') && out !== '' ? JSON.parse(out) : undefined };
}

/** An empty folder for one test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const sampleFolder = 'extension/samples/garments';
export const samplePlan = `${sampleFolder}/garments.trainplan`;
