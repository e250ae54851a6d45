/** Operators that only move elements: each is a list of strided copies, and its gradient the same copies backwards. */
import { refuse } from '../diagnostics.ts';
import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import type { KernelCall } from '../program.ts';
import { at, call, int } from '../schedule/builder.ts';
import { integerInput } from './constants.ts';
import { scaleOf, zeroPointOf } from './quantisation.ts';
import type { BackwardContext, OperatorRule } from './rule.ts';
import { contiguous, type Strides, stridesParameters, swap } from './strides.ts';

/** Elements of one input that become elements of one output; offsets in elements. */
export interface Move {
  readonly input: number;
  readonly output: number;
  readonly inputOffset: number;
  readonly outputOffset: number;
  /** first: the input's distances, second: the output's. */
  readonly strides: Strides;
}

type MovesOf = (graph: Graph, layer: Layer) => readonly Move[];

export function movement(movesOf: MovesOf): OperatorRule {
  return {
    macs: () => 0,
    forward: ({ graph, layer, builder, input, output }) => {
      const calls = movesOf(graph, layer).map((move) =>
        call('ft_strided_copy_s8', {
          strides: at(stridesParameters(builder, layer, move.strides)),
          input: at(input(move.input), move.inputOffset),
          output: at(output(move.output), move.outputOffset),
        }),
      );
      return { loop: 1, calls: () => calls };
    },
    backward: (context) => {
      const moves = movesOf(context.graph, context.layer);
      for (const input of new Set(moves.map((move) => move.input))) {
        moveGradient(
          context,
          input,
          moves.filter((move) => move.input === input),
        );
      }
    },
  };
}

/** Each input element goes to at most one place, so its gradient is a copy from there, or 0. */
export function moveGradient(context: BackwardContext, input: number, moves: readonly Move[]): void {
  const { graph, layer, builder } = context;
  if (!context.needs(input)) return;
  const count = elementCount(tensorAt(graph, layer.inputs[input] ?? -1).shape);
  const dx = builder.inputGradient(layer.name, count);
  const calls: KernelCall[] = [];
  let covered = 0;
  for (const move of moves) {
    const gradient = context.outputGradient(move.output);
    if (gradient === undefined) continue;
    covered += elementCount(move.strides.shape);
    calls.push(
      call('ft_strided_copy_f32', {
        strides: at(stridesParameters(builder, layer, swap(move.strides))),
        input: at(gradient, 4 * move.outputOffset),
        output: at(dx, 4 * move.inputOffset),
      }),
    );
  }
  if (covered < count) calls.unshift(call('ft_zero_f32', { values: at(dx), count: int(count) }));
  builder.step({ layer: layer.name, phase: 'backward', calls });
  context.contribute(input, dx);
}

export function inputShape(graph: Graph, layer: Layer, index = 0): readonly number[] {
  return tensorAt(graph, layer.inputs[index] ?? -1).shape;
}

function outputShape(graph: Graph, layer: Layer, index = 0): readonly number[] {
  return tensorAt(graph, layer.outputs[index] ?? -1).shape;
}

export function axisOf(layer: Layer): number {
  if (layer.attributes.kind !== 'axis') throw new Error(`${layer.name}: ${layer.operator} has no axis`);
  return layer.attributes.axis;
}

function withAxis(shape: readonly number[], axis: number): readonly number[] {
  return [...shape.slice(0, axis), 1, ...shape.slice(axis)];
}

/** Where the parts that lie side by side along an axis begin in the whole, in elements. */
function partOffsets(parts: readonly (readonly number[])[], whole: readonly number[], axis: number): readonly number[] {
  const distance = contiguous(whole)[axis] ?? 1;
  let position = 0;
  return parts.map((part) => {
    const offset = position * distance;
    position += part[axis] ?? 1;
    return offset;
  });
}

/** The parts are inputs, the whole is the output. */
export function joining(
  graph: Graph,
  layer: Layer,
  parts: readonly (readonly number[])[],
  axis: number,
): readonly Move[] {
  const whole = outputShape(graph, layer);
  const offsets = partOffsets(parts, whole, axis);
  return parts.map((shape, input) => ({
    input,
    output: 0,
    inputOffset: 0,
    outputOffset: offsets[input] ?? 0,
    strides: { shape, first: contiguous(shape), second: contiguous(whole) },
  }));
}

/** The whole is an input, the parts are the outputs. */
function parting(
  graph: Graph,
  layer: Layer,
  input: number,
  parts: readonly (readonly number[])[],
  axis: number,
): readonly Move[] {
  const whole = inputShape(graph, layer, input);
  const offsets = partOffsets(parts, whole, axis);
  return parts.map((shape, output) => ({
    input,
    output,
    inputOffset: offsets[output] ?? 0,
    outputOffset: 0,
    strides: { shape, first: contiguous(whole), second: contiguous(shape) },
  }));
}

/** tflite-micro copies codes, whatever their scale: that is only right where all have one. */
export function expectOneQuantisation(graph: Graph, layer: Layer): void {
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  for (const id of layer.inputs) {
    const input = tensorAt(graph, id);
    if (scaleOf(input) === scaleOf(output) && zeroPointOf(input) === zeroPointOf(output)) continue;
    refuse(
      'mixed-quantisation',
      `layer ${layer.name} (${layer.operator}) joins tensors of different scales`,
      'convert the model again with full integer quantisation, which gives them one scale',
      layer.name,
    );
  }
}

export const pack = movement((graph, layer) => {
  expectOneQuantisation(graph, layer);
  const parts = layer.inputs.map((_, index) => withAxis(inputShape(graph, layer, index), axisOf(layer)));
  return joining(graph, layer, parts, axisOf(layer));
});

export const unpack = movement((graph, layer) => {
  const parts = layer.outputs.map((_, index) => withAxis(outputShape(graph, layer, index), axisOf(layer)));
  return parting(graph, layer, 0, parts, axisOf(layer));
});

function splitting(input: number): OperatorRule {
  return movement((graph, layer) => {
    const parts = layer.outputs.map((_, index) => outputShape(graph, layer, index));
    return parting(graph, layer, input, parts, axisOf(layer));
  });
}

/** inputs: axis, tensor */
export const split = splitting(1);
/** inputs: tensor, sizes, axis */
export const splitSizes = splitting(0);

export const transpose = movement((graph, layer) => {
  const shape = outputShape(graph, layer);
  const source = contiguous(inputShape(graph, layer));
  const order = integerInput(graph, layer, 1);
  const first = order.map((axis) => source[axis < 0 ? axis + source.length : axis] ?? 0);
  return [
    { input: 0, output: 0, inputOffset: 0, outputOffset: 0, strides: { shape, first, second: contiguous(shape) } },
  ];
});

/** One output, whose element 0 is the input's element `begin`, and whose neighbours are `steps` apart there. */
function window(
  graph: Graph,
  layer: Layer,
  shape: readonly number[],
  begin: readonly number[],
  steps: readonly number[],
): readonly Move[] {
  const source = contiguous(inputShape(graph, layer));
  const inputOffset = begin.reduce((sum, position, axis) => sum + position * (source[axis] ?? 0), 0);
  const first = source.map((distance, axis) => distance * (steps[axis] ?? 1));
  return [{ input: 0, output: 0, inputOffset, outputOffset: 0, strides: { shape, first, second: contiguous(shape) } }];
}

/** inputs: tensor, begin, size */
export const slice = movement((graph, layer) => {
  const begin = integerInput(graph, layer, 1);
  return window(graph, layer, outputShape(graph, layer), begin, []);
});

/** inputs: tensor, begin, end, strides; bit n of a mask is for dimension n */
export const stridedSlice = movement((graph, layer) => {
  if (layer.attributes.kind !== 'stridedSlice') throw new Error(`${layer.name} has no masks`);
  const { beginMask, shrinkMask } = layer.attributes;
  const [begins, steps] = [integerInput(graph, layer, 1), integerInput(graph, layer, 3)];
  const begin = inputShape(graph, layer).map((size, axis) => {
    const backwards = (steps[axis] ?? 1) < 0;
    if ((beginMask >> axis) & 1) return backwards ? size - 1 : 0;
    const position = begins[axis] ?? 0;
    return Math.min(Math.max(position < 0 ? position + size : position, 0), backwards ? size - 1 : size);
  });
  let next = 0;
  const rest = outputShape(graph, layer);
  const shape = begin.map((_, axis) => ((shrinkMask >> axis) & 1 ? 1 : (rest[next++] ?? 1)));
  return window(graph, layer, shape, begin, steps);
});
