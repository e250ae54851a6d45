/** Lowers the forward pass: a step per layer, tensors to buffers, masks and saved activations for the backward pass. */
import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { ruleOf } from '../operators/index.ts';
import type { OperatorRule } from '../operators/rule.ts';
import { isWeighted, type WeightedLayer, weightedLayer } from '../operators/weighted.ts';
import { firstInputRow, windowOf } from '../operators/window.ts';
import type { BufferId } from '../program.ts';
import { type Differentiation, needsMask } from '../training/differentiate.ts';
import type { TrainSettings } from '../training/plan.ts';
import { allocateTraining, type LayerTraining } from '../training/state.ts';
import { at, call, int, type ProgramBuilder, type StepOverlap } from './builder.ts';
import { constantOf, elementTypeOf } from './constants.ts';

export interface ForwardOptions {
  /** Every tensor in a buffer of its own, alive to the end: for `infer --tensors`. */
  readonly everyTensor: boolean;
  readonly differentiation?: Differentiation;
  readonly settings?: TrainSettings;
}

export interface LoweredForwardPass {
  /** Activations by tensor id. */
  readonly tensors: ReadonlyMap<number, BufferId>;
  /** By layer name. */
  readonly masks: ReadonlyMap<string, BufferId>;
  readonly training: ReadonlyMap<string, LayerTraining>;
}

export function lowerForwardPass(builder: ProgramBuilder, graph: Graph, options: ForwardOptions): LoweredForwardPass {
  const tensors = new Map<number, BufferId>();
  const masks = new Map<string, BufferId>();
  const training = new Map<string, LayerTraining>();
  for (const id of graph.inputs) tensors.set(id, activation(builder, graph, id, 'input'));

  const bufferOf = (id: number): BufferId => {
    const known = tensors.get(id);
    if (known !== undefined) return known;
    return constantOf(builder, tensorAt(graph, id));
  };

  for (const layer of graph.layers) {
    const rule = ruleOf(layer);
    const [first = -1] = layer.inputs;
    if (rule.alias === true && !options.everyTensor) {
      for (const output of layer.outputs) tensors.set(output, bufferOf(first));
      continue;
    }
    const { differentiation, settings } = options;
    const part = differentiation?.trained.get(layer.name);
    if (part !== undefined && settings !== undefined) {
      const data = weightedLayer(graph, layer);
      const save = (table: BufferId | undefined): BufferId =>
        saveInput(builder, layer, data, bufferOf(first), table, part.channels);
      training.set(layer.name, allocateTraining(builder, layer, data, part, settings, save));
    }
    for (const output of layer.outputs) tensors.set(output, activation(builder, graph, output, layer.name));
    const [result = -1] = layer.outputs;
    if (differentiation !== undefined && needsMask(differentiation, graph, layer)) {
      const bits = elementCount(tensorAt(graph, result).shape);
      masks.set(
        layer.name,
        builder.arena(
          `${layer.name}_mask`,
          layer.name,
          'mask',
          'uint8',
          Math.ceil(bits / 8),
          `clamp mask of ${layer.name}`,
        ),
      );
    }
    const lowered = rule.forward({
      graph,
      layer,
      builder,
      input: (index) => bufferOf(layer.inputs[index] ?? -1),
      output: (index) => tensors.get(layer.outputs[index] ?? -1) ?? -1,
      mask: masks.get(layer.name),
      training: training.get(layer.name),
    });
    builder.step({
      layer: layer.name,
      phase: 'forward',
      calls: lowered.calls(),
      loop: lowered.loop,
      macs: rule.macs(graph, layer),
      overlaps: options.everyTensor || lowered.loop > 1 ? [] : overlapsOf(graph, layer, rule, tensors),
    });
  }
  return { tensors, masks, training };
}

function activation(builder: ProgramBuilder, graph: Graph, id: number, layer: string): BufferId {
  const tensor = tensorAt(graph, id);
  const name = layer === 'input' ? 'input' : layer;
  return builder.arena(name, layer, 'activation', elementTypeOf(tensor), elementCount(tensor.shape));
}

/** The input codes that a weight gradient will need: the input itself where all of its channels train, else a copy of
 * the trained ones, so that the whole input can go. */
function saveInput(
  builder: ProgramBuilder,
  layer: Layer,
  data: WeightedLayer,
  input: BufferId,
  table: BufferId | undefined,
  channels: readonly number[],
): BufferId {
  const { in_height: height, in_width: width, in_channels: depth, out_channels } = data.window;
  const multiplier = data.depthwise ? out_channels / depth : 1;
  if (table === undefined && multiplier === 1) return input;
  const source =
    multiplier === 1 && table !== undefined
      ? table
      : builder.constant(
          `${layer.name}_saved_channels`,
          layer.name,
          Uint16Array.from(channels, (channel) => Math.floor(channel / multiplier)),
        );
  const saved = builder.arena(
    `${layer.name}_saved`,
    layer.name,
    'saved',
    'int8',
    height * width * channels.length,
    `input codes of ${layer.name}, for its weight gradient`,
  );
  builder.step({
    layer: layer.name,
    phase: 'forward',
    calls: [
      call('ft_gather_channels_s8', {
        input: at(input),
        table: at(source),
        saved: at(saved),
        width: int(width),
        in_rows: int(height),
        channels: int(depth),
        saved_channels: int(channels.length),
        row_begin: int(0),
        row_end: int(height),
      }),
    ],
  });
  return saved;
}

/** Where rows are finished in order, the output may grow into the input: output row y must end below the first input
 * row that is still needed for it. */
function overlapsOf(
  graph: Graph,
  layer: Layer,
  rule: OperatorRule,
  tensors: ReadonlyMap<number, BufferId>,
): readonly StepOverlap[] {
  const below = tensors.get(layer.outputs[0] ?? -1);
  if (below === undefined) return [];
  if (rule.inPlace === true) {
    const bytes = (id: number): number => elementCount(tensorAt(graph, id).shape);
    const size = bytes(layer.outputs[0] ?? -1);
    return layer.inputs.flatMap((id) => {
      const above = tensors.get(id);
      return above === undefined || bytes(id) !== size ? [] : [{ below, above, distance: 0 }];
    });
  }
  const above = tensors.get(layer.inputs[0] ?? -1);
  if (rule.byRows !== true || above === undefined) return [];
  const window = windowOf(graph, layer);
  const rowIn = window.in_width * window.in_channels;
  const rowOut = window.out_width * window.out_channels;
  let distance = 0;
  for (let row = 0; row < window.out_height; row++) {
    const needed = Math.min(window.in_height, Math.max(0, firstInputRow(window, row)));
    distance = Math.max(distance, (row + 1) * rowOut - needed * rowIn);
  }
  return [{ below, above, distance }];
}

export function isTrainable(graph: Graph, layer: Layer): boolean {
  return isWeighted(graph, layer);
}
