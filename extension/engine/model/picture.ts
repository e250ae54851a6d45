/** A model as the model view shows it. */

import { describeModel } from '../../../compiler/model/describe.ts';
import {
  type Graph,
  type Layer,
  type Quantisation,
  type Tensor,
  tensorAt,
  tensorBytes,
} from '../../../compiler/model/graph.ts';
import { operatorWord } from '../../../compiler/model/names.ts';
import { operatorRules } from '../../../compiler/operators/index.ts';
import type {
  ModelBlock,
  ModelEdge,
  ModelFamily,
  ModelLayer,
  ModelObstacle,
  ModelPicture,
  ModelQuantisation,
  ModelTensor,
} from '../../../webview/messages.ts';
import { findBlocks, sharedName } from './blocks.ts';

/** The graph must have passed `checkGraph`. */
export function pictureOf(graph: Graph, fileBytes: number): ModelPicture {
  const description = describeModel(graph);
  const alive = activationsAlive(graph);
  const layers = graph.layers.map((layer, index): ModelLayer => {
    const figures = description.layers[index];
    if (figures === undefined) throw new Error(`layer ${index} is not described`);
    const note = noteOn(graph, layer, figures.trainable);
    return {
      name: layer.name,
      operator: layer.operator,
      word: wordOf(graph, layer),
      family: familyOf(layer.operator),
      inputShape: figures.inputShape,
      outputShape: figures.outputShape,
      outputType: graph.tensors[layer.outputs[0] ?? -1]?.dtype ?? '',
      macs: figures.macs,
      weightBytes: figures.weightBytes,
      activationBytes: alive[index] ?? 0,
      trainable: figures.trainable,
      ...(note === undefined ? {} : { note }),
    };
  });
  return {
    name: graph.name,
    fileBytes,
    macs: description.macs,
    weightBytes: description.weightBytes,
    activationPeakBytes: alive.reduce((most, bytes) => Math.max(most, bytes), 0),
    inputs: graph.inputs.map((id) => tensorPicture(tensorAt(graph, id))),
    outputs: graph.outputs.map((id) => tensorPicture(tensorAt(graph, id))),
    layers,
    edges: edgesOf(graph),
    blocks: blocksOf(graph),
    trainableLayers: layers.filter(({ trainable }) => trainable).length,
    obstacles: obstaclesOf(graph, layers),
  };
}

export function tensorPicture(tensor: Tensor): ModelTensor {
  const { name, shape, dtype, quantisation } = tensor;
  const codes = quantisation === undefined ? undefined : quantisationPicture(quantisation);
  return { name, shape, dtype, bytes: tensorBytes(tensor), ...(codes === undefined ? {} : { quantisation: codes }) };
}

function quantisationPicture({ scales, zeroPoints }: Quantisation): ModelQuantisation {
  // Not Math.min(...scales): a vector of scales may be longer than an argument list.
  const least = scales.reduce((a, b) => Math.min(a, b));
  const most = scales.reduce((a, b) => Math.max(a, b));
  const scale = scales.length === 1 ? [least] : [least, most];
  return { scale, zeroPoint: zeroPoints[0] ?? 0, channels: scales.length };
}

/** Ids of inputs, layers and outputs, each output right behind its layer: sources before their readers. */
export function nodesOf(graph: Graph): readonly string[] {
  const outputsOf = new Map<number, string[]>();
  const producer = producers(graph);
  graph.outputs.forEach((id, index) => {
    const source = producer.get(id) ?? -1;
    outputsOf.set(source, [...(outputsOf.get(source) ?? []), `o${index}`]);
  });
  return [
    ...graph.inputs.map((_, index) => `i${index}`),
    ...(outputsOf.get(-1) ?? []),
    ...graph.layers.flatMap(({ index }) => [`n${index}`, ...(outputsOf.get(index) ?? [])]),
  ];
}

/** Layer by id of the tensor that it writes. */
function producers(graph: Graph): ReadonlyMap<number, number> {
  return new Map(graph.layers.flatMap(({ index, outputs }) => outputs.map((id) => [id, index] as const)));
}

/** The node that a tensor comes from: a layer or an input; undefined for constants and states. */
export function sourceNodes(graph: Graph): (id: number) => string | undefined {
  const nodes = new Map<number, string>(graph.inputs.map((id, index) => [id, `i${index}`]));
  for (const [id, index] of producers(graph)) nodes.set(id, `n${index}`);
  return (id) => nodes.get(id);
}

export function edgesOf(graph: Graph): readonly ModelEdge[] {
  const sourceOf = sourceNodes(graph);
  const known = new Set<string>();
  const edges: ModelEdge[] = [];
  const add = (id: number, to: string): void => {
    const from = sourceOf(id);
    const key = `${from} ${to}`;
    if (from === undefined || known.has(key)) return;
    known.add(key);
    edges.push({ from, to });
  };
  for (const { index, inputs } of graph.layers) for (const id of inputs) add(id, `n${index}`);
  for (const [index, id] of graph.outputs.entries()) add(id, `o${index}`);
  return edges;
}

/** Bytes of activations alive during each layer: its inputs and outputs, and what later layers still read. */
function activationsAlive(graph: Graph): readonly number[] {
  const last = new Map<number, number>();
  const first = new Map<number, number>(graph.inputs.map((id) => [id, 0]));
  for (const { index, inputs, outputs } of graph.layers) {
    for (const id of outputs) first.set(id, index);
    for (const id of [...inputs, ...outputs]) last.set(id, index);
  }
  for (const id of graph.outputs) last.set(id, graph.layers.length - 1);
  // Differences from layer to layer, summed up.
  const change = new Array<number>(graph.layers.length + 1).fill(0);
  for (const [id, start] of first) {
    const tensor = tensorAt(graph, id);
    if (tensor.data !== undefined) continue;
    const end = last.get(id) ?? start;
    change[start] = (change[start] ?? 0) + tensorBytes(tensor);
    change[end + 1] = (change[end + 1] ?? 0) - tensorBytes(tensor);
  }
  let alive = 0;
  return graph.layers.map((_, index) => (alive += change[index] ?? 0));
}

function blocksOf(graph: Graph): readonly ModelBlock[] {
  const found = findBlocks(graph);
  const names = found.map(({ layers }) => sharedName(layers, graph.layers));
  return found.map(({ kind, layers }, index) => {
    const name = names[index];
    // Many a model has a name for all of its layers, or one for each stage: those tell no block from another.
    const tells = name !== undefined && names.indexOf(name) === names.lastIndexOf(name);
    return {
      id: `b${index}`,
      title: tells ? name : `block ${index + 1}`,
      kind,
      layers: layers.map((layer) => layer.index),
    };
  });
}

const families: Readonly<Record<string, ModelFamily>> = {
  CONV_2D: 'convolution',
  TRANSPOSE_CONV: 'convolution',
  CONV_3D: 'convolution',
  DEPTHWISE_CONV_2D: 'depthwise',
  FULLY_CONNECTED: 'dense',
  BATCH_MATMUL: 'dense',
  SVDF: 'dense',
  UNIDIRECTIONAL_SEQUENCE_LSTM: 'dense',
  AVERAGE_POOL_2D: 'pool',
  MAX_POOL_2D: 'pool',
  MEAN: 'pool',
  SUM: 'pool',
  ADD: 'merge',
  SUB: 'merge',
  MUL: 'merge',
  CONCATENATION: 'merge',
  PACK: 'merge',
  RELU: 'activation',
  RELU6: 'activation',
  RELU_N1_TO_1: 'activation',
  LEAKY_RELU: 'activation',
  PRELU: 'activation',
  HARD_SWISH: 'activation',
  LOGISTIC: 'activation',
  TANH: 'activation',
  SOFTMAX: 'activation',
  EXP: 'activation',
};

function familyOf(operator: string): ModelFamily {
  return families[operator] ?? 'shape';
}

/** `conv 3x3 /2`: the operator with what its weights and stride make of it. */
function wordOf(graph: Graph, { operator, inputs, attributes }: Layer): string {
  const word = operatorWord(operator);
  if (attributes.kind !== 'window') return word;
  const pools = attributes.windowHeight > 0;
  const [, weightHeight = 0, weightWidth = 0] = graph.tensors[inputs[1] ?? -1]?.shape ?? [];
  const height = pools ? attributes.windowHeight : weightHeight;
  const width = pools ? attributes.windowWidth : weightWidth;
  const stride = Math.max(attributes.strideY, attributes.strideX);
  return `${word} ${height}×${width}${stride > 1 && !pools ? ` /${stride}` : ''}`;
}

const weighted: readonly string[] = ['CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED'];

function noteOn(graph: Graph, layer: Layer, trainable: boolean): string | undefined {
  const rule = operatorRules[layer.operator];
  if (rule === undefined) return `Firmtune does not run ${layer.operator}.`;
  if (rule.backward === undefined) return `${layer.operator} has no gradient: layers before it cannot train.`;
  if (!weighted.includes(layer.operator) || trainable) return undefined;
  const weights = graph.tensors[layer.inputs[1] ?? -1];
  if (weights?.data === undefined) return 'Its weights are computed, not stored: they cannot train.';
  return `Its weights are ${weights.dtype}: only int8 weights train.`;
}

function obstaclesOf(graph: Graph, layers: readonly ModelLayer[]): readonly ModelObstacle[] {
  const unknown = graph.layers.filter(({ operator }) => operatorRules[operator] === undefined);
  const operators = [...new Set(unknown.map(({ operator }) => operator))];
  const trainable = layers.some((layer) => layer.trainable);
  const float = graph.tensors.some(({ dtype, data }) => dtype === 'float32' && data !== undefined);
  return [
    ...operators.map((operator) => {
      const names = unknown.filter((layer) => layer.operator === operator).map(({ name }) => name);
      const times = names.length === 1 ? 'one layer' : `${names.length} layers`;
      return {
        message: `Firmtune does not run ${operator}, which ${times} of this model ${names.length === 1 ? 'is' : 'are'}.`,
        remedy: 'Use a model without this operator.',
        layers: names,
      };
    }),
    ...(trainable
      ? []
      : [
          {
            message: float
              ? 'The weights are float32; training needs int8 weights.'
              : 'No layer has int8 weights: nothing in it can train.',
            remedy: 'Convert the model with full integer quantisation (int8 weights and activations).',
            layers: [],
          },
        ]),
    ...(graph.inputs.length === 1 && graph.outputs.length === 1
      ? []
      : [
          {
            message: `Training takes a model with one input and one output; this one has ${graph.inputs.length} and ${graph.outputs.length}.`,
            remedy: 'Export the part of the model that is to be trained.',
            layers: [],
          },
        ]),
  ];
}
