/** From the model as read to the network that trains: the head replaced, what follows it dropped (numerics.md 10). */
import { refuse } from '../diagnostics.ts';
import { elementCount, type Graph, type Layer, type Tensor, tensorAt } from '../model/graph.ts';
import { newestPerGraph } from '../model/memo.ts';
import { channelScales, scaleOf } from '../operators/quantisation.ts';
import { isWeighted, weightedLayer } from '../operators/weighted.ts';
import { median } from './channels.ts';
import { frozen, type LayerUpdate, type TrainingPlan, type TrainSettings } from './plan.ts';

export type Head =
  /** A new float32 classifier reads the int8 features. */
  | {
      readonly kind: 'float32';
      readonly layer: string;
      readonly features: number;
      readonly inputs: number;
      readonly classes: number;
    }
  /** The network's own int8 result, or that of a new int8 classifier, dequantised for the loss. */
  | { readonly kind: 'int8'; readonly layer: string; readonly result: number; readonly classes: number };

export interface PreparedNetwork {
  /** The int8 part; its last layer gives the features or the result. */
  readonly graph: Graph;
  readonly head: Head;
  /** What each layer of `graph` trains, by name. */
  readonly update: ReadonlyMap<string, LayerUpdate>;
}

const everything: LayerUpdate = {
  bias: true,
  weights: { kind: 'fraction', numerator: 1, denominator: 1, first: false },
};

/** Refuses (DiagnosticError) models without a layer to train or with more than one result. */
export function prepareNetwork(graph: Graph, plan: TrainingPlan): PreparedNetwork {
  const { graph: prepared, head } = withHead(graph, plan.train);
  const update = new Map(plan.update);
  if (head.kind === 'float32') update.delete(head.layer);
  else if (plan.train.classes !== undefined) update.set(head.layer, everything);
  return { graph: prepared, head, update };
}

type HeadSettings = Pick<TrainSettings, 'classes' | 'head' | 'loss'>;
type NetworkWithHead = Omit<PreparedNetwork, 'update'>;

const withHead = newestPerGraph<HeadSettings, NetworkWithHead>(
  ({ classes, head, loss }) => `${classes} ${head} ${loss}`,
  makeHead,
);

function makeHead(graph: Graph, settings: HeadSettings): NetworkWithHead {
  if (graph.outputs.length !== 1 || graph.inputs.length !== 1) {
    refuse(
      'several-results',
      `the model has ${graph.inputs.length} inputs and ${graph.outputs.length} outputs; training wants one of each`,
      'cut the model down to one input and one output',
    );
  }
  const { classes } = settings;
  if (classes === undefined) return ownHead(graph, settings);
  const index = graph.layers.findLastIndex((layer) => isWeighted(graph, layer));
  const last = graph.layers[index];
  if (last === undefined) {
    refuse(
      'no-trainable-layer',
      'the model has no layer with constant int8 weights',
      'convert it with full integer quantisation',
    );
  }
  const data = weightedLayer(graph, last);
  if (data.depthwise || data.window.out_height * data.window.out_width !== 1) {
    refuse(
      'head-not-a-classifier',
      `the last layer with weights, ${last.name}, is not a classifier of one feature vector`,
      "leave out `classes` to keep the model's own head",
      last.name,
    );
  }
  return settings.head === 'float32'
    ? floatHead(graph, index, last, classes)
    : integerHead(graph, index, last, classes);
}

function floatHead(graph: Graph, index: number, last: Layer, classes: number): NetworkWithHead {
  const features = last.inputs[0] ?? -1;
  const data = weightedLayer(graph, last);
  return {
    graph: upTo(graph, index, features),
    head: { kind: 'float32', layer: last.name, features, inputs: data.inputs * data.taps, classes },
  };
}

/** Codes 0, one weight scale and the output's own scale, output zero point 0, no activation. */
function integerHead(graph: Graph, index: number, last: Layer, classes: number): NetworkWithHead {
  const weights = tensorAt(graph, last.inputs[1] ?? -1);
  const output = tensorAt(graph, last.outputs[0] ?? -1);
  const scale = Math.fround(median(channelScales(weights, weights.shape[0] ?? 1)));
  const shape = [classes, ...weights.shape.slice(1)];
  const result = last.outputs[0] ?? -1;
  const replaced = new Map<number, Tensor>([
    [
      weights.id,
      {
        ...weights,
        shape,
        quantisation: { scales: [scale], zeroPoints: [0], axis: 0 },
        data: new Uint8Array(elementCount(shape)),
      },
    ],
    [
      result,
      {
        ...output,
        shape: [...output.shape.slice(0, -1), classes],
        quantisation: { scales: [scaleOf(output)], zeroPoints: [0], axis: 0 },
      },
    ],
  ]);
  const { attributes } = last;
  const layer: Layer = {
    ...last,
    inputs: last.inputs.slice(0, 2),
    attributes: 'activation' in attributes ? { ...attributes, activation: 'none' } : attributes,
  };
  const cut = upTo(graph, index + 1, result);
  return {
    graph: {
      ...cut,
      layers: cut.layers.map((entry) => (entry.index === last.index ? layer : entry)),
      tensors: cut.tensors.map((tensor) => replaced.get(tensor.id) ?? tensor),
    },
    head: { kind: 'int8', layer: last.name, result, classes },
  };
}

/** A final softmax or dequantisation is dropped: the loss takes the dequantised logits. */
function ownHead(graph: Graph, { loss }: HeadSettings): NetworkWithHead {
  let result = graph.outputs[0] ?? -1;
  let end = graph.layers.length;
  for (;;) {
    const producer = graph.layers.find((layer) => layer.outputs.includes(result));
    if (producer === undefined || !['SOFTMAX', 'DEQUANTIZE'].includes(producer.operator)) break;
    if (producer.operator === 'SOFTMAX' && loss !== 'cross-entropy') break;
    end = Math.min(end, producer.index);
    result = producer.inputs[0] ?? -1;
  }
  const tensor = tensorAt(graph, result);
  if (tensor.dtype !== 'int8') {
    refuse(
      'result-not-int8',
      `the result ${tensor.name} is ${tensor.dtype}, not int8`,
      'convert the model with full integer quantisation',
    );
  }
  return {
    graph: upTo(graph, end, result),
    head: { kind: 'int8', layer: lastLayerName(graph, result), result, classes: elementCount(tensor.shape) },
  };
}

function lastLayerName(graph: Graph, tensor: number): string {
  return graph.layers.find((layer) => layer.outputs.includes(tensor))?.name ?? graph.name;
}

/** The first `count` layers, of which those that the result does not depend on are left out. */
function upTo(graph: Graph, count: number, result: number): Graph {
  const wanted = new Set([result]);
  const layers: Layer[] = [];
  for (const layer of graph.layers.slice(0, count).reverse()) {
    if (!layer.outputs.some((output) => wanted.has(output))) continue;
    layers.unshift(layer);
    for (const input of layer.inputs) wanted.add(input);
  }
  return { ...graph, layers, outputs: [result] };
}

export function updateOf(network: PreparedNetwork, layer: Layer): LayerUpdate {
  return network.update.get(layer.name) ?? frozen;
}
