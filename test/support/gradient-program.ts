/** A program that carries gradients from a graph's outputs to its inputs, without a loss and without updates. */

import { placeBuffers } from '../../compiler/memory/place.ts';
import type { Graph } from '../../compiler/model/graph.ts';
import { elementCount, tensorAt } from '../../compiler/model/graph.ts';
import { ruleOf } from '../../compiler/operators/index.ts';
import type { BufferId, Program } from '../../compiler/program.ts';
import { lowerGradients } from '../../compiler/schedule/backward.ts';
import { ProgramBuilder } from '../../compiler/schedule/builder.ts';
import { lowerForwardPass } from '../../compiler/schedule/forward.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import { defaultTrainSettings, type TrainSettings } from '../../compiler/training/plan.ts';
import { trainingState } from '../../compiler/training/schedule.ts';

export interface GradientProgram {
  readonly program: Program;
  /** float32, by output tensor: what the backward pass starts from. */
  readonly seeds: ReadonlyMap<number, BufferId>;
  /** float32, by tensor; in a packed program only those of the graph's inputs still hold at the end. */
  readonly gradients: ReadonlyMap<number, BufferId>;
  /** By tensor; as for the gradients. */
  readonly tensors: ReadonlyMap<number, BufferId>;
  /** By layer name. */
  readonly masks: ReadonlyMap<string, BufferId>;
}

/**
 * `seeded`: the outputs that have a gradient; the others' is 0. `packed`: streamed, and in shared memory; otherwise every
 * buffer keeps what it held. Throws what the lowering refuses.
 */
export function gradientProgram(
  graph: Graph,
  seeded: readonly number[],
  packed: boolean,
  gradients: TrainSettings['gradients'] = 'float32',
): GradientProgram {
  const builder = new ProgramBuilder();
  const settings = { ...defaultTrainSettings, stream: packed, gradients };
  const wanted = new Set([...graph.inputs, ...graph.layers.flatMap(({ outputs }) => outputs)]);
  const tasks = [...graph.layers].reverse();
  for (const layer of tasks) {
    if (ruleOf(layer).backward === undefined) throw new Error(`${layer.operator} has no gradient`);
  }
  const differentiation = { wanted, tasks, trained: new Map() };
  const optimization = { ...trainingState(builder, settings), settings };
  const seeds = new Map(
    seeded.map((id) => {
      const count = elementCount(tensorAt(graph, id).shape);
      return [
        id,
        builder.arena(`seed${id}`, 'seed', 'gradient', 'float32', count, 'the gradient to begin with'),
      ] as const;
    }),
  );
  const forward = lowerForwardPass(builder, graph, { everyTensor: false, differentiation, settings });
  const carried = new Map(seeds);
  lowerGradients(builder, graph, carried, forward, differentiation, optimization);
  const inputs = graph.inputs.map((id) => forward.tensors.get(id) ?? -1);
  const results = graph.inputs.flatMap((id) => carried.get(id) ?? []);
  const { buffers, arenaBytes, sramBytes } = placeBuffers(builder.buffers, builder.steps, {
    fromStart: [...inputs, ...seeds.values()],
    toEnd: results,
    keepAll: !packed,
    milliseconds: 20,
  });
  const ports = { input: inputs[0] ?? -1, inputs, output: results[0] ?? -1, outputs: results };
  const program = {
    name: graph.name,
    buffers,
    initialise: [],
    steps: builder.steps.map((step) => ({ ...step, phase: 'forward' as const })),
    ...{ arenaBytes, sramBytes, ports },
  };
  return { program, seeds, gradients: carried, tensors: forward.tensors, masks: forward.masks };
}

export interface GradientRun {
  readonly machine: Machine;
  /** float32, by tensor. */
  gradient(tensor: number): Float32Array | undefined;
}

/** Runs forward and backward. The gradients must be read before another machine is made. */
export async function runGradients(
  lowered: GradientProgram,
  inputs: readonly Int8Array[],
  seeds: ReadonlyMap<number, Float32Array>,
): Promise<GradientRun> {
  const machine = await Machine.create(lowered.program);
  for (const [id, buffer] of lowered.seeds) {
    const seed = seeds.get(id) ?? new Float32Array();
    machine.bytes(buffer).set(new Uint8Array(seed.buffer, seed.byteOffset, seed.byteLength));
  }
  machine.infer(...inputs);
  return {
    machine,
    gradient: (tensor) => {
      const buffer = lowered.gradients.get(tensor);
      return buffer === undefined ? undefined : new Float32Array(machine.bytes(buffer).slice().buffer);
    },
  };
}
