/** One training run as it goes on: where it comes from does not matter here. */

import type {
  EpochPoint,
  RunPicture,
  RunProblem,
  RunProgress,
  RunSource,
  RunState,
  TestPicture,
} from '../../webview/messages.ts';
import { LossSeries } from './lossSeries.ts';

export interface RunStart {
  readonly name: string;
  readonly source: RunSource;
  /** As a path that the user knows. */
  readonly plan?: string;
  readonly planUri?: string;
  readonly canCancel?: boolean;
  readonly canRunAgain?: boolean;
}

/** What is known once the plan is compiled, or the firmware has introduced itself. */
export interface RunDescription {
  readonly planHash?: string;
  readonly settings?: readonly (readonly [key: string, value: string])[];
  readonly seed?: number;
  readonly epochs?: number;
  readonly problems?: readonly RunProblem[];
}

export type RunEnd = Extract<RunState, 'finished' | 'cancelled' | 'failed'>;

/** The rate is that of the last seconds. */
const rateWindowMs = 5000;
const markEveryMs = 100;
/** Firmware may send warnings without end. */
const mostProblems = 50;
const mostResults = 1000;

export class Run {
  losses = new LossSeries();
  name: string;
  test: TestPicture | undefined;
  /** Static SRAM of the simulated device. */
  learned: Uint8Array | undefined;
  private state: RunState = 'starting';
  private description: RunDescription = {};
  private problems: readonly RunProblem[] = [];
  private progress: RunProgress | undefined;
  private results: readonly EpochPoint[] = [];
  private steps = 0;
  private divergedAt: number | undefined;
  private endedAt: number | undefined;
  private told: { readonly stepsPerSecond: number; readonly secondsLeft: number } | undefined;
  private rateMarks: readonly { readonly at: number; readonly steps: number }[] = [];
  private pausedMs = 0;

  constructor(
    readonly id: number,
    readonly start: RunStart,
    private readonly startedAt: number,
    /** How it looked when the window was closed that it ran in; it cannot go on. */
    private readonly past?: RunPicture,
  ) {
    this.name = start.name;
    if (past !== undefined) this.endedAt = startedAt;
  }

  get isActive(): boolean {
    return this.endedAt === undefined;
  }

  describe(description: RunDescription): void {
    this.description = { ...this.description, ...description };
    this.addProblems(description.problems ?? []);
    if (this.state === 'starting') this.state = 'running';
  }

  /** @param step its number, from 1 */
  addLoss(step: number, loss: number): void {
    if (this.state === 'starting') this.state = 'running';
    this.steps = step;
    this.losses.add(step, loss);
    if (!Number.isFinite(loss)) this.divergedAt ??= step;
  }

  setProgress(progress: RunProgress): void {
    this.progress = progress;
  }

  /** By a source that knows; 0 and NaN are not known yet. */
  setRate(stepsPerSecond: number, secondsLeft: number): void {
    this.told = { stepsPerSecond, secondsLeft };
  }

  /** Of a source that tells no rate: the steps between two times. */
  markRate(now: number): void {
    if (now - (this.rateMarks.at(-1)?.at ?? Number.NEGATIVE_INFINITY) < markEveryMs) return;
    this.rateMarks = [...this.rateMarks.filter(({ at }) => now - at <= rateWindowMs), { at: now, steps: this.steps }];
  }

  /** What several reports tell of one epoch is put together. */
  addResult(point: EpochPoint): void {
    const before = this.results.find(({ epoch }) => epoch === point.epoch);
    const others = this.results.filter((each) => each !== before);
    this.results = [...others, { ...before, ...point }].sort((a, b) => a.epoch - b.epoch).slice(-mostResults);
  }

  addProblems(problems: readonly RunProblem[]): void {
    // A run that goes on is told of the same warnings again.
    const known = new Set(this.problems.map((problem) => JSON.stringify(problem)));
    const added = problems.filter((problem) => !known.has(JSON.stringify(problem)));
    this.problems = [...this.problems, ...added].slice(0, mostProblems);
  }

  end(state: RunEnd, now: number): void {
    if (!this.isActive) return;
    this.state = state;
    this.endedAt = now;
    this.progress = undefined;
  }

  /** A run that was stopped goes on; the time between does not count. */
  resume(now: number): void {
    if (this.endedAt === undefined) return;
    this.pausedMs += now - this.endedAt;
    this.endedAt = undefined;
    this.state = 'starting';
  }

  picture(now: number): RunPicture {
    if (this.past !== undefined) return { ...this.past, id: this.id, name: this.name };
    const { source, plan = '', canCancel = false, canRunAgain = false } = this.start;
    const { planHash = '', settings = [], seed, epochs } = this.description;
    const rate = this.rate();
    const remaining = this.remaining();
    return {
      id: this.id,
      name: this.name,
      source,
      plan,
      planHash,
      settings,
      ...(seed === undefined ? {} : { seed }),
      state: this.state,
      startedAt: this.startedAt,
      elapsed: (this.endedAt ?? now) - this.startedAt - this.pausedMs,
      ...(remaining === undefined ? {} : { remaining }),
      ...(rate === undefined ? {} : { stepsPerSecond: rate }),
      ...(epochs === undefined ? {} : { epochs }),
      steps: this.steps,
      ...(this.progress === undefined ? {} : { progress: this.progress }),
      results: this.results,
      ...(this.divergedAt === undefined ? {} : { divergedAt: this.divergedAt }),
      problems: this.problems,
      canCancel: canCancel && this.isActive,
      canRunAgain: canRunAgain && !this.isActive,
      canContinue: canRunAgain && this.state === 'cancelled' && this.learned !== undefined,
      learnedBytes: this.learned?.length ?? 0,
    };
  }

  private rate(): number | undefined {
    if (this.told !== undefined) return this.told.stepsPerSecond || undefined;
    const first = this.rateMarks[0];
    const last = this.rateMarks.at(-1);
    if (first === undefined || last === undefined || last.at === first.at) return undefined;
    return (1000 * (last.steps - first.steps)) / (last.at - first.at);
  }

  private remaining(): number | undefined {
    const seconds = this.told?.secondsLeft;
    return this.isActive && seconds !== undefined && Number.isFinite(seconds) ? 1000 * seconds : undefined;
  }
}
