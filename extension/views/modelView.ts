/** The model view: a read-only editor of `.tflite` files. */

import {
  type CustomReadonlyEditorProvider,
  commands,
  Disposable,
  type ExtensionContext,
  ExtensionMode,
  env,
  type LogOutputChannel,
  l10n,
  Uri,
  type WebviewPanel,
  window,
  workspace,
} from 'vscode';
import { type FromModelPage, fromModelPage, type ModelPlanChoice, type ToModelPage } from '../../webview/messages.ts';
import type { EngineClient } from '../engine/channel.ts';
import type { Engine } from '../engine/handlers.ts';
import { basename } from '../files.ts';
import { ModelDocument, type ModelState } from '../model/document.ts';
import { plansFor, textOfPlan } from '../model/plans.ts';
import { modelViewType } from '../plan/openModel.ts';
import { openPage, type Page } from './page.ts';

/** While the author types in a plan. */
const settleMs = 250;

export function registerModelViews(
  { extensionUri, extensionMode }: ExtensionContext,
  log: LogOutputChannel,
  startEngine: () => EngineClient<Engine>,
): Disposable {
  const views = new ModelViews(extensionUri, log, startEngine);
  // Tests in the extension host see no page.
  const probe =
    extensionMode === ExtensionMode.Test
      ? [commands.registerCommand('_firmtune.modelViewState', (model: Uri) => views.probe(model))]
      : [];
  return Disposable.from(
    ...probe,
    window.registerCustomEditorProvider(modelViewType, views, { supportsMultipleEditorsPerDocument: true }),
    commands.registerCommand('firmtune.revealInModel', (model: unknown, layer: unknown) => {
      if (model instanceof Uri && typeof layer === 'string') views.reveal(model, layer);
    }),
  );
}

class ModelViews implements CustomReadonlyEditorProvider<ModelDocument> {
  private readonly open = new Set<OpenModelView>();

  constructor(
    private readonly extensionUri: Uri,
    private readonly log: LogOutputChannel,
    private readonly startEngine: () => EngineClient<Engine>,
  ) {}

  openCustomDocument(uri: Uri): ModelDocument {
    return new ModelDocument(uri, this.startEngine);
  }

  resolveCustomEditor(document: ModelDocument, panel: WebviewPanel): void {
    const { fragment } = document.uri;
    const shown =
      fragment === '' ? undefined : [...this.open].find((view) => isSameFile(view.document.uri, document.uri));
    if (shown !== undefined) {
      // Go to Definition opens the file once more, since its fragment differs: one view of it is enough.
      shown.reveal(fragment);
      shown.panel.reveal();
      panel.dispose();
      return;
    }
    const view = new OpenModelView(document, panel, this.extensionUri, this.log);
    this.open.add(view);
    if (fragment !== '') view.reveal(fragment);
    panel.onDidDispose(() => {
      this.open.delete(view);
      view.dispose();
    });
  }

  probe(model: Uri): ModelViewProbe | undefined {
    return [...this.open].find((view) => isSameFile(view.document.uri, model))?.probe();
  }

  reveal(model: Uri, layer: string): void {
    for (const view of this.open) if (isSameFile(view.document.uri, model)) view.reveal(layer);
  }
}

function isSameFile(a: Uri, b: Uri): boolean {
  return a.with({ fragment: '', query: '' }).toString() === b.with({ fragment: '', query: '' }).toString();
}

/** What tests ask. */
export interface ModelViewProbe {
  readonly state: ModelState['type'];
  readonly gone: boolean;
  readonly problems: number;
  /** The layer that the page was sent to show last. */
  readonly layer: string | undefined;
  /** The page has asked for a layout of the newest model and got it. */
  readonly laidOut: boolean;
}

class OpenModelView extends Disposable {
  private readonly page: Page<ToModelPage>;
  private readonly parts: Disposable[];
  private isReady = false;
  private laidOutVersion: number | undefined;
  private shownLayer: string | undefined;
  /** Of the model that the page has. */
  private shownVersion: number | undefined;
  /** Layer to show as soon as the page is there. */
  private toReveal: string | undefined;
  private plan: string | undefined;
  private plans: readonly ModelPlanChoice[] = [];
  private layout = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly document: ModelDocument,
    readonly panel: WebviewPanel,
    extensionUri: Uri,
    private readonly log: LogOutputChannel,
  ) {
    super(() => {
      clearTimeout(this.timer);
      this.layout.abort();
      Disposable.from(...this.parts).dispose();
    });
    this.page = openPage<ToModelPage, FromModelPage>(panel.webview, extensionUri, {
      name: 'model',
      title: l10n.t('Model {0}', basename(document.uri)),
      language: env.language,
      schema: fromModelPage,
      onReady: () => this.sendAll(),
      onMessage: (message) => void this.receive(message).catch((error) => this.complain(error)),
      onInvalid: (problem) => log.error(`model view: ${problem}`),
    });
    const plans = workspace.createFileSystemWatcher('**/*.trainplan');
    this.parts = [
      this.page,
      document.onDidChange((state) => this.sendState(state)),
      plans,
      plans.onDidCreate(() => this.refreshPlans()),
      plans.onDidDelete(() => this.refreshPlans()),
      plans.onDidChange(() => this.refreshPlans()),
      workspace.onDidChangeTextDocument(({ document: { uri } }) => {
        if (uri.toString() === this.plan) this.refreshPlans();
      }),
    ];
  }

  probe(): ModelViewProbe {
    const { state } = this.document;
    return {
      state: state.type,
      gone: state.type === 'open' && state.gone,
      problems: state.type === 'failed' ? state.problems.length : 0,
      layer: this.shownLayer,
      laidOut: state.type === 'open' && state.version === this.laidOutVersion,
    };
  }

  reveal(layer: string): void {
    this.toReveal = layer;
    this.revealWaiting();
  }

  private revealWaiting(): void {
    if (!this.isReady || this.document.state.type !== 'open' || this.toReveal === undefined) return;
    this.page.send({ type: 'reveal', layer: this.toReveal });
    this.shownLayer = this.toReveal;
    this.toReveal = undefined;
  }

  private sendAll(): void {
    this.isReady = true;
    this.shownVersion = undefined;
    this.page.send({ type: 'settings', ...(l10n.bundle === undefined ? {} : { texts: l10n.bundle }) });
    this.sendState(this.document.state);
  }

  private sendState(state: ModelState): void {
    if (state.type !== 'open') {
      this.page.send(state);
      return;
    }
    const { version, picture, gone } = state;
    if (gone && version === this.shownVersion) {
      this.page.send({ type: 'gone' });
      return;
    }
    this.shownVersion = version;
    this.page.send({ type: 'model', version, picture });
    this.page.send({ type: 'plans', plans: this.plans, update: null });
    if (gone) this.page.send({ type: 'gone' });
    this.revealWaiting();
    void this.sendPlans().catch((error) => this.complain(error));
  }

  private refreshPlans(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.sendPlans().catch((error) => this.complain(error)), settleMs);
  }

  private async sendPlans(): Promise<void> {
    if (this.document.state.type !== 'open') return;
    this.plans = await plansFor(this.document);
    const chosen = this.plans.find(({ uri }) => uri === this.plan) ?? this.plans[0];
    this.plan = chosen?.uri;
    const text = chosen === undefined ? undefined : await textOfPlan(Uri.parse(chosen.uri));
    const update =
      chosen === undefined || text === undefined ? null : await this.document.updateOfPlan(chosen.uri, text);
    this.page.send({ type: 'plans', plans: this.plans, update });
  }

  private async receive(message: FromModelPage): Promise<void> {
    const { document } = this;
    switch (message.type) {
      case 'layout':
        await this.layOut(message.collapsed, message.aspect);
        return;
      case 'details': {
        const { state } = document;
        if (state.type !== 'open' || message.layer >= state.picture.layers.length) return;
        const details = await document.describe(message.layer);
        this.page.send({ type: 'details', version: state.version, details });
        return;
      }
      case 'choosePlan':
        this.plan = message.uri ?? undefined;
        await this.sendPlans();
        return;
      case 'newPlan':
        await commands.executeCommand('firmtune.newTrainingPlan', document.uri.with({ fragment: '' }));
        return;
      case 'openPlan':
        // Only what was offered: a page does not choose which file opens.
        if (this.plans.some(({ uri }) => uri === message.uri)) {
          await commands.executeCommand('firmtune.openPlanView', Uri.parse(message.uri));
        }
        return;
      case 'cancel':
        this.layout.abort();
        document.cancel();
        return;
      case 'retry':
        await document.read();
        return;
    }
  }

  /** Only the newest is wanted. */
  private async layOut(collapsed: readonly string[], aspect: number): Promise<void> {
    const { state } = this.document;
    if (state.type !== 'open') return;
    this.layout.abort();
    this.layout = new AbortController();
    const { signal } = this.layout;
    const layout = await this.document.layOut(collapsed, aspect, signal);
    if (signal.aborted) return;
    this.page.send({ type: 'layout', version: state.version, collapsed, layout });
    this.laidOutVersion = state.version;
  }

  private complain(error: unknown): void {
    if (error instanceof Error && error.name === 'AbortError') return;
    this.log.error(error instanceof Error ? error : String(error));
  }
}
