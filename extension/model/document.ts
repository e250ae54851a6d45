/** One `.tflite` file that is open in model views: read, checked, and read again when it changes. */

import {
  type CustomDocument,
  Disposable,
  EventEmitter,
  FileSystemError,
  l10n,
  RelativePattern,
  Uri,
  workspace,
} from 'vscode';
import type { ModelLayerDetails, ModelLayout, ModelPicture, ModelUpdate, ToModelPage } from '../../webview/messages.ts';
import type { EngineClient } from '../engine/channel.ts';
import type { Engine } from '../engine/handlers.ts';
import { basename } from '../files.ts';

/** Far more than any microcontroller's flash, far less than what would stall the window. */
const mostBytes = 256 * 1024 * 1024;
/** Converters write a file in several pieces. */
const settleMs = 300;

export type ModelState =
  | Extract<ToModelPage, { type: 'loading' }>
  | { readonly type: 'open'; readonly version: number; readonly picture: ModelPicture; readonly gone: boolean }
  | Extract<ToModelPage, { type: 'failed' }>;

export class ModelDocument extends Disposable implements CustomDocument {
  private readonly changed = new EventEmitter<ModelState>();
  readonly onDidChange = this.changed.event;
  private readonly parts: Disposable[];
  /** A worker of its own: cancelling ends it, whatever it is at, and nothing else. */
  private readonly engine: EngineClient<Engine>;
  private readonly file: Uri;
  private current: ModelState;
  private version = 0;
  private reading = new AbortController();
  private bytes: Uint8Array | undefined;
  private isInEngine = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `uri` may name a layer in its fragment. */
  constructor(
    readonly uri: Uri,
    startEngine: () => EngineClient<Engine>,
  ) {
    super(() => {
      clearTimeout(this.timer);
      this.reading.abort();
      this.engine.dispose();
      Disposable.from(...this.parts).dispose();
    });
    this.file = uri.with({ fragment: '', query: '' });
    this.engine = startEngine();
    this.current = this.loading('reading', 0);
    const watcher = workspace.createFileSystemWatcher(
      new RelativePattern(Uri.joinPath(this.file, '..'), globFor(basename(uri))),
    );
    const readSoon = (): void => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.read(), settleMs);
    };
    this.parts = [
      this.changed,
      watcher,
      watcher.onDidChange(readSoon),
      watcher.onDidCreate(readSoon),
      watcher.onDidDelete(() => this.lost()),
    ];
    void this.read();
  }

  get state(): ModelState {
    return this.current;
  }

  async read(): Promise<void> {
    this.reading.abort();
    this.reading = new AbortController();
    const { signal } = this.reading;
    try {
      const { size } = await workspace.fs.stat(this.file);
      this.report(signal, this.loading('reading', size));
      if (size > mostBytes) {
        this.report(signal, tooLarge(size));
        return;
      }
      const bytes = await workspace.fs.readFile(this.file);
      this.report(signal, this.loading('checking', size));
      this.bytes = bytes;
      const model = await this.give(bytes, signal);
      if (!model.ok) {
        const title = l10n.t('{0} cannot be shown', basename(this.file));
        this.report(signal, { type: 'failed', title, problems: problemsOf(model.diagnostics), canRetry: true });
        return;
      }
      this.version++;
      this.report(signal, { type: 'open', version: this.version, picture: model.picture, gone: false });
    } catch (error) {
      const gone = error instanceof FileSystemError && error.code === 'FileNotFound';
      if (gone && !signal.aborted) this.lost();
      else this.report(signal, failureOf(this.file, error));
    }
  }

  /** Stops reading, or the layout that takes too long. */
  cancel(): void {
    this.isInEngine = false;
    this.engine.dispose();
    if (this.current.type !== 'loading') return;
    const { signal } = this.reading;
    const title = l10n.t('Opening {0} was cancelled', basename(this.file));
    this.report(signal, { type: 'failed', title, problems: [], canRetry: true });
    this.reading.abort();
  }

  async layOut(collapsed: readonly string[], aspect: number, signal: AbortSignal): Promise<ModelLayout> {
    await this.ensureGiven();
    return this.engine.call('layOutModel', { key: this.key, collapsed, aspect }, { signal });
  }

  async describe(layer: number): Promise<ModelLayerDetails> {
    await this.ensureGiven();
    return this.engine.call('describeLayer', { key: this.key, layer });
  }

  async modelOfPlan(text: string): Promise<string | undefined> {
    return this.engine.call('modelOfPlan', { text });
  }

  async updateOfPlan(plan: string, text: string): Promise<ModelUpdate> {
    await this.ensureGiven();
    return this.engine.call('updateOfPlan', { key: this.key, plan, text });
  }

  private get key(): string {
    return this.file.toString();
  }

  private async give(bytes: Uint8Array, signal?: AbortSignal) {
    const name = basename(this.file);
    const input = { key: this.key, name, bytes };
    const model = await this.engine.call('openModelView', input, signal === undefined ? {} : { signal });
    this.isInEngine = model.ok;
    return model;
  }

  /** The worker was ended since the model was read. */
  private async ensureGiven(): Promise<void> {
    if (!this.isInEngine && this.bytes !== undefined) await this.give(this.bytes);
  }

  private loading(stage: 'reading' | 'checking', fileBytes: number): Extract<ToModelPage, { type: 'loading' }> {
    return { type: 'loading', name: basename(this.file), fileBytes, stage };
  }

  private report(signal: AbortSignal, state: ModelState): void {
    // A model that is on the screen stays there while its file is read again.
    if (signal.aborted || (state.type === 'loading' && this.current.type === 'open')) return;
    this.current = state;
    this.changed.fire(state);
  }

  private lost(): void {
    clearTimeout(this.timer);
    this.report(
      this.reading.signal,
      this.current.type === 'open' ? { ...this.current, gone: true } : failureOf(this.file, undefined),
    );
  }
}

/** A file's name is no pattern. */
function globFor(name: string): string {
  return name.replace(/[[\]{}*?]/g, (character) => (character === '[' || character === ']' ? '?' : `[${character}]`));
}

function tooLarge(bytes: number): Extract<ToModelPage, { type: 'failed' }> {
  const megabytes = (value: number): string => (value / 1024 / 1024).toFixed(0);
  return {
    type: 'failed',
    title: l10n.t('This model is too large'),
    problems: [
      {
        message: l10n.t('The file has {0} MB; up to {1} MB are read.', megabytes(bytes), megabytes(mostBytes)),
        remedy: l10n.t('Choose a model that a microcontroller can hold.'),
      },
    ],
    canRetry: true,
  };
}

function failureOf(file: Uri, error: unknown): Extract<ToModelPage, { type: 'failed' }> {
  const name = basename(file);
  const reason = error instanceof Error ? error.message : '';
  return {
    type: 'failed',
    title: l10n.t('{0} cannot be read', name),
    problems: [
      {
        message: reason === '' ? l10n.t('There is no such file any more.') : reason,
        remedy: l10n.t('Put the file back, or open another. The view reads it as soon as it is there.'),
      },
    ],
    canRetry: true,
  };
}

function problemsOf(diagnostics: readonly { readonly message: string; readonly remedy: string }[]) {
  return diagnostics.map(({ message, remedy }) => ({ message: sentence(message), remedy: sentence(remedy) }));
}

function sentence(text: string): string {
  const capital = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
