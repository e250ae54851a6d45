/** What will run: a flat list of steps over buffers. The C generator prints it, the simulator performs it. */

export type Phase = 'initialise' | 'forward' | 'loss' | 'backward' | 'update';

/** What a buffer is for; the series of the memory timeline. */
export type Role =
  | 'constant' // geometry, multipliers, tables, frozen weights and biases
  | 'trained' // weights and biases that train
  | 'optimizer' // momentum, Adam moments, gradient accumulators
  | 'state' // counters, rate, loss
  | 'activation' // live activations
  | 'saved' // activations kept for the backward pass
  | 'mask' // clamp masks, one bit per element
  | 'gradient'
  | 'scratch';

export type ElementType = 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'float32';

export type BufferId = number;

export interface ProgramBuffer {
  readonly id: BufferId;
  /** Unique; a valid C identifier. */
  readonly name: string;
  /** The forward layer it belongs to. */
  readonly layer: string;
  readonly role: Role;
  readonly home: 'flash' | 'sram' | 'arena';
  readonly element: ElementType;
  readonly bytes: number;
  /** Little-endian content: flash constants always; absent for arena and zero-initialised SRAM. */
  readonly data?: Uint8Array;
  /** Set where the content is a kernel's parameter struct. */
  readonly struct?: string;
  /** First and last step that uses it, inclusive; arena only, -1 otherwise. */
  readonly first: number;
  readonly last: number;
  /** Byte offset in the arena or in the block of static SRAM; -1 in flash. */
  readonly offset: number;
  /** Why it is alive, in words for the report. */
  readonly reason?: string;
}

/** A value that may depend on the iteration i of its step's loop: clamp(base + step * i, min, max). */
export type Affine =
  | number
  | { readonly base: number; readonly step: number; readonly min?: number; readonly max?: number };

export type Argument =
  | { readonly kind: 'buffer'; readonly buffer: BufferId /** bytes */; readonly offset: Affine }
  | { readonly kind: 'null' }
  | { readonly kind: 'int'; readonly value: Affine }
  | { readonly kind: 'float' /** a float32 value */; readonly value: number }
  /** The class number that the caller gives to this training step; negative: none. */
  | { readonly kind: 'label' };

export interface KernelCall {
  readonly kernel: string;
  /** By the names of the kernel's C parameters. */
  readonly arguments: Readonly<Record<string, Argument>>;
  /** In a step that fuses several layers: whose call this is, which part of training, and its share of the MACs. */
  readonly layer?: string;
  readonly phase?: Phase;
  readonly macs?: number;
}

export interface Step {
  readonly layer: string;
  readonly phase: Phase;
  /** Performed in order, `loop` times. */
  readonly calls: readonly KernelCall[];
  readonly loop: number;
  /** `batch`: only when a batch is complete. */
  readonly when: 'always' | 'batch';
  /** Multiply-accumulates of one execution. */
  readonly macs: number;
}

/** Where the caller's data and the results lie. */
export interface ProgramPorts {
  readonly input: BufferId;
  /** All of them, in the model's order; `input` is the first. */
  readonly inputs: readonly BufferId[];
  /** int8 codes or float32 values of the network's result, before the loss. */
  readonly output: BufferId;
  /** All of them, in the model's order; `output` is the first. */
  readonly outputs: readonly BufferId[];
  /** Absent in a program that only infers. */
  readonly training?: {
    readonly loss: BufferId;
    readonly prediction: BufferId;
    readonly learningRate: BufferId;
    readonly batchCount: BufferId;
    readonly stepCount: BufferId;
    readonly batch: number;
    /** float32: the regression target of a step with a negative label; absent for other losses and autoencoders. */
    readonly target?: BufferId;
  };
}

export interface Program {
  readonly name: string;
  readonly buffers: readonly ProgramBuffer[];
  /** Performed once, to reach the factory state. */
  readonly initialise: readonly Step[];
  readonly steps: readonly Step[];
  readonly arenaBytes: number;
  readonly sramBytes: number;
  readonly ports: ProgramPorts;
}

export function affineAt(value: Affine, iteration: number): number {
  if (typeof value === 'number') return value;
  const raw = value.base + value.step * iteration;
  const low = value.min === undefined ? raw : Math.max(raw, value.min);
  return value.max === undefined ? low : Math.min(low, value.max);
}
