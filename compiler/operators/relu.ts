import type { Activation } from '../model/graph.ts';
import { tensorAt } from '../model/graph.ts';
import { requantise } from './fixed-point.ts';
import { straight, tableOf } from './lookup.ts';
import { activationRange, quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';
import type { OperatorRule } from './rule.ts';

/** A clamp as an operator of its own; tflite-micro divides the scales in float32. It does not rescale RELU6 and
 * RELU_N1_TO_1, where ours does: the same wherever both sides have one scale, as converters write it. */
function clamping(activation: Activation): OperatorRule {
  return straight((graph, layer) => {
    const input = tensorAt(graph, layer.inputs[0] ?? -1);
    const output = tensorAt(graph, layer.outputs[0] ?? -1);
    const { multiplier, shift } = quantiseMultiplier(Math.fround(scaleOf(input) / scaleOf(output)));
    const { min, max } = activationRange(activation, output);
    return tableOf('int8', (code) => ({
      value: requantise(code - zeroPointOf(input), multiplier, shift) + zeroPointOf(output),
      low: min,
      high: max,
    }));
  });
}

export const relu = clamping('relu');
export const relu6 = clamping('relu6');
export const reluN1To1 = clamping('relu_n1_to_1');
