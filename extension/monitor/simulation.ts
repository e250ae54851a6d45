/** One simulated run: an engine of its own trains, the run of the monitor follows. */

import type { SimulationState } from '../../compiler/simulate/train.ts';
import type { RunProblem } from '../../webview/messages.ts';
import type { FileSystem } from '../data/files.ts';
import { errorText } from '../data/files.ts';
import type { FileQuestion } from '../engine/askFiles.ts';
import type { EngineClient } from '../engine/channel.ts';
import type { Engine } from '../engine/handlers.ts';
import type { ModelNeeded, PlanText } from '../engine/plans.ts';
import type { SimulationEnd, SimulationEvent } from '../engine/simulate.ts';
import type { Run } from './run.ts';
import type { RunStore } from './runStore.ts';

export interface SimulationHost {
  /** A worker of its own: training does not keep other work waiting, and its memory goes with it. */
  startEngine(): EngineClient<Engine>;
  /** Calls the engine, and gives it the model that it lacks. */
  withModel(engine: EngineClient<Engine>, ask: () => Promise<SimulationEnd | ModelNeeded>): Promise<SimulationEnd>;
}

export interface SimulationRequest {
  readonly plan: PlanText;
  /** Paths relative to the plan. */
  readonly files: FileSystem;
  readonly seed?: number | undefined;
  readonly epochs?: number | undefined;
}

/** An engine has one simulation. */
const call = 0;
/** A cancelled run hands over what it learned; an engine that does not is ended. */
const patienceMs = 5000;

export class Simulation {
  private state: SimulationState | undefined;
  private engine: EngineClient<Engine> | undefined;
  private stopping = false;

  constructor(
    private readonly store: RunStore,
    readonly run: Run,
    readonly request: SimulationRequest,
    private readonly host: SimulationHost,
  ) {}

  /** Trains to the end; a run that was stopped goes on where it was. Never rejects: the run tells how it ended. */
  async train(): Promise<void> {
    const { store, run, request } = this;
    const engine = this.host.startEngine();
    this.engine = engine;
    this.stopping = false;
    const { plan, seed, epochs } = request;
    const input = { ...plan, call, seed, epochs, resume: this.state };
    const onProgress = (event: SimulationEvent): void => {
      if (event.kind === 'file') void this.answer(engine, event);
      else this.follow(event);
    };
    try {
      const end = await this.host.withModel(engine, () => engine.call('simulate', input, { onProgress }));
      store.end(run, end.kind, end.kind === 'failed' ? end.problems : []);
    } catch (error) {
      if (this.stopping) store.end(run, 'cancelled');
      else store.end(run, 'failed', [crashed(error)]);
    } finally {
      engine.dispose();
      this.engine = undefined;
    }
  }

  stop(): void {
    const { engine } = this;
    if (engine === undefined || this.stopping) return;
    this.stopping = true;
    void engine.call('stopSimulation', { call }).catch(() => undefined);
    setTimeout(() => this.engine === engine && engine.dispose(), patienceMs);
  }

  private follow(event: Exclude<SimulationEvent, FileQuestion>): void {
    const { store, run } = this;
    switch (event.kind) {
      case 'reading':
        run.setProgress({ epoch: 0, phase: 'reading', done: event.done, of: event.total });
        break;
      case 'started':
        run.describe(event);
        break;
      case 'progress':
        for (const [index, loss] of event.losses.entries()) run.addLoss(event.after + index + 1, loss);
        run.setProgress(event.progress);
        run.setRate(event.stepsPerSecond, event.secondsLeft);
        break;
      case 'result':
        run.addResult(event.result);
        break;
      case 'test':
        run.test = event.test;
        store.tested(run);
        return;
      case 'state':
        this.state = event.state;
        run.learned = event.state.learned;
        break;
    }
    store.changed(run);
  }

  private async answer(engine: EngineClient<Engine>, { question, what, path }: FileQuestion): Promise<void> {
    const { files } = this.request;
    const asked = { call, question };
    try {
      if (what === 'list') {
        const entries = await files.list(path);
        await engine.call('answerFile', { ...asked, ...(entries === undefined ? {} : { entries }) });
      } else {
        const bytes = await files.read(path);
        await engine.call('answerFile', { ...asked, ...(bytes === undefined ? {} : { bytes }) });
      }
    } catch (error) {
      // The engine may be gone already; then nobody waits.
      await engine.call('answerFile', { ...asked, problem: errorText(error) }).catch(() => undefined);
    }
  }
}

function crashed(error: unknown): RunProblem {
  return {
    severity: 'error',
    code: 'simulation-stopped',
    message: `the simulation stopped: ${errorText(error)}`,
    remedy: 'run it again; if it stops again, please report it with the log',
  };
}
