/** The command "Watch a Board": runs the user's own command for the serial port in a terminal, and reads what it prints. */

import { type ChildProcess, spawn } from 'node:child_process';
import { commands, type Disposable, EventEmitter, l10n, type Pseudoterminal, window, workspace } from 'vscode';
import type { RunPicture } from '../../webview/messages.ts';
import type { FeedRun, MonitorFeed } from './feed.ts';

const setting = 'serialCommand';

/** The command's answer is how the run ended. */
export function registerWatchBoard(feed: MonitorFeed): Disposable {
  return commands.registerCommand('firmtune.watchBoard', async (): Promise<RunPicture | undefined> => {
    const command = await serialCommand();
    if (command === undefined) return undefined;
    const pty = new SerialTerminal(command, feed);
    window.createTerminal({ name: l10n.t('Board'), pty }).show(true);
    return pty.ended;
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

/** Shows the output as it is and passes on what is typed; Ctrl+C ends the command, as does closing the terminal. */
class SerialTerminal implements Pseudoterminal {
  private readonly written = new EventEmitter<string>();
  private readonly closed = new EventEmitter<number>();
  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.closed.event;
  private child: ChildProcess | undefined;
  private run: FeedRun | undefined;
  private stopped = false;
  private settle = (_: RunPicture): void => undefined;
  readonly ended = new Promise<RunPicture>((resolve) => {
    this.settle = resolve;
  });

  constructor(
    private readonly command: string,
    private readonly feed: MonitorFeed,
  ) {}

  open(): void {
    const [folder] = workspace.workspaceFolders ?? [];
    const cwd = folder?.uri.scheme === 'file' ? folder.uri.fsPath : undefined;
    this.write(`\x1b[2m${this.command}\x1b[0m\n`);
    // Its own group: a pipeline ends as a whole.
    const child = spawn(this.command, { shell: true, cwd, detached: process.platform !== 'win32' });
    this.child = child;
    const run = this.feed.startRun({ title: l10n.t('board'), source: 'board', cancel: () => this.stop() });
    this.run = run;
    void run.ended.then(this.settle);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      run.lines(text);
      this.write(text);
    });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).slice(-500);
      this.write(text);
    });
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => this.end(error.message));
    child.on('close', (code) =>
      this.end(code === 0 ? undefined : complaints.trim() || l10n.t('it ended with {0}', code ?? '')),
    );
  }

  close(): void {
    this.stop();
  }

  handleInput(data: string): void {
    if (data === '\x03') this.stop();
    else this.child?.stdin?.write(data);
  }

  private stop(): void {
    this.stopped = true;
    const { child } = this;
    if (child?.pid === undefined || child.exitCode !== null) return;
    try {
      if (process.platform === 'win32') child.kill();
      else process.kill(-child.pid);
    } catch {
      // It has just ended by itself.
    }
  }

  private end(problem: string | undefined): void {
    const { run } = this;
    this.run = undefined;
    if (run === undefined) return;
    if (this.stopped) run.cancelled();
    else if (problem === undefined) run.finish();
    else {
      const remedy = l10n.t('check the board, the port and the command, or change the setting firmtune.serialCommand');
      run.fail({ message: problem, remedy, code: 'serial-command-failed' });
    }
    this.write(`\n${this.stopped ? l10n.t('stopped') : (problem ?? l10n.t('ended'))}\n`);
  }

  private write(text: string): void {
    this.written.fire(text.replace(/\r?\n/g, '\r\n'));
  }
}
