/** The command "Watch a Board": runs the user's own command for the serial port in a terminal, and reads what it prints. */

import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { commands, type Disposable, l10n, window, workspace } from 'vscode';
import type { RunPicture } from '../../webview/messages.ts';
import { endText, type Program, type ProgramEnd, ProgramTerminal } from '../programTerminal.ts';
import type { FeedRun, MonitorFeed } from './feed.ts';

const setting = 'serialCommand';
const mostComplaints = 500;

/** The command's answer is how the run ended. */
export function registerWatchBoard(feed: MonitorFeed): Disposable {
  return commands.registerCommand('firmtune.watchBoard', async (): Promise<RunPicture | undefined> => {
    const command = await serialCommand();
    if (command === undefined) return undefined;
    const program = new BoardProgram(command, feed, () => pty.stop());
    const pty = new ProgramTerminal(program);
    window.createTerminal({ name: l10n.t('Board'), pty }).show(true);
    return program.ended;
  });
}

async function serialCommand(): Promise<string | undefined> {
  if (!workspace.isTrusted) {
    void window.showErrorMessage(l10n.t('Programs are run once you trust this workspace.'));
    return undefined;
  }
  const configured = workspace.getConfiguration('firmtune').get<string>(setting, '').trim();
  if (configured !== '') return configured;
  const typed = await window.showInputBox({
    title: l10n.t('Watch a Board'),
    prompt: l10n.t('The command that prints what the board sends. The setting firmtune.serialCommand keeps it.'),
    placeHolder: 'stty -F /dev/ttyACM0 115200 raw && cat /dev/ttyACM0',
    ignoreFocusOut: true,
  });
  return typed?.trim() || undefined;
}

/** The user's command, in a shell; a pipeline has a group of its own, so that it ends as a whole. */
class BoardProgram implements Program {
  readonly title: string;
  private readonly run: FeedRun;
  private complaints = '';

  constructor(
    private readonly command: string,
    feed: MonitorFeed,
    cancel: () => void,
  ) {
    this.title = command;
    this.run = feed.startRun({ title: l10n.t('board'), source: 'board', cancel });
  }

  get ended(): Promise<RunPicture> {
    return this.run.ended;
  }

  start(): ChildProcess {
    const [folder] = workspace.workspaceFolders ?? [];
    const cwd = folder?.uri.scheme === 'file' ? folder.uri.fsPath : undefined;
    return spawn(this.command, { shell: true, cwd, detached: process.platform !== 'win32' });
  }

  onOutput(text: string, from: 'stdout' | 'stderr'): void {
    if (from === 'stdout') this.run.lines(text);
    else this.complaints = (this.complaints + text).slice(-mostComplaints);
  }

  onEnd(end: ProgramEnd): { readonly text: string } {
    const { run } = this;
    const text = endText(end);
    if (end.stopped) run.cancelled();
    else if (end.code === 0) run.finish();
    else {
      const message = this.complaints.trim() || text;
      const remedy = l10n.t('check the board, the port and the command, or change the setting firmtune.serialCommand');
      run.fail({ message, remedy, code: 'serial-command-failed' });
    }
    return { text };
  }
}
