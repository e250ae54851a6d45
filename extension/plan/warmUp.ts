/** Starts the engine that draws a plan's view while the author still reads its text. */

import { Disposable, type TextDocument, window } from 'vscode';
import { type Engines, withModel } from './engines.ts';
import { planTextOf } from './planTextOf.ts';

/** After the window and the language server have started, which the author sees first. */
const afterMs = 1000;

/**
 * The first picture of all takes five times as long as later ones: a thread starts, and loads and compiles a megabyte of
 * code. So one is drawn for nobody once a plan is in the active editor.
 */
export class EngineWarmUp extends Disposable {
  private timer: NodeJS.Timeout | undefined;
  private readonly followed: Disposable;

  constructor(private readonly quick: Engines['quick']) {
    super(() => {
      clearTimeout(this.timer);
      this.followed.dispose();
    });
    this.followed = window.onDidChangeActiveTextEditor(() => this.follow());
    this.follow();
  }

  private follow(): void {
    clearTimeout(this.timer);
    const document = window.activeTextEditor?.document;
    if (document?.languageId !== 'trainplan' || this.quick.isRunning()) return;
    this.timer = setTimeout(() => {
      if (!this.quick.isRunning()) void this.draw(document).catch(() => undefined);
    }, afterMs);
  }

  /** What is wrong with the plan is said by those who draw it to be seen. */
  private async draw(document: TextDocument): Promise<void> {
    const plan = planTextOf(document.uri, document.getText());
    const { model } = await withModel(this.quick, () => this.quick.call('drawPlan', plan));
    // Nobody watches its file yet.
    if (model !== undefined) await this.quick.call('forgetModel', { uri: model });
  }
}
