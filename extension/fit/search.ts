/** Fit to budget of one plan: what there is to choose from, the search that runs, and what was found. */

import { l10n, type Uri } from 'vscode';
import type { FitEvidence, ToFitPage } from '../../webview/messages.ts';
import type { EngineClient } from '../engine/channel.ts';
import type { DescribedFit, FitInput } from '../engine/fit.ts';
import type { Engine } from '../engine/handlers.ts';
import { basename, readIfThere } from '../files.ts';
import { withModel } from '../plan/engines.ts';
import type { PlanSession } from '../plan/session.ts';
import { Front } from './front.ts';
import { otherPlans } from './otherPlans.ts';

/** What an author types, or a measurement writes, need not be looked at letter by letter. */
const settleMs = 150;

export interface FitSearchEvents {
  /** Read each time: it may come, grow and go. */
  contributions(): Uri | undefined;
  send(message: ToFitPage): void;
  onEvidence(): void;
  onError(error: unknown): void;
}

export class FitSearch {
  evidence: Pick<FitEvidence, 'file' | 'problem'> = { file: null };

  private readonly front = new Front();
  private described: DescribedFit | undefined;
  /** Messages that a page which comes back needs, each the newest of its type. */
  private readonly latest = new Map<ToFitPage['type'], ToFitPage>();
  private running: { readonly call: number; readonly controller: AbortController } | undefined;
  private wanted: number | undefined;
  private calls = 0;
  private timer: NodeJS.Timeout | undefined;
  private isOpen = true;

  constructor(
    private readonly session: PlanSession,
    private readonly engine: EngineClient<Engine>,
    private readonly events: FitSearchEvents,
  ) {}

  refreshSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh().catch((error) => this.report(error)), settleMs);
  }

  /** To a page that is new, or there again. */
  sendAll(): void {
    const order = ['problems', 'plan', 'points', 'searching', 'found', 'failed', 'choice'] as const;
    const wasSearched = this.latest.has('searching') || this.latest.has('found') || this.latest.has('failed');
    for (const type of order) {
      const message = this.latest.get(type);
      if (message === undefined) continue;
      this.events.send(message.type === 'plan' ? { ...message, isNew: !wasSearched } : message);
    }
  }

  /** Instead of what is running. */
  async start(budgetBytes: number): Promise<void> {
    this.running?.controller.abort();
    const running = { call: this.calls++, controller: new AbortController() };
    this.running = running;
    const { signal } = running.controller;
    this.send({ type: 'searching', budgetBytes, evaluations: 0, ofEvaluations: 0 });
    try {
      const input = { ...(await this.input()), call: running.call, budgetBytes };
      if (signal.aborted) return;
      const result = await withModel(this.engine, () =>
        this.engine.call('searchFit', input, {
          signal,
          onProgress: ({ evaluations, ofEvaluations, front }) => {
            if (this.running !== running) return;
            if (this.front.add(front)) this.sendPoints();
            this.send({ type: 'searching', budgetBytes, evaluations, ofEvaluations });
          },
        }),
      );
      if (this.running !== running) return;
      this.running = undefined;
      if (result.kind === 'failed') {
        this.send({ type: 'failed', budgetBytes, problem: result.problem });
        return;
      }
      if (this.front.add([...result.front, result.best])) this.sendPoints();
      const { id } = this.front.numbered(result.best);
      this.send({ type: 'found', budgetBytes, best: id, end: result.end });
    } catch (error) {
      if (this.running !== running) return;
      this.running = undefined;
      this.report(error);
      const message = error instanceof Error ? error.message : String(error);
      this.send({
        type: 'failed',
        budgetBytes,
        problem: { message, remedy: l10n.t('Move the slider to search again.') },
      });
    }
  }

  /** What was found until now is the result. */
  stop(): void {
    if (this.running === undefined) return;
    const { call } = this.running;
    void this.engine.call('stopFit', { call }).catch((error) => this.report(error));
  }

  /** Of several that are asked for, only the newest matters. */
  async choose(id: number): Promise<void> {
    this.wanted = id;
    const update = this.front.find(id)?.update;
    if (update === undefined) return;
    const input = { ...(await this.input()), update };
    const { choice } = await withModel(this.engine, () => this.engine.call('describeChoice', input));
    if (choice !== undefined && this.wanted === id) this.send({ type: 'choice', choice: { id, ...choice } });
  }

  async apply(id: number): Promise<void> {
    const update = this.front.find(id)?.update;
    if (update === undefined) return;
    const compute = (text: FitInput) =>
      withModel(this.engine, () => this.engine.call('editForFit', { ...text, update }));
    if (await this.session.edit(compute)) this.events.send({ type: 'applied' });
  }

  dispose(): void {
    this.isOpen = false;
    clearTimeout(this.timer);
    this.running?.controller.abort();
  }

  private async refresh(): Promise<void> {
    const input = await this.input();
    const others = await otherPlans(this.session.document.uri);
    const described = await withModel(this.engine, () => this.engine.call('describeFit', { ...input, others }));
    if (!this.isOpen) return;
    if (input.text !== this.session.document.getText()) {
      this.refreshSoon();
      return;
    }
    const isNew = described.basis !== this.described?.basis;
    this.described = described;
    this.evidence = {
      file: input.contributions?.file ?? null,
      ...(described.contributionsProblem === undefined ? {} : { problem: described.contributionsProblem }),
    };
    this.events.onEvidence();
    if (isNew) this.forget();
    if (described.plan === undefined) {
      this.latest.delete('plan');
      this.send({ type: 'problems', problems: described.problems });
      return;
    }
    this.latest.delete('problems');
    this.send({ type: 'plan', plan: described.plan, isNew });
    // Its preview is of the text as it was.
    if (!isNew && this.wanted !== undefined) await this.choose(this.wanted);
  }

  /** What was found is of another plan. */
  private forget(): void {
    this.running?.controller.abort();
    this.running = undefined;
    this.front.clear();
    this.latest.clear();
    this.wanted = undefined;
    this.sendPoints();
  }

  private async input(): Promise<FitInput> {
    const file = this.events.contributions();
    const bytes = file && (await readIfThere(file));
    if (file === undefined || bytes === undefined) return this.session.planText();
    const contributions = { file: basename(file), text: new TextDecoder().decode(bytes) };
    return { ...this.session.planText(), contributions };
  }

  private sendPoints(): void {
    this.send({ type: 'points', points: this.front.points });
  }

  private send(message: ToFitPage): void {
    const ends = ['searching', 'found', 'failed'] as const;
    if (ends.some((each) => each === message.type)) for (const each of ends) this.latest.delete(each);
    this.latest.set(message.type, message);
    this.events.send(message);
  }

  private report(error: unknown): void {
    if (this.isOpen && !(error instanceof Error && error.name === 'AbortError')) this.events.onError(error);
  }
}
