/** What the plan view shows of a compiled plan. Every figure is the memory report's, or a sum of its rows. */

import type { Compilation } from '../../compiler/compile.ts';
import type { MemoryReport } from '../../compiler/memory/report.ts';
import { type Graph, tensorAt } from '../../compiler/model/graph.ts';
import type { Program, ProgramBuffer, Role } from '../../compiler/program.ts';
import { estimateInstructions, type Instructions } from '../../compiler/timing/instructions.ts';
import { frozen, type TrainingPlan } from '../../compiler/training/plan.ts';
import { printWeights } from '../../language/print.ts';
import {
  type PictureLayer,
  type PictureRole,
  type PictureStep,
  type PlanPicture,
  phases,
  roles,
} from '../../webview/messages.ts';

export function planPicture(
  plan: TrainingPlan,
  graph: Graph,
  compilation: Compilation,
  memory: MemoryReport,
): PlanPicture {
  const { target } = plan;
  const elements = new Map(compilation.program.buffers.map(({ name, element }) => [name, element]));
  return {
    name: plan.name,
    model: plan.model,
    target: {
      name: target.board ?? target.core,
      core: target.core,
      sramBytes: target.sramBytes,
      flashBytes: target.flashBytes,
      ...(target.clockHz === undefined ? {} : { clockHz: target.clockHz }),
    },
    budgetBytes: plan.budgetBytes,
    totals: totalsOf(memory, estimateInstructions(compilation, target.core)),
    steps: stepsOf(compilation.program, memory),
    buffers: memory.buffers
      .filter(({ home }) => home === 'arena')
      .map(({ name, layer, role, bytes, first, last, offset, reason = '' }) => ({
        name,
        layer,
        role: pictureRole(role),
        bytes,
        element: elements.get(name) ?? '',
        first,
        last,
        offset,
        reason,
      })),
    peak: {
      ...memory.peak,
      alive: memory.peak.alive.map((buffer) => ({
        ...buffer,
        role: pictureRole(buffer.role),
        element: elements.get(buffer.name) ?? '',
      })),
    },
    layers: layersOf(plan, graph, compilation, memory),
    chains: memory.chains,
  };
}

export function totalsOf(memory: MemoryReport, instructions: Instructions | undefined): PlanPicture['totals'] {
  const { arenaBytes, lowerBoundBytes, provenOptimal, trainableBytes, stateBytes, stackBytes } = memory;
  const { sramBytes, flashBytes, sparseUpdateBytes, macs } = memory;
  return {
    arenaBytes,
    lowerBoundBytes,
    provenOptimal,
    trainableBytes,
    stateBytes,
    stackBytes,
    sramBytes,
    flashBytes,
    sparseUpdateBytes,
    macs,
    ...(instructions === undefined ? {} : { estimatedInstructions: instructions }),
  };
}

function pictureRole(role: Role): PictureRole {
  const found = roles.find((each) => each === role);
  if (found === undefined) throw new Error(`the arena holds a ${role}`);
  return found;
}

function stepsOf(program: Program, memory: MemoryReport): readonly PictureStep[] {
  const arena = memory.buffers.filter(({ home }) => home === 'arena').sort((a, b) => a.offset - b.offset);
  // Rows of one step have the same buffers alive.
  let last:
    | { readonly alive: readonly MemoryReport['buffers'][number][]; readonly byRole: readonly number[] }
    | undefined;
  return memory.steps.map(({ layer, phase, kernel, macs, liveBytes }, number) => {
    const known = phases.find((each) => each === phase);
    if (known === undefined) throw new Error(`${program.name} has a step of phase ${phase}`);
    const alive = arena.filter((buffer) => buffer.first <= number && buffer.last >= number);
    const same = last?.alive.length === alive.length && alive.every((buffer, index) => buffer === last?.alive[index]);
    const byRole = same && last !== undefined ? last.byRole : bytesByRole(alive);
    last = { alive, byRole };
    return { layer, phase: known, kernel, macs, liveBytes, byRole };
  });
}

type Extent = Pick<ProgramBuffer, 'role' | 'bytes' | 'offset' | 'first'>;

/** By the order of `roles`; each byte counts once, for the buffer that came last. `alive` is sorted by offset. */
export function bytesByRole(alive: readonly Extent[]): readonly number[] {
  const sums = roles.map(() => 0);
  // Of typed arrays and without pairs: this runs for every step of every picture.
  const edges = new Float64Array(alive.length * 2);
  for (let index = 0; index < alive.length; index++) {
    const { offset = 0, bytes = 0 } = alive[index] ?? {};
    edges[index * 2] = offset;
    edges[index * 2 + 1] = offset + bytes;
  }
  edges.sort();
  for (let index = 1; index < edges.length; index++) {
    const from = edges[index - 1] ?? 0;
    const to = edges[index] ?? 0;
    if (from === to) continue;
    let owner: Extent | undefined;
    for (const buffer of alive) {
      if (buffer.offset > from) break;
      if (buffer.offset + buffer.bytes < to) continue;
      if (owner === undefined || buffer.first >= owner.first) owner = buffer;
    }
    if (owner === undefined) continue;
    const position = roles.indexOf(pictureRole(owner.role));
    sums[position] = (sums[position] ?? 0) + to - from;
  }
  return sums;
}

function layersOf(
  plan: TrainingPlan,
  graph: Graph,
  { network }: Compilation,
  memory: MemoryReport,
): readonly PictureLayer[] {
  const { head } = network;
  const newHead = plan.train.classes === undefined ? undefined : head.layer;
  const forwardMacs = new Map<string, number>();
  for (const { layer, phase, macs } of memory.steps) {
    if (phase === 'forward') forwardMacs.set(layer, (forwardMacs.get(layer) ?? 0) + macs);
  }
  const original = new Map(graph.layers.map((layer) => [layer.name, layer]));
  const prepared = new Map(network.graph.layers.map((layer) => [layer.name, layer]));
  return memory.layers.map(({ name, bias, weights, channels, trainableBytes }): PictureLayer => {
    // A float32 head is no layer of the int8 network.
    const layer = prepared.get(name);
    const isFloatHead = head.kind === 'float32' && name === head.layer;
    return {
      name,
      operator: (layer ?? original.get(name))?.operator ?? '',
      outputShape: layer === undefined ? [1, head.classes] : tensorAt(network.graph, layer.outputs[0] ?? -1).shape,
      macs: forwardMacs.get(name) ?? 0,
      weightBytes: isFloatHead
        ? head.classes * head.inputs * Float32Array.BYTES_PER_ELEMENT
        : (tensorAt(network.graph, layer?.inputs[1] ?? -1).data?.length ?? 0),
      bias: isFloatHead || (layer?.inputs[2] ?? -1) >= 0 ? bias : null,
      weights: isFloatHead ? 'weights all' : printWeights((network.update.get(name) ?? frozen).weights),
      trainedChannels: weights,
      channels,
      trainableBytes,
      switchable: name !== newHead,
    };
  });
}
