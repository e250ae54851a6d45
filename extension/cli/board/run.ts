/** Runs an image on QEMU: samples in, losses, predictions, instructions, what was learned and the stack out. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import type { Firmware } from './build.ts';
import { type ProcessEnd, runProcess } from './process.ts';
import { decodeResults, encodeSession, icountShift, type Session, type SessionResult } from './session.ts';
import { cancelled } from './sources.ts';
import type { ToolPaths } from './tools.ts';

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** 10 minutes where not given. */
  readonly timeLimitMs?: number | undefined;
  /** Called with the number of records done, about a hundred times. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface FirmwareRun extends RunOptions {
  readonly firmware: Firmware;
  readonly session: Session;
  readonly tools: ToolPaths<'qemu-system-arm'>;
}

export const samplesFile = 'samples.bin';
export const resultsFile = 'results.bin';
const defaultTimeLimitMs = 10 * 60_000;

export async function runFirmware(run: FirmwareRun): Promise<Result<SessionResult>> {
  const { board, elf } = run.firmware;
  const args = ['-machine', board.name, '-kernel', elf, '-icount', `shift=${icountShift},sleep=off`];
  const bare = ['-nodefaults', '-no-user-config', '-display', 'none', '-monitor', 'none', '-serial', 'none'];
  return await runSession({
    ...run,
    directory: run.firmware.directory,
    command: run.tools['qemu-system-arm'],
    args: [...args, ...bare, '-semihosting-config', 'enable=on,target=native'],
    nanosecondsPerTick: board.nanosecondsPerTick,
  });
}

export interface SessionProcess extends RunOptions {
  readonly session: Session;
  readonly command: string;
  readonly args: readonly string[];
  /** Where the sample and the result file lie; the process's working directory. */
  readonly directory: string;
  readonly nanosecondsPerTick?: number;
}

/** Runs a process that has the harness in it. */
export async function runSession(run: SessionProcess): Promise<Result<SessionResult>> {
  const { session, directory, signal, timeLimitMs = defaultTimeLimitMs, onProgress } = run;
  const total = session.training.length + session.inference.length;
  await writeFile(join(directory, samplesFile), encodeSession(session));
  const onLine = (line: string) => {
    const match = /^record +(\d+)$/.exec(line);
    if (match !== null) onProgress?.(Number(match[1]), total);
  };
  const end = await runProcess(run.command, run.args, { directory, signal, timeLimitMs, onLine });
  if (end.end === 'cancelled') return failure(cancelled);
  if (end.end !== 'exit' || end.code !== 0) return failure(runFailed(end, timeLimitMs));
  const results = decodeResults(await readFile(join(directory, resultsFile)), session, run.nanosecondsPerTick);
  return results === undefined ? failure(runFailed(end, timeLimitMs)) : success(results);
}

function runFailed(end: ProcessEnd, timeLimitMs: number): Diagnostic {
  const output = end.stderr
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('record '))
    .slice(-20)
    .join('\n');
  const outOfTime = end.end === 'time-limit';
  return {
    severity: 'error',
    code: outOfTime ? 'time-limit' : 'run-failed',
    message: outOfTime
      ? `the run took longer than ${timeLimitMs / 1000} s`
      : `the run ended with exit code ${end.code}${output === '' ? ' and without complete results' : `:\n${output}`}`,
    remedy: outOfTime
      ? 'run fewer steps, or allow more time'
      : 'report this with the plan: the generated code should not fail',
  };
}
