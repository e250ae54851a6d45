import { elementCount, tensorAt } from '../model/graph.ts';
import { at, call } from '../schedule/builder.ts';
import { quantiseMultiplier, scaleOf } from './quantisation.ts';
import type { OperatorRule } from './rule.ts';

/** Integer bits of the scaled difference to the maximum. Source: TFLite's softmax, kScaledDiffIntegerBits. */
const integerBits = 5;

export const softmax: OperatorRule = {
  macs: () => 0,
  forward: ({ graph, layer, builder, input, output }) => {
    const tensor = tensorAt(graph, layer.inputs[0] ?? -1);
    const depth = tensor.shape[tensor.shape.length - 1] ?? 1;
    const beta = layer.attributes.kind === 'softmax' ? layer.attributes.beta : 1;
    const real = Math.min(beta * scaleOf(tensor) * 2 ** (31 - integerBits), 2 ** 31 - 1);
    const { multiplier, shift } = quantiseMultiplier(real);
    const radius = Math.floor(((2 ** integerBits - 1) * 2 ** (31 - integerBits)) / 2 ** shift);
    const parameters = builder.parameters(`${layer.name}_softmax`, layer.name, 'ft_softmax', [
      elementCount(tensor.shape) / depth,
      depth,
      multiplier,
      shift,
      -radius,
    ]);
    return {
      loop: 1,
      calls: () => [call('ft_softmax_s8', { softmax: at(parameters), input: at(input(0)), output: at(output(0)) })],
    };
  },
};
