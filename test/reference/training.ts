/** What a plan trains: the graph with its head replaced, the trained tensors, their channels and factors. */

import type { Graph, Layer, Quantisation, Tensor } from '../../compiler/model/graph.ts';
import { elementCount, tensorAt } from '../../compiler/model/graph.ts';
import type { LayerUpdate, TrainSettings, WeightSelection } from '../../compiler/training/plan.ts';
import { frozen } from '../../compiler/training/plan.ts';
import { at, constantValues, elementScale, stridesOf } from './values.ts';

/** The part of a training plan that the arithmetic depends on. */
export interface ReferenceSettings extends Pick<TrainSettings, 'head' | 'loss' | 'scaling' | 'weights'> {
  readonly classes?: number;
  /** By the layer's short name; layers not named are frozen. */
  readonly update: ReadonlyMap<string, LayerUpdate>;
}

/** One tensor that trains. */
export interface Trainable {
  readonly layer: string;
  readonly role: 'weights' | 'bias';
  readonly tensor: number;
  /** float32: no rounding, no scaling factor. */
  readonly float: boolean;
  /** Flat indices of the elements that may change, ascending; dead channels are included, their factor is 0. */
  readonly elements: readonly number[];
  /** By element of the tensor: multiplies the gradient (QAS, numerics.md 8). */
  factor(element: number): number;
  /** Weights only: the trained channels, along the last axis. */
  readonly channels: readonly number[];
}

/** Inputs 1 and 2 are weights and bias in all but the transposed convolution, whose input is its third argument. */
const weightedOperators = new Set(['CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED', 'TRANSPOSE_CONV']);

export interface WeightedLayer {
  readonly layer: Layer;
  readonly input: Tensor;
  readonly weights: Tensor;
  readonly bias?: Tensor;
}

export function weightedLayers(graph: Graph): readonly WeightedLayer[] {
  return graph.layers
    .filter(({ operator, inputs }) => {
      const weights = inputs[1] === undefined ? undefined : graph.tensors[inputs[1]];
      return weightedOperators.has(operator) && weights?.data !== undefined;
    })
    .map((layer) => {
      const [inputAt, biasAt] = layer.operator === 'TRANSPOSE_CONV' ? [2, 3] : [0, 2];
      const bias = layer.inputs[biasAt] ?? -1;
      return {
        layer,
        input: tensorAt(graph, layer.inputs[inputAt] ?? -1),
        weights: tensorAt(graph, layer.inputs[1] ?? -1),
        ...(bias < 0 ? {} : { bias: tensorAt(graph, bias) }),
      };
    });
}

/** The mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (at(sorted, Math.ceil(middle) - 1) + at(sorted, Math.floor(middle))) / 2;
}

/** Output channels whose weight scale is below a thousandth of the layer's median (numerics.md 8). */
export function deadChannels(scales: readonly number[]): readonly boolean[] {
  const threshold = median(scales) * 1e-3;
  return scales.map((scale) => scale < threshold);
}

/**
 * The trained channels of a layer, ascending: along the last axis of its weights, those with the largest sum of squared
 * codes, ties to the lower index (numerics.md 11). None where the selection is 'none'; throws where it comes to 0.
 */
export function chooseChannels(weights: Tensor, selection: WeightSelection): readonly number[] {
  if (selection.kind === 'none') return [];
  const codes = constantValues(weights);
  const total = at(weights.shape, weights.shape.length - 1);
  const count =
    selection.kind === 'channels' ? selection.count : Math.floor((selection.numerator * total) / selection.denominator);
  if (count < 1 || count > total) throw new Error(`${weights.name}: ${count} of ${total} channels`);
  const energy = new Float64Array(total);
  codes.forEach((code, i) => {
    energy[i % total] = at(energy, i % total) + code * code;
  });
  const order = Array.from(energy.keys());
  if (!selection.first) order.sort((a, b) => at(energy, b) - at(energy, a) || a - b);
  return order.slice(0, count).sort((a, b) => a - b);
}

const all: WeightSelection = { kind: 'fraction', numerator: 1, denominator: 1, first: false };

/** The graph that trains: head replaced or final softmax dropped (numerics.md 10). Tensor ids stay what they were. */
export function trainingGraph(graph: Graph, settings: ReferenceSettings): Graph {
  if (settings.classes !== undefined) return withNewHead(graph, settings.classes, settings.head);
  const layers = [...graph.layers];
  if (settings.loss === 'cross-entropy') {
    const last = layers.filter(({ operator }) => operator !== 'DEQUANTIZE').at(-1);
    if (last?.operator === 'SOFTMAX') layers.splice(layers.indexOf(last));
  }
  return { ...graph, layers, outputs: layers.at(-1)?.outputs ?? graph.outputs };
}

function withNewHead(graph: Graph, classes: number, kind: 'float32' | 'int8'): Graph {
  const old = weightedLayers(graph).at(-1);
  if (old === undefined) throw new Error(`${graph.name} has no layer with weights`);
  const features = elementCount(old.input.shape);
  const output = tensorAt(graph, old.layer.outputs[0] ?? -1);
  const single = (scale: number): Quantisation => ({ scales: [scale], zeroPoints: [0], axis: 0 });
  const tensor = (offset: number, role: string, shape: number[], bytes: number | undefined, scale: number): Tensor => ({
    id: graph.tensors.length + offset,
    name: `${old.layer.fullName}/${role}`,
    shape,
    dtype: kind === 'float32' ? 'float32' : bytes === 4 ? 'int32' : 'int8',
    ...(kind === 'int8' ? { quantisation: single(scale) } : {}),
    ...(bytes === undefined ? {} : { data: new Uint8Array(elementCount(shape) * (kind === 'float32' ? 4 : bytes)) }),
  });
  const weightScale = Math.fround(median(old.weights.quantisation?.scales ?? [1]));
  const outputScale = Math.fround(median(output.quantisation?.scales ?? [1]));
  const inputScale = old.input.quantisation?.scales[0] ?? 1;
  const tensors = [
    tensor(0, 'weights', [classes, features], 1, weightScale),
    tensor(1, 'bias', [classes], 4, inputScale * weightScale),
    tensor(2, 'logits', [1, classes], undefined, outputScale),
  ];
  const [weights = -1, bias = -1, logits = -1] = tensors.map(({ id }) => id);
  const head: Layer = {
    ...old.layer,
    operator: 'FULLY_CONNECTED',
    inputs: [old.input.id, weights, bias],
    outputs: [logits],
    attributes: { kind: 'dense', activation: 'none', keepDims: false },
  };
  return {
    ...graph,
    layers: [...graph.layers.filter(({ index }) => index < old.layer.index), head],
    tensors: [...graph.tensors, ...tensors],
    outputs: [logits],
  };
}

/** Every tensor that the plan trains, in layer order; `graph` is the training graph. */
export function trainables(graph: Graph, settings: ReferenceSettings): readonly Trainable[] {
  const layers = weightedLayers(graph);
  return layers.flatMap((weighted, i) => {
    const isNewHead = settings.classes !== undefined && i === layers.length - 1;
    const update = isNewHead ? { bias: true, weights: all } : (settings.update.get(weighted.layer.name) ?? frozen);
    return [...trainedWeights(weighted, update, settings.scaling), ...trainedBias(weighted, update, settings.scaling)];
  });
}

/** 0 for a dead channel; else scale^-2 with quantisation-aware scaling, 1 without. */
function factorOf(scale: number, dead: boolean, scaling: boolean): number {
  if (dead) return 0;
  return scaling ? 1 / (scale * scale) : 1;
}

function trainedWeights({ layer, weights }: WeightedLayer, update: LayerUpdate, scaling: boolean): Trainable[] {
  const channels = chooseChannels(weights, update.weights);
  if (channels.length === 0) return [];
  const total = at(weights.shape, weights.shape.length - 1);
  const chosen = new Set(channels);
  const float = weights.dtype === 'float32';
  const { scale } = elementScale(weights.shape, weights.quantisation);
  const { scales = [1], axis = 0 } = weights.quantisation ?? {};
  const dead = deadChannels(scales);
  const stride = at(stridesOf(weights.shape), axis);
  return [
    {
      layer: layer.name,
      role: 'weights',
      tensor: weights.id,
      float,
      channels,
      elements: Array.from({ length: elementCount(weights.shape) }, (_, i) => i).filter((i) => chosen.has(i % total)),
      factor: (i) => (float ? 1 : factorOf(scale(i), dead[Math.floor(i / stride) % scales.length] === true, scaling)),
    },
  ];
}

function trainedBias(weighted: WeightedLayer, update: LayerUpdate, scaling: boolean): Trainable[] {
  const { layer, input, weights, bias } = weighted;
  if (!update.bias || bias === undefined) return [];
  const float = bias.dtype === 'float32';
  const scales = weights.quantisation?.scales ?? [1];
  const dead = deadChannels(scales);
  const inputScale = input.quantisation?.scales[0] ?? 1;
  const channel = (o: number) => (scales.length === 1 ? 0 : o);
  return [
    {
      layer: layer.name,
      role: 'bias',
      tensor: bias.id,
      float,
      channels: [],
      elements: Array.from({ length: elementCount(bias.shape) }, (_, o) => o),
      factor: (o) => (float ? 1 : factorOf(inputScale * at(scales, channel(o)), dead[channel(o)] === true, scaling)),
    },
  ];
}
