/** Runs a program on the WebAssembly build of the kernels: the same calls, offsets and bytes as the generated C. */
import { kernelSignatures, kernelWasm } from '../kernels/kernels.generated.ts';
import {
  type Affine,
  type Argument,
  affineAt,
  type BufferId,
  type KernelCall,
  type Program,
  type ProgramBuffer,
  type Step,
} from '../program.ts';

import { type FrozenPrefix, frozenPrefix } from './prefix.ts';

type Kernel = (...values: number[]) => void;

/** A call with its pointers resolved; `moving` holds the arguments that depend on the loop, by position. */
interface BoundCall {
  readonly kernel: Kernel;
  readonly values: number[];
  readonly moving: readonly { readonly position: number; readonly base: number; readonly value: Affine }[];
  readonly labels: readonly number[];
}

interface BoundStep {
  readonly step: Step;
  readonly calls: readonly BoundCall[];
}

const pageBytes = 65_536;
const blockAlignment = 16;
let compiled: Promise<WebAssembly.Module> | undefined;

/** Compiles the kernels once per host. */
function kernelModule(): Promise<WebAssembly.Module> {
  compiled ??= WebAssembly.compile(Uint8Array.from(atob(kernelWasm), (character) => character.charCodeAt(0)));
  return compiled;
}

/** One device: its own memory, its own state of training. */
export class Machine {
  private readonly addresses: number[] = [];
  private readonly bound: readonly BoundStep[];
  private readonly boundInitialise: readonly BoundStep[];
  /** Forward steps come first. */
  private readonly forwardSteps: number;
  readonly prefix: FrozenPrefix;
  private arenaBase = 0;
  private sramBase = 0;

  private constructor(
    readonly program: Program,
    private readonly memory: WebAssembly.Memory,
    private readonly kernels: Readonly<Record<string, unknown>>,
    heapBase: number,
  ) {
    this.place(heapBase);
    this.bound = program.steps.map((step) => this.bindStep(step));
    const training = program.steps.findIndex((step) => step.phase !== 'forward');
    this.forwardSteps = training < 0 ? program.steps.length : training;
    this.prefix = frozenPrefix(program);
    this.boundInitialise = program.initialise.map((step) => this.bindStep(step));
    this.initialise();
  }

  /** @param kernels another build of the kernels than the bundled one */
  static async create(program: Program, kernels?: WebAssembly.Module): Promise<Machine> {
    const instance = await WebAssembly.instantiate(kernels ?? (await kernelModule()));
    const { memory, __heap_base: heapBase } = instance.exports;
    if (!(memory instanceof WebAssembly.Memory) || !(heapBase instanceof WebAssembly.Global)) {
      throw new Error('the kernel module exports no memory');
    }
    return new Machine(program, memory, instance.exports, heapBase.value as number);
  }

  /** Back to the factory state. */
  initialise(): void {
    new Uint8Array(this.memory.buffer, this.sramBase, this.program.sramBytes).fill(0);
    for (const buffer of this.program.buffers) {
      if (buffer.home === 'sram' && buffer.data !== undefined) this.bytes(buffer.id).set(buffer.data);
    }
    for (const { calls } of this.boundInitialise) for (const entry of calls) perform(entry, 0, 0);
  }

  /** A view of a buffer's bytes; valid until the next machine is made. */
  bytes(id: BufferId): Uint8Array {
    const buffer = this.bufferAt(id);
    return new Uint8Array(this.memory.buffer, this.addresses[id] ?? 0, buffer.bytes);
  }

  /** The block of static SRAM: everything learned, and the state of training. */
  learned(): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.sramBase, this.program.sramBytes);
  }

  arena(): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.arenaBase, this.program.arenaBytes);
  }

  /** One sample: forward, loss, backward; updates when the batch is complete. Returns the loss. */
  trainStep(input: Uint8Array | Int8Array, label: number): number {
    this.setInputs([input]);
    return this.learn(0, label);
  }

  /** The same for a sample whose frozen prefix was computed before. */
  trainStepFrom(prefix: Uint8Array, label: number): number {
    this.restore(prefix);
    return this.learn(this.prefix.steps, label);
  }

  private learn(from: number, label: number): number {
    const { training } = this.program.ports;
    if (training === undefined) throw new Error(`${this.program.name} has nothing to train`);
    const count = this.view(training.batchCount);
    const seen = count.getInt32(0, true) + 1;
    const complete = seen === training.batch;
    count.setInt32(0, complete ? 0 : seen, true);
    this.runSteps(from, this.bound.length, label, complete);
    return this.view(training.loss).getFloat32(0, true);
  }

  /** Runs the frozen prefix of a sample; what comes back stands for the sample in `trainStepFrom` and `inferFrom`. */
  capturePrefix(input: Uint8Array | Int8Array): Uint8Array {
    this.setInputs([input]);
    this.runSteps(0, this.prefix.steps, -1, false);
    const captured = new Uint8Array(this.prefix.bytes);
    let end = 0;
    for (const id of this.prefix.buffers) {
      const bytes = this.bytes(id);
      captured.set(bytes, end);
      end += bytes.length;
    }
    return captured;
  }

  private restore(captured: Uint8Array): void {
    let end = 0;
    for (const id of this.prefix.buffers) {
      const bytes = this.bytes(id);
      bytes.set(captured.subarray(end, end + bytes.length));
      end += bytes.length;
    }
  }

  /** What the following steps with a negative label learn to give, in real units. */
  setTarget(values: readonly number[]): void {
    const target = this.program.ports.training?.target;
    if (target === undefined) throw new Error(`${this.program.name} has no target to set`);
    const view = this.view(target);
    if (4 * values.length !== view.byteLength) {
      throw new RangeError(`the target has ${values.length} values, ${this.program.name} takes ${view.byteLength / 4}`);
    }
    for (const [index, value] of values.entries()) view.setFloat32(4 * index, value, true);
  }

  /** Forward pass only, from one array of bytes for each input. Results: `bytes(program.ports.output)`. */
  infer(...inputs: readonly (Uint8Array | Int8Array)[]): void {
    this.setInputs(inputs);
    this.runSteps(0, this.forwardSteps, -1, false);
  }

  inferFrom(prefix: Uint8Array): void {
    this.restore(prefix);
    this.runSteps(this.prefix.steps, this.forwardSteps, -1, false);
  }

  /** Arg max of the last forward pass. */
  prediction(): number {
    const { training } = this.program.ports;
    return training === undefined ? -1 : this.view(training.prediction).getInt32(0, true);
  }

  /** Called after every step, for tests that poison dead memory. */
  afterStep: ((step: number) => void) | undefined;

  private runSteps(from: number, to: number, label: number, complete: boolean): void {
    for (let number = from; number < to; number++) {
      const bound = this.bound[number];
      if (bound === undefined || (bound.step.when === 'batch' && !complete)) continue;
      for (let iteration = 0; iteration < bound.step.loop; iteration++) {
        for (const entry of bound.calls) perform(entry, iteration, label);
      }
      this.afterStep?.(number);
    }
  }

  private setInputs(inputs: readonly (Uint8Array | Int8Array)[]): void {
    const { ports, name } = this.program;
    if (inputs.length !== ports.inputs.length) {
      throw new RangeError(`${inputs.length} inputs are given, ${name} takes ${ports.inputs.length}`);
    }
    ports.inputs.forEach((port, index) => {
      const target = this.bytes(port);
      const input = inputs[index] ?? new Uint8Array();
      if (input.length !== target.length) {
        throw new RangeError(`the input has ${input.length} bytes, ${name} takes ${target.length}`);
      }
      target.set(new Uint8Array(input.buffer, input.byteOffset, input.byteLength));
    });
  }

  private view(id: BufferId): DataView {
    return new DataView(this.memory.buffer, this.addresses[id] ?? 0, this.bufferAt(id).bytes);
  }

  private bufferAt(id: BufferId): ProgramBuffer {
    const buffer = this.program.buffers[id];
    if (buffer === undefined) throw new Error(`no buffer ${id}`);
    return buffer;
  }

  /** Flash, static SRAM and arena, one behind the other. */
  private place(heapBase: number): void {
    const align = (address: number): number => Math.ceil(address / blockAlignment) * blockAlignment;
    let end = align(heapBase);
    for (const buffer of this.program.buffers) {
      if (buffer.home !== 'flash') continue;
      this.addresses[buffer.id] = end;
      end = align(end + buffer.bytes);
    }
    this.sramBase = end;
    this.arenaBase = align(end + this.program.sramBytes);
    const needed = this.arenaBase + this.program.arenaBytes;
    const pages = Math.ceil((needed - this.memory.buffer.byteLength) / pageBytes);
    if (pages > 0) this.memory.grow(pages);
    for (const buffer of this.program.buffers) {
      if (buffer.home === 'sram') this.addresses[buffer.id] = this.sramBase + buffer.offset;
      if (buffer.home === 'arena') this.addresses[buffer.id] = this.arenaBase + Math.max(0, buffer.offset);
      if (buffer.home === 'flash' && buffer.data !== undefined) this.bytes(buffer.id).set(buffer.data);
    }
  }

  private bindStep(step: Step): BoundStep {
    return { step, calls: step.calls.map((entry) => this.bindCall(entry)) };
  }

  private bindCall(entry: KernelCall): BoundCall {
    const signature = kernelSignatures[entry.kernel];
    const kernel = this.kernels[entry.kernel];
    if (signature === undefined || typeof kernel !== 'function') throw new Error(`no kernel ${entry.kernel}`);
    const moving: { position: number; base: number; value: Affine }[] = [];
    const labels: number[] = [];
    const values = signature.parameters.map(({ name }, position) => {
      const argument = entry.arguments[name];
      if (argument === undefined) throw new Error(`${entry.kernel} is called without ${name}`);
      if (argument.kind === 'label') labels.push(position);
      const movement = this.movement(argument);
      if (movement !== undefined) moving.push({ position, ...movement });
      return this.valueOf(argument);
    });
    return { kernel: kernel as Kernel, values, moving, labels };
  }

  private valueOf(argument: Argument): number {
    switch (argument.kind) {
      case 'buffer':
        return (this.addresses[argument.buffer] ?? 0) + affineAt(argument.offset, 0);
      case 'int':
        return affineAt(argument.value, 0);
      case 'float':
        return argument.value;
      default:
        return 0;
    }
  }

  private movement(argument: Argument): { base: number; value: Affine } | undefined {
    if (argument.kind === 'int' && typeof argument.value !== 'number') return { base: 0, value: argument.value };
    if (argument.kind === 'buffer' && typeof argument.offset !== 'number') {
      return { base: this.addresses[argument.buffer] ?? 0, value: argument.offset };
    }
    return undefined;
  }
}

function perform(entry: BoundCall, iteration: number, label: number): void {
  const { values } = entry;
  for (const { position, base, value } of entry.moving) values[position] = base + affineAt(value, iteration);
  for (const position of entry.labels) values[position] = label;
  entry.kernel(...values);
}
