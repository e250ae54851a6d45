/** Keeps a page up to date with the runs, at a rate that the eye can follow. */

import type { ToMonitorPage } from '../../webview/messages.ts';
import type { SeenPoints } from './lossSeries.ts';
import type { Run } from './run.ts';
import type { RunChange, RunStore } from './runStore.ts';

/** Time between two rounds of messages. */
export const roundMs = 100;

export interface Timers {
  set(callback: () => void, ms: number): unknown;
  clear(timer: unknown): void;
}

const realTimers: Timers = {
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

/** Changes of one round become one message for each run; what it has of the losses is not sent again. */
export class Publisher {
  private listChanged = false;
  private readonly changed = new Set<Run>();
  private readonly tested = new Set<Run>();
  private readonly seen = new Map<number, SeenPoints>();
  private timer: unknown;
  private readonly stop: () => void;

  constructor(
    private readonly store: RunStore,
    private readonly send: (message: ToMonitorPage) => void,
    private readonly timers: Timers = realTimers,
  ) {
    this.stop = store.onChange((change) => this.note(change));
  }

  /** The page is new: it knows nothing. */
  sendAll(): void {
    this.seen.clear();
    this.listChanged = true;
    for (const run of this.store.all) {
      this.changed.add(run);
      this.tested.add(run);
    }
    this.flush();
  }

  dispose(): void {
    this.stop();
    this.timers.clear(this.timer);
  }

  private note(change: RunChange): void {
    if (change.kind === 'list') this.listChanged = true;
    else if (change.kind === 'run') this.changed.add(change.run);
    else this.tested.add(change.run);
    this.timer ??= this.timers.set(() => this.flush(), roundMs);
  }

  private flush(): void {
    this.timers.clear(this.timer);
    this.timer = undefined;
    if (this.listChanged) this.send({ type: 'runs', runs: this.store.all.map((run) => this.store.picture(run)) });
    for (const run of this.changed) {
      if (this.store.find(run.id) === undefined) continue;
      const loss = run.losses.tail(this.seen.get(run.id));
      this.seen.set(run.id, run.losses.seen);
      this.send({ type: 'run', run: this.store.picture(run), ...(loss === undefined ? {} : { loss }) });
    }
    for (const { id, test } of this.tested) {
      if (test !== undefined && this.store.find(id) !== undefined) this.send({ type: 'test', id, test });
    }
    this.listChanged = false;
    this.changed.clear();
    this.tested.clear();
  }
}
