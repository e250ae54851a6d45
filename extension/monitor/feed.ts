/** Runs whose figures come as lines of text: from an emulator, or from a board's serial port. */

import type { RunPicture, RunProblem } from '../../webview/messages.ts';
import { type Report, readReport, type Seen } from './lines.ts';
import type { Run } from './run.ts';
import type { RunStore } from './runStore.ts';

export interface FeedStart {
  readonly title: string;
  readonly source: 'emulator' | 'board';
  /** As a path that the user knows. */
  readonly plan?: string;
  /** Makes it possible to stop the run in the monitor. The source answers with `cancelled`, or ends as it likes. */
  readonly cancel?: () => void;
}

export interface FeedRun {
  readonly id: number;
  /** How it ended. */
  readonly ended: Promise<RunPicture>;
  /** Text as it comes: lines may be cut anywhere, and others than the firmware's reports are ignored. */
  lines(text: string): void;
  finish(): void;
  cancelled(): void;
  fail(problem: { readonly message: string; readonly remedy: string; readonly code?: string }): void;
}

/** For whoever runs firmware: each start opens the monitor. */
export interface MonitorFeed {
  startRun(start: FeedStart): FeedRun;
}

/** A line without end is not a line of ours. */
const longestLine = 4096;

export class Feed implements MonitorFeed {
  private readonly cancels = new Map<Run, () => void>();

  constructor(
    private readonly store: RunStore,
    private readonly onStart: (run: Run) => void = () => undefined,
  ) {}

  startRun({ title, source, plan, cancel }: FeedStart): FeedRun {
    const { store } = this;
    const run = store.add({
      name: title,
      source,
      canCancel: cancel !== undefined,
      ...(plan === undefined ? {} : { plan }),
    });
    if (cancel !== undefined) this.cancels.set(run, cancel);
    this.onStart(run);
    const reader = new ReportReader(store, run);
    let settle = (_: RunPicture): void => undefined;
    const ended = new Promise<RunPicture>((resolve) => {
      settle = resolve;
    });
    const end = (state: 'finished' | 'cancelled' | 'failed', problems: readonly RunProblem[] = []): void => {
      this.cancels.delete(run);
      reader.end();
      store.end(run, state, problems);
      settle(store.picture(run));
    };
    return {
      id: run.id,
      ended,
      lines: (text) => reader.add(text),
      finish: () => end('finished'),
      cancelled: () => end('cancelled'),
      fail: ({ message, remedy, code = 'run-failed' }) => end('failed', [{ severity: 'error', code, message, remedy }]),
    };
  }

  /** Where the run can be stopped. */
  cancel(run: Run): void {
    this.cancels.get(run)?.();
  }
}

class ReportReader {
  private rest = '';
  private classes: readonly string[] = [];
  /** Since the last test. */
  private seen: readonly (readonly number[])[] = [];
  private losses = { sum: 0, count: 0 };
  private tests = 0;
  private lastStep = 0;
  /** Before the last reset: what was learned is still there, so the curve goes on. */
  private stepsBefore = 0;

  constructor(
    private readonly store: RunStore,
    private readonly run: Run,
  ) {}

  add(text: string): void {
    if (!this.run.isActive) return;
    const lines = (this.rest + text).split(/\r?\n|\r/);
    this.rest = (lines.pop() ?? '').slice(-longestLine);
    this.take(lines);
  }

  end(): void {
    this.take([this.rest]);
    this.rest = '';
  }

  private take(lines: readonly string[]): void {
    const { store, run } = this;
    const reports = lines.map(readReport).filter((report) => report !== undefined);
    if (reports.length === 0 || !run.isActive) return;
    for (const report of reports) this.follow(report);
    run.markRate(store.now());
    store.changed(run);
  }

  private follow(report: Report): void {
    const { run } = this;
    switch (report.event) {
      case 'start':
        this.classes = report.classes;
        this.forget();
        this.restart();
        run.describe(report.plan === undefined ? {} : { planHash: report.plan });
        break;
      case 'step':
        this.lastStep = this.stepsBefore + report.step;
        run.addLoss(this.lastStep, report.loss);
        this.losses = { sum: this.losses.sum + report.loss, count: this.losses.count + 1 };
        if (report.seen !== undefined) this.see(report.seen);
        break;
      case 'infer':
        this.see(report.seen);
        break;
      case 'eval':
        this.test(report);
        break;
      case 'error':
        run.addProblems([
          {
            severity: 'error',
            code: 'firmware-error',
            message: `the firmware reports an error: ${report.reason}`,
            remedy: 'look at its output for what came before',
          },
        ]);
        break;
    }
  }

  private restart(): void {
    if (this.lastStep === this.stepsBefore) return;
    this.stepsBefore = this.lastStep;
    this.run.addProblems([
      {
        severity: 'information',
        code: 'board-restarted',
        message: `the firmware started anew after ${this.lastStep} steps`,
        remedy: 'if you did not reset it, look at its output for a fault',
      },
    ]);
  }

  private see({ label, prediction }: Seen): void {
    if (this.seen[label]?.[prediction] === undefined) return;
    this.seen = this.seen.map((row, index) =>
      index === label ? row.map((count, column) => (column === prediction ? count + 1 : count)) : row,
    );
  }

  /** A test counts as the end of an epoch: firmware that learns from what it sees knows no other. */
  private test({ step: ofBoard, accuracy, loss }: Extract<Report, { event: 'eval' }>): void {
    const { run, store, classes, seen } = this;
    const step = this.stepsBefore + ofBoard;
    const epoch = step === 0 ? 0 : ++this.tests;
    const counts = seen.flat();
    const total = counts.reduce((sum, count) => sum + count, 0);
    const right = seen.reduce((sum, row, label) => sum + (row[label] ?? 0), 0);
    run.addResult({
      ...{ epoch, steps: step },
      ...(this.losses.count === 0 ? {} : { loss: this.losses.sum / this.losses.count }),
      ...(total === 0 || step === 0 ? {} : { trainAccuracy: right / total }),
      ...(accuracy === undefined ? {} : { testAccuracy: accuracy }),
      ...(loss === undefined ? {} : { testLoss: loss }),
    });
    if (total > 0) {
      run.test = { epoch, basis: 'seen', classes, confusion: seen, wrongCount: total - right, wrong: [] };
      store.tested(run);
    }
    this.forget();
  }

  private forget(): void {
    this.seen = this.classes.map(() => this.classes.map(() => 0));
    this.losses = { sum: 0, count: 0 };
  }
}
