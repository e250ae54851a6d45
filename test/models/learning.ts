/** What training must do on every model: learn, stay finite, leave everything else alone. */
import { expect } from 'vitest';
import { compile } from '../../compiler/compile.ts';
import type { Program } from '../../compiler/program.ts';
import type { Sample } from '../../compiler/simulate/data.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import { type CompiledPlan, compilePlanFile } from '../../extension/cli/compilation.ts';
import { must } from './targets.ts';

export const trainedSteps = 100;

/** A plan of this folder, which must compile without a word. */
export async function compiledPlan(name: string) {
  const compiled = must(await compilePlanFile(`test/models/plans/${name}.trainplan`));
  expect(compiled.diagnostics).toEqual([]);
  return compiled;
}

/** The same plan with gradients in float32; int16 is the default. */
export function float32Program({ graph, plan }: CompiledPlan): Program {
  return must(compile(graph, { ...plan, train: { ...plan.train, gradients: 'float32' } })).program;
}

export function take<T>(order: Iterator<T, never>, count: number): T[] {
  return Array.from({ length: count }, () => order.next().value);
}

export const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Trains step by step; every loss, and after every step every float that is kept, must be finite. */
export async function losses(program: Program, samples: readonly Sample[]): Promise<readonly number[]> {
  const machine = await Machine.create(program);
  const floats = program.buffers.filter(({ home, element }) => home === 'sram' && element === 'float32');
  return samples.map(({ input, label }, step) => {
    const loss = machine.trainStep(input, label);
    const wrong = floats.find(({ id }) => !new Float32Array(machine.bytes(id).slice().buffer).every(Number.isFinite));
    expect(wrong?.name, `step ${step}`).toBeUndefined();
    expect(loss, `step ${step}`).toSatisfy(Number.isFinite);
    return loss;
  });
}

/** Mean of the last epoch over mean of the first, both of the same `epoch` samples. */
export function lossRatio(values: readonly number[], epoch: number): number {
  return mean(values.slice(-epoch)) / mean(values.slice(0, epoch));
}

/** Inference changes nothing that outlives it, byte for byte, but the prediction. */
export async function expectUnchangedByInference(program: Program, samples: readonly Sample[]): Promise<void> {
  const machine = await Machine.create(program);
  for (const { input, label } of samples) machine.trainStep(input, label);
  const prediction = program.ports.training?.prediction;
  const kept = program.buffers.filter(({ home, id }) => home !== 'arena' && id !== prediction);
  const before = kept.map(({ id }) => machine.bytes(id).slice());
  expect(before.length).toBeGreaterThan(0);
  for (const { input } of samples) {
    machine.infer(input);
    kept.forEach(({ id, name }, index) => {
      expect(Buffer.compare(machine.bytes(id), before[index] ?? new Uint8Array()), name).toBe(0);
    });
  }
}
