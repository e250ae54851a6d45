import type { Graph, Layer } from './graph.ts';
import {
  checkConcatenation,
  checkPack,
  checkSlice,
  checkSplit,
  checkSplitSizes,
  checkStridedSlice,
  checkUnpack,
} from './part-rules.ts';
import {
  checkArgMax,
  checkConversion,
  checkElementwise,
  checkMatrixProduct,
  checkMean,
  checkPad,
  checkParametricRelu,
  checkReshape,
  checkResize,
  checkTranspose,
  checkUnary,
} from './shape-rules.ts';
import { type Site, siteOf } from './site.ts';
import {
  checkConvolution,
  checkDepthwise,
  checkFullyConnected,
  checkPool,
  checkTransposeConvolution,
} from './weight-rules.ts';

type Count = readonly [least: number, most: number];

interface OperatorRule {
  readonly inputs: Count;
  readonly outputs: Count;
  readonly check: (site: Site) => void;
}

function rule(least: number, most: number, check: (site: Site) => void, outputs: Count = [1, 1]): OperatorRule {
  return { inputs: [least, most], outputs, check };
}

const many = Number.POSITIVE_INFINITY;

/** Operators that are not here are known by name only; the compiler refuses them. */
const rules: ReadonlyMap<string, OperatorRule> = new Map<string, OperatorRule>([
  ['CONV_2D', rule(2, 3, checkConvolution)],
  ['DEPTHWISE_CONV_2D', rule(2, 3, checkDepthwise)],
  ['TRANSPOSE_CONV', rule(3, 4, checkTransposeConvolution)],
  ['FULLY_CONNECTED', rule(2, 3, checkFullyConnected)],
  ['BATCH_MATMUL', rule(2, 2, checkMatrixProduct)],
  ['AVERAGE_POOL_2D', rule(1, 1, checkPool)],
  ['MAX_POOL_2D', rule(1, 1, checkPool)],
  ['MEAN', rule(2, 2, checkMean)],
  ['ADD', rule(2, 2, checkElementwise)],
  ['SUB', rule(2, 2, checkElementwise)],
  ['MUL', rule(2, 2, checkElementwise)],
  ['RELU', rule(1, 1, checkUnary)],
  ['RELU6', rule(1, 1, checkUnary)],
  ['RELU_N1_TO_1', rule(1, 1, checkUnary)],
  ['LEAKY_RELU', rule(1, 1, checkUnary)],
  ['PRELU', rule(2, 2, checkParametricRelu)],
  ['HARD_SWISH', rule(1, 1, checkUnary)],
  ['LOGISTIC', rule(1, 1, checkUnary)],
  ['TANH', rule(1, 1, checkUnary)],
  ['EXP', rule(1, 1, checkUnary)],
  ['SOFTMAX', rule(1, 1, checkConversion)],
  ['QUANTIZE', rule(1, 1, checkConversion)],
  ['DEQUANTIZE', rule(1, 1, checkConversion)],
  ['RESHAPE', rule(1, 2, checkReshape)],
  ['SQUEEZE', rule(1, 1, checkReshape)],
  ['EXPAND_DIMS', rule(2, 2, checkReshape)],
  ['RESIZE_BILINEAR', rule(2, 2, checkResize)],
  ['RESIZE_NEAREST_NEIGHBOR', rule(2, 2, checkResize)],
  ['PAD', rule(2, 2, checkPad)],
  ['PADV2', rule(3, 3, checkPad)],
  ['TRANSPOSE', rule(2, 2, checkTranspose)],
  ['ARG_MAX', rule(2, 2, checkArgMax)],
  ['CONCATENATION', rule(1, many, checkConcatenation)],
  ['PACK', rule(1, many, checkPack)],
  ['UNPACK', rule(1, 1, checkUnpack, [1, many])],
  ['SPLIT', rule(2, 2, checkSplit, [1, many])],
  ['SPLIT_V', rule(3, 3, checkSplitSizes, [1, many])],
  ['SLICE', rule(3, 3, checkSlice)],
  ['STRIDED_SLICE', rule(4, 4, checkStridedSlice)],
]);

/**
 * Compares a layer's declared shapes and types with what its operator makes of its inputs. Its tensors must be sound.
 *
 * @throws DiagnosticError where they disagree.
 */
export function checkLayer(graph: Graph, layer: Layer): void {
  const found = rules.get(layer.operator);
  if (found === undefined) return;
  const site = siteOf(graph, layer);
  expectCount(site, 'inputs', layer.inputs.length, found.inputs);
  expectCount(site, 'outputs', layer.outputs.length, found.outputs);
  found.check(site);
}

function expectCount(site: Site, what: string, count: number, [least, most]: Count): void {
  if (count >= least && count <= most) return;
  const expected = most === many ? `at least ${least}` : least === most ? `${least}` : `${least} to ${most}`;
  site.reject(`it has ${count} ${what}, expected ${expected}`);
}
