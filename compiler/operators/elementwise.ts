/** What ADD, SUB and MUL have in common: two operands, repeated where one is smaller. */
import { type Activation, elementCount, type Graph, type Layer, type Tensor, tensorAt } from '../model/graph.ts';
import type { BufferId, KernelCall } from '../program.ts';
import { at, call, int } from '../schedule/builder.ts';
import { quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';
import type { BackwardContext } from './rule.ts';
import { broadcast, contiguous, type Strides, stridesParameters } from './strides.ts';

export interface Operands {
  readonly first: Tensor;
  readonly second: Tensor;
  readonly output: Tensor;
  readonly activation: Activation;
  /** Elements of the two operands for the elements of the output. */
  readonly strides: Strides;
}

export function operandsOf(graph: Graph, layer: Layer): Operands {
  const first = tensorAt(graph, layer.inputs[0] ?? -1);
  const second = tensorAt(graph, layer.inputs[1] ?? -1);
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  const { shape } = output;
  return {
    first,
    second,
    output,
    activation: layer.attributes.kind === 'activation' ? layer.attributes.activation : 'none',
    strides: { shape, first: broadcast(first.shape, shape), second: broadcast(second.shape, shape) },
  };
}

/** TFLite's integer sum: both inputs at twice the larger scale, 20 bits up. */
const leftShift = 20;

/** The fields of `ft_add` before its geometry. tflite-micro derives the multipliers of ADD in double, of SUB in float32:
 * `round` is what happens to each quotient. */
export function sumParameters(
  { first, second, output }: Operands,
  range: { readonly min: number; readonly max: number },
  round: (value: number) => number,
): readonly number[] {
  const twice = 2 * Math.max(scaleOf(first), scaleOf(second));
  const input1 = quantiseMultiplier(round(scaleOf(first) / twice));
  const input2 = quantiseMultiplier(round(scaleOf(second) / twice));
  const result = quantiseMultiplier(round(twice / (2 ** leftShift * scaleOf(output))));
  return [
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
  ];
}

/** Hands over the gradient of each operand that is wanted. `term` writes, for every element of the output, what it
 * passes to that operand; where the operand was repeated these are summed. The last one may write over the gradient. */
export function lowerOperandGradients(
  context: BackwardContext,
  term: (operand: 0 | 1, target: BufferId) => KernelCall,
): void {
  const { graph, layer, builder, gradient } = context;
  const count = elementCount(tensorAt(graph, layer.outputs[0] ?? -1).shape);
  const wanted = ([0, 1] as const).filter((index) => context.needs(index));
  wanted.forEach((index, order) => {
    const isLast = order === wanted.length - 1;
    const target = isLast
      ? gradient
      : builder.arena(
          `${layer.name}_branch_gradient`,
          layer.name,
          'gradient',
          'float32',
          count,
          `gradient of one input of ${layer.name}`,
        );
    builder.step({ layer: layer.name, phase: 'backward', calls: [term(index, target)] });
    context.contribute(index, unrepeated(context, index, target));
  });
}

function unrepeated(context: BackwardContext, index: 0 | 1, gradient: BufferId): BufferId {
  const { graph, layer, builder } = context;
  const { shape } = tensorAt(graph, layer.outputs[0] ?? -1);
  const operand = tensorAt(graph, layer.inputs[index] ?? -1);
  const count = elementCount(operand.shape);
  if (count === elementCount(shape)) return gradient;
  const sum = builder.arena(
    `${layer.name}_sum_gradient`,
    layer.name,
    'gradient',
    'float32',
    count,
    `gradient of the repeated input of ${layer.name}`,
  );
  const strides = { shape, first: contiguous(shape), second: broadcast(operand.shape, shape) };
  builder.step({
    layer: layer.name,
    phase: 'backward',
    calls: [
      call('ft_zero_f32', { values: at(sum), count: int(count) }),
      call('ft_strided_sum_f32', {
        strides: at(stridesParameters(builder, layer, strides)),
        input: at(gradient),
        output: at(sum),
      }),
    ],
  });
  return sum;
}
