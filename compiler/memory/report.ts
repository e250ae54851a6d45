/** What a compiled plan takes: totals, the timeline of the arena, and what to say where a limit is exceeded. */
import type { Compilation } from '../compile.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { isWeighted, weightedLayer } from '../operators/weighted.ts';
import type { Phase, Program, ProgramBuffer, Role, Step } from '../program.ts';
import { selectableChannels } from '../training/channels.ts';
import type { TrainingPlan } from '../training/plan.ts';
import { estimateCodeBytes, estimateStackBytes } from './footprint.ts';
import { buffersOf } from './place.ts';
import { sparseUpdateBytes } from './sparse-update.ts';

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
  readonly steps: readonly StepReport[];
  readonly buffers: readonly BufferReport[];
  /** Every layer with weights, in execution order. */
  readonly layers: readonly LayerReport[];
  readonly peak: PeakReport;
  /** What exceeds a limit of the plan; errors. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface StepReport {
  readonly layer: string;
  readonly phase: Phase;
  /** The kernels that it calls, in order, joined by `+`. */
  readonly kernel: string;
  /** Bytes of the arena that hold something alive. */
  readonly liveBytes: number;
  readonly macs: number;
  /** The layers of a streamed chain. */
  readonly layers?: readonly string[];
}

export interface BufferReport {
  readonly name: string;
  readonly layer: string;
  readonly role: Role;
  readonly home: 'flash' | 'sram' | 'arena';
  readonly bytes: number;
  /** Inclusive step numbers; -1 outside the arena. */
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
  }[];
}

export function memoryReport(compilation: Compilation, plan: TrainingPlan): MemoryReport {
  const { program, network, differentiation, arena } = compilation;
  const used = usedBuffers(program);
  const trainableBytes = sumOf(used, isTrainable);
  const stackBytes = estimateStackBytes(program);
  const constantBytes = sumOf(used, ({ home }) => home === 'flash');
  const sramBytes = program.arenaBytes + program.sramBytes + stackBytes;
  const flashBytes = constantBytes + estimateCodeBytes(program);
  const steps = stepReports(program);
  return {
    arenaBytes: program.arenaBytes,
    lowerBoundBytes: arena.lowerBound,
    provenOptimal: arena.provenOptimal,
    trainableBytes,
    stateBytes: program.sramBytes - trainableBytes,
    stackBytes,
    sramBytes,
    flashBytes,
    constantBytes,
    sparseUpdateBytes: sparseUpdateBytes(network, differentiation),
    macs: macsByPhase(program.steps),
    steps,
    buffers: used.map(bufferReport),
    layers: layerReports(compilation, used),
    peak: peakReport(program, steps),
    diagnostics: limitDiagnostics(plan, sramBytes, flashBytes),
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
  const named = new Set([...initialise, ...steps].flatMap(({ calls }) => calls.flatMap(buffersOf)));
  return buffers.filter(({ id, home }) => home !== 'flash' || named.has(id));
}

function macsByPhase(steps: readonly Step[]): MemoryReport['macs'] {
  const of = (phase: Phase): number =>
    steps.filter((step) => step.phase === phase).reduce((sum, { macs }) => sum + macs, 0);
  return { forward: of('forward'), backward: of('backward'), update: of('update') };
}

function stepReports(program: Program): readonly StepReport[] {
  const live = liveBytes(program);
  return program.steps.map(({ layer, phase, calls, macs }, number) => {
    const layers = [...new Set(calls.flatMap((call) => call.layer ?? []))];
    return {
      layer,
      phase,
      kernel: [...new Set(calls.map(({ kernel }) => kernel))].join('+'),
      liveBytes: live[number] ?? 0,
      macs,
      ...(layers.length > 1 ? { layers } : {}),
    };
  });
}

/** Of each step, the bytes that the buffers alive in it cover: shared ones count once. */
function liveBytes({ buffers, steps }: Program): readonly number[] {
  const inArena = buffers
    .filter(({ home, offset }) => home === 'arena' && offset >= 0)
    .sort((a, b) => a.offset - b.offset);
  return steps.map((_, number) => {
    let covered = 0;
    let end = 0;
    for (const { offset, bytes, first, last } of inArena) {
      if (first > number || last < number || offset + bytes <= end) continue;
      covered += offset + bytes - Math.max(offset, end);
      end = offset + bytes;
    }
    return covered;
  });
}

function peakReport({ buffers }: Program, steps: readonly StepReport[]): PeakReport {
  const bytes = steps.reduce((most, { liveBytes }) => Math.max(most, liveBytes), 0);
  const step = steps.findIndex(({ liveBytes }) => liveBytes === bytes);
  const alive = buffers
    .filter(({ home, first, last }) => home === 'arena' && first <= step && last >= step)
    .map(({ name, layer, role, bytes }) => ({ name, layer, role, bytes }))
    .sort((a, b) => b.bytes - a.bytes);
  return { step, layer: steps[step]?.layer ?? '', phase: steps[step]?.phase ?? 'forward', bytes, alive };
}

function bufferReport({ name, layer, role, home, bytes, first, last, offset, reason }: ProgramBuffer): BufferReport {
  return { name, layer, role, home, bytes, first, last, offset, ...(reason === undefined ? {} : { reason }) };
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
  const less = 'train fewer biases (each deeper layer keeps a mask), fewer channels, or raise the limit';
  const exceeded = (code: string, what: string, bytes: number, limit: number, remedy: string): Diagnostic => ({
    severity: 'error',
    code,
    message: `${what} ${bytes} B, ${bytes - limit} B more than the ${limit} B `,
    remedy,
  });
  const found: Diagnostic[] = [];
  const add = (diagnostic: Diagnostic, of: string): void => {
    found.push({ ...diagnostic, message: diagnostic.message + of });
  };
  if (sramBytes > budgetBytes && budgetBytes < target.sramBytes) {
    add(exceeded('budget-exceeded', 'training takes', sramBytes, budgetBytes, less), 'of the budget');
  }
  if (sramBytes > target.sramBytes) {
    add(exceeded('sram-exceeded', 'training takes', sramBytes, target.sramBytes, less), "of the target's SRAM");
  }
  if (flashBytes > target.flashBytes) {
    const remedy = 'choose a smaller model or a target with more flash';
    add(
      exceeded('flash-exceeded', 'constants and code take', flashBytes, target.flashBytes, remedy),
      "of the target's flash",
    );
  }
  return found;
}
