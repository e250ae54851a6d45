import { at, atOrNull, call, float, int } from '../schedule/builder.ts';
import { lowerOperandGradients, operandsOf } from './elementwise.ts';
import { activationRange, quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';
import type { OperatorRule } from './rule.ts';
import { stridesParameters } from './strides.ts';

export const mul: OperatorRule = {
  masked: true,
  inPlace: true,
  keeps: [0, 1],
  macs: () => 0,
  forward: ({ graph, layer, builder, input, output, mask }) => {
    const operands = operandsOf(graph, layer);
    const { first, second, output: product } = operands;
    const { multiplier, shift } = quantiseMultiplier((scaleOf(first) * scaleOf(second)) / scaleOf(product));
    const range = activationRange(operands.activation, product);
    const parameters = builder.parameters(`${layer.name}_mul`, layer.name, 'ft_mul', [
      zeroPointOf(first),
      zeroPointOf(second),
      zeroPointOf(product),
      multiplier,
      shift,
      range.min,
      range.max,
    ]);
    const multiply = call('ft_mul_s8', {
      mul: at(parameters),
      operands: at(stridesParameters(builder, layer, operands.strides)),
      x1: at(input(0)),
      x2: at(input(1)),
      output: at(output(0)),
      mask: atOrNull(mask),
    });
    return { loop: 1, calls: () => [multiply] };
  },
  /** dx1 = g s1 s2/sy (x2 - z2) inside the mask, and the other way round. */
  backward: (context) => {
    const { graph, layer, builder, gradient, mask } = context;
    const { first, second, output, strides } = operandsOf(graph, layer);
    const factor = (scaleOf(first) * scaleOf(second)) / scaleOf(output);
    lowerOperandGradients(context, (operand, target) => {
      const other = operand === 0 ? 1 : 0;
      const pairs = { ...strides, second: other === 1 ? strides.second : strides.first };
      return call('ft_mul_gradient_f32', {
        operands: at(stridesParameters(builder, layer, pairs)),
        gradient: at(gradient),
        other: at(context.input(other)),
        mask: atOrNull(mask),
        output: at(target),
        factor: float(factor),
        zero_point: int(zeroPointOf(other === 1 ? second : first)),
      });
    });
  },
};
