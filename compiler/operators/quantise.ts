/** QUANTIZE and DEQUANTIZE: float values to codes, codes to other codes, and codes to float values. */
import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { at, call, float, int } from '../schedule/builder.ts';
import { requantise } from './fixed-point.ts';
import { type LookupTable, straight, tableOf } from './lookup.ts';
import { quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';
import type { ForwardContext, LoweredForward, OperatorRule } from './rule.ts';

const fromCodes = straight(requantisation);

export const quantise: OperatorRule = {
  ...fromCodes,
  types: { inputs: ['float32', 'int8', 'uint8'], outputs: ['int8', 'uint8'] },
  forward: (context) => (isFloat(context.graph, context.layer) ? lowerFloat(context) : fromCodes.forward(context)),
};

function isFloat(graph: Graph, layer: Layer): boolean {
  return tensorAt(graph, layer.inputs[0] ?? -1).dtype === 'float32';
}

function requantisation(graph: Graph, layer: Layer): LookupTable {
  const input = tensorAt(graph, layer.inputs[0] ?? -1);
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  const { multiplier, shift } = quantiseMultiplier(scaleOf(input) / scaleOf(output));
  const { low, high } = codeRange[output.dtype === 'uint8' ? 'uint8' : 'int8'];
  return tableOf(input.dtype === 'uint8' ? 'uint8' : 'int8', (code) => ({
    value: requantise(code - zeroPointOf(input), multiplier, shift) + zeroPointOf(output),
    low,
    high,
  }));
}

const codeRange = { int8: { low: -128, high: 127 }, uint8: { low: 0, high: 255 } } as const;

function lowerFloat({ graph, layer, input, output }: ForwardContext): LoweredForward {
  const tensor = tensorAt(graph, layer.outputs[0] ?? -1);
  const { low, high } = codeRange[tensor.dtype === 'uint8' ? 'uint8' : 'int8'];
  const round = call('ft_quantise_f32_s8', {
    input: at(input(0)),
    output: at(output(0)),
    scale: float(scaleOf(tensor)),
    zero_point: int(zeroPointOf(tensor)),
    low: int(low),
    high: int(high),
    count: int(elementCount(tensor.shape)),
  });
  return { loop: 1, calls: () => [round] };
}

/** Has no gradient: training takes the codes below it. */
export const dequantise: OperatorRule = {
  types: { inputs: ['int8', 'uint8'], outputs: ['float32'] },
  macs: () => 0,
  forward: ({ graph, layer, input, output }) => {
    const tensor = tensorAt(graph, layer.inputs[0] ?? -1);
    const convert = call(tensor.dtype === 'uint8' ? 'ft_dequantise_u8_f32' : 'ft_dequantise_s8_f32', {
      input: at(input(0)),
      output: at(output(0)),
      scale: float(scaleOf(tensor)),
      zero_point: int(zeroPointOf(tensor)),
      count: int(elementCount(tensor.shape)),
    });
    return { loop: 1, calls: () => [convert] };
  },
};
