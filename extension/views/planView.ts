/** The plan view: an editor of `*.trainplan` files that shows the memory, and edits the text by clicks. */

import {
  type CancellationToken,
  type CustomTextEditorProvider,
  commands,
  Disposable,
  env,
  type LogOutputChannel,
  l10n,
  Range,
  TabInputCustom,
  TabInputText,
  type TextDocument,
  TextEditorRevealType,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from 'vscode';
import {
  type CodeState,
  type FromPlanPage,
  fromPlanPage,
  type GhostPicture,
  type ToPlanPage,
} from '../../webview/messages.ts';
import { basename } from '../files.ts';
import { type Comparison, ghostOf } from '../plan/comparison.ts';
import { type ExportFormat, saveExport } from '../plan/exportTimeline.ts';
import type { GeneratedCode } from '../plan/generatedCode.ts';
import { PlanCode } from '../plan/planCode.ts';
import type { PlanSession, PlanState } from '../plan/session.ts';
import type { PlanSessions } from '../plan/sessions.ts';
import { openPage, type Page } from './page.ts';

export const planViewType = 'firmtune.planView';

/** Commands that the page's buttons may run; each takes the plan's URI. */
const runCommands: Readonly<Record<Extract<FromPlanPage, { type: 'run' }>['command'], string>> = {
  simulate: 'firmtune.simulate',
  generate: 'firmtune.generate',
  build: 'firmtune.build',
  emulate: 'firmtune.emulate',
  fit: 'firmtune.fitToBudget',
};

export interface PlanViewServices {
  readonly extensionUri: Uri;
  readonly sessions: PlanSessions;
  readonly code: GeneratedCode;
  readonly log: LogOutputChannel;
  /** Undefined where programs may be run. */
  whyNoTasks(plan: Uri): string | undefined;
}

/** What tests ask. */
export interface PlanViewProbe {
  readonly code: CodeState | null;
}

export class PlanViews implements CustomTextEditorProvider {
  private readonly open = new Set<OpenPlanView>();
  /** Layers to show as soon as the view of the plan is there. */
  private readonly toReveal = new Map<string, readonly string[]>();

  constructor(private readonly services: PlanViewServices) {}

  resolveCustomTextEditor(document: TextDocument, panel: WebviewPanel, _token: CancellationToken): void {
    const key = document.uri.toString();
    const view = new OpenPlanView(document, panel, this.services, () => {
      const layers = this.toReveal.get(key);
      this.toReveal.delete(key);
      return layers;
    });
    this.open.add(view);
    panel.onDidDispose(() => {
      this.open.delete(view);
      view.dispose();
    });
  }

  async show(plan: Uri, layers?: readonly string[]): Promise<void> {
    if (layers !== undefined) this.toReveal.set(plan.toString(), layers);
    await commands.executeCommand('vscode.openWith', plan, planViewType, columnFor(plan));
    for (const view of this.open) if (view.document.uri.toString() === plan.toString()) view.revealWaiting();
  }

  /** Shows the plan; its page draws the timeline as soon as it is on the screen, and sends it back to be saved. */
  async requestExport(plan: Uri, format: ExportFormat): Promise<void> {
    await this.show(plan);
    [...this.open].find(({ document }) => document.uri.toString() === plan.toString())?.requestExport(format);
  }

  probe(plan: Uri): PlanViewProbe | undefined {
    return [...this.open].find(({ document }) => document.uri.toString() === plan.toString())?.probe();
  }

  /** Whether pages may run tasks has changed. */
  refreshSettings(): void {
    for (const view of this.open) view.sendSettings();
  }
}

/** Where the plan's view is open already; beside its text; else in the active group. */
function columnFor(plan: Uri): ViewColumn {
  const shows = (input: unknown): boolean =>
    input instanceof TabInputCustom && input.viewType === planViewType && input.uri.toString() === plan.toString();
  for (const group of window.tabGroups.all) {
    if (group.tabs.some(({ input }) => shows(input))) return group.viewColumn;
  }
  const active = window.tabGroups.activeTabGroup.activeTab?.input;
  const isText = active instanceof TabInputText && active.uri.toString() === plan.toString();
  return isText ? ViewColumn.Beside : ViewColumn.Active;
}

class OpenPlanView extends Disposable {
  private readonly session: PlanSession;
  private readonly page: Page<ToPlanPage>;
  private readonly code: PlanCode;
  private readonly parts: Disposable[];
  private comparison: Comparison | undefined;
  private isReady = false;
  private hasPainted = false;
  private toExport: ExportFormat | undefined;

  constructor(
    readonly document: TextDocument,
    private readonly panel: WebviewPanel,
    private readonly services: PlanViewServices,
    private readonly takeReveal: () => readonly string[] | undefined,
  ) {
    super(() => Disposable.from(...this.parts).dispose());
    const { extensionUri, log } = services;
    const use = services.sessions.use(document);
    this.session = use.session;
    this.code = new PlanCode(document, services.code, (code) => this.send({ type: 'code', code }));
    this.page = openPage<ToPlanPage, FromPlanPage>(panel.webview, extensionUri, {
      name: 'plan',
      title: l10n.t('Memory of {0}', basename(document.uri)),
      language: env.language,
      packs: true,
      schema: fromPlanPage,
      onReady: () => this.sendAll(),
      onMessage: (message) => void this.receive(message).catch((error) => log.error(error)),
      onInvalid: (problem) => log.error(`plan view: ${problem}`),
    });
    this.parts = [
      use,
      this.page,
      this.code,
      this.session.onDidChange((state) => {
        this.sendState(state);
        if (this.comparison !== undefined) void this.sendGhost();
      }),
      this.session.onDidPrice((prices) => this.send({ type: 'prices', ...prices })),
    ];
  }

  send(message: ToPlanPage): void {
    this.page.send(message);
  }

  requestExport(format: ExportFormat): void {
    if (this.hasPainted) this.send({ type: 'export', format });
    else this.toExport = format;
  }

  revealWaiting(): void {
    if (!this.isReady) return;
    const layers = this.takeReveal();
    if (layers !== undefined) this.send({ type: 'reveal', layers });
  }

  sendSettings(): void {
    const { scheme } = this.document.uri;
    const cannotRunReason = this.services.whyNoTasks(this.document.uri);
    this.send({
      type: 'settings',
      canRunTasks: cannotRunReason === undefined,
      ...(cannotRunReason === undefined ? {} : { cannotRunReason }),
      canEdit: workspace.fs.isWritableFileSystem(scheme) !== false,
      ...(l10n.bundle === undefined ? {} : { texts: l10n.bundle }),
    });
  }

  probe(): PlanViewProbe {
    return { code: this.code.state };
  }

  private sendAll(): void {
    this.isReady = true;
    this.hasPainted = false;
    this.sendSettings();
    // As far as it is known: the header then has room for what follows.
    this.send({ type: 'code', code: this.code.state });
    const { state, prices } = this.session;
    if (state === undefined) this.send({ type: 'loading', title: basename(this.document.uri) });
    else this.sendState(state);
    if (prices !== undefined) this.send({ type: 'prices', ...prices });
    void this.sendGhost();
    this.revealWaiting();
  }

  private sendState({ version, picture, stale, diagnostics }: PlanState): void {
    if (picture !== undefined) {
      this.send({ type: 'picture', version, picture, diagnostics: stale ? [] : diagnostics });
    }
    if (stale) this.send({ type: 'stale', version, diagnostics });
  }

  private async sendGhost(): Promise<void> {
    const { comparison, session } = this;
    if (comparison === undefined) {
      this.send({ type: 'ghost', ghost: null });
      return;
    }
    const { state } = session;
    const ghost: GhostPicture | undefined = await ghostOf(
      session,
      comparison,
      this.services.sessions.engines.background,
    );
    // A newer picture asks for a newer ghost.
    if (this.comparison === comparison && session.state === state) this.send({ type: 'ghost', ghost: ghost ?? null });
  }

  private async receive(message: FromPlanPage): Promise<void> {
    const { document, session } = this;
    switch (message.type) {
      case 'toggle':
        await session.toggle(message.toggles, true);
        return;
      case 'select':
        this.showLine(session.state?.lines.get(message.layer));
        return;
      case 'openModel': {
        const model = session.state?.model;
        if (model !== undefined) await commands.executeCommand('firmtune.openModel', model, message.layer);
        return;
      }
      case 'openText':
        await this.openText(message.line);
        return;
      case 'undo':
      case 'redo':
        // The command is for the active editor, which a click into another group has not made this one yet.
        if (!this.panel.active) this.panel.reveal(this.panel.viewColumn);
        await commands.executeCommand(message.type);
        return;
      case 'compare':
        await this.compare(message.kind);
        return;
      case 'run':
        // A search is no program.
        if (message.command === 'fit' || this.services.whyNoTasks(this.document.uri) === undefined)
          await commands.executeCommand(runCommands[message.command], document.uri);
        return;
      case 'export':
        await saveExport(document.uri, message);
        return;
      case 'painted':
        this.session.painted(message.version);
        this.services.log.trace(`${basename(document.uri)}: painted version ${message.version}`);
        if (!this.hasPainted) this.code.start();
        this.hasPainted = true;
        if (this.toExport !== undefined) this.send({ type: 'export', format: this.toExport });
        this.toExport = undefined;
        return;
    }
  }

  private async compare(kind: GhostPicture['kind'] | null): Promise<void> {
    const other = kind === 'plan' ? await askForPlan(this.document.uri) : undefined;
    const isChosen = kind !== null && (kind !== 'plan' || other !== undefined);
    this.comparison = isChosen ? { kind, ...(other && { other }) } : undefined;
    await this.sendGhost();
  }

  /** In text editors that are in sight, without taking the focus. */
  private showLine(line: number | undefined): void {
    if (line === undefined) return;
    const range = new Range(line - 1, 0, line - 1, 0);
    for (const editor of window.visibleTextEditors) {
      if (editor.document === this.document) editor.revealRange(range, TextEditorRevealType.InCenterIfOutsideViewport);
    }
  }

  private async openText(line: number | undefined): Promise<void> {
    const shown = window.visibleTextEditors.find(({ document }) => document === this.document);
    await window.showTextDocument(this.document, {
      viewColumn: shown?.viewColumn ?? ViewColumn.Beside,
      ...(line === undefined ? {} : { selection: new Range(line - 1, 0, line - 1, 0) }),
    });
  }
}

async function askForPlan(plan: Uri): Promise<Uri | undefined> {
  const found = await workspace.findFiles('**/*.trainplan', '**/node_modules/**');
  const items = found
    .filter((uri) => uri.toString() !== plan.toString())
    .map((uri) => ({ label: basename(uri), description: workspace.asRelativePath(Uri.joinPath(uri, '..')), uri }))
    .sort((a, b) => a.label.localeCompare(b.label));
  if (items.length === 0) {
    void window.showInformationMessage(l10n.t('There is no other training plan in this workspace.'));
    return undefined;
  }
  const title = l10n.t('Compare with Another Plan');
  return (await window.showQuickPick(items, { title, matchOnDescription: true }))?.uri;
}
