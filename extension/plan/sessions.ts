/** The sessions of all plans that somebody looks at. */

import { Disposable, type LogOutputChannel, type TextDocument, type Uri } from 'vscode';
import type { Engines } from './engines.ts';
import { PlanSession, type PlanState } from './session.ts';

export interface SessionUse extends Disposable {
  readonly session: PlanSession;
}

export class PlanSessions extends Disposable {
  private readonly open = new Map<string, { readonly session: PlanSession; users: number }>();

  constructor(
    readonly engines: Engines,
    private readonly log: LogOutputChannel,
    private readonly onDraw: (plan: Uri, state: PlanState) => void,
  ) {
    super(() => {
      for (const { session } of this.open.values()) session.dispose();
      this.open.clear();
      engines.dispose();
    });
  }

  /** The session lives until all that use it have disposed of their use. */
  use(document: TextDocument): SessionUse {
    const key = document.uri.toString();
    const known = this.open.get(key);
    const entry = known?.session.document === document ? known : { session: this.start(document), users: 0 };
    this.open.set(key, entry);
    entry.users++;
    const release = new Disposable(() => {
      if (--entry.users > 0) return;
      if (this.open.get(key) === entry) this.open.delete(key);
      entry.session.dispose();
    });
    return Object.assign(release, { session: entry.session });
  }

  find(uri: { toString(): string }): PlanSession | undefined {
    return this.open.get(uri.toString())?.session;
  }

  private start(document: TextDocument): PlanSession {
    const onError = (error: unknown) => this.log.error(error instanceof Error ? error : String(error));
    const session = new PlanSession(document, this.engines, onError);
    session.onDidChange((state) => this.onDraw(document.uri, state));
    return session;
  }
}
