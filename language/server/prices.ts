/** What the compiler says of a plan, for lenses, hovers and diagnostics. The server works without it. */

import type { LangiumDocument } from 'langium';
import type { Diagnostic } from '../../compiler/diagnostics.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import type { LayerUpdate, TrainingPlan } from '../../compiler/training/plan.ts';
import type { Analyser, Analysis } from './analysis.ts';

export interface PlanPrice {
  /** Highest use of SRAM over the schedule, all that training needs. */
  readonly peakBytes: number;
  /** No order of addresses can do with less. */
  readonly lowerBoundBytes: number;
  /** The peak is the least possible for this plan. */
  readonly provenOptimal: boolean;
  readonly flashBytes: number;
  /** Budget, flash and all else that only compiling shows. Those without a place are put to the line they are about. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Prices plans; the extension and the tests bring one. `cancelled` turns true when the answer is no longer wanted. */
export interface PriceProvider {
  priceOf(plan: TrainingPlan, graph: Graph, cancelled: () => boolean): Promise<PlanPrice | undefined>;
}

/** Prices of the plans that are open, the newest text of each; everything else is cancelled. */
export class PriceBook {
  private readonly newest = new Map<string, Analysis>();
  private readonly prices = new WeakMap<Analysis, Promise<PlanPrice | undefined>>();

  constructor(
    private readonly analyser: Analyser,
    private readonly provider: PriceProvider | undefined,
  ) {}

  get available(): boolean {
    return this.provider !== undefined;
  }

  async priceOf(document: LangiumDocument): Promise<PlanPrice | undefined> {
    const analysis = await this.analyser.analyse(document);
    this.newest.set(document.uri.toString(), analysis);
    const { plan } = analysis.resolution;
    if (this.provider === undefined || plan === undefined || analysis.graph === undefined) return undefined;
    const known = this.prices.get(analysis);
    if (known !== undefined) return known;
    const cancelled = (): boolean => this.newest.get(document.uri.toString()) !== analysis;
    const price = this.provider.priceOf(plan, analysis.graph, cancelled);
    this.prices.set(analysis, price);
    return price;
  }

  /** The price of the plan with one layer trained otherwise; for completions, so no answer is an answer too. */
  async priceWith(
    analysis: Analysis,
    layer: string,
    update: LayerUpdate,
    cancelled: () => boolean,
  ): Promise<number | undefined> {
    const { plan } = analysis.resolution;
    if (this.provider === undefined || plan === undefined || analysis.graph === undefined) return undefined;
    const changed = { ...plan, update: new Map([...plan.update, [layer, update]]) };
    return (await this.provider.priceOf(changed, analysis.graph, cancelled))?.peakBytes;
  }

  forget(uri: string): void {
    this.newest.delete(uri);
  }
}
