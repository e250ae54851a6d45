/** Lowers the forward pass: a step per layer, tensors to buffers, masks and saved activations for the backward pass. */
import { elementCount, type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { perObject } from '../model/memo.ts';
import { checkTypes, ruleOf } from '../operators/index.ts';
import type { BackwardContext, LoweredForward, OperatorRule, RingRows } from '../operators/rule.ts';
import { type WeightedLayer, weightedLayer } from '../operators/weighted.ts';
import { firstInputRow, imagesOf, pictureOf, type Window, windowOf } from '../operators/window.ts';
import type { BufferId } from '../program.ts';
import { type Differentiation, needsMask } from '../training/differentiate.ts';
import type { TrainSettings } from '../training/plan.ts';
import { allocateTraining, type LayerTraining } from '../training/state.ts';
import { at, call, int, ownedCalls, type ProgramBuilder, type StepOverlap } from './builder.ts';
import { type Chain, ringsOf } from './chain.ts';
import { constantOf, elementTypeOf } from './constants.ts';
import { planUnits, type UnitPlan } from './stream.ts';

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
  /** The largest live set, where the pass is streamed: what the backward pass may take without costing anything. */
  readonly peakBytes: number;
}

/** What the forward pass left of a layer for the backward pass. */
export function loweredBy({ masks, training }: LoweredForwardPass): BackwardContext['lowered'] {
  return ({ name }) => ({ mask: masks.get(name), training: training.get(name) });
}

export function lowerForwardPass(builder: ProgramBuilder, graph: Graph, options: ForwardOptions): LoweredForwardPass {
  for (const layer of graph.layers) ruleOf(layer);
  const tensors = new Map<number, BufferId>();
  const masks = new Map<string, BufferId>();
  const training = new Map<string, LayerTraining>();
  for (const id of graph.inputs) {
    tensors.set(id, activation(builder, graph, id, 'input', reasonFor(graph, id, 'input', options.differentiation)));
  }

  const bufferOf = (id: number): BufferId => {
    const known = tensors.get(id);
    if (known !== undefined) return known;
    return constantOf(builder, tensorAt(graph, id));
  };

  const { differentiation, settings } = options;

  /** Everything that the layer's rule asks for; `ring` rows of the output where it is not held whole. */
  const lower = (layer: Layer, rings?: RingRows): LoweredForward => {
    checkTypes(graph, layer);
    const [first = -1, result = -1] = [layer.inputs[0], layer.outputs[0]];
    const part = differentiation?.trained.get(layer.name);
    if (part !== undefined && settings !== undefined) {
      const data = weightedLayer(graph, layer);
      const save = (table: BufferId | undefined): BufferId =>
        saveInput(builder, layer, data, bufferOf(first), table, part.channels);
      training.set(layer.name, allocateTraining(builder, layer, data, part, settings, save));
    }
    for (const output of layer.outputs) {
      const isRing = rings !== undefined && rings.output < pictureOf(tensorAt(graph, output)).height;
      const rows = isRing ? (rings.output === 1 ? 'a row of the ' : `${rings.output} rows of the `) : '';
      const what = `${rows}output of ${layer.name}`;
      const reason = reasonFor(graph, output, what, differentiation);
      tensors.set(output, activation(builder, graph, output, layer.name, reason, rings?.output));
    }
    if (differentiation !== undefined && needsMask(differentiation, graph, layer)) {
      const bytes = maskBytes(graph, result);
      const name = `${layer.name}_mask`;
      masks.set(
        layer.name,
        builder.arena(name, layer.name, 'mask', 'uint8', bytes, `clamp mask of ${layer.name}, for its gradient`),
      );
    }
    return ruleOf(layer).forward({
      graph,
      layer,
      builder,
      input: (index) => bufferOf(layer.inputs[index] ?? -1),
      output: (index) => tensors.get(layer.outputs[index] ?? -1) ?? -1,
      mask: masks.get(layer.name),
      training: training.get(layer.name),
      ...(rings === undefined ? {} : { rings }),
    });
  };

  const { units, peakBytes } = unitsOf(graph, options);
  for (const unit of units) {
    if (unit.kind === 'chain') {
      emitChain(builder, graph, unit.chain, lower, tensors);
      continue;
    }
    const { layer } = unit;
    const rule = ruleOf(layer);
    if (rule.alias === true && !options.everyTensor) {
      for (const output of layer.outputs) tensors.set(output, bufferOf(layer.inputs[0] ?? -1));
      continue;
    }
    const lowered = lower(layer);
    builder.step({
      layer: layer.name,
      phase: 'forward',
      calls: lowered.calls(),
      loop: lowered.loop,
      macs: rule.macs(graph, layer),
      overlaps: options.everyTensor || lowered.loop > 1 ? [] : overlapsOf(graph, layer, rule, tensors),
    });
  }
  return { tensors, masks, training, peakBytes };
}

/** The layers one by one, or where they may stream, as chains. */
function unitsOf(graph: Graph, options: ForwardOptions): UnitPlan {
  const { differentiation, settings } = options;
  if (options.everyTensor || settings?.stream === false) {
    return { units: graph.layers.map((layer) => ({ kind: 'layer', layer })), peakBytes: 0 };
  }
  const saved = [0];
  for (const layer of graph.layers) {
    const mask =
      differentiation !== undefined && needsMask(differentiation, graph, layer)
        ? maskBytes(graph, layer.outputs[0] ?? -1)
        : 0;
    const part = differentiation?.trained.get(layer.name);
    const window = part === undefined || part.channels.length === 0 ? undefined : windowOf(graph, layer);
    const codes = window === undefined ? 0 : window.in_height * window.in_width * (part?.channels.length ?? 0);
    saved.push((saved[saved.length - 1] ?? 0) + mask + codes);
  }
  return planUnits(graph, {
    savedBefore: (index) => saved[index] ?? 0,
    // A layer whose weights or input codes the backward pass wants is computed whole.
    whole: (layer) =>
      (differentiation?.trained.get(layer.name)?.channels.length ?? 0) > 0 ||
      (differentiation !== undefined && (ruleOf(layer).keeps?.length ?? 0) > 0),
    relief: (layer) => reliefOf(graph, layer),
  });
}

/** One step: a loop in which every layer of the chain computes its next rows. */
function emitChain(
  builder: ProgramBuilder,
  graph: Graph,
  chain: Chain,
  lower: (layer: Layer, rings: RingRows) => LoweredForward,
  tensors: ReadonlyMap<number, BufferId>,
): void {
  const calls = chain.layers.flatMap((layer) =>
    ownedCalls({
      layer: layer.name,
      phase: 'forward',
      macs: ruleOf(layer).macs(graph, layer),
      calls: lower(layer, ringsOf(graph, chain, layer)).calls(chain.rows.get(layer.name)),
    }),
  );
  const below = tensors.get(chain.layers[chain.layers.length - 1]?.outputs[0] ?? -1);
  const above = tensors.get(chain.layers[0]?.inputs[0] ?? -1);
  builder.step({
    layer: chain.layers[0]?.name ?? '',
    phase: 'forward',
    calls,
    loop: chain.iterations,
    macs: calls.reduce((sum, entry) => sum + (entry.macs ?? 0), 0),
    overlaps: below === undefined || above === undefined ? [] : [{ below, above, distance: chain.distance }],
  });
}

function maskBytes(graph: Graph, tensor: number): number {
  return Math.ceil(elementCount(tensorAt(graph, tensor).shape) / 8);
}

const readersOf = perObject((graph: Graph): ReadonlyMap<number, readonly Layer[]> => {
  const readers = new Map<number, Layer[]>();
  for (const layer of graph.layers) {
    for (const id of new Set(layer.inputs)) readers.set(id, [...(readers.get(id) ?? []), layer]);
  }
  return readers;
});

/** Who reads a tensor, and for whose gradient it is held. */
function reasonFor(graph: Graph, id: number, what: string, differentiation: Differentiation | undefined): string {
  const readers = readersOf(graph).get(id) ?? [];
  const read = readers.length === 0 ? 'the result' : `read by ${readers.map(({ name }) => name).join(' and ')}`;
  const held = readers.flatMap((layer) => {
    if (layer.inputs[0] === id && differentiation?.trained.get(layer.name)?.all === true) {
      return `, held for the weight gradient of ${layer.name}`;
    }
    const keeps = ruleOf(layer).keeps?.some((index) => layer.inputs[index] === id) === true;
    const wanted = layer.outputs.some((output) => differentiation?.wanted.has(output));
    return keeps && wanted ? `, held for the gradient of ${layer.name}` : [];
  });
  return `${what}, ${read}${held.join('')}`;
}

function activation(
  builder: ProgramBuilder,
  graph: Graph,
  id: number,
  layer: string,
  reason: string,
  ringRows?: number,
): BufferId {
  const tensor = tensorAt(graph, id);
  const whole = elementCount(tensor.shape);
  const { height } = pictureOf(tensor);
  const held = ringRows === undefined || tensor.shape.length !== 4 ? whole : (whole / height) * ringRows;
  return builder.arena(layer, layer, 'activation', elementTypeOf(tensor), held, reason);
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
    `input codes of ${layer.name}, held for its weight gradient`,
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
  const size = elementCount(tensorAt(graph, layer.outputs[0] ?? -1).shape);
  const candidates = rule.inPlace === true ? layer.inputs : layer.inputs.slice(0, 1);
  return candidates.flatMap((id) => {
    const above = tensors.get(id);
    if (above === undefined) return [];
    if (rule.inPlace === true) {
      return elementCount(tensorAt(graph, id).shape) === size ? [{ below, above, distance: 0 }] : [];
    }
    if (!growsByRows(graph, layer, rule) || imagesOf(graph, layer) > 1) return [];
    return [{ below, above, distance: growthDistance(windowOf(graph, layer)) }];
  });
}

/** Rows of codes: those of a float32 layer take more bytes than growthDistance counts. */
function growsByRows(graph: Graph, layer: Layer, rule: OperatorRule): boolean {
  return rule.byRows === true && tensorAt(graph, layer.outputs[0] ?? -1).dtype !== 'float32';
}

const growthDistance = perObject((window: Window): number => {
  const rowIn = window.in_width * window.in_channels;
  const rowOut = window.out_width * window.out_channels;
  let distance = 0;
  for (let row = 0; row < window.out_height; row++) {
    const needed = Math.min(window.in_height, Math.max(0, firstInputRow(window, row)));
    distance = Math.max(distance, (row + 1) * rowOut - needed * rowIn);
  }
  return distance;
});

/** Bytes that growing into the input saves. */
function reliefOf(graph: Graph, layer: Layer): number {
  const rule = ruleOf(layer);
  const bytes = elementCount(tensorAt(graph, layer.outputs[0] ?? -1).shape);
  if (rule.inPlace === true) return bytes;
  if (!growsByRows(graph, layer, rule)) return 0;
  return Math.max(0, bytes - growthDistance(windowOf(graph, layer)));
}
