import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { at, atOrNull, call, float, int } from '../schedule/builder.ts';
import { lowerOperandGradients, operandsOf, sumParameters } from './elementwise.ts';
import { activationRange, scaleOf } from './quantisation.ts';
import type { BackwardContext, ForwardContext, LoweredForward, OperatorRule } from './rule.ts';
import { stridesParameters } from './strides.ts';
import { pictureOf } from './window.ts';

export const add: OperatorRule = {
  masked: true,
  byRows: true,
  inPlace: true,
  macs: () => 0,
  forward: (context) => (isBroadcast(context.graph, context.layer) ? lowerBroadcast(context) : lowerRows(context)),
  backward: (context) => lowerSumGradients(context, 1),
};

/** Such a sum has no rows that could be streamed. */
export function isBroadcast(graph: Graph, layer: Layer): boolean {
  const { first, second, output } = operandsOf(graph, layer);
  return [first, second].some(({ shape }) => elementCount(shape) !== elementCount(output.shape));
}

function lowerRows(context: ForwardContext): LoweredForward {
  const { graph, layer, builder, mask } = context;
  const operands = operandsOf(graph, layer);
  const rows = rowsOf(graph, layer);
  const range = activationRange(operands.activation, operands.output);
  const parameters = builder.parameters(`${layer.name}_add`, layer.name, 'ft_add', [
    ...sumParameters(operands, range, (value) => value),
    elementCount(operands.output.shape) / rows,
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
  const { batch, height } = pictureOf(output);
  return output.shape.length === 4 && batch === 1 ? height : 1;
}

function lowerBroadcast(context: ForwardContext): LoweredForward {
  const { graph, layer, builder, mask } = context;
  if (context.rings !== undefined) throw new Error(`${layer.name} repeats an operand and cannot be streamed`);
  const operands = operandsOf(graph, layer);
  const range = activationRange(operands.activation, operands.output);
  const rows = [elementCount(operands.output.shape), 1, 1, 1];
  const parameters = builder.parameters(`${layer.name}_add`, layer.name, 'ft_add', [
    ...sumParameters(operands, range, (value) => value),
    ...rows,
  ]);
  const sum = call('ft_add_broadcast_s8', {
    add: at(parameters),
    operands: at(stridesParameters(builder, layer, operands.strides)),
    x1: at(context.input(0)),
    x2: at(context.input(1)),
    output: at(context.output(0)),
    mask: atOrNull(mask),
  });
  return { loop: 1, calls: () => [sum] };
}

/** dx1 = g s1/sy and dx2 = sign g s2/sy inside the mask. */
export function lowerSumGradients(context: BackwardContext, sign: 1 | -1): void {
  const { graph, layer, gradient, mask } = context;
  const { first, second, output } = operandsOf(graph, layer);
  const factors = [scaleOf(first) / scaleOf(output), (sign * scaleOf(second)) / scaleOf(output)] as const;
  lowerOperandGradients(context, (operand, target) =>
    call('ft_mask_f32', {
      gradient: at(gradient),
      output: at(target),
      mask: atOrNull(mask),
      factor: float(factors[operand]),
      count: int(elementCount(output.shape)),
    }),
  );
}
