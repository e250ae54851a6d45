/** Pictures of plans that nobody has open in a view: computed in the background, remembered until their text changes. */

import { Disposable, EventEmitter, type Uri, workspace } from 'vscode';
import type { DrawnPlan } from '../engine/plans.ts';
import { basename } from '../files.ts';
import { withModel } from './engines.ts';
import { planTextOf } from './planTextOf.ts';
import type { PlanSessions } from './sessions.ts';

/** What an author types is not priced at every letter. */
const settleMs = 700;
/** More would take the machine for long; they still are in the list, and computed when somebody opens them. */
const mostComputed = 50;

export class PlanFigures extends Disposable {
  private readonly known = new Map<string, Promise<DrawnPlan | undefined>>();
  private readonly changed = new EventEmitter<Uri | undefined>();
  /** Undefined: which plans there are may have changed. */
  readonly onDidChange = this.changed.event;
  private readonly watched: Disposable;
  private readonly waiting = new Map<string, NodeJS.Timeout>();
  /** One after the other. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly sessions: PlanSessions) {
    super(() => {
      for (const timer of this.waiting.values()) clearTimeout(timer);
      this.watched.dispose();
    });
    const plans = workspace.createFileSystemWatcher('**/*.trainplan');
    const models = workspace.createFileSystemWatcher('**/*.tflite');
    const listChanged = (uri: Uri): void => {
      this.known.delete(uri.toString());
      this.changed.fire(undefined);
    };
    const allChanged = (): void => {
      this.known.clear();
      this.changed.fire(undefined);
    };
    this.watched = Disposable.from(
      this.changed,
      plans,
      plans.onDidCreate(listChanged),
      plans.onDidDelete(listChanged),
      plans.onDidChange((uri) => this.forget(uri)),
      models,
      models.onDidCreate(allChanged),
      models.onDidChange(allChanged),
      models.onDidDelete(allChanged),
      workspace.onDidChangeConfiguration((event) => event.affectsConfiguration('firmtune.boards') && allChanged()),
      workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (document.languageId === 'trainplan' && contentChanges.length > 0) this.forget(document.uri);
      }),
      workspace.onDidCloseTextDocument((document) => {
        if (document.languageId === 'trainplan') this.forget(document.uri);
      }),
    );
  }

  async plans(): Promise<readonly Uri[]> {
    const found = await workspace.findFiles('**/*.trainplan', '**/node_modules/**');
    return found.sort((a, b) => basename(a).localeCompare(basename(b)) || a.path.localeCompare(b.path));
  }

  /**
   * Undefined where the plan cannot be read, or where there are too many.
   * @param isAsked somebody asks for this plan: then it is computed, however many there are
   */
  drawn(plan: Uri, isAsked = false): Promise<DrawnPlan | undefined> {
    const key = plan.toString();
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (!isAsked && this.known.size >= mostComputed) return Promise.resolve(undefined);
    const drawn = this.last.then(() => this.draw(plan)).catch(() => undefined);
    this.last = drawn;
    this.known.set(key, drawn);
    return drawn;
  }

  private async draw(plan: Uri): Promise<DrawnPlan | undefined> {
    const { background } = this.sessions.engines;
    const session = this.sessions.find(plan);
    const state = await session?.newest();
    if (state !== undefined) {
      const { picture, stale, diagnostics, lines } = state;
      return { kind: 'drawn', diagnostics, lines, ...(stale || picture === undefined ? {} : { picture }) };
    }
    const open = workspace.textDocuments.find(({ uri }) => uri.toString() === plan.toString());
    const text = open?.getText() ?? new TextDecoder().decode(await workspace.fs.readFile(plan));
    return withModel(background, () => background.call('drawPlan', planTextOf(plan, text)));
  }

  private forget(plan: Uri): void {
    const key = plan.toString();
    clearTimeout(this.waiting.get(key));
    const timer = setTimeout(() => {
      this.waiting.delete(key);
      this.known.delete(key);
      this.changed.fire(plan);
    }, settleMs);
    this.waiting.set(key, timer);
  }
}
