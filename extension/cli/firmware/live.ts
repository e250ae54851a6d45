/** Runs a program and passes on its output line by line while it runs. */
import { spawn } from 'node:child_process';
import process from 'node:process';

export interface LiveOptions {
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
  /** Complete lines without their end, and at the end the incomplete last one. */
  readonly onLine: (line: string, from: 'stdout' | 'stderr') => void;
}

export interface LiveEnd {
  readonly end: 'exit' | 'cancelled' | 'not-started';
  /** The exit code; -1 where there is none. */
  readonly code: number;
  /** Why it did not start. */
  readonly problem?: string;
}

/** After a polite request; a build tool then removes its half-made files. */
const killAfterMs = 3000;

export function runLive(command: string, args: readonly string[], options: LiveOptions): Promise<LiveEnd> {
  const { directory, signal, onLine } = options;
  if (signal?.aborted) return Promise.resolve({ end: 'cancelled', code: -1 });
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    let end: LiveEnd['end'] = 'exit';
    let timer: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      end = 'cancelled';
      child.kill('SIGTERM');
      timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    // Whatever ends this process: an emulator runs for ever.
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    for (const from of ['stdout', 'stderr'] as const) {
      let rest = '';
      child[from].setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split(/\r?\n/);
        rest = lines.pop() ?? '';
        for (const line of lines) onLine(line, from);
      });
      child[from].on('end', () => {
        if (rest !== '') onLine(rest, from);
      });
    }
    const finish = (result: LiveEnd): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      process.removeListener('exit', kill);
      resolve(result);
    };
    child.on('error', (error) => finish({ end: 'not-started', code: -1, problem: error.message }));
    child.on('close', (code) => finish({ end, code: code ?? -1 }));
  });
}
