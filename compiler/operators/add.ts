import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import type { BufferId } from '../program.ts';
import { at, atOrNull, call, float, int } from '../schedule/builder.ts';
import { activationRange, quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';
import type { BackwardContext, ForwardContext, LoweredForward, OperatorRule } from './rule.ts';
import { pictureOf } from './window.ts';

export const add: OperatorRule = {
  masked: true,
  byRows: true,
  inPlace: true,
  macs: () => 0,
  forward: lowerForward,
  backward: lowerBackward,
};

/** TFLite's integer sum: both inputs at twice the larger scale, 20 bits up. */
const leftShift = 20;

function lowerForward(context: ForwardContext): LoweredForward {
  const { graph, layer, builder, mask } = context;
  const first = tensorAt(graph, layer.inputs[0] ?? -1);
  const second = tensorAt(graph, layer.inputs[1] ?? -1);
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  const twice = 2 * Math.max(scaleOf(first), scaleOf(second));
  const input1 = quantiseMultiplier(scaleOf(first) / twice);
  const input2 = quantiseMultiplier(scaleOf(second) / twice);
  const result = quantiseMultiplier(twice / (2 ** leftShift * scaleOf(output)));
  const activation = layer.attributes.kind === 'activation' ? layer.attributes.activation : 'none';
  const range = activationRange(activation, output);
  const rows = rowsOf(graph, layer);
  const parameters = builder.parameters(`${layer.name}_add`, layer.name, 'ft_add', [
    zeroPointOf(first),
    input1.multiplier,
    input1.shift,
    zeroPointOf(second),
    input2.multiplier,
    input2.shift,
    zeroPointOf(output),
    result.multiplier,
    result.shift,
    leftShift,
    range.min,
    range.max,
    elementCount(output.shape) / rows,
    context.rings?.input ?? rows,
    context.rings?.second ?? rows,
    context.rings?.output ?? rows,
  ]);
  return {
    loop: 1,
    calls: (range_ = { begin: 0, end: rows }) => [
      call('ft_add_s8', {
        add: at(parameters),
        x1: at(context.input(0)),
        x2: at(context.input(1)),
        output: at(context.output(0)),
        mask: atOrNull(mask),
        row_begin: int(range_.begin),
        row_end: int(range_.end),
      }),
    ],
  };
}

function rowsOf(graph: Graph, layer: Layer): number {
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  return output.shape.length === 4 ? pictureOf(output).height : 1;
}

/** dx1 = g s1/sy and dx2 = g s2/sy inside the mask; the last branch takes over the output's gradient. */
function lowerBackward(context: BackwardContext): void {
  const { graph, layer, builder, gradient, mask } = context;
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  const count = elementCount(output.shape);
  const wanted = [0, 1].filter((index) => context.needs(index));
  wanted.forEach((index, order) => {
    const inPlace = order === wanted.length - 1;
    const target: BufferId = inPlace
      ? gradient
      : builder.arena(`${layer.name}_branch_gradient`, layer.name, 'gradient', 'float32', count);
    const factor = scaleOf(tensorAt(graph, layer.inputs[index] ?? -1)) / scaleOf(output);
    builder.step({
      layer: layer.name,
      phase: 'backward',
      calls: [
        call('ft_mask_f32', {
          gradient: at(gradient),
          output: at(target),
          mask: atOrNull(mask),
          factor: float(factor),
          count: int(count),
        }),
      ],
    });
    context.contribute(index, target);
  });
}
