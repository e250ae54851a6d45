/** All runs that the monitor knows. It outlives the page, which is sent everything whenever it comes back. */

import type { LossTail, RunPicture, RunProblem, TestPicture } from '../../webview/messages.ts';
import { LossSeries } from './lossSeries.ts';
import { Run, type RunEnd, type RunStart } from './run.ts';

/** With 2000 points each, and a page that draws them all. */
const mostRuns = 20;

export interface RestoredRun {
  readonly picture: RunPicture;
  readonly planUri?: string;
  readonly losses: LossTail;
  readonly test?: TestPicture;
}

export type RunChange =
  /** Added, removed, or the order is another. */
  | { readonly kind: 'list' }
  | { readonly kind: 'run'; readonly run: Run }
  | { readonly kind: 'test'; readonly run: Run };

export class RunStore {
  private runs: readonly Run[] = [];
  private nextId = 1;
  private readonly listeners = new Set<(change: RunChange) => void>();

  /** @param now milliseconds since 1970 */
  constructor(readonly now: () => number = Date.now) {}

  get all(): readonly Run[] {
    return this.runs;
  }

  find(id: number): Run | undefined {
    return this.runs.find((run) => run.id === id);
  }

  /** The oldest run that has ended makes room. */
  add(start: RunStart): Run {
    const run = new Run(this.nextId++, { ...start, name: this.freeName(start.name) }, this.now());
    const surplus = this.runs.length + 1 - mostRuns;
    const leaving = new Set(this.runs.filter(({ isActive }) => !isActive).slice(0, Math.max(0, surplus)));
    this.runs = [...this.runs.filter((each) => !leaving.has(each)), run];
    this.tell({ kind: 'list' });
    return run;
  }

  /** Runs of an earlier window, before those of this one. Where their numbers are taken they get others. */
  restore(restored: readonly RestoredRun[]): void {
    const taken = new Set(this.runs.map(({ id }) => id));
    this.nextId = Math.max(this.nextId, ...restored.map(({ picture }) => picture.id + 1));
    const runs = restored.map(({ picture, planUri, losses, test }) => {
      const { name, source, plan, startedAt } = picture;
      const start = { name, source, plan, ...(planUri === undefined ? {} : { planUri }) };
      const run = new Run(taken.has(picture.id) ? this.nextId++ : picture.id, start, startedAt, picture);
      run.losses = LossSeries.from(losses);
      run.test = test;
      return run;
    });
    this.runs = [...runs, ...this.runs].slice(-mostRuns);
    this.tell({ kind: 'list' });
    for (const run of runs) {
      this.tell({ kind: 'run', run });
      if (run.test !== undefined) this.tell({ kind: 'test', run });
    }
  }

  /** @throws RangeError if the run goes on */
  remove(run: Run): void {
    if (run.isActive) throw new RangeError(`run ${run.id} goes on`);
    this.runs = this.runs.filter((each) => each !== run);
    this.tell({ kind: 'list' });
  }

  rename(run: Run, name: string): void {
    run.name = name;
    this.tell({ kind: 'run', run });
  }

  /** Ends a run once; a later end of the same run changes nothing. */
  end(run: Run, state: RunEnd, problems: readonly RunProblem[] = []): void {
    if (!run.isActive) return;
    run.addProblems(problems);
    run.end(state, this.now());
    this.tell({ kind: 'run', run });
  }

  changed(run: Run): void {
    this.tell({ kind: 'run', run });
  }

  tested(run: Run): void {
    this.tell({ kind: 'test', run });
  }

  picture(run: Run): RunPicture {
    return run.picture(this.now());
  }

  /** @returns a function that ends it */
  onChange(listener: (change: RunChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(change: RunChange): void {
    for (const listener of [...this.listeners]) listener(change);
  }

  /** `garments`, `garments 2`, ...: names tell runs apart. */
  private freeName(name: string): string {
    const taken = new Set(this.runs.map((run) => run.name));
    let free = name;
    for (let number = 2; taken.has(free); number++) free = `${name} ${number}`;
    return free;
  }
}
