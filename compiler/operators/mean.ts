import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { at, atOrNull, call, float, int } from '../schedule/builder.ts';
import { integerInput } from './constants.ts';
import { type Multiplier, quantiseMultiplier, scaleOf, zeroPointOf } from './quantisation.ts';
import type { OperatorRule } from './rule.ts';
import { contiguous, extend, merge, stridesParameters } from './strides.ts';

export const mean: OperatorRule = {
  // With one quantisation, a mean of codes is a code.
  masked: (graph, layer) => {
    const [input, output] = [tensorAt(graph, layer.inputs[0] ?? -1), tensorAt(graph, layer.outputs[0] ?? -1)];
    return scaleOf(input) !== scaleOf(output) || zeroPointOf(input) !== zeroPointOf(output);
  },
  macs: () => 0,
  forward: ({ graph, layer, builder, input, output, mask }) => {
    const { kept, reduced, count } = axesOf(graph, layer);
    const [source, result] = [tensorAt(graph, layer.inputs[0] ?? -1), tensorAt(graph, layer.outputs[0] ?? -1)];
    const { multiplier, shift } = dividedBy(quantiseMultiplier(scaleOf(source) / scaleOf(result)), count);
    const [keptAxes, reducedAxes] = [walk(kept), walk(reduced)];
    const parameters = builder.parameters(`${layer.name}_mean`, layer.name, 'ft_mean', [
      ...extend(keptAxes.shape, kernelRank, 1),
      ...extend(keptAxes.first, kernelRank, 0),
      ...extend(reducedAxes.shape, kernelRank, 1),
      ...extend(reducedAxes.first, kernelRank, 0),
      zeroPointOf(source) * count,
      zeroPointOf(result),
      multiplier,
      shift,
    ]);
    const average = call('ft_mean_s8', {
      mean: at(parameters),
      input: at(input(0)),
      output: at(output(0)),
      mask: atOrNull(mask),
    });
    return { loop: 1, calls: () => [average] };
  },
  /** Every input element gets s_x / (s_y count) of its output's gradient. */
  backward: (context) => {
    const { graph, layer, builder, gradient, mask } = context;
    if (!context.needs(0)) return;
    const { shape, second, count } = axesOf(graph, layer);
    const [source, result] = [tensorAt(graph, layer.inputs[0] ?? -1), tensorAt(graph, layer.outputs[0] ?? -1)];
    const dx = builder.inputGradient(layer.name, elementCount(source.shape));
    const factor = float(scaleOf(source) / (scaleOf(result) * count));
    const outputs = int(elementCount(result.shape));
    const scale =
      mask === undefined
        ? call('ft_scale_f32', { values: at(gradient), factor, count: outputs })
        : call('ft_mask_f32', {
            gradient: at(gradient),
            output: at(gradient),
            mask: at(mask),
            factor,
            count: outputs,
          });
    const repeat = call('ft_strided_copy_f32', {
      strides: at(stridesParameters(builder, layer, { shape, first: second, second: contiguous(shape) })),
      input: at(gradient),
      output: at(dx),
    });
    builder.step({ layer: layer.name, phase: 'backward', calls: [scale, repeat] });
    context.contribute(0, dx);
  },
};

/** Dimensions of each half of the kernel's `ft_mean`: what stays of five, or of any merged ones, after a merge. */
const kernelRank = 4;

interface Axis {
  readonly size: number;
  readonly stride: number;
}

interface Axes {
  readonly kept: readonly Axis[];
  readonly reduced: readonly Axis[];
  /** The input's shape, and for each of its dimensions the distance in the output; 0 where it is reduced. */
  readonly shape: readonly number[];
  readonly second: readonly number[];
  readonly count: number;
}

function axesOf(graph: Graph, layer: Layer): Axes {
  const { shape } = tensorAt(graph, layer.inputs[0] ?? -1);
  const axes = new Set(integerInput(graph, layer, 1).map((axis) => (axis < 0 ? axis + shape.length : axis)));
  const strides = contiguous(shape);
  const dimensions = shape.map((size, axis) => ({ size, stride: strides[axis] ?? 0 }));
  const outputStrides = contiguous(shape.map((size, axis) => (axes.has(axis) ? 1 : size)));
  const reduced = dimensions.filter((_, axis) => axes.has(axis));
  return {
    kept: dimensions.filter((_, axis) => !axes.has(axis)),
    reduced,
    shape,
    second: outputStrides.map((stride, axis) => (axes.has(axis) ? 0 : stride)),
    count: elementCount(reduced.map(({ size }) => size)),
  };
}

function walk(axes: readonly Axis[]) {
  const first = axes.map(({ stride }) => stride);
  return merge({ shape: axes.map(({ size }) => size), first, second: first });
}

/** tflite-micro folds 1 / count into the multiplier by an integer division, of as many bits as fit. */
function dividedBy({ multiplier, shift }: Multiplier, count: number): Multiplier {
  const bits = Math.min(Math.floor(Math.log2(count)), 32, 31 + shift);
  return { multiplier: Number((BigInt(multiplier) * 2n ** BigInt(bits)) / BigInt(count)), shift: shift - bits };
}
