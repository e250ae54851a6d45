import { elementCount } from '../model/graph.ts';
import { at, atOrNull, call } from '../schedule/builder.ts';
import { lowerSumGradients } from './add.ts';
import { operandsOf, sumParameters } from './elementwise.ts';
import { activationRange } from './quantisation.ts';
import type { OperatorRule } from './rule.ts';
import { stridesParameters } from './strides.ts';

export const sub: OperatorRule = {
  masked: true,
  inPlace: true,
  macs: () => 0,
  forward: ({ graph, layer, builder, input, output, mask }) => {
    const operands = operandsOf(graph, layer);
    const range = activationRange(operands.activation, operands.output);
    const rows = [elementCount(operands.output.shape), 1, 1, 1];
    const parameters = builder.parameters(`${layer.name}_sub`, layer.name, 'ft_add', [
      ...sumParameters(operands, range, Math.fround),
      ...rows,
    ]);
    const difference = call('ft_sub_s8', {
      sub: at(parameters),
      operands: at(stridesParameters(builder, layer, operands.strides)),
      x1: at(input(0)),
      x2: at(input(1)),
      output: at(output(0)),
      mask: atOrNull(mask),
    });
    return { loop: 1, calls: () => [difference] };
  },
  backward: (context) => lowerSumGradients(context, -1),
};
