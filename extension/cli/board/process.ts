/** Runs one program without a shell, with a time limit, cancellation and line by line progress. */
import { spawn } from 'node:child_process';

export interface ProcessOptions {
  readonly directory?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeLimitMs?: number | undefined;
  /** Called for each complete line on stderr. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface ProcessEnd {
  readonly end: 'exit' | 'time-limit' | 'cancelled' | 'not-started';
  /** The exit code; -1 where there is none. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function runProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessEnd> {
  const { signal, timeLimitMs, onLine } = options;
  if (signal?.aborted) return Promise.resolve({ end: 'cancelled', code: -1, stdout: '', stderr: '' });
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: options.directory, stdio: ['ignore', 'pipe', 'pipe'] });
    let end: ProcessEnd['end'] = 'exit';
    const stop = (reason: 'time-limit' | 'cancelled') => {
      end = reason;
      child.kill('SIGKILL');
    };
    const cancel = () => stop('cancelled');
    signal?.addEventListener('abort', cancel, { once: true });
    const timer = timeLimitMs === undefined ? undefined : setTimeout(() => stop('time-limit'), timeLimitMs);

    let stdout = '';
    let stderr = '';
    let partialLine = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (onLine === undefined) return;
      const lines = (partialLine + text).split('\n');
      partialLine = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });

    const finish = (code: number) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      resolve({ end, code, stdout, stderr });
    };
    child.on('error', (error) => {
      end = 'not-started';
      stderr += error.message;
      finish(-1);
    });
    child.on('close', (code) => finish(code ?? -1));
  });
}
