/** A program in a terminal of ours: what it writes is seen there as it is, and read here. */

import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { EventEmitter, l10n, type Pseudoterminal } from 'vscode';

export interface ProgramEnd {
  /** By the user: Ctrl+C, the terminal closed, the task or the run ended. */
  readonly stopped: boolean;
  /** Undefined: it did not start, or a signal ended it. */
  readonly code: number | undefined;
  /** Why it did not start. */
  readonly problem?: string;
}

export interface Program {
  /** Written first. */
  readonly title: string;
  /** Starts it with pipes. */
  start(): ChildProcess;
  onOutput(text: string, from: 'stdout' | 'stderr'): void;
  /** @returns what the terminal says at the end; with a code, the terminal ends with it, as that of a task does */
  onEnd(end: ProgramEnd): { readonly text: string; readonly code?: number };
}

export class ProgramTerminal implements Pseudoterminal {
  private readonly written = new EventEmitter<string>();
  private readonly closed = new EventEmitter<number>();
  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.closed.event;
  private child: ChildProcess | undefined;
  private stopped = false;
  private hasEnded = false;

  constructor(private readonly program: Program) {}

  open(): void {
    const { program } = this;
    this.write(`\x1b[2m${program.title}\x1b[0m\n`);
    const child = program.start();
    this.child = child;
    for (const from of ['stdout', 'stderr'] as const) {
      child[from]?.setEncoding('utf8').on('data', (text: string) => {
        program.onOutput(text, from);
        this.write(text);
      });
    }
    child.stdin?.on('error', () => undefined);
    child.on('error', ({ message }) => this.end({ stopped: this.stopped, code: undefined, problem: message }));
    child.on('close', (code) => this.end({ stopped: this.stopped, code: code ?? undefined }));
  }

  close(): void {
    this.stop();
  }

  handleInput(data: string): void {
    if (data === '\x03') this.stop();
    else this.child?.stdin?.write(data);
  }

  stop(): void {
    if (this.hasEnded || this.child === undefined) return;
    this.stopped = true;
    endProgram(this.child);
  }

  private end(how: ProgramEnd): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    const { text, code } = this.program.onEnd(how);
    if (text !== '') this.write(`\n${text}\n`);
    if (code !== undefined) this.closed.fire(code);
  }

  private write(text: string): void {
    this.written.fire(text.replace(/\r?\n/g, '\r\n'));
  }
}

/** How the user ended it, or what it ended with. */
export function endText({ stopped, code, problem }: ProgramEnd): string {
  if (stopped) return l10n.t('stopped');
  return problem ?? (code === 0 ? l10n.t('ended') : l10n.t('it ended with {0}', code ?? ''));
}

/** With what it has started itself: a child that leads a group takes the group along. */
function endProgram(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (process.platform === 'win32') {
    // Windows ends one process at a time, and the child is not asked.
    spawn('taskkill', ['/pid', `${pid}`, '/t', '/f'], { stdio: 'ignore' }).on('error', () => child.kill());
    return;
  }
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    child.kill('SIGTERM');
  }
}
