import type { DType, Graph, Layer } from '../model/graph.ts';
import type { Affine, BufferId, KernelCall } from '../program.ts';
import type { ProgramBuilder } from '../schedule/builder.ts';
import type { Optimization } from '../training/optimizer.ts';
import type { LayerTraining } from '../training/state.ts';
import type { BlockFloat } from './block-float.ts';

/** Output rows that a call computes; may depend on the iteration of a streamed loop. */
export interface RowRange {
  readonly begin: Affine;
  readonly end: Affine;
}

/** How many rows of the first input, second input and output are held, where they are rings. */
export interface RingRows {
  readonly input: number;
  readonly second?: number;
  readonly output: number;
}

export interface ForwardContext {
  readonly graph: Graph;
  readonly layer: Layer;
  readonly builder: ProgramBuilder;
  /** Buffer of the layer's i-th input: an activation, or a constant tensor's codes in flash. */
  input(index: number): BufferId;
  output(index: number): BufferId;
  /** Where the clamp mask goes, if the backward pass wants it. */
  readonly mask: BufferId | undefined;
  /** What trains in this layer. */
  readonly training: LayerTraining | undefined;
  /** Set where this layer is a stage of a streamed chain. */
  readonly rings?: RingRows;
}

export interface LoweredForward {
  /** Calls for a range of output rows; all of them where the rule has no rows. */
  calls(rows?: RowRange): readonly KernelCall[];
  /** Iterations of the calls (tiles of output channels); more than 1: rows must be whole. */
  readonly loop: number;
}

export interface BackwardContext {
  readonly graph: Graph;
  readonly layer: Layer;
  readonly builder: ProgramBuilder;
  /**
   * Gradient of the only output, float32 in units of its codes, [positions][channels]; the rule may overwrite it. Rules
   * with several outputs ask for each.
   */
  readonly gradient: BufferId;
  /** Set where `gradient` holds int16 mantissas at the layer's accumulator instead, mask and scale included. */
  readonly block: BlockFloat | undefined;
  /** Gradient of the i-th output; undefined where nobody above reads that output: it is 0. */
  outputGradient(index: number): BufferId | undefined;
  readonly mask: BufferId | undefined;
  readonly training: LayerTraining | undefined;
  readonly optimization: Optimization;
  /** Whether somebody below needs the gradient of the i-th input. */
  needs(index: number): boolean;
  /** The i-th input's codes: a constant, or kept from the forward pass, if the rule asked for it by `keeps`. */
  input(index: number): BufferId;
  /** Clamp mask and training of a layer below. */
  lowered(layer: Layer): { readonly mask: BufferId | undefined; readonly training: LayerTraining | undefined };
  /** Hands over the gradient of the i-th input; the buffer then belongs to it. */
  contribute(index: number, gradient: BufferId, block?: BlockFloat): void;
}

/** What the rule of one operator tells the compiler. One file each. */
export interface OperatorRule {
  /** Multiply-accumulates of one forward pass. */
  macs(graph: Graph, layer: Layer): number;
  forward(context: ForwardContext): LoweredForward;
  /** Emits the steps that turn the output's gradient into those of inputs and parameters. Absent: no gradient. */
  readonly backward?: (context: BackwardContext) => void;
  /** Inputs (by index) whose codes the backward pass reads, other than for weight gradients. */
  readonly keeps?: readonly number[];
  /** The output is the input's bytes under another shape: no step, one buffer. */
  readonly alias?: boolean;
  /** The values are clamped, so that a gradient needs the mask; a function where that depends on the layer. */
  readonly masked?: boolean | ((graph: Graph, layer: Layer) => boolean);
  /** Types of the outputs and of those inputs that are not constant; absent: int8. */
  readonly types?: { readonly inputs: readonly DType[]; readonly outputs: readonly DType[] };
  /** Inputs (by index) that must be constant, if present: weights and biases. */
  readonly constants?: readonly number[];
  /** Rows of the output are finished in order, so that the layer may be streamed or grow into its input. */
  readonly byRows?: boolean;
  /** Inputs that may share the output's memory element by element. */
  readonly inPlace?: boolean;
}
