/** The peak of the plan in the active tab, text or view, in the status bar. */

import { type CodeLens, Disposable, l10n, StatusBarAlignment, type Uri, window } from 'vscode';
import { activePlan } from './plan/activePlan.ts';

/** The lens that says the peak has it as its command. */
const showPlanCommand = 'firmtune.showPlan';

interface Peak {
  readonly text: string;
  readonly tooltip: string;
}

export class PlanStatusItem extends Disposable {
  private readonly item = window.createStatusBarItem('firmtune.plan', StatusBarAlignment.Right, 100);
  private readonly peaks = new Map<string, Peak>();
  private readonly followed = Disposable.from(
    window.onDidChangeActiveTextEditor(() => this.update()),
    window.tabGroups.onDidChangeTabs(() => this.update()),
    window.tabGroups.onDidChangeTabGroups(() => this.update()),
  );

  constructor() {
    super(() => {
      this.item.dispose();
      this.followed.dispose();
    });
    this.item.name = l10n.t('Training Plan');
    this.update();
  }

  /** The lens of the budget says it all; the item repeats its first part. */
  showLenses(plan: Uri, lenses: readonly CodeLens[]): void {
    const title = lenses.find(({ command }) => command?.command === showPlanCommand)?.command?.title;
    this.show(plan, title === undefined ? undefined : { text: title.replace(/ \(.*$/, ''), tooltip: title });
  }

  /** Without a peak where the plan has errors. */
  show(plan: Uri, peak: Peak | undefined): void {
    if (peak === undefined) this.peaks.delete(plan.toString());
    else this.peaks.set(plan.toString(), peak);
    this.update();
  }

  private update(): void {
    const plan = activePlan();
    const peak = plan && this.peaks.get(plan.toString());
    if (plan === undefined || peak === undefined) {
      this.item.hide();
      return;
    }
    this.item.text = `$(circuit-board) ${peak.text}`;
    this.item.tooltip = peak.tooltip;
    this.item.command = { title: l10n.t('Open Plan View'), command: showPlanCommand, arguments: [plan] };
    this.item.show();
  }
}
