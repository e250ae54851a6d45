/** Gradients of a whole plan, to compare ways of computing them. */
import type { Program } from '../../compiler/program.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import type { TrainingPlan } from '../../compiler/training/plan.ts';
import { at } from '../reference/values.ts';
import { randomNumbers } from './random.ts';

/** The gradients of one random sample, by buffer name: a batch of two is not complete. */
export async function gradientSums(
  compile: (plan: TrainingPlan) => Program,
  plan: TrainingPlan,
): Promise<ReadonlyMap<string, Float32Array>> {
  const program = compile({ ...plan, train: { ...plan.train, batch: 2, optimizer: { kind: 'sgd', momentum: 0 } } });
  const machine = await Machine.create(program);
  const random = randomNumbers(7);
  const { length } = machine.bytes(program.ports.input);
  const sample = () => Int8Array.from({ length }, () => Math.floor(random() * 256) - 128);
  // Below a new classifier, which starts at 0, there is no gradient before its first update.
  for (const label of plan.train.classes === undefined ? [1] : [0, 1, 1]) machine.trainStep(sample(), label);
  const sums = program.buffers.filter(({ name }) => name.endsWith('_gradient_sum'));
  return new Map(sums.map(({ id, name }) => [name, new Float32Array(machine.bytes(id).slice().buffer)]));
}

/** Undefined where both are 0. */
export function cosineOf(wanted: Float32Array, got: Float32Array): number | undefined {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * at(y, i), 0);
  if (wanted.every((value) => value === 0) && got.every((value) => value === 0)) return undefined;
  const length = Math.sqrt(dot(wanted, wanted) * dot(got, got));
  return length === 0 ? 0 : dot(wanted, got) / length;
}
