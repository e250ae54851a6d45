/** The peak of the plan in the active editor, in the status bar. */

import { type CodeLens, Disposable, l10n, Range, StatusBarAlignment, type Uri, window } from 'vscode';
import { showPlanCommand } from '../language/server/codeLens.ts';
import { planLanguage } from './languageClient.ts';

interface Shown {
  readonly text: string;
  readonly tooltip: string;
  readonly line: number;
}

export class PlanStatusItem extends Disposable {
  private readonly item = window.createStatusBarItem('firmtune.plan', StatusBarAlignment.Right, 100);
  private readonly peaks = new Map<string, Shown>();
  private readonly followed = window.onDidChangeActiveTextEditor(() => this.update());

  constructor() {
    super(() => {
      this.item.dispose();
      this.followed.dispose();
    });
    this.item.name = l10n.t('Training Plan');
    this.update();
  }

  /** The lens of the budget says it all; the item repeats its first part. */
  show(plan: Uri, lenses: readonly CodeLens[]): void {
    const peak = lenses.find(({ command }) => command?.command === showPlanCommand);
    if (peak?.command === undefined) this.peaks.delete(plan.toString());
    else this.peaks.set(plan.toString(), shownFor(peak.command.title, peak.range.start.line));
    this.update();
  }

  private update(): void {
    const document = window.activeTextEditor?.document;
    const shown = document?.languageId === planLanguage ? this.peaks.get(document.uri.toString()) : undefined;
    if (document === undefined || shown === undefined) {
      this.item.hide();
      return;
    }
    this.item.text = `$(circuit-board) ${shown.text}`;
    this.item.tooltip = shown.tooltip;
    this.item.command = {
      title: l10n.t('Go to Budget'),
      command: 'vscode.open',
      arguments: [document.uri, { selection: new Range(shown.line, 0, shown.line, 0) }],
    };
    this.item.show();
  }
}

function shownFor(title: string, line: number): Shown {
  return { text: title.replace(/ \(.*$/, ''), tooltip: title, line };
}
