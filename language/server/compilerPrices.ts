/** Prices by the compiler itself. Compiling takes a while: run it where nobody types, see `pricePort.ts`. */

import { compile } from '../../compiler/compile.ts';
import { memoryReport } from '../../compiler/memory/report.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import type { TrainingPlan } from '../../compiler/training/plan.ts';
import type { PlanPrice } from './prices.ts';

/** Long enough for most plans to be proven, short enough to be shown while the author still looks. */
const arenaMilliseconds = 200;

/** @param patient with the time that the command line takes, for plans that the short one does not do */
export function compilePrice(plan: TrainingPlan, graph: Graph, patient: boolean): PlanPrice {
  const compiled = compile(graph, plan, patient ? {} : { arenaMilliseconds });
  if (!compiled.ok) return { diagnostics: compiled.diagnostics };
  const report = memoryReport(compiled.value, plan);
  const { arenaBytes, sramBytes, lowerBoundBytes, provenOptimal, flashBytes } = report;
  return {
    memory: {
      peakBytes: sramBytes,
      lowerBoundBytes: sramBytes - arenaBytes + lowerBoundBytes,
      provenOptimal,
      flashBytes,
    },
    diagnostics: [...compiled.diagnostics, ...report.diagnostics],
  };
}
