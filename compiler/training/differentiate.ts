/** Which gradients exist at all: only those on a path from a parameter that trains to the loss. The rest is pruned
 * before anything is lowered, so it costs neither steps nor memory. */
import { refuse } from '../diagnostics.ts';
import { type Graph, type Layer, tensorAt } from '../model/graph.ts';
import { ruleOf } from '../operators/index.ts';
import { isWeighted, weightedLayer } from '../operators/weighted.ts';
import { chooseChannels, selectableChannels } from './channels.ts';
import { type PreparedNetwork, updateOf } from './prepare.ts';

export interface TrainedLayer {
  readonly bias: boolean;
  /** Input channels (depthwise: own channels) whose weights train, ascending; empty: none. */
  readonly channels: readonly number[];
  readonly all: boolean;
}

export interface Differentiation {
  /** Layers of the backward pass, in its order: last forward layer first. */
  readonly tasks: readonly Layer[];
  /** Tensors whose gradient is wanted. */
  readonly wanted: ReadonlySet<number>;
  /** By layer name. */
  readonly trained: ReadonlyMap<string, TrainedLayer>;
}

/** Refuses layers that cannot train, and operators without a gradient above a trained layer. */
export function differentiate(network: PreparedNetwork): Differentiation {
  const { graph } = network;
  const trained = new Map<string, TrainedLayer>();
  const wanted = new Set<number>();
  for (const layer of graph.layers) {
    const part = trainedPart(network, layer);
    if (part !== undefined) trained.set(layer.name, part);
    const reached = layer.inputs.some((input) => wanted.has(input));
    if (reached && ruleOf(layer).backward === undefined) {
      refuse(
        'no-gradient',
        `layer ${layer.name} is a ${layer.operator}, which has no gradient, and a layer below it trains`,
        `train only layers above ${layer.name}`,
        layer.name,
      );
    }
    if (reached || part !== undefined) for (const output of layer.outputs) wanted.add(output);
  }
  const tasks = graph.layers.filter((layer) => layer.outputs.some((output) => wanted.has(output))).reverse();
  return { tasks, wanted, trained };
}

function trainedPart(network: PreparedNetwork, layer: Layer): TrainedLayer | undefined {
  const update = updateOf(network, layer);
  if (!update.bias && update.weights.kind === 'none') return undefined;
  if (!isWeighted(network.graph, layer)) {
    refuse(
      'nothing-to-train',
      `layer ${layer.name} (${layer.operator}) has no constant int8 weights`,
      'remove it from the update block',
      layer.name,
    );
  }
  if (tensorAt(network.graph, layer.inputs[0] ?? -1).dtype !== 'int8') {
    refuse('input-not-int8', `the input of layer ${layer.name} is not int8`, 'freeze this layer', layer.name);
  }
  const data = weightedLayer(network.graph, layer);
  if (update.weights.kind === 'none') return { bias: update.bias, channels: [], all: false };
  const channels = chooseChannels(data, update.weights);
  if (channels.length === 0) {
    refuse(
      'no-channels',
      `this fraction of the ${selectableChannels(data)} channels of ${layer.name} is less than one channel`,
      'take a larger fraction, or `none`',
      layer.name,
    );
  }
  return { bias: update.bias, channels, all: channels.length === selectableChannels(data) };
}

/** Whether the layer's clamp mask is needed: its output's gradient passes through it. */
export function needsMask(differentiation: Differentiation, graph: Graph, layer: Layer): boolean {
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  const { masked = false } = ruleOf(layer);
  return differentiation.wanted.has(output.id) && (typeof masked === 'boolean' ? masked : masked(graph, layer));
}
