import { refuse } from '../diagnostics.ts';
import { type Graph, type Layer, type Tensor, tensorAt } from '../model/graph.ts';
import { add } from './add.ts';
import { argMax } from './arg-max.ts';
import { averagePool } from './average-pool.ts';
import { batchMatrixProduct } from './batch-matmul.ts';
import { concatenation } from './concatenation.ts';
import { convolution } from './conv.ts';
import { fullyConnected } from './dense.ts';
import { depthwise } from './depthwise.ts';
import { hardSwish } from './hard-swish.ts';
import { leakyRelu } from './leaky-relu.ts';
import { maxPool } from './max-pool.ts';
import { mean } from './mean.ts';
import { pack, slice, split, splitSizes, stridedSlice, transpose, unpack } from './movement.ts';
import { mul } from './mul.ts';
import { pad } from './pad.ts';
import { prelu } from './prelu.ts';
import { dequantise, quantise } from './quantise.ts';
import { relu, relu6, reluN1To1 } from './relu.ts';
import { reshape } from './reshape.ts';
import { resizeBilinear, resizeNearest } from './resize.ts';
import type { OperatorRule } from './rule.ts';
import { logistic, tanh } from './sigmoid.ts';
import { softmax } from './softmax.ts';
import { sub } from './sub.ts';
import { transposeConvolution } from './transpose-conv.ts';

/** All that the compiler knows of operators, by TFLite's name. */
export const operatorRules: Readonly<Record<string, OperatorRule>> = {
  ADD: add,
  ARG_MAX: argMax,
  AVERAGE_POOL_2D: averagePool,
  BATCH_MATMUL: batchMatrixProduct,
  CONCATENATION: concatenation,
  CONV_2D: convolution,
  DEPTHWISE_CONV_2D: depthwise,
  DEQUANTIZE: dequantise,
  EXPAND_DIMS: reshape,
  FULLY_CONNECTED: fullyConnected,
  HARD_SWISH: hardSwish,
  LEAKY_RELU: leakyRelu,
  LOGISTIC: logistic,
  MAX_POOL_2D: maxPool,
  MEAN: mean,
  MUL: mul,
  PACK: pack,
  PAD: pad,
  PADV2: pad,
  PRELU: prelu,
  QUANTIZE: quantise,
  RELU: relu,
  RELU6: relu6,
  RELU_N1_TO_1: reluN1To1,
  RESHAPE: reshape,
  RESIZE_BILINEAR: resizeBilinear,
  RESIZE_NEAREST_NEIGHBOR: resizeNearest,
  SLICE: slice,
  SOFTMAX: softmax,
  SPLIT: split,
  SPLIT_V: splitSizes,
  SQUEEZE: reshape,
  STRIDED_SLICE: stridedSlice,
  SUB: sub,
  TANH: tanh,
  TRANSPOSE: transpose,
  TRANSPOSE_CONV: transposeConvolution,
  UNPACK: unpack,
};

export function ruleOf(layer: Layer): OperatorRule {
  return (
    operatorRules[layer.operator] ??
    refuse(
      'unsupported-operator',
      `layer ${layer.name} is a ${layer.operator}, which Firmtune does not run`,
      'use a model without this operator, or ask for it with the model attached',
      layer.name,
    )
  );
}

/** Refuses types that the layer's kernels do not have, and weights that are computed. */
export function checkTypes(graph: Graph, layer: Layer): void {
  const { types = { inputs: ['int8'], outputs: ['int8'] }, constants = [] } = ruleOf(layer);
  const expect = (tensor: Tensor, accepted: readonly string[]): void => {
    if (accepted.includes(tensor.dtype)) return;
    refuse(
      'unsupported-type',
      `layer ${layer.name} is a ${layer.operator} with the ${tensor.dtype} tensor ${tensor.name}`,
      `convert the model with full integer quantisation: here ${accepted.join(' or ')} is possible`,
      layer.name,
    );
  };
  layer.inputs.forEach((id, index) => {
    if (id < 0) return;
    const tensor = tensorAt(graph, id);
    if (tensor.data === undefined && constants.includes(index)) {
      refuse(
        'computed-weights',
        `layer ${layer.name} (${layer.operator}) takes ${tensor.name} from another layer, where weights are expected`,
        'use a model whose weights are constant',
        layer.name,
      );
    }
    if (tensor.data === undefined) expect(tensor, types.inputs);
  });
  for (const id of layer.outputs) expect(tensorAt(graph, id), types.outputs);
}
