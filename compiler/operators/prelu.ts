import { type Graph, type Layer, tensorAt } from '../model/graph.ts';
import type { BufferId } from '../program.ts';
import { at, atOrNull, call, float, type ProgramBuilder } from '../schedule/builder.ts';
import { quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';
import type { OperatorRule } from './rule.ts';
import { broadcast, stridesParameters } from './strides.ts';

/** x where x >= 0, else slope x; the slopes are frozen. */
export const prelu: OperatorRule = {
  masked: true,
  inPlace: true,
  keeps: [0],
  macs: () => 0,
  forward: ({ graph, layer, builder, input, output, mask }) => {
    const { prelu, operands } = parametersOf(graph, layer, builder);
    const bend = call('ft_prelu_s8', {
      prelu: at(prelu),
      operands: at(operands),
      input: at(input(0)),
      slopes: at(input(1)),
      output: at(output(0)),
      mask: atOrNull(mask),
    });
    return { loop: 1, calls: () => [bend] };
  },
  backward: (context) => {
    const { graph, layer, builder, gradient, mask } = context;
    if (!context.needs(0)) return;
    const { prelu, operands, factor, slopeFactor } = parametersOf(graph, layer, builder);
    builder.step({
      layer: layer.name,
      phase: 'backward',
      calls: [
        call('ft_prelu_gradient_f32', {
          prelu: at(prelu),
          operands: at(operands),
          input: at(context.input(0)),
          slopes: at(context.input(1)),
          mask: atOrNull(mask),
          gradient: at(gradient),
          factor: float(factor),
          slope_factor: float(slopeFactor),
        }),
      ],
    });
    context.contribute(0, gradient);
  },
};

interface Parameters {
  readonly prelu: BufferId;
  readonly operands: BufferId;
  /** input scale / output scale */
  readonly factor: number;
  /** input scale * slope scale / output scale */
  readonly slopeFactor: number;
}

function parametersOf(graph: Graph, layer: Layer, builder: ProgramBuilder): Parameters {
  const input = tensorAt(graph, layer.inputs[0] ?? -1);
  const slopes = tensorAt(graph, layer.inputs[1] ?? -1);
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  const factor = scaleOf(input) / scaleOf(output);
  const slopeFactor = (scaleOf(input) * scaleOf(slopes)) / scaleOf(output);
  const [identity, leaking] = [quantiseMultiplier(factor), quantiseMultiplier(slopeFactor)];
  const { shape } = output;
  return {
    prelu: builder.parameters(`${layer.name}_prelu`, layer.name, 'ft_prelu', [
      zeroPointOf(input),
      zeroPointOf(slopes),
      zeroPointOf(output),
      identity.multiplier,
      identity.shift,
      leaking.multiplier,
      leaking.shift,
    ]),
    operands: stridesParameters(builder, layer, {
      shape,
      first: broadcast(input.shape, shape),
      second: broadcast(slopes.shape, shape),
    }),
    factor,
    slopeFactor,
  };
}
