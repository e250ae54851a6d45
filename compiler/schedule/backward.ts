/** Lowers loss, backward pass and updates. Each update follows its gradient at once, after the input gradient that
 * needs the old weights (numerics.md 9), so no weight gradient is ever stored whole. */
import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import type { BlockFloat } from '../operators/block-float.ts';
import { ruleOf } from '../operators/index.ts';
import { scaleOf, zeroPointOf } from '../operators/quantisation.ts';
import type { BufferId, KernelCall } from '../program.ts';
import type { Differentiation } from '../training/differentiate.ts';
import { emitUpdate, type Optimization } from '../training/optimizer.ts';
import type { TrainSettings } from '../training/plan.ts';
import type { Head } from '../training/prepare.ts';
import { bottleneckAt, emitBottleneck, groupOf } from './bottleneck.ts';
import { at, call, float, int, label, type ProgramBuilder } from './builder.ts';
import { constantOf } from './constants.ts';
import { type LoweredForwardPass, loweredBy } from './forward.ts';

export interface Results {
  readonly loss: BufferId;
  readonly prediction: BufferId;
  /** What a squared error compares the results with, where that is not the network's input. */
  readonly target?: BufferId;
}

/** float32 [classes] for regression in SRAM, since the firmware may set it between two steps. A network with as many
 * results as inputs is an autoencoder: its target is its input, and needs no memory. */
export function regressionTarget(
  builder: ProgramBuilder,
  graph: Graph,
  head: Head,
  loss: TrainSettings['loss'],
): BufferId | undefined {
  const inputs = elementCount(tensorAt(graph, graph.inputs[0] ?? -1).shape);
  if (loss !== 'mean-squared-error' || inputs === head.classes) return undefined;
  return builder.buffer({
    name: 'target',
    layer: head.layer,
    role: 'state',
    home: 'sram',
    element: 'float32',
    count: head.classes,
  });
}

/** Float32 logits, and for a new classifier the parameters behind them. */
export interface LoweredHead {
  readonly logits: BufferId;
  readonly weights?: BufferId;
  readonly bias?: BufferId;
}

/** Still part of the forward phase: an inference wants the logits and the arg max too. */
export function lowerHead(
  builder: ProgramBuilder,
  graph: Graph,
  head: Head,
  forward: LoweredForwardPass,
  prediction: BufferId,
): LoweredHead {
  const logits = builder.arena(
    `${head.layer}_logits`,
    head.layer,
    'activation',
    'float32',
    head.classes,
    `results of ${head.layer}, then their gradient`,
  );
  const source = head.kind === 'float32' ? head.features : head.result;
  const codes = forward.tensors.get(source);
  if (codes === undefined) throw new Error(`no buffer for tensor ${source}`);
  const tensor = tensorAt(graph, source);
  const argMax = call('ft_arg_max_f32', { values: at(logits), index: at(prediction), count: int(head.classes) });
  const quantisation = { scale: float(scaleOf(tensor)), zero_point: int(zeroPointOf(tensor)) };
  if (head.kind === 'int8') {
    const dequantise = call('ft_dequantise_s8_f32', {
      input: at(codes),
      output: at(logits),
      ...quantisation,
      count: int(head.classes),
    });
    builder.step({ layer: head.layer, phase: 'forward', calls: [dequantise, argMax] });
    return { logits };
  }
  const sram = (what: string, count: number): BufferId =>
    builder.buffer({
      name: `${head.layer}_trained_${what}`,
      layer: head.layer,
      role: 'trained',
      home: 'sram',
      element: 'float32',
      count,
    });
  const weights = sram('weights', head.classes * head.inputs);
  const bias = sram('bias', head.classes);
  const dense = call('ft_dense_s8_f32', {
    input: at(codes),
    weights: at(weights),
    bias: at(bias),
    output: at(logits),
    ...quantisation,
    outputs: int(head.classes),
    inputs: int(head.inputs),
  });
  builder.step({
    layer: head.layer,
    phase: 'forward',
    calls: [dense, argMax],
    macs: head.classes * head.inputs,
  });
  return { logits, weights, bias };
}

export function lowerBackwardPass(
  builder: ProgramBuilder,
  graph: Graph,
  head: Head,
  lowered: LoweredHead,
  forward: LoweredForwardPass,
  differentiation: Differentiation,
  optimization: Optimization,
  results: Results,
): void {
  const gradients = new Map<number, BufferId>();
  emitLoss(builder, graph, head, lowered, forward, optimization, results);
  const afterHead = emitHeadBackward(builder, graph, head, lowered, forward, differentiation, optimization);
  if (afterHead !== undefined) gradients.set(head.kind === 'float32' ? head.features : head.result, afterHead);
  lowerGradients(builder, graph, gradients, forward, differentiation, optimization);
}

/** Carries the gradients of some tensors, by id, down to every wanted one, which it adds to the map. */
export function lowerGradients(
  builder: ProgramBuilder,
  graph: Graph,
  gradients: Map<number, BufferId>,
  forward: LoweredForwardPass,
  differentiation: Differentiation,
  optimization: Optimization,
): void {
  const { tasks } = differentiation;
  const blocks = new Map<BufferId, BlockFloat>();
  const lowered = loweredBy(forward);
  for (let index = 0; index < tasks.length; index++) {
    const layer = tasks[index];
    if (layer === undefined) break;
    const outputGradients = layer.outputs.map((output) => gradients.get(output));
    const gradient = outputGradients.find((buffer) => buffer !== undefined);
    const rule = ruleOf(layer);
    if (gradient === undefined || rule.backward === undefined) continue;
    const block = optimization.settings.stream
      ? bottleneckAt(graph, differentiation, index, optimization.settings.gradients)
      : undefined;
    const group =
      block === undefined
        ? undefined
        : groupOf(graph, block, forward, differentiation, {
            besides: liveBytes(builder, tasks.slice(index), gradients, forward),
            gradient: builder.bytesOf(gradient),
            gradients: optimization.settings.gradients,
          });
    if (block !== undefined && group !== undefined) {
      const dx = emitBottleneck(builder, graph, block, group, gradient, forward, differentiation, optimization);
      const { expand } = block;
      if (dx !== undefined && expand !== undefined) {
        contribute(builder, graph, expand, gradients, expand.inputs[0] ?? -1, dx);
      }
      index += expand === undefined ? 1 : 2;
      continue;
    }
    rule.backward({
      graph,
      layer,
      builder,
      gradient,
      block: blocks.get(gradient),
      outputGradient: (index) => outputGradients[index],
      ...lowered(layer),
      optimization,
      needs: (index) => differentiation.wanted.has(layer.inputs[index] ?? -1),
      input: (index) => codesOf(builder, graph, forward, layer.inputs[index] ?? -1),
      lowered,
      contribute: (index, buffer, block) => {
        if (block !== undefined) blocks.set(buffer, block);
        contribute(builder, graph, layer, gradients, layer.inputs[index] ?? -1, buffer);
      },
    });
  }
}

/** Bytes of what waits for the tasks that are left: masks, saved codes, gradients. */
function liveBytes(
  builder: ProgramBuilder,
  tasks: readonly Layer[],
  gradients: ReadonlyMap<number, BufferId>,
  forward: LoweredForwardPass,
): number {
  const waiting = tasks.flatMap(({ name, outputs }) => [
    forward.masks.get(name),
    forward.training.get(name)?.weights?.saved,
    ...outputs.map((output) => gradients.get(output)),
  ]);
  return [...new Set(waiting)].reduce<number>((sum, id) => sum + (id === undefined ? 0 : builder.bytesOf(id)), 0);
}

function codesOf(builder: ProgramBuilder, graph: Graph, forward: LoweredForwardPass, tensor: number): BufferId {
  return forward.tensors.get(tensor) ?? constantOf(builder, tensorAt(graph, tensor));
}

/** Gradients of a tensor with several readers are summed (numerics.md 9). */
function contribute(
  builder: ProgramBuilder,
  graph: Graph,
  layer: Layer,
  gradients: Map<number, BufferId>,
  tensor: number,
  buffer: BufferId,
): void {
  const sum = gradients.get(tensor);
  if (sum === undefined) {
    gradients.set(tensor, buffer);
    return;
  }
  builder.step({
    layer: layer.name,
    phase: 'backward',
    calls: [
      call('ft_accumulate_f32', {
        values: at(buffer),
        sum: at(sum),
        count: int(elementCount(tensorAt(graph, tensor).shape)),
      }),
    ],
  });
}

/** The gradient replaces the logits. */
function emitLoss(
  builder: ProgramBuilder,
  graph: Graph,
  head: Head,
  lowered: LoweredHead,
  forward: LoweredForwardPass,
  optimization: Optimization,
  results: Results,
): void {
  const { logits } = lowered;
  if (optimization.settings.loss === 'cross-entropy') {
    const crossEntropy = call('ft_softmax_cross_entropy_f32', {
      logits: at(logits),
      gradient: at(logits),
      loss: at(results.loss),
      prediction: at(results.prediction),
      classes: int(head.classes),
      label,
    });
    builder.step({ layer: head.layer, phase: 'loss', calls: [crossEntropy] });
    return;
  }
  const target =
    results.target ??
    builder.arena(
      `${head.layer}_target`,
      head.layer,
      'activation',
      'float32',
      head.classes,
      'what the results should be',
    );
  builder.step({
    layer: head.layer,
    phase: 'loss',
    calls: [
      results.target === undefined
        ? reconstructionTarget(graph, forward, target)
        : call('ft_label_target_f32', { target: at(target), count: int(head.classes), label }),
      call('ft_mean_squared_error_f32', {
        output: at(logits),
        target: at(target),
        gradient: at(logits),
        loss: at(results.loss),
        count: int(head.classes),
      }),
    ],
  });
}

/** The input in real units. */
function reconstructionTarget(graph: Graph, forward: LoweredForwardPass, target: BufferId): KernelCall {
  const [input = -1] = graph.inputs;
  const tensor = tensorAt(graph, input);
  const codes = forward.tensors.get(input);
  if (codes === undefined) throw new Error('the network has no input');
  return call('ft_dequantise_s8_f32', {
    input: at(codes),
    output: at(target),
    scale: float(scaleOf(tensor)),
    zero_point: int(zeroPointOf(tensor)),
    count: int(elementCount(tensor.shape)),
  });
}

/** Gradient of the int8 tensor below the head in units of its codes, or undefined where nobody below trains. */
function emitHeadBackward(
  builder: ProgramBuilder,
  graph: Graph,
  head: Head,
  lowered: LoweredHead,
  forward: LoweredForwardPass,
  differentiation: Differentiation,
  optimization: Optimization,
): BufferId | undefined {
  const { logits, weights, bias } = lowered;
  if (head.kind === 'int8' || weights === undefined || bias === undefined) {
    if (head.kind !== 'int8' || !differentiation.wanted.has(head.result)) return undefined;
    const scale = float(scaleOf(tensorAt(graph, head.result)));
    const toCodes = call('ft_scale_f32', { values: at(logits), factor: scale, count: int(head.classes) });
    builder.step({ layer: head.layer, phase: 'backward', calls: [toCodes] });
    return logits;
  }
  const tensor = tensorAt(graph, head.features);
  const scale = float(scaleOf(tensor));
  let dx: BufferId | undefined;
  if (differentiation.wanted.has(head.features)) {
    dx = builder.inputGradient(head.layer, head.inputs);
    builder.step({
      layer: head.layer,
      phase: 'backward',
      macs: head.classes * head.inputs,
      calls: [
        call('ft_dense_input_gradient_f32', {
          gradient: at(logits),
          weights: at(weights),
          dx: at(dx),
          scale,
          outputs: int(head.classes),
          inputs: int(head.inputs),
        }),
      ],
    });
  }
  const context = { layer: { name: head.layer }, builder, optimization };
  const row = builder.arena(
    `${head.layer}_weight_gradient`,
    head.layer,
    'scratch',
    'float32',
    head.inputs,
    `weight gradient of ${head.layer}, a row at a time`,
  );
  emitUpdate(context, {
    parameter: {
      kind: 'float',
      name: `${head.layer}_weights`,
      buffer: weights,
      rowCount: head.classes,
      rowElements: head.inputs,
    },
    gradient: row,
    tile: 1,
    macs: head.classes * head.inputs,
    calls: [
      call('ft_dense_weight_gradient_f32', {
        input: at(forward.tensors.get(head.features) ?? -1),
        gradient: at(logits),
        rows: at(row),
        scale,
        zero_point: int(zeroPointOf(tensor)),
        inputs: int(head.inputs),
        row_begin: int({ base: 0, step: 1 }),
        row_end: int({ base: 1, step: 1 }),
      }),
    ],
  });
  emitUpdate(context, {
    parameter: { kind: 'float', name: `${head.layer}_bias`, buffer: bias, rowCount: 1, rowElements: head.classes },
    gradient: logits,
    macs: 0,
    calls: [],
  });
  return dx;
}
