/** What builds and runs firmware: the command line, whose errors are read, and whose firmware the monitor follows. */

import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { commands, l10n, window } from 'vscode';
import type { FeedRun, MonitorFeed } from './monitor/feed.ts';
import { endText, type Program, type ProgramEnd } from './programTerminal.ts';
import { type Complaint, complaintsIn, type FirmtuneTask } from './taskArguments.ts';

export interface FirmwareRun {
  readonly task: FirmtuneTask;
  /** Of Node: the command line's file, then its arguments. */
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly feed: MonitorFeed;
  /** Ends the program. */
  readonly stop: () => void;
}

/** Errors come last. */
const mostComplaints = 20_000;
const toolMissing = 'tool-missing';

export class FirmwareProgram implements Program {
  readonly title: string;
  private run: FeedRun | undefined;
  private complaints = '';

  constructor(private readonly how: FirmwareRun) {
    const [, ...rest] = how.args;
    this.title = `firmtune ${rest.join(' ')}`;
  }

  start(): ChildProcess {
    const { args, cwd, env } = this.how;
    return spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** What a build says goes to stderr; stdout is the firmware's serial port. */
  onOutput(text: string, from: 'stdout' | 'stderr'): void {
    if (from === 'stderr') {
      this.complaints = (this.complaints + text).slice(-mostComplaints);
      return;
    }
    const { task, feed, stop } = this.how;
    if (task.command !== 'emulate') return;
    const title = l10n.t('{0}, emulator', task.plan.replace(/^.*[\\/]|\.trainplan$/g, ''));
    this.run ??= feed.startRun({ title, source: 'emulator', plan: task.plan, cancel: stop });
    this.run.lines(text);
  }

  onEnd(end: ProgramEnd): { readonly text: string; readonly code: number } {
    const { run } = this;
    const complaints = complaintsIn(this.complaints);
    if (end.stopped) run?.cancelled();
    else if (end.code === 0) run?.finish();
    else run?.fail(complaints.at(-1) ?? { message: endText(end), remedy: l10n.t('look at its terminal') });
    const missing = complaints.filter(({ code }) => code === toolMissing);
    if (missing.length > 0) void offerDoctor(missing);
    return { text: end.stopped || end.problem !== undefined ? endText(end) : '', code: end.code ?? 1 };
  }
}

async function offerDoctor(missing: readonly Complaint[]): Promise<void> {
  const doctor = l10n.t('Open Doctor');
  const text = missing.map(({ message, remedy }) => `${message}; ${remedy}.`).join(' ');
  if ((await window.showErrorMessage(text, doctor)) === doctor) await commands.executeCommand('firmtune.doctor');
}
