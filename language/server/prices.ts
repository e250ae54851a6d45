/** What the compiler says of a plan, for lenses, hovers and diagnostics. The server works without it. */

import type { LangiumDocument } from 'langium';
import type { Diagnostic } from '../../compiler/diagnostics.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import type { TrainingPlan } from '../../compiler/training/plan.ts';
import type { Analyser, Analysis } from './analysis.ts';

export interface PlanMemory {
  /** All SRAM that training needs. */
  readonly peakBytes: number;
  /** No order of addresses can do with less. */
  readonly lowerBoundBytes: number;
  /** The peak is the least possible for this plan. */
  readonly provenOptimal: boolean;
  readonly flashBytes: number;
}

export interface PlanPrice {
  /** Absent if the plan does not compile. */
  readonly memory?: PlanMemory;
  /** Budget, flash and all else that only compiling shows. Those without a place are put to the line they are about. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Prices plans. `cancelled` turns true when the answer is no longer wanted; undefined is an answer then. `patient`: the least
 * arena is searched for as long as the command line does it.
 */
export interface PriceProvider {
  priceOf(
    plan: TrainingPlan,
    graph: Graph,
    cancelled: () => boolean,
    patient?: boolean,
  ): Promise<PlanPrice | undefined>;
}

/** A text is compiled once it has stood for so long, in milliseconds: a plan view that shows it too comes first. */
const settleMs = 100;
/** A price that is not proven is computed once more, with more time, when the text has stood for so much longer. */
const refineMs = 800;

/** Prices of the plans that are open: the newest text of each, asked for once; older ones are cancelled. */
export class PriceBook {
  private readonly newest = new Map<string, Analysis>();
  private readonly asked = new WeakMap<Analysis, Promise<PlanPrice | undefined>>();
  private readonly known = new WeakMap<Analysis, PlanPrice>();
  private readonly lastMemory = new Map<string, PlanMemory>();

  constructor(
    private readonly analyser: Analyser,
    private readonly provider: PriceProvider | undefined,
  ) {}

  /** Undefined without a provider, for a plan with errors, and where a newer text came in between. */
  async priceOf(document: LangiumDocument): Promise<PlanPrice | undefined> {
    const analysis = await this.analyser.analyse(document);
    const uri = document.uri.toString();
    this.newest.set(uri, analysis);
    const asked = this.asked.get(analysis) ?? this.ask(uri, analysis);
    this.asked.set(analysis, asked);
    return asked;
  }

  /** A better price of a text whose first one was not proven; undefined where there is none, or a newer text. */
  async refine(document: LangiumDocument): Promise<PlanPrice | undefined> {
    const analysis = await this.analyser.analyse(document);
    const uri = document.uri.toString();
    const { graph, resolution } = analysis;
    const first = this.known.get(analysis)?.memory;
    if (first === undefined || first.provenOptimal || this.provider === undefined) return undefined;
    if (resolution.plan === undefined || graph === undefined) return undefined;
    const cancelled = (): boolean => this.newest.get(uri) !== analysis;
    await new Promise((resolve) => setTimeout(resolve, refineMs));
    const price = cancelled() ? undefined : await this.provider.priceOf(resolution.plan, graph, cancelled, true);
    if (price === undefined || cancelled()) return undefined;
    this.keep(uri, analysis, price);
    this.asked.set(analysis, Promise.resolve(price));
    return price;
  }

  /** The price if it is there already. */
  priceNow(analysis: Analysis): PlanPrice | undefined {
    return this.known.get(analysis);
  }

  /** Of the last text that compiled. */
  memoryBefore(uri: string): PlanMemory | undefined {
    return this.lastMemory.get(uri);
  }

  forget(uri: string): void {
    this.newest.delete(uri);
    this.lastMemory.delete(uri);
  }

  private async ask(uri: string, analysis: Analysis): Promise<PlanPrice | undefined> {
    const { graph, resolution } = analysis;
    if (this.provider === undefined || resolution.plan === undefined || graph === undefined) return undefined;
    const cancelled = (): boolean => this.newest.get(uri) !== analysis;
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const price = cancelled() ? undefined : await this.provider.priceOf(resolution.plan, graph, cancelled);
    if (price === undefined || cancelled()) {
      // The same text may come back, by undo.
      this.asked.delete(analysis);
      return undefined;
    }
    this.keep(uri, analysis, price);
    return price;
  }

  private keep(uri: string, analysis: Analysis, price: PlanPrice): void {
    this.known.set(analysis, price);
    if (price.memory !== undefined) this.lastMemory.set(uri, price.memory);
  }
}
