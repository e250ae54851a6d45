/** Prices from another thread: one job at a time, jobs that nobody waits for any more are never started. */

import type { Graph } from '../../compiler/model/graph.ts';
import type { TrainingPlan } from '../../compiler/training/plan.ts';
import { compilePrice } from './compilerPrices.ts';
import type { PlanPrice, PriceProvider } from './prices.ts';

/** What a worker of Node and one of a browser have in common. */
export interface Port {
  post(message: unknown): void;
  /** `fail` tells that the other side is gone for good. */
  listen(receive: (message: unknown) => void, fail: () => void): void;
}

/** The graph travels once; later jobs refer to it. */
interface Job {
  readonly id: number;
  readonly plan: TrainingPlan;
  readonly patient: boolean;
  readonly graphId: number;
  readonly graph?: Graph;
}

interface Answer {
  readonly id: number;
  readonly price?: PlanPrice;
}

interface Waiting {
  readonly plan: TrainingPlan;
  readonly graph: Graph;
  readonly patient: boolean;
  readonly cancelled: () => boolean;
  readonly settle: (price: PlanPrice | undefined) => void;
}

/** How many models the worker remembers. */
const graphsKept = 4;

/** The worker's side. */
export function servePrices(port: Port): void {
  const graphs = new Map<number, Graph>();
  const receive = (message: unknown): void => {
    const { id, plan, patient, graphId, graph = graphs.get(graphId) } = message as Job;
    if (graph !== undefined) {
      graphs.delete(graphId);
      graphs.set(graphId, graph);
      for (const old of [...graphs.keys()].slice(0, -graphsKept)) graphs.delete(old);
    }
    try {
      port.post({ id, ...(graph === undefined ? {} : { price: compilePrice(plan, graph, patient) }) } satisfies Answer);
    } catch (error) {
      // Our bug, not the author's: the editor goes on without the price.
      console.error(error);
      port.post({ id } satisfies Answer);
    }
  };
  port.listen(receive, () => graphs.clear());
}

/** The server's side. */
export function pricesFrom(port: Port): PriceProvider {
  const waiting: Waiting[] = [];
  const sent: Graph[] = [];
  const ids = new WeakMap<Graph, number>();
  let [nextId, nextGraphId] = [0, 0];
  let running: Waiting | undefined;
  let gone = false;
  const start = (): void => {
    if (running !== undefined) return;
    running = waiting.shift();
    while (running?.cancelled()) {
      running.settle(undefined);
      running = waiting.shift();
    }
    if (running === undefined) return;
    const { plan, graph, patient } = running;
    const position = sent.indexOf(graph);
    const graphId = ids.get(graph) ?? nextGraphId++;
    ids.set(graph, graphId);
    if (position >= 0) sent.splice(position, 1);
    sent.push(graph);
    sent.splice(0, sent.length - graphsKept);
    port.post({ id: nextId, plan, patient, graphId, ...(position < 0 ? { graph } : {}) } satisfies Job);
  };
  const finish = (message: unknown): void => {
    const { id, price } = message as Answer;
    if (id !== nextId) return;
    nextId++;
    running?.settle(price);
    running = undefined;
    start();
  };
  const fail = (): void => {
    gone = true;
    for (const each of [running, ...waiting.splice(0)]) each?.settle(undefined);
    running = undefined;
  };
  port.listen(finish, fail);
  return {
    priceOf: (plan, graph, cancelled, patient = false) =>
      new Promise((settle) => {
        if (gone) return settle(undefined);
        waiting.push({ plan, graph, patient, cancelled, settle });
        start();
      }),
  };
}
