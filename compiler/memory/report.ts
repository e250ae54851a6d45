/** What a compiled plan takes: totals, the timeline of the arena, and what to say where a limit is exceeded. */
import type { Compilation } from '../compile.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { isWeighted, weightedLayer } from '../operators/weighted.ts';
import type { BufferId, Phase, Program, ProgramBuffer, Role } from '../program.ts';
import { selectableChannels } from '../training/channels.ts';
import type { TrainingPlan } from '../training/plan.ts';
import { type StreamedChain, streamedChains } from './chains.ts';
import { estimateCodeBytes, estimateStackBytes } from './footprint.ts';
import { buffersOf } from './place.ts';
import { sparseUpdateBytes } from './sparse-update.ts';
import { macsByPhase, type Timeline, type TimelineRow, timelineOf } from './timeline.ts';

export interface MemoryReport {
  readonly arenaBytes: number;
  /** No packing of the arena is lower. */
  readonly lowerBoundBytes: number;
  readonly provenOptimal: boolean;
  /** Trained weights, biases, head, optimiser state, gradient accumulators. */
  readonly trainableBytes: number;
  /** Counters, rate, loss. */
  readonly stateBytes: number;
  /** Estimated. */
  readonly stackBytes: number;
  /** Arena, trainable, state and stack: what `budget` limits. */
  readonly sramBytes: number;
  /** Constants, and an estimate of the code. */
  readonly flashBytes: number;
  readonly constantBytes: number;
  /** The extra memory of the update as published schemes count it. */
  readonly sparseUpdateBytes: number;
  readonly macs: { readonly forward: number; readonly backward: number; readonly update: number };
  readonly steps: readonly TimelineRow[];
  readonly buffers: readonly BufferReport[];
  /** Every layer with weights, in execution order. */
  readonly layers: readonly LayerReport[];
  readonly peak: PeakReport;
  /** What runs strip by strip, and where: `step` is the first of its rows in `steps`. */
  readonly chains: readonly StreamedChain[];
  /** What exceeds a limit of the plan; errors. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface BufferReport {
  readonly name: string;
  readonly layer: string;
  readonly role: Role;
  readonly home: 'flash' | 'sram' | 'arena';
  readonly bytes: number;
  /** Inclusive numbers of `steps`; -1 outside the arena. */
  readonly first: number;
  readonly last: number;
  /** In the arena or in the block of static SRAM; -1 in flash. */
  readonly offset: number;
  readonly reason?: string;
}

export interface LayerReport {
  readonly name: string;
  readonly bias: boolean;
  /** How many input channels (depthwise: own channels) have weights that train; 0: none. */
  readonly weights: number;
  /** Of so many. */
  readonly channels: number;
  /** Of the trained weights: [outputs, kernel height, kernel width, channels] (depthwise: 1 for the outputs). */
  readonly weightShape?: readonly number[];
  /** Of weights, bias, optimiser state and accumulators. */
  readonly trainableBytes: number;
}

export interface PeakReport {
  /** The first step with the most live bytes. */
  readonly step: number;
  readonly layer: string;
  readonly phase: Phase;
  readonly bytes: number;
  /** Largest first. Outputs that grow into dying inputs share bytes, so the sum may be more. */
  readonly alive: readonly {
    readonly name: string;
    readonly layer: string;
    readonly role: Role;
    readonly bytes: number;
    /** Why, in words; empty where there is nothing to say. */
    readonly reason: string;
  }[];
}

/** What a plan takes, in figures. */
export type PlanTotals = Pick<
  MemoryReport,
  'arenaBytes' | 'trainableBytes' | 'stateBytes' | 'stackBytes' | 'sramBytes' | 'flashBytes' | 'constantBytes' | 'macs'
>;

/** The figures of the memory report, without the report. */
export function planTotals({ program }: Pick<Compilation, 'program'>): PlanTotals {
  return totalsOf(program, usedBuffers(program));
}

function totalsOf(program: Program, used: readonly ProgramBuffer[]): PlanTotals {
  const trainableBytes = sumOf(used, isTrainable);
  const stackBytes = estimateStackBytes(program);
  const constantBytes = sumOf(used, ({ home }) => home === 'flash');
  return {
    arenaBytes: program.arenaBytes,
    trainableBytes,
    stateBytes: program.sramBytes - trainableBytes,
    stackBytes,
    sramBytes: program.arenaBytes + program.sramBytes + stackBytes,
    flashBytes: constantBytes + estimateCodeBytes(program),
    constantBytes,
    macs: macsByPhase(program),
  };
}

export function memoryReport(compilation: Compilation, plan: TrainingPlan): MemoryReport {
  const { program, network, differentiation, arena } = compilation;
  const used = usedBuffers(program);
  const totals = totalsOf(program, used);
  const timeline = timelineOf(program);
  return {
    ...totals,
    lowerBoundBytes: arena.lowerBound,
    provenOptimal: arena.provenOptimal,
    sparseUpdateBytes: sparseUpdateBytes(network, differentiation),
    steps: timeline.rows,
    buffers: used.map((buffer) => bufferReport(buffer, timeline)),
    layers: layerReports(compilation, used),
    peak: peakReport(program, timeline),
    chains: streamedChains(program).map((chain) => ({ ...chain, step: timeline.first[chain.step] ?? -1 })),
    diagnostics: limitDiagnostics(plan, totals.sramBytes, totals.flashBytes),
  };
}

function isTrainable({ role }: ProgramBuffer): boolean {
  return role === 'trained' || role === 'optimizer';
}

function sumOf(buffers: readonly ProgramBuffer[], wanted: (buffer: ProgramBuffer) => boolean): number {
  return buffers.filter(wanted).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** A constant that no step refers to is not printed. */
function usedBuffers({ buffers, initialise, steps }: Program): readonly ProgramBuffer[] {
  const named = new Set<BufferId>();
  for (const { calls } of [...initialise, ...steps]) {
    for (const call of calls) for (const id of buffersOf(call)) named.add(id);
  }
  return buffers.filter(({ id, home }) => home !== 'flash' || named.has(id));
}

function peakReport({ buffers, steps }: Program, { liveBytes, first: rows }: Timeline): PeakReport {
  const bytes = Math.max(0, ...liveBytes);
  const step = liveBytes.indexOf(bytes);
  const alive = buffers
    .filter(({ home, first, last }) => home === 'arena' && first <= step && last >= step)
    .map(({ name, layer, role, bytes, reason }) => ({ name, layer, role, bytes, reason: reason ?? '' }))
    .sort((a, b) => b.bytes - a.bytes);
  const { layer = '', phase = 'forward' } = steps[step] ?? {};
  return { step: rows[step] ?? 0, layer, phase, bytes, alive };
}

function bufferReport(buffer: ProgramBuffer, { first: rows, last: ends }: Timeline): BufferReport {
  const { name, layer, role, home, bytes, first, last, offset, reason } = buffer;
  return {
    name,
    layer,
    role,
    home,
    bytes,
    first: rows[first] ?? -1,
    last: ends[last] ?? -1,
    offset,
    ...(reason === undefined ? {} : { reason }),
  };
}

function layerReports(
  { network, differentiation }: Compilation,
  used: readonly ProgramBuffer[],
): readonly LayerReport[] {
  const { graph, head } = network;
  const bytesOf = (name: string): number => sumOf(used, (buffer) => buffer.layer === name && isTrainable(buffer));
  const layers = graph.layers
    .filter((layer) => isWeighted(graph, layer))
    .map((layer): LayerReport => {
      const data = weightedLayer(graph, layer);
      const part = differentiation.trained.get(layer.name);
      const count = part?.channels.length ?? 0;
      const { kernel_height, kernel_width } = data.window;
      return {
        name: layer.name,
        bias: part?.bias ?? false,
        weights: count,
        channels: selectableChannels(data),
        ...(count === 0
          ? {}
          : { weightShape: [data.depthwise ? 1 : data.outputs, kernel_height, kernel_width, count] }),
        trainableBytes: bytesOf(layer.name),
      };
    });
  if (head.kind === 'int8') return layers;
  const { layer: name, classes, inputs } = head;
  const weightShape = [classes, 1, 1, inputs];
  return [
    ...layers,
    { name, bias: true, weights: inputs, channels: inputs, weightShape, trainableBytes: bytesOf(name) },
  ];
}

function limitDiagnostics(plan: TrainingPlan, sramBytes: number, flashBytes: number): readonly Diagnostic[] {
  const { target, budgetBytes } = plan;
  const less = 'train fewer layers or channels (each deeper layer also keeps a mask), or raise the limit';
  const limits = [
    // Without a budget of its own a plan has the target's SRAM, which is then the limit to name.
    { code: 'budget-exceeded', taken: sramBytes, limit: budgetBytes, of: 'the budget', remedy: less },
    { code: 'sram-exceeded', taken: sramBytes, limit: target.sramBytes, of: "the target's SRAM", remedy: less },
    {
      code: 'flash-exceeded',
      taken: flashBytes,
      limit: target.flashBytes,
      of: "the target's flash",
      remedy: 'choose a smaller model or a target with more flash',
    },
  ];
  return limits
    .filter(({ code, taken, limit }) => taken > limit && (code !== 'budget-exceeded' || limit < target.sramBytes))
    .map(({ code, taken, limit, of, remedy }) => ({
      severity: 'error',
      code,
      message: `the plan takes ${taken} B, ${taken - limit} B more than ${of} of ${limit} B`,
      remedy,
    }));
}
