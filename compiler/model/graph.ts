/** The network as read from the file: what every later stage starts from. Plain, read-only data. */

export type DType = 'int8' | 'uint8' | 'int16' | 'int32' | 'int64' | 'float32' | 'bool';

export const bytesPerElement: Readonly<Record<DType, number>> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  float32: 4,
  bool: 1,
};

/** real = scale * (code - zeroPoint). One entry, or one per slice along `axis`. Scales are float32 values. */
export interface Quantisation {
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly axis: number;
}

export interface Tensor {
  readonly id: number;
  /** As written in the file; not always unique. */
  readonly name: string;
  /** NHWC for pictures; as in the file otherwise. Every dimension is at least 1, in tensors that a layer uses. */
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly quantisation?: Quantisation;
  /** Constant content, little-endian, exactly elements x bytesPerElement long. */
  readonly data?: Uint8Array;
  /** State that is kept from one run to the next (SVDF, LSTM): no layer's output, and starts at its zero point. */
  readonly variable?: true;
}

export type Activation = 'none' | 'relu' | 'relu_n1_to_1' | 'relu6';
export type Padding = 'same' | 'valid';

/** Options of each operator that has any, with TFLite's meaning. */
export type Attributes =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'window'; // conv, depthwise, transpose conv, pools
      readonly padding: Padding;
      readonly strideY: number;
      readonly strideX: number;
      readonly dilationY: number;
      readonly dilationX: number;
      /** Rows and columns added on each side, in place of `padding`: set where an explicit PAD was folded in. */
      readonly pads?: { readonly top: number; readonly left: number; readonly bottom: number; readonly right: number };
      /** Pools only: the size of the window; 0 otherwise. */
      readonly windowHeight: number;
      readonly windowWidth: number;
      /** Depthwise only; 0 otherwise. */
      readonly depthMultiplier: number;
      readonly activation: Activation;
    }
  | { readonly kind: 'dense'; readonly activation: Activation; readonly keepDims: boolean }
  | { readonly kind: 'activation'; readonly activation: Activation } // add, sub, mul
  // concatenation, pack, unpack, split, split_v, arg_max; counted from the front, also where the file counts from the end
  | { readonly kind: 'axis'; readonly axis: number; readonly activation: Activation }
  | { readonly kind: 'softmax'; readonly beta: number }
  | { readonly kind: 'leaky'; readonly alpha: number }
  | { readonly kind: 'reduce'; readonly keepDims: boolean }
  | { readonly kind: 'resize'; readonly alignCorners: boolean; readonly halfPixelCenters: boolean }
  | {
      readonly kind: 'stridedSlice';
      readonly beginMask: number;
      readonly endMask: number;
      readonly shrinkMask: number;
    }
  | { readonly kind: 'matmul'; readonly adjointX: boolean; readonly adjointY: boolean };

export interface Layer {
  /** Position in execution order, from 0. */
  readonly index: number;
  /** The short name used in plans: unique in the graph. */
  readonly name: string;
  /** The full name of the first output tensor, as written in the file. */
  readonly fullName: string;
  /** TFLite's builtin operator name, e.g. `CONV_2D`. */
  readonly operator: string;
  /** Tensor ids; -1 where an optional input is absent. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly attributes: Attributes;
}

export interface Graph {
  readonly name: string;
  /** In execution order. */
  readonly layers: readonly Layer[];
  /** Indexed by tensor id. */
  readonly tensors: readonly Tensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

export function tensorBytes(tensor: Tensor): number {
  return elementCount(tensor.shape) * bytesPerElement[tensor.dtype];
}

/**
 * Content of a constant list of integers (axes, paddings, a shape), as operators take it in a tensor; undefined where
 * the tensor is not constant, not of integers or longer than such a list can be.
 */
export function integersOf(tensor: Tensor): readonly number[] | undefined {
  const { data, dtype } = tensor;
  const count = elementCount(tensor.shape);
  if (data === undefined || data.length !== tensorBytes(tensor) || count > 1024) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (dtype === 'int32') return Array.from({ length: count }, (_, index) => view.getInt32(4 * index, true));
  if (dtype === 'int64') return Array.from({ length: count }, (_, index) => Number(view.getBigInt64(8 * index, true)));
  return undefined;
}

export function tensorAt(graph: Graph, id: number): Tensor {
  const tensor = graph.tensors[id];
  if (tensor === undefined) throw new Error(`no tensor ${id} in ${graph.name}`);
  return tensor;
}
