import { refuse } from '../diagnostics.ts';
import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { at, call, int } from '../schedule/builder.ts';
import { convolution } from './conv.ts';
import type { ForwardContext, LoweredForward, OperatorRule } from './rule.ts';

/**
 * FULLY_CONNECTED. Of int8 codes it is a 1x1 convolution of a 1x1 picture. In float32 it only infers: it is the
 * classifier of a model that learned was merged into, behind a DEQUANTIZE; both together are `ft_dense_s8_f32`, bit for
 * bit.
 */
export const fullyConnected: OperatorRule = {
  ...convolution,
  types: { inputs: ['int8', 'float32'], outputs: ['int8', 'float32'] },
  masked: (graph, layer) => !isFloat(graph, layer),
  macs: (graph, layer) => (isFloat(graph, layer) ? floatMacs(graph, layer) : convolution.macs(graph, layer)),
  forward: (context) => (isFloat(context.graph, context.layer) ? lowerFloat(context) : convolution.forward(context)),
};

function isFloat(graph: Graph, layer: Layer): boolean {
  return tensorAt(graph, layer.outputs[0] ?? -1).dtype === 'float32';
}

/** weights: [outputs][inputs] */
function sizesOf(
  graph: Graph,
  layer: Layer,
): { readonly rows: number; readonly outputs: number; readonly inputs: number } {
  const [outputs = 1, inputs = 1] = tensorAt(graph, layer.inputs[1] ?? -1).shape;
  return { rows: elementCount(tensorAt(graph, layer.outputs[0] ?? -1).shape) / outputs, outputs, inputs };
}

function floatMacs(graph: Graph, layer: Layer): number {
  const { rows, outputs, inputs } = sizesOf(graph, layer);
  return rows * outputs * inputs;
}

function lowerFloat({ graph, layer, builder, input, output }: ForwardContext): LoweredForward {
  const { attributes, name } = layer;
  const weights = tensorAt(graph, layer.inputs[1] ?? -1);
  if (weights.dtype !== 'float32' || (attributes.kind === 'dense' && attributes.activation !== 'none')) {
    refuse(
      'unsupported-type',
      `layer ${name} is a float32 FULLY_CONNECTED with ${weights.dtype} weights or an activation`,
      'convert the model with full integer quantisation',
      name,
    );
  }
  const { rows, outputs, inputs } = sizesOf(graph, layer);
  const hasBias = (layer.inputs[2] ?? -1) >= 0;
  const bias = hasBias ? input(2) : builder.constant(`${name}_bias`, name, new Float32Array(outputs));
  const dense = call('ft_dense_f32', {
    input: at(input(0)),
    weights: at(input(1)),
    bias: at(bias),
    output: at(output(0)),
    rows: int(rows),
    outputs: int(outputs),
    inputs: int(inputs),
  });
  return { loop: 1, calls: () => [dense] };
}
