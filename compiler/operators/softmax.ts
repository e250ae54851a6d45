import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { at, call, float, int } from '../schedule/builder.ts';
import { quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';
import type { OperatorRule } from './rule.ts';

/** Integer bits of the scaled difference to the maximum. Source: TFLite's softmax, kScaledDiffIntegerBits. */
const integerBits = 5;

export const softmax: OperatorRule = {
  keeps: [0],
  macs: () => 0,
  forward: ({ graph, layer, builder, input, output }) => {
    const tensor = tensorAt(graph, layer.inputs[0] ?? -1);
    const { rows, depth } = rowsOf(graph, layer);
    const real = Math.min(betaOf(layer) * scaleOf(tensor) * 2 ** (31 - integerBits), 2 ** 31 - 1);
    const { multiplier, shift } = quantiseMultiplier(real);
    const radius = Math.floor(((2 ** integerBits - 1) * 2 ** (31 - integerBits)) / 2 ** shift);
    const parameters = builder.parameters(`${layer.name}_softmax`, layer.name, 'ft_softmax', [
      rows,
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
  backward: (context) => {
    const { graph, layer, builder, gradient } = context;
    if (!context.needs(0)) return;
    const [input, output] = [tensorAt(graph, layer.inputs[0] ?? -1), tensorAt(graph, layer.outputs[0] ?? -1)];
    const { rows, depth } = rowsOf(graph, layer);
    const scale = betaOf(layer) * scaleOf(input);
    builder.step({
      layer: layer.name,
      phase: 'backward',
      calls: [
        call('ft_softmax_gradient_f32', {
          input: at(context.input(0)),
          gradient: at(gradient),
          scale: float(scale),
          factor: float(scale / scaleOf(output)),
          // Above, the code before the clamp is beyond 127.
          limit: float((127.5 - zeroPointOf(output)) * scaleOf(output)),
          rows: int(rows),
          depth: int(depth),
        }),
      ],
    });
    context.contribute(0, gradient);
  },
};

function rowsOf(graph: Graph, layer: Layer): { readonly rows: number; readonly depth: number } {
  const { shape } = tensorAt(graph, layer.inputs[0] ?? -1);
  const depth = shape[shape.length - 1] ?? 1;
  return { rows: elementCount(shape) / depth, depth };
}

function betaOf(layer: Layer): number {
  return layer.attributes.kind === 'softmax' ? layer.attributes.beta : 1;
}
