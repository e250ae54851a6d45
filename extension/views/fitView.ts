/** Fit to Budget: a page for each plan. What was found is kept here, so that the page may come and go. */

import {
  commands,
  Disposable,
  env,
  type LogOutputChannel,
  l10n,
  type Memento,
  type TextDocument,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from 'vscode';
import { type FromFitPage, fromFitPage, type ToFitPage } from '../../webview/messages.ts';
import { basename } from '../files.ts';
import { chooseContributions, contributionsOf, measuringCommand } from '../fit/contributionsFile.ts';
import { FitSearch } from '../fit/search.ts';
import { contributionsBeside, watchFile } from '../plan/contributions.ts';
import type { PlanSessions } from '../plan/sessions.ts';
import { openPage, type Page } from './page.ts';

export const fitViewType = 'firmtune.fit';

export interface FitServices {
  readonly extensionUri: Uri;
  readonly sessions: PlanSessions;
  readonly log: LogOutputChannel;
  /** Which file of contributions was chosen for which plan. */
  readonly chosen: Memento;
  canMeasure(plan: Uri): boolean;
  showPlan(plan: Uri): unknown;
}

export class FitViews extends Disposable {
  private readonly open = new Map<string, OpenFit>();

  constructor(private readonly services: FitServices) {
    super(() => {
      for (const view of this.open.values()) view.panel.dispose();
    });
  }

  /** Beside the plan: both are looked at together. */
  async show(plan: Uri): Promise<void> {
    const known = this.open.get(plan.toString());
    if (known !== undefined) return known.panel.reveal(known.panel.viewColumn);
    const title = l10n.t('Fit {0}', basename(plan));
    const panel = window.createWebviewPanel(fitViewType, title, ViewColumn.Beside);
    await this.adopt(panel, plan);
  }

  /** A new panel, or one that VS Code restores with its window. */
  async adopt(panel: WebviewPanel, plan: Uri): Promise<void> {
    try {
      const view = new OpenFit(await workspace.openTextDocument(plan), panel, this.services);
      this.open.get(plan.toString())?.panel.dispose();
      this.open.set(plan.toString(), view);
      panel.onDidDispose(() => {
        if (this.open.get(plan.toString()) === view) this.open.delete(plan.toString());
        view.dispose();
      });
    } catch (error) {
      panel.dispose();
      this.services.log.error(error instanceof Error ? error : String(error));
    }
  }

  /** Whether programs may run has changed. */
  refreshSettings(): void {
    for (const view of this.open.values()) view.sendEvidence();
  }
}

class OpenFit extends Disposable {
  private readonly page: Page<ToFitPage>;
  private readonly search: FitSearch;
  private readonly parts: Disposable[];
  private watched: { readonly uri: string; readonly watcher: Disposable } | undefined;

  constructor(
    private readonly document: TextDocument,
    readonly panel: WebviewPanel,
    private readonly services: FitServices,
  ) {
    super(() => {
      this.search.dispose();
      this.watched?.watcher.dispose();
      Disposable.from(...this.parts).dispose();
    });
    const { sessions, log, extensionUri } = services;
    const use = sessions.use(document);
    const icon = (kind: string): Uri => Uri.joinPath(extensionUri, 'extension/icons', `trainplan-${kind}.svg`);
    panel.iconPath = { light: icon('light'), dark: icon('dark') };
    this.page = openPage<ToFitPage, FromFitPage>(panel.webview, extensionUri, {
      name: 'fit',
      title: l10n.t('Fit {0} to a budget', basename(document.uri)),
      language: env.language,
      schema: fromFitPage,
      onReady: () => {
        this.sendSettings();
        this.search.sendAll();
      },
      onMessage: (message) => void this.receive(message).catch((error) => log.error(error)),
      onInvalid: (problem) => log.error(`fit to budget: ${problem}`),
    });
    this.search = new FitSearch(use.session, sessions.engines.search, {
      contributions: () => contributionsOf(document.uri, services.chosen),
      send: (message) => this.page.send(message),
      onEvidence: () => this.sendEvidence(),
      onError: (error) => log.error(error instanceof Error ? error : String(error)),
    });
    this.parts = [
      use,
      this.page,
      use.session.onDidChange(() => this.search.refreshSoon()),
      // The session may show an edit before the text has it.
      workspace.onDidChangeTextDocument((event) => event.document === document && this.search.refreshSoon()),
    ];
    this.watchContributions();
    if (use.session.state !== undefined) this.search.refreshSoon();
  }

  sendEvidence(): void {
    const { uri } = this.document;
    const evidence = {
      ...this.search.evidence,
      canMeasure: this.services.canMeasure(uri),
      command: measuringCommand(uri),
    };
    this.page.send({ type: 'evidence', evidence });
  }

  private sendSettings(): void {
    const { uri } = this.document;
    this.page.send({
      type: 'settings',
      plan: uri.toString(),
      title: basename(uri),
      canEdit: workspace.fs.isWritableFileSystem(uri.scheme) !== false,
      ...(l10n.bundle === undefined ? {} : { texts: l10n.bundle }),
    });
    this.sendEvidence();
  }

  private async receive(message: FromFitPage): Promise<void> {
    switch (message.type) {
      case 'search':
        await this.search.start(message.budgetBytes);
        return;
      case 'stop':
        this.search.stop();
        return;
      case 'choose':
        await this.search.choose(message.id);
        return;
      case 'apply':
        await this.search.apply(message.id);
        return;
      case 'contributions':
        await this.useContributions(message.use);
        return;
      case 'measure':
        await this.measure(message.copy);
        return;
      case 'openPlan':
        await this.services.showPlan(this.document.uri);
        return;
    }
  }

  private async useContributions(use: 'file' | 'none'): Promise<void> {
    const plan = this.document.uri;
    const file = use === 'none' ? undefined : await askForContributions(plan);
    if (use === 'file' && file === undefined) return;
    await chooseContributions(plan, file, this.services.chosen);
    this.watchContributions();
    this.search.refreshSoon();
  }

  private async measure(copy: boolean): Promise<void> {
    const { uri } = this.document;
    const command = measuringCommand(uri);
    if (copy) {
      await env.clipboard.writeText(command);
      window.setStatusBarMessage(l10n.t('Copied: {0}', command), 5000);
      return;
    }
    if (!this.services.canMeasure(uri)) return;
    await chooseContributions(uri, contributionsBeside(uri), this.services.chosen);
    this.watchContributions();
    await commands.executeCommand('firmtune.measureContributions', uri);
  }

  /** A measurement writes its file again and again: each time there is more to choose by. */
  private watchContributions(): void {
    const file = contributionsOf(this.document.uri, this.services.chosen);
    if (this.watched?.uri === file?.toString()) return;
    this.watched?.watcher.dispose();
    this.watched = undefined;
    if (file === undefined) return;
    this.watched = { uri: file.toString(), watcher: watchFile(file, () => this.search.refreshSoon()) };
  }
}

async function askForContributions(plan: Uri): Promise<Uri | undefined> {
  const [file] =
    (await window.showOpenDialog({
      title: l10n.t('Contributions'),
      defaultUri: Uri.joinPath(contributionsBeside(plan), '..'),
      filters: { JSON: ['json'] },
    })) ?? [];
  return file;
}
