/** Random small networks, one family for each operator, for properties that must hold for all operators. */

import fc from 'fast-check';
import type { Activation, Graph, Padding } from '../../compiler/model/graph.ts';
import type { GraphBuilder } from '../support/graph-builder.ts';
import { graph } from '../support/graph-builder.ts';

const seed = fc.integer({ min: 1, max: 1e6 });
const size = fc.integer({ min: 5, max: 7 });
const channels = fc.integer({ min: 1, max: 4 });
const small = fc.integer({ min: 1, max: 3 });
const padding = fc.constantFrom<Padding>('same', 'valid');
const activation = fc.constantFrom<Activation>('none', 'relu', 'relu6', 'relu_n1_to_1');

interface Draw {
  readonly builder: GraphBuilder;
  readonly shape: readonly [number, number, number, number];
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: Padding;
  readonly activation: Activation;
  readonly flag: boolean;
  readonly axis: number;
  /** Puts a fully connected layer named `below` between the input and the operator. */
  readonly below: boolean;
}

const draw = fc
  .record({
    seed,
    shape: fc.tuple(fc.integer({ min: 1, max: 2 }), size, size, channels),
    channels,
    kernel: fc.tuple(small, small),
    stride: fc.tuple(small, small),
    dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    padding,
    activation,
    flag: fc.boolean(),
    axis: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ seed, ...drawn }) => ({ ...drawn, builder: graph(seed), below: false }));

/** The operator's own input: the current tensor, or a trainable layer over it. */
const start = ({ below }: Draw, builder: GraphBuilder, shape: readonly number[]) =>
  below
    ? builder.dense({ units: shape[shape.length - 1] ?? 1, keepDims: true, perChannel: true, name: 'below' })
    : builder;

/** Two inputs of one shape, `a` (current) and `b`. */
const two = (d: Draw) =>
  start(d, d.builder.input(d.shape, { name: 'b', scale: 1 / 50, zeroPoint: 9 }).input(d.shape, { name: 'a' }), d.shape);
const one = (d: Draw) => start(d, d.builder.input(d.shape, { name: 'a', scale: 1 / 40, zeroPoint: -7 }), d.shape);
/** The second operand of a sum or product: a tensor, one for each channel, or one. */
const other = ({ shape, flag, axis }: Draw) => {
  if (flag) return 'b';
  return { constant: axis < 2 ? [1, 1, 1, shape[3]] : [] };
};
const ends = ({ shape }: Draw) => shape.map((n) => Math.max(1, n - 1));

/** Keyed by operator; sizes, strides, paddings and so on are drawn. */
const families: Readonly<Record<string, (d: Draw) => GraphBuilder>> = {
  CONV_2D: (d) => one(d).conv({ ...d, bias: d.flag }),
  DEPTHWISE_CONV_2D: (d) => one(d).depthwise({ ...d, multiplier: 1 + (d.axis % 3), bias: d.flag }),
  TRANSPOSE_CONV: (d) => one(d).transposeConv({ ...d, dilation: 1, bias: d.flag }),
  FULLY_CONNECTED: (d) => one(d).dense({ ...d, units: d.channels, keepDims: d.flag, perChannel: d.axis < 2 }),
  BATCH_MATMUL: (d) => {
    const [rows, depth, columns] = [d.shape[1], d.shape[2], d.channels];
    const left = [d.shape[0], ...(d.flag ? [depth, rows] : [rows, depth])];
    const right = [1, ...(d.axis < 2 ? [columns, depth] : [depth, columns])];
    const builder = start(d, d.builder.input(right, { name: 'b', scale: 1 / 30 }).input(left, { name: 'a' }), left);
    return builder.matmul(d.axis % 2 === 0 ? 'b' : { constant: right }, { adjointX: d.flag, adjointY: d.axis < 2 });
  },
  ADD: (d) => two(d).add(other(d), d),
  SUB: (d) => two(d).sub(other(d), d),
  MUL: (d) => two(d).mul(other(d), d),
  CONCATENATION: (d) => two(d).concat(['b', 'a'], d.axis, d),
  PACK: (d) => two(d).pack(['b'], d.axis),
  UNPACK: (d) => one(d).unpack(d.axis),
  SPLIT: (d) =>
    one(d)
      .pad([
        [0, 0],
        [0, 0],
        [0, 0],
        [0, d.shape[3]],
      ])
      .split({ axis: 3, parts: 2 }),
  SPLIT_V: (d) => one(d).splitV({ axis: 1, sizes: [2, d.shape[1] - 3, 1] }),
  AVERAGE_POOL_2D: (d) => one(d).averagePool({ ...d, dilation: 1 }),
  MAX_POOL_2D: (d) => one(d).maxPool({ ...d, dilation: 1 }),
  MEAN: (d) => one(d).mean({ axes: d.axis < 2 ? [1, 2] : [d.axis], keepDims: d.flag }),
  RESHAPE: (d) => one(d).reshape([d.shape[0], d.shape[1] * d.shape[2], d.shape[3]]),
  SQUEEZE: (d) =>
    one(d)
      .mean({ axes: [1, 2], keepDims: true })
      .squeeze(),
  EXPAND_DIMS: (d) => one(d).expandDims(d.axis),
  TRANSPOSE: (d) => one(d).transpose(d.flag ? [0, 3, 1, 2] : [3, 1, 0, 2]),
  PAD: (d) => one(d).pad([[0, 1], d.kernel, d.stride, [d.axis, 0]]),
  PADV2: (d) => one(d).pad([[0, 1], d.kernel, d.stride, [d.axis, 0]], { value: 93 }),
  SLICE: (d) => one(d).slice([0, 1, 2, 0], [-1, 3, -1, 1]),
  STRIDED_SLICE: (d) =>
    one(d).stridedSlice(
      { begin: [0, 1, d.flag ? 1 : 0, 0], end: [1, 5, ends(d)[2] ?? 1, d.shape[3]], strides: [1, ...d.stride, 1] },
      { shrinkMask: 1 },
    ),
  RESIZE_NEAREST_NEIGHBOR: (d) => one(d).resizeNearest(resized(d)),
  RESIZE_BILINEAR: (d) => one(d).resizeBilinear(resized(d)),
  SOFTMAX: (d) => one(d).softmax({ beta: d.flag ? 1 : 0.5 }),
  LOGISTIC: (d) => one(d).logistic(),
  TANH: (d) => one(d).tanh(),
  RELU: (d) => one(d).relu(),
  RELU6: (d) => one(d).relu6(),
  LEAKY_RELU: (d) => one(d).leakyRelu(d.flag ? 0.1 : 0.3),
  PRELU: (d) => one(d).prelu(),
  HARD_SWISH: (d) => one(d).hardSwish(),
  QUANTIZE: (d) => one(d).quantise({ scale: 1 / 90, zeroPoint: 5 }),
  DEQUANTIZE: (d) => one(d).dequantise(),
};

function resized({ shape, channels, kernel, flag, axis }: Draw) {
  const [height, width] = [shape[1] + channels * (kernel[0] - 2), shape[2] + kernel[1]];
  return { height: Math.max(height, 1), width, alignCorners: flag, halfPixelCenters: !flag && axis < 2 };
}

const networks = (build: (d: Draw) => GraphBuilder, operator: string, below: boolean): fc.Arbitrary<Graph> =>
  draw.map((drawn) => build({ ...drawn, below }).build(operator));

export interface OperatorCase {
  readonly operator: string;
  /** One operator (some with a PAD or QUANTIZE before it). */
  readonly graphs: fc.Arbitrary<Graph>;
  /** The same over a fully connected layer, which can train through it. */
  readonly trainableGraphs: fc.Arbitrary<Graph>;
}

export const operatorCases: readonly OperatorCase[] = Object.entries(families).map(([operator, build]) => ({
  operator,
  graphs: networks(build, operator, false),
  trainableGraphs: networks(build, operator, true),
}));
