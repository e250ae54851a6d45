import {
  type Affine,
  type Argument,
  affineAt,
  type BufferId,
  type ElementType,
  type KernelCall,
  type Phase,
  type ProgramBuffer,
  type Role,
  type Step,
} from '../program.ts';

/** A step's output that may grow into its input, which dies there: see memory/arena.ts. */
export interface StepOverlap {
  readonly below: BufferId;
  readonly above: BufferId;
  readonly distance: number;
}

export interface DraftStep extends Step {
  readonly overlaps: readonly StepOverlap[];
}

/** Not placed yet: `first`, `last` and `offset` are -1. */
export type DraftBuffer = ProgramBuffer;

interface BufferRequest {
  readonly name: string;
  readonly layer: string;
  readonly role: Role;
  readonly home: 'flash' | 'sram' | 'arena';
  readonly element: ElementType;
  readonly count: number;
  readonly data?: Uint8Array;
  readonly struct?: string;
  readonly reason?: string;
}

export interface StepRequest {
  readonly layer: string;
  readonly phase: Phase;
  readonly calls: readonly KernelCall[];
  readonly loop?: number;
  readonly when?: 'always' | 'batch';
  readonly macs?: number;
  readonly overlaps?: readonly StepOverlap[];
}

export const elementBytes: Readonly<Record<ElementType, number>> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  float32: 4,
};

/** Collects buffers and steps while the operators' rules run. */
export class ProgramBuilder {
  readonly buffers: DraftBuffer[] = [];
  readonly steps: DraftStep[] = [];
  readonly initialise: Step[] = [];
  private readonly names = new Map<string, BufferId>();
  /** By the name that was asked for. */
  private readonly constants = new Map<string, BufferId>();

  /** A new arena or SRAM buffer of `count` elements; the name is made unique. */
  buffer(request: BufferRequest): BufferId {
    const id = this.buffers.length;
    const { layer, role, home, element, count, data, struct, reason } = request;
    const base = identifier(request.name);
    let name = base;
    for (let suffix = 2; this.names.has(name); suffix++) name = `${base}_${suffix}`;
    this.names.set(name, id);
    this.buffers.push({
      ...{
        id,
        name,
        layer,
        role,
        home,
        element,
        bytes: count * elementBytes[element],
        first: -1,
        last: -1,
        offset: -1,
      },
      ...(data === undefined ? {} : { data }),
      ...(struct === undefined ? {} : { struct }),
      ...(reason === undefined ? {} : { reason }),
    });
    return id;
  }

  /** `reason`: why it is alive, in words for the report. */
  arena(name: string, layer: string, role: Role, element: ElementType, count: number, reason: string): BufferId {
    return this.buffer({
      name,
      layer,
      role,
      element,
      count,
      home: 'arena',
      reason,
    });
  }

  /** float32 [count] gradient of a layer's input. */
  inputGradient(layer: string, count: number): BufferId {
    return this.arena(
      `${layer}_input_gradient`,
      layer,
      'gradient',
      'float32',
      count,
      `gradient of the input of ${layer}`,
    );
  }

  /** A flash constant; asked again by the same name it is the same buffer. */
  constant(name: string, layer: string, values: ConstantValues, struct?: string): BufferId {
    const known = this.constants.get(name);
    if (known !== undefined) return known;
    const id = this.buffer({
      name,
      layer,
      role: 'constant',
      home: 'flash',
      element: elementOf(values),
      count: values.length,
      data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      ...(struct === undefined ? {} : { struct }),
    });
    this.constants.set(name, id);
    return id;
  }

  /** A kernel's parameter struct. Fields in the order of the C declaration; all int32. */
  parameters(name: string, layer: string, struct: string, fields: readonly number[]): BufferId {
    const data = Int32Array.from(fields);
    let candidate = name;
    for (let variant = 2; ; variant++) {
      const known = this.constants.get(candidate);
      if (known === undefined) break;
      const present = this.buffers[known]?.data;
      if (present !== undefined && sameBytes(present, new Uint8Array(data.buffer))) return known;
      candidate = `${name}_${variant}`;
    }
    return this.constant(candidate, layer, data, struct);
  }

  step(request: StepRequest): void {
    const loop = request.loop ?? 1;
    this.steps.push({
      layer: request.layer,
      phase: request.phase,
      calls: loop > 1 ? request.calls : request.calls.map(settle),
      loop,
      when: request.when ?? 'always',
      macs: request.macs ?? 0,
      overlaps: request.overlaps ?? [],
    });
  }

  /** Makes one step of all that `emit` emits: its loops, which must be equal, become one, and steps without a loop
   * come before it. What waits for the batch comes after. */
  fuse(layer: string, loop: number, emit: () => void): void {
    const start = this.steps.length;
    emit();
    const emitted = this.steps.splice(start);
    const waiting = emitted.filter((step) => step.when === 'batch');
    const always = emitted.filter((step) => step.when === 'always');
    const before = always.filter((step) => step.loop === 1 && loop > 1);
    const looped = always.filter((step) => !before.includes(step));
    if (looped.some((step) => step.loop !== loop)) throw new Error(`${layer}: loops of different lengths do not fuse`);
    this.steps.push(...before);
    this.step({
      layer,
      phase: 'backward',
      loop,
      macs: looped.reduce((sum, step) => sum + step.macs, 0),
      calls: looped.flatMap((step) => ownedCalls(step)),
    });
    this.steps.push(...waiting);
  }

  once(layer: string, calls: readonly KernelCall[]): void {
    this.initialise.push({ layer, phase: 'initialise', calls, loop: 1, when: 'always', macs: 0 });
  }

  bytesOf(id: BufferId): number {
    const buffer = this.buffers[id];
    if (buffer === undefined) throw new Error(`no buffer ${id}`);
    return buffer.bytes;
  }
}

/** The calls of a step that is about to be fused, with what they would lose; the first has the step's MACs. */
export function ownedCalls(step: Pick<Step, 'layer' | 'phase' | 'macs' | 'calls'>): readonly KernelCall[] {
  const { layer, phase, macs, calls } = step;
  return calls.map((entry, index) => ({ ...entry, layer, phase, macs: index === 0 ? macs : 0 }));
}

/** A call outside of a loop: moving arguments take their first value. */
function settle(entry: KernelCall): KernelCall {
  if (!Object.values(entry.arguments).some(moves)) return entry;
  const fixed = Object.entries(entry.arguments).map(([name, argument]): [string, Argument] => {
    if (argument.kind === 'buffer') return [name, { ...argument, offset: affineAt(argument.offset, 0) }];
    if (argument.kind === 'int') return [name, { ...argument, value: affineAt(argument.value, 0) }];
    return [name, argument];
  });
  return { ...entry, arguments: Object.fromEntries(fixed) };
}

function moves(argument: Argument): boolean {
  if (argument.kind === 'buffer') return typeof argument.offset !== 'number';
  return argument.kind === 'int' && typeof argument.value !== 'number';
}

export type ConstantValues = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Float32Array;

function elementOf(values: ConstantValues): ElementType {
  if (values instanceof Int8Array) return 'int8';
  if (values instanceof Uint8Array) return 'uint8';
  if (values instanceof Int16Array) return 'int16';
  if (values instanceof Uint16Array) return 'uint16';
  if (values instanceof Int32Array) return 'int32';
  return 'float32';
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** A C identifier from a layer or tensor name. */
export function identifier(name: string): string {
  const cleaned = name.replace(/[^A-Za-z0-9_]/g, '_');
  return /^[0-9]/.test(cleaned) ? `_${cleaned}` : cleaned;
}

export function call(kernel: string, args: Readonly<Record<string, Argument>>, layer?: string): KernelCall {
  return { kernel, arguments: args, ...(layer === undefined ? {} : { layer }) };
}

/** A pointer to a buffer, `offset` bytes in. */
export function at(buffer: BufferId, offset: Affine = 0): Argument {
  return { kind: 'buffer', buffer, offset };
}

export function atOrNull(buffer: BufferId | undefined, offset: Affine = 0): Argument {
  return buffer === undefined ? nothing : at(buffer, offset);
}

export const nothing: Argument = { kind: 'null' };

export function int(value: Affine): Argument {
  return { kind: 'int', value };
}

export function float(value: number): Argument {
  return { kind: 'float', value: Math.fround(value) };
}

export const label: Argument = { kind: 'label' };
