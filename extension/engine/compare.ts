/** A plan's extremes: everything trains, and nothing does. */

import { compile, compileInference } from '../../compiler/compile.ts';
import { memoryReport, planTotals } from '../../compiler/memory/report.ts';
import { timelineOf } from '../../compiler/memory/timeline.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import { resizeInput } from '../../compiler/model/resize.ts';
import { estimateInstructions } from '../../compiler/timing/instructions.ts';
import type { LayerUpdate, TrainingPlan } from '../../compiler/training/plan.ts';
import { layerIndex } from '../../language/layers.ts';
import { type GhostPicture, phases } from '../../webview/messages.ts';
import { totalsOf } from './picture.ts';
import { type ModelNeeded, type PlanText, readPlan } from './plans.ts';

export type Ghost = Pick<GhostPicture, 'steps' | 'totals'>;

/** Without a ghost where the plan has errors, or cannot train in full. */
export function comparePlan(
  input: PlanText & { readonly kind: 'full-update' | 'inference' },
): ModelNeeded | { readonly kind: 'compared'; readonly ghost?: Ghost } {
  const reading = readPlan(input);
  if ('kind' in reading) return reading;
  const { graph, resolution } = reading;
  const { plan } = resolution;
  if (graph === undefined || plan === undefined) return { kind: 'compared' };
  const ghost = input.kind === 'inference' ? inferenceOf(graph, plan) : fullUpdateOf(graph, plan);
  return { kind: 'compared', ...(ghost === undefined ? {} : { ghost }) };
}

const everything: LayerUpdate = {
  bias: true,
  weights: { kind: 'fraction', numerator: 1, denominator: 1, first: false },
};

function fullUpdateOf(graph: Graph, plan: TrainingPlan): Ghost | undefined {
  const update = new Map([...layerIndex(graph).trainable.keys()].map(({ name }) => [name, everything]));
  const full = { ...plan, update };
  const compiled = compile(graph, full);
  if (!compiled.ok) return undefined;
  const memory = memoryReport(compiled.value, full);
  const instructions = estimateInstructions(compiled.value, plan.target.core);
  return { steps: ghostSteps(memory.steps), totals: totalsOf(memory, instructions) };
}

/** The program that `firmtune infer` runs: nothing is kept for a backward pass. */
function inferenceOf(graph: Graph, { input }: TrainingPlan): Ghost | undefined {
  const compiled = compileInference(input === undefined ? graph : resizeInput(graph, input), { everyTensor: false });
  if (!compiled.ok) return undefined;
  const { program, arena } = compiled.value;
  const totals = planTotals({ program });
  return {
    steps: ghostSteps(timelineOf(program).rows),
    totals: {
      ...totals,
      lowerBoundBytes: arena.lowerBound,
      provenOptimal: arena.provenOptimal,
      sparseUpdateBytes: 0,
    },
  };
}

function ghostSteps(rows: readonly { layer: string; phase: string; liveBytes: number }[]): Ghost['steps'] {
  return rows.flatMap(({ layer, phase, liveBytes }) => {
    const known = phases.find((each) => each === phase);
    return known === undefined ? [] : [{ layer, phase: known, liveBytes }];
  });
}
