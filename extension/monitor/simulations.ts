/** Simulations of the monitor: starts them for plans, shows how far they are, stops them and starts them anew. */

import { l10n, ProgressLocation, Uri, window, workspace } from 'vscode';
import type { RunPicture } from '../../webview/messages.ts';
import type { EngineClient } from '../engine/channel.ts';
import type { Engine } from '../engine/handlers.ts';
import { basename } from '../files.ts';
import { withModel } from '../plan/engines.ts';
import { planTextOf } from '../plan/planTextOf.ts';
import type { Run } from './run.ts';
import type { RunStore } from './runStore.ts';
import { Simulation } from './simulation.ts';
import { workspaceFiles } from './workspaceFiles.ts';

export class Simulations {
  private readonly known = new Map<Run, Simulation>();

  constructor(
    private readonly store: RunStore,
    private readonly startEngine: () => EngineClient<Engine>,
    private readonly onStart: (run: Run) => void,
  ) {}

  /** Trains on the plan's text as it is in the editor. @returns how the run ended */
  async start(plan: Uri, options: { readonly seed?: number; readonly name?: string } = {}): Promise<RunPicture> {
    const document = await workspace.openTextDocument(plan);
    const { store } = this;
    const run = store.add({
      name: options.name ?? basename(plan).replace(/\.trainplan$/, ''),
      source: 'simulation',
      plan: workspace.asRelativePath(plan),
      planUri: plan.toString(),
      canCancel: true,
      canRunAgain: true,
    });
    const request = {
      plan: planTextOf(plan, document.getText()),
      files: workspaceFiles(plan),
      seed: options.seed,
    };
    const simulation = new Simulation(store, run, request, { startEngine: this.startEngine, withModel });
    this.known.set(run, simulation);
    this.forgetRemoved();
    this.onStart(run);
    return this.train(simulation);
  }

  stop(run: Run): void {
    this.known.get(run)?.stop();
  }

  /** Where it was stopped. */
  async goOn(run: Run): Promise<RunPicture | undefined> {
    const simulation = this.known.get(run);
    if (simulation === undefined || run.isActive) return undefined;
    run.resume(this.store.now());
    this.store.changed(run);
    return this.train(simulation);
  }

  /** With the plan's text of now, in a run of its own. */
  async again(run: Run, newSeed: boolean): Promise<RunPicture | undefined> {
    const plan = this.planOf(run);
    if (plan === undefined) return undefined;
    const { seed } = this.store.picture(run);
    if (!newSeed) return this.start(plan, seed === undefined ? {} : { seed });
    const seeds = this.store.all.filter((each) => this.planOf(each)?.toString() === plan.toString());
    const next = 1 + Math.max(0, ...seeds.map((each) => this.store.picture(each).seed ?? 0));
    return this.start(plan, {
      seed: next,
      name: l10n.t('{0}, seed {1}', basename(plan).replace(/\.trainplan$/, ''), next),
    });
  }

  /** Also of a run of an earlier window. */
  planOf({ start }: Run): Uri | undefined {
    return start.planUri === undefined ? undefined : Uri.parse(start.planUri);
  }

  /** A notification that can be cancelled goes with it. */
  private async train(simulation: Simulation): Promise<RunPicture> {
    const { store } = this;
    const { run } = simulation;
    const place = {
      location: ProgressLocation.Notification,
      title: l10n.t('Simulating {0}', run.name),
      cancellable: true,
    };
    await window.withProgress(place, async (progress, token) => {
      token.onCancellationRequested(() => simulation.stop());
      let shown = '';
      let percent = 0;
      const stop = store.onChange((change) => {
        if (change.kind !== 'run' || change.run !== run) return;
        const { message, share } = stageOf(store.picture(run));
        const reached = Math.floor(100 * share);
        if (message === shown && reached <= percent) return;
        progress.report({ message, increment: Math.max(0, reached - percent) });
        shown = message;
        percent = Math.max(percent, reached);
      });
      await simulation.train();
      stop();
    });
    return store.picture(run);
  }

  private forgetRemoved(): void {
    for (const run of this.known.keys()) if (this.store.find(run.id) === undefined) this.known.delete(run);
  }
}

function stageOf({ progress, epochs = 1 }: RunPicture): { readonly message: string; readonly share: number } {
  if (progress === undefined) return { message: l10n.t('compiling the plan'), share: 0 };
  const { epoch, phase, done, of } = progress;
  if (phase === 'reading') return { message: l10n.t('reading the samples'), share: 0 };
  if (epoch === 0) return { message: l10n.t('testing before training'), share: 0 };
  const part = phase === 'training' && of > 0 ? done / of : 1;
  return { message: l10n.t('epoch {0} of {1}', epoch, epochs), share: (epoch - 1 + part) / epochs };
}
