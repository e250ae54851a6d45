/** The training monitor: one tab for all runs. Runs are kept here, so that the page may come and go. */

import { Disposable, env, type LogOutputChannel, l10n, Uri, ViewColumn, type WebviewPanel, window } from 'vscode';
import { type FromMonitorPage, fromMonitorPage, type ToMonitorPage } from '../../webview/messages.ts';
import { Publisher } from '../monitor/publisher.ts';
import type { Run } from '../monitor/run.ts';
import type { RunStore } from '../monitor/runStore.ts';
import { openPage, type Page } from './page.ts';

export const monitorViewType = 'firmtune.monitor';

export interface MonitorActions {
  /** Why no board can be watched; undefined if one can. */
  whyNoProcesses(): string | undefined;
  perform(message: FromMonitorPage): unknown;
}

export class MonitorView extends Disposable {
  private opened: { readonly panel: WebviewPanel; readonly page: Page<ToMonitorPage> } | undefined;

  constructor(
    private readonly extensionUri: Uri,
    private readonly store: RunStore,
    private readonly log: LogOutputChannel,
    private readonly actions: MonitorActions,
  ) {
    super(() => this.opened?.panel.dispose());
  }

  /** A tab beside the plan: charts, a matrix and pictures need more room than the panel below has. */
  show(run?: Run): void {
    if (this.opened === undefined) {
      const column = window.tabGroups.activeTabGroup.activeTab === undefined ? ViewColumn.Active : ViewColumn.Beside;
      const place = { viewColumn: column, preserveFocus: true };
      this.adopt(window.createWebviewPanel(monitorViewType, l10n.t('Training Monitor'), place));
    } else {
      this.opened.panel.reveal(undefined, true);
    }
    if (run !== undefined) this.opened?.page.send({ type: 'reveal', id: run.id });
  }

  /** A new panel, or one that VS Code restores with its window. */
  adopt(panel: WebviewPanel): void {
    this.opened?.panel.dispose();
    const { store, log } = this;
    const page = openPage<ToMonitorPage, FromMonitorPage>(panel.webview, this.extensionUri, {
      name: 'monitor',
      title: l10n.t('Training Monitor'),
      language: env.language,
      schema: fromMonitorPage,
      onReady: () => {
        this.sendSettings();
        publisher.sendAll();
      },
      onMessage: (message) => void this.actions.perform(message),
      onInvalid: (problem) => log.warn(`training monitor: ${problem}`),
    });
    const icon = (kind: string): Uri => Uri.joinPath(this.extensionUri, 'extension/icons', `trainplan-${kind}.svg`);
    panel.iconPath = { light: icon('light'), dark: icon('dark') };
    const publisher = new Publisher(store, (message) => page.send(message));
    panel.onDidDispose(() => {
      publisher.dispose();
      page.dispose();
      if (this.opened?.panel === panel) this.opened = undefined;
    });
    this.opened = { panel, page };
  }

  /** Again, once the workspace is trusted. */
  sendSettings(): void {
    this.opened?.page.send({
      type: 'settings',
      texts: l10n.bundle ?? {},
      noProcesses: this.actions.whyNoProcesses() ?? null,
    });
  }
}
