/** One open plan: its newest picture, its prices, and its edits. All views of a document share one session. */

import {
  CancellationError,
  commands,
  Disposable,
  EventEmitter,
  l10n,
  Range,
  RelativePattern,
  type TextDocument,
  Uri,
  WorkspaceEdit,
  window,
  workspace,
} from 'vscode';
import type { TextEdit } from '../../compiler/diagnostics.ts';
import type { PictureDiagnostic, PicturePrice, PlanPicture } from '../../webview/messages.ts';
import type { DrawnPlan, PlanText, Toggle } from '../engine/plans.ts';
import { stored } from '../files.ts';
import { MeasuredContributions } from './contributions.ts';
import { type Engines, withModel } from './engines.ts';
import { planTextOf } from './planTextOf.ts';

/** Clicks in a row are answered first. */
const pricesAfterMs = 600;
/** How long an edit waits for its picture to be painted, in milliseconds. */
const paintingMs = 120;
/** A document that changes faster than its edits can be computed. */
const mostAttempts = 5;

export interface PlanState {
  /** Of the document. */
  readonly version: number;
  /** The last one that could be made. */
  readonly picture: PlanPicture | undefined;
  /** The picture is of an older text: the newest has errors. */
  readonly stale: boolean;
  readonly diagnostics: readonly PictureDiagnostic[];
  readonly lines: ReadonlyMap<string, number>;
  readonly model: Uri | undefined;
}

/** An edit, and the picture of the text after it where that was drawn in the same go. */
interface ComputedEdit {
  readonly edit?: TextEdit;
  readonly drawn?: DrawnPlan;
}

export interface PriceState {
  readonly version: number;
  readonly prices: readonly PicturePrice[];
  readonly done: boolean;
}

export class PlanSession extends Disposable {
  /** Undefined until the first text was compiled. */
  state: PlanState | undefined;
  /** All prices so far, of the text of `state`. */
  prices: PriceState | undefined;

  private readonly changed = new EventEmitter<PlanState>();
  private readonly priced = new EventEmitter<PriceState>();
  private painting: { readonly version: number; readonly done: () => void } | undefined;
  readonly onDidChange = this.changed.event;
  /** Only what is new since the last event. */
  readonly onDidPrice = this.priced.event;

  private readonly listeners: Disposable[] = [];
  private readonly contributions: MeasuredContributions;
  private modelWatch: { readonly uri: string; readonly watcher: Disposable } | undefined;
  private drawing: Promise<void> | undefined;
  private outdated = false;
  private pricing: AbortController | undefined;
  private edits: Promise<unknown> = Promise.resolve();
  /** The picture of a text that the document is about to have. */
  private ahead: DrawnPlan | undefined;
  private expected: { readonly text: string; readonly drawn: Promise<DrawnPlan> } | undefined;
  private isOpen = true;

  constructor(
    readonly document: TextDocument,
    private readonly engines: Engines,
    private readonly onError: (error: unknown) => void,
  ) {
    super(() => this.close());
    this.contributions = new MeasuredContributions(document.uri, () => void this.update());
    this.listeners.push(
      this.changed,
      this.priced,
      this.contributions,
      workspace.onDidChangeTextDocument((event) => {
        if (event.document === document && event.contentChanges.length > 0) void this.update();
      }),
      workspace.onDidChangeConfiguration((event) => event.affectsConfiguration('firmtune.boards') && this.update()),
    );
    void this.update();
  }

  /** The state of the newest text. */
  async newest(): Promise<PlanState | undefined> {
    await this.drawing;
    return this.state;
  }

  /**
   * Makes the switches as one edit, one step of undo. Computed for the text as it is; computed again if that has moved
   * on. Resolves to false where nothing was to change or nothing could be changed.
   * @param isWatched a view waits for the picture: see `paintedOrLate`
   */
  toggle(toggles: readonly Toggle[], isWatched = false): Promise<boolean> {
    const { quick } = this.engines;
    const compute = (text: PlanText): Promise<ComputedEdit> =>
      withModel(quick, () => quick.call('togglePlan', { ...text, toggles, contributions: this.contributions.text }));
    return this.edit(compute, isWatched);
  }

  /** @param compute asked again where the text has changed in between */
  edit(compute: (text: PlanText) => Promise<ComputedEdit>, isWatched = false): Promise<boolean> {
    // Prices of a text that is about to go would take the processor from what the author waits for.
    this.pricing?.abort();
    const edit = this.edits.then(() => this.applyEdit(compute, isWatched));
    this.edits = edit.catch(() => undefined).then(() => this.priceAgain());
    return edit;
  }

  planText(): PlanText {
    return planTextOf(this.document.uri, this.document.getText());
  }

  /** Draws again if the text or the model is not what was drawn last; of several texts only the newest. */
  private update(): Promise<void> {
    this.outdated = true;
    this.pricing?.abort();
    this.drawing ??= this.draw().finally(() => {
      this.drawing = undefined;
    });
    return this.drawing;
  }

  private async draw(): Promise<void> {
    while (this.outdated && this.isOpen) {
      this.outdated = false;
      const { version } = this.document;
      try {
        const drawn = await this.drawText(this.planText());
        if (!this.outdated && this.isOpen) this.accept(version, drawn);
      } catch (error) {
        this.report(error);
      }
    }
  }

  private drawText(plan: PlanText): Promise<DrawnPlan> {
    const { expected } = this;
    this.expected = undefined;
    if (expected?.text === plan.text) return expected.drawn;
    const { quick } = this.engines;
    return withModel(quick, () => quick.call('drawPlan', { ...plan, contributions: this.contributions.text }));
  }

  /** The engine has drawn, or draws while the editor applies the edit. */
  private expect(plan: PlanText, version: number, known: DrawnPlan | undefined): void {
    const drawn = known === undefined ? this.drawText(plan) : Promise.resolve(known);
    // Who takes it handles its failure.
    drawn.then((done) => this.showAhead(version, done)).catch(() => undefined);
    this.expected = { text: plan.text, drawn };
  }

  /** Shows the picture of an edit that is under way: the editor takes longer to apply it than the engine to draw it. */
  private showAhead(version: number, drawn: DrawnPlan): void {
    if (!this.isOpen || this.document.version >= version || drawn.picture === undefined) return;
    this.ahead = drawn;
    this.changed.fire(this.stateOf(version, drawn));
  }

  private stateOf(version: number, drawn: DrawnPlan): PlanState {
    return {
      version,
      picture: drawn.picture ?? this.state?.picture,
      stale: drawn.picture === undefined,
      diagnostics: drawn.diagnostics,
      lines: drawn.lines,
      model: drawn.model === undefined ? undefined : Uri.parse(drawn.model),
    };
  }

  private accept(version: number, drawn: DrawnPlan): void {
    this.state = this.stateOf(version, drawn);
    this.watchModel(this.state.model);
    this.prices = undefined;
    if (this.ahead !== drawn) this.changed.fire(this.state);
    this.ahead = undefined;
    if (drawn.picture !== undefined) void this.price(version, drawn.picture.totals.provenOptimal);
  }

  private async price(version: number, proven: boolean): Promise<void> {
    this.pricing?.abort();
    const pricing = new AbortController();
    this.pricing = pricing;
    const { background } = this.engines;
    const isWanted = workspace.getConfiguration('firmtune', this.document.uri).get('prices', true);
    const isNewest = (): boolean => this.isOpen && !pricing.signal.aborted && this.document.version === version;
    await new Promise((resolve) => setTimeout(resolve, pricesAfterMs));
    if (!isNewest()) return;
    const { signal } = pricing;
    try {
      const text = this.planText();
      if (!proven) {
        const refined = await withModel(background, () =>
          background.call('drawPlan', { ...text, contributions: this.contributions.text, refine: true }, { signal }),
        );
        if (!isNewest()) return;
        if (this.state !== undefined && refined.picture !== undefined) {
          this.state = { ...this.state, picture: refined.picture };
          this.changed.fire(this.state);
        }
      }
      if (!isWanted) return;
      const onProgress = (prices: readonly PicturePrice[]): void => {
        if (isNewest()) this.addPrices({ version, prices, done: false });
      };
      await withModel(background, () => background.call('pricePlan', text, { signal, onProgress }));
      if (isNewest()) this.addPrices({ version, prices: [], done: true });
    } catch (error) {
      this.report(error);
    }
  }

  /** After an edit that came to nothing; after any other the new text has its own. */
  private priceAgain(): void {
    const { state, pricing, document, prices } = this;
    if (pricing?.signal.aborted !== true || prices?.done === true || this.drawing !== undefined) return;
    if (state?.picture === undefined || state.stale || state.version !== document.version) return;
    this.prices = undefined;
    void this.price(state.version, state.picture.totals.provenOptimal);
  }

  private addPrices(fresh: PriceState): void {
    this.prices = { ...fresh, prices: [...(this.prices?.prices ?? []), ...fresh.prices] };
    this.priced.fire(fresh);
  }

  private async applyEdit(compute: (text: PlanText) => Promise<ComputedEdit>, isWatched: boolean): Promise<boolean> {
    const { document } = this;
    for (let attempt = 0; attempt < mostAttempts && this.isOpen; attempt++) {
      const { version } = document;
      const text = this.planText();
      const { edit, drawn } = await compute(text);
      if (edit === undefined) return false;
      if (document.version !== version) continue;
      const { line, column, endLine, endColumn } = edit.range;
      const range = new Range(line - 1, column - 1, endLine - 1, endColumn - 1);
      const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
      const after = text.text.slice(0, start) + edit.text + text.text.slice(end);
      this.expect({ ...text, text: after }, version + 1, drawn);
      const change = new WorkspaceEdit();
      change.replace(document.uri, range, edit.text);
      if (isWatched) await this.paintedOrLate(version + 1);
      if (document.version !== version) {
        this.ahead = undefined;
        continue;
      }
      // The editor refuses an edit of a text that has changed since.
      if (await workspace.applyEdit(change)) {
        void commands.executeCommand('setContext', 'firmtune.toggled', true);
        return true;
      }
      this.ahead = undefined;
      if (this.state !== undefined) this.changed.fire(this.state);
    }
    void window.showWarningMessage(l10n.t('The plan could not be changed: it is read-only, or changes all the time.'));
    return false;
  }

  /** A view tells that it has painted the picture of this version. */
  painted(version: number): void {
    if (version >= (this.painting?.version ?? Number.POSITIVE_INFINITY)) this.painting?.done();
  }

  /**
   * The picture first, then the text: an editor that applies an edit keeps the window's thread busy, and what the author
   * waits for is the new peak.
   */
  private paintedOrLate(version: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, paintingMs);
      const done = (): void => {
        clearTimeout(timer);
        this.painting = undefined;
        resolve();
      };
      this.painting = { version, done };
    });
  }

  /** A model that appears, changes or goes is seen at once. */
  private watchModel(model: Uri | undefined): void {
    const uri = model?.toString();
    if (this.modelWatch?.uri === uri) return;
    this.modelWatch?.watcher.dispose();
    this.modelWatch = undefined;
    if (model === undefined || uri === undefined) return;
    const file = stored(model);
    const name = file.path.replace(/^.*\//, '');
    const watcher = workspace.createFileSystemWatcher(new RelativePattern(Uri.joinPath(file, '..'), escapeGlob(name)));
    const reload = (): void => {
      this.forgetModel(model);
      void this.update();
    };
    this.modelWatch = {
      uri,
      watcher: Disposable.from(
        watcher,
        watcher.onDidChange(reload),
        watcher.onDidCreate(reload),
        watcher.onDidDelete(reload),
      ),
    };
  }

  /** The engine asks for it the next time. */
  private forgetModel(model: Uri): void {
    for (const engine of [this.engines.quick, this.engines.background, this.engines.search]) {
      if (engine.isRunning()) void engine.call('forgetModel', { uri: model.toString() }).catch(() => undefined);
    }
  }

  private report(error: unknown): void {
    const cancelled = error instanceof CancellationError || (error instanceof Error && error.name === 'AbortError');
    if (!cancelled && this.isOpen) this.onError(error);
  }

  private close(): void {
    this.isOpen = false;
    this.pricing?.abort();
    // Nobody watches the file from now on.
    if (this.state?.model !== undefined) this.forgetModel(this.state.model);
    this.modelWatch?.watcher.dispose();
    for (const listener of this.listeners) listener.dispose();
  }
}

function escapeGlob(name: string): string {
  return name.replace(/[*?[\]{}]/g, '[$&]');
}
