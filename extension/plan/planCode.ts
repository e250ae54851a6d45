/** The state of the code of one plan while somebody looks: as the text is in the editor, saved or not. */

import { Disposable, type TextDocument, workspace } from 'vscode';
import type { CodeState } from '../../webview/messages.ts';
import { codeState } from './codeState.ts';
import type { GeneratedCode } from './generatedCode.ts';

/** What is typed or clicked comes first. */
const settleMs = 300;

export class PlanCode extends Disposable {
  /** Null: nothing can be said of this plan. */
  state: CodeState | null;

  private readonly listeners: Disposable;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private hasStarted = false;
  /** Of the newest question. */
  private turn = 0;

  constructor(
    private readonly document: TextDocument,
    private readonly code: GeneratedCode,
    private readonly onChange: (state: CodeState | null) => void,
  ) {
    super(() => {
      this.turn++;
      clearTimeout(this.timer);
      this.listeners.dispose();
    });
    this.state = this.isInWorkspace() ? { state: 'looking', folders: [] } : null;
    this.listeners = Disposable.from(
      code.onDidChange(() => this.decide()),
      workspace.onDidChangeTextDocument(({ document: changed, contentChanges }) => {
        if (changed === document && contentChanges.length > 0) this.decideSoon();
      }),
    );
  }

  /** To be called when what is more urgent is on the screen. Looks through the workspace, each time. */
  start(): void {
    this.hasStarted = true;
    if (this.isInWorkspace()) this.code.searchAgain(0);
  }

  private isInWorkspace(): boolean {
    return workspace.getWorkspaceFolder(this.document.uri) !== undefined;
  }

  private decideSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.decide(), settleMs);
  }

  private decide(): void {
    if (this.hasStarted) void this.newState(++this.turn);
  }

  private async newState(turn: number): Promise<void> {
    // Web Crypto is missing where a page of VS Code came by http.
    const state = await this.find().catch(() => null);
    if (turn !== this.turn || JSON.stringify(state) === JSON.stringify(this.state)) return;
    this.state = state;
    this.onChange(state);
  }

  private async find(): Promise<CodeState | null> {
    if (!this.isInWorkspace()) return null;
    const { plans, records } = await this.code.find();
    const plan = this.document.uri.toString();
    return plans.has(plan) ? codeState(records, plan, this.document.getText()) : null;
  }
}
