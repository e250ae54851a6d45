/** A small network, plans for it, and easy samples. */
import { type Compilation, compile } from '../../../compiler/compile.ts';
import type { Graph } from '../../../compiler/model/graph.ts';
import type { BufferId, Program } from '../../../compiler/program.ts';
import type { Machine } from '../../../compiler/simulate/machine.ts';
import {
  defaultTrainSettings,
  type LayerUpdate,
  type TrainingPlan,
  type TrainSettings,
} from '../../../compiler/training/plan.ts';
import { graph } from '../../support/graph-builder.ts';
import { randomNumbers } from '../../support/random.ts';

/** Residual block with a depthwise convolution, [1, 8, 8, 3] to 4 logits. */
export function residual(softmax = false): Graph {
  const built = graph(3)
    .input([1, 8, 8, 3], { name: 'input' })
    .conv({ channels: 8, name: 'stem', stride: 2, activation: 'relu6' })
    .depthwise({ name: 'depthwise', activation: 'relu6' })
    .conv({ channels: 8, kernel: 1, name: 'project' })
    .add('stem', { name: 'sum' })
    .averagePool({ name: 'pool' })
    .dense({ units: 4, name: 'classifier' });
  return (softmax ? built.softmax() : built).build();
}

export const part = (numerator: number, denominator: number): LayerUpdate => ({
  bias: true,
  weights: { kind: 'fraction', numerator, denominator, first: false },
});
export const whole = part(1, 1);

/** Parts of a depthwise and of a 1x1 convolution, all of a 3x3 one. */
export const residualUpdate: ReadonlyMap<string, LayerUpdate> = new Map([
  ['stem', whole],
  ['depthwise', part(3, 4)],
  ['project', part(1, 2)],
]);

export interface PlanChanges extends Partial<TrainSettings> {
  readonly update?: TrainingPlan['update'];
  readonly input?: TrainingPlan['input'];
}

export function planOf({ update = residualUpdate, input, ...train }: PlanChanges): TrainingPlan {
  return {
    name: 'small',
    model: 'small.tflite',
    target: { core: 'cortex-m7', sramBytes: 1 << 20, flashBytes: 1 << 22 },
    budgetBytes: 1 << 20,
    // Float32, as the references compute; tests of int16 ask for it.
    train: { ...defaultTrainSettings, gradients: 'float32', ...train },
    update,
    ...(input === undefined ? {} : { input }),
  };
}

export function compiled(network: Graph, changes: PlanChanges): Compilation {
  const result = compile(network, planOf(changes), { arenaMilliseconds: 50 });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}

/** Random codes whose mean depends on the class: each third channel of a picture is brighter. */
export function sampleOf(bytes: number, label: number, seed: number): Int8Array {
  const random = randomNumbers(seed * 1000 + label);
  return Int8Array.from({ length: bytes }, (_, i) => Math.floor(random() * 120) - 60 + (i % 3 === label % 3 ? 60 : 0));
}

export function bufferNamed(program: Program, name: string): BufferId {
  const buffer = program.buffers.find((candidate) => candidate.name === name);
  if (buffer === undefined) throw new Error(`${program.name} has no buffer ${name}`);
  return buffer.id;
}

/** A copy of a buffer's bytes. */
export function bytesOf(machine: Machine, name: string): Uint8Array {
  return machine.bytes(bufferNamed(machine.program, name)).slice();
}

export function floatsOf(machine: Machine, name: string): Float32Array {
  return new Float32Array(bytesOf(machine, name).buffer);
}
