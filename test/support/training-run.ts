/** A few training steps of a program, and everything they leave behind. */

import { compile } from '../../compiler/compile.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import type { Program } from '../../compiler/program.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import type { TrainingPlan } from '../../compiler/training/plan.ts';
import { randomNumbers } from './random.ts';

export interface TrainingRun {
  readonly losses: readonly number[];
  readonly predictions: readonly number[];
  /** Bytes of everything learned (parameters, optimiser state), by buffer name. */
  readonly learned: Readonly<Record<string, Uint8Array>>;
}

export function programOf(network: Graph, plan: TrainingPlan): Program {
  const result = compile(network, plan, { arenaMilliseconds: 20 });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value.program;
}

export function withoutStreaming(plan: TrainingPlan): TrainingPlan {
  return { ...plan, train: { ...plan.train, stream: false } };
}

/** Trains on random pictures. `poisoned`: what no living buffer holds is overwritten after each step. */
export async function trainRandomly(
  program: Program,
  steps: number,
  { poisoned = false, classes = 3 } = {},
): Promise<TrainingRun> {
  const machine = await Machine.create(program);
  if (poisoned) poison(machine);
  const random = randomNumbers(7);
  const inputBytes = machine.bytes(program.ports.input).length;
  const [losses, predictions]: [number[], number[]] = [[], []];
  for (let step = 0; step < steps; step++) {
    const picture = Int8Array.from({ length: inputBytes }, () => Math.floor(random() * 256) - 128);
    losses.push(machine.trainStep(picture, step % classes));
    predictions.push(machine.prediction());
  }
  const kept = program.buffers.filter(({ role, home }) => home === 'sram' && role !== 'state');
  return {
    losses,
    predictions,
    learned: Object.fromEntries(kept.map(({ id, name }) => [name, machine.bytes(id).slice()])),
  };
}

/** After each step every byte of the arena that no later step may read gets garbage: NaN as a float, -1 as a code. */
function poison(machine: Machine): void {
  const { program } = machine;
  const dead = program.steps.map((_, step) => {
    const bytes = new Uint8Array(program.arenaBytes).fill(1);
    for (const { home, offset, bytes: length, first, last } of program.buffers) {
      if (home === 'arena' && first <= step && last > step) bytes.fill(0, offset, offset + length);
    }
    return bytes;
  });
  machine.afterStep = (step) => {
    const arena = machine.arena();
    dead[step]?.forEach((isDead, index) => {
      if (isDead === 1) arena[index] = 0xff;
    });
  };
}
