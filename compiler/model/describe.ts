import { elementCount, type Graph, type Layer, type Quantisation, type Tensor, tensorAt } from './graph.ts';

export interface TensorDescription {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Absent where the tensor has no quantisation. */
  readonly quantisation?: QuantisationDescription;
}

export interface QuantisationDescription {
  /** The only scale, or the smallest and largest of `channels`. */
  readonly scale: readonly number[];
  readonly zeroPoint: number;
  readonly channels: number;
}

export interface LayerDescription {
  readonly name: string;
  readonly fullName: string;
  readonly operator: string;
  /** Of the first input that is not constant. */
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Multiply-accumulates of one inference. */
  readonly macs: number;
  /** Bytes of the constants that are numbers: weights, biases, slopes; not axes or shapes. */
  readonly weightBytes: number;
  readonly trainable: boolean;
  /** Of the first output. */
  readonly quantisation?: QuantisationDescription;
  /** Of the weights. */
  readonly weightQuantisation?: QuantisationDescription;
}

export interface ModelDescription {
  readonly name: string;
  /** First input and output; `inputs` and `outputs` hold all. */
  readonly input: TensorDescription;
  readonly output: TensorDescription;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  readonly layers: readonly LayerDescription[];
  readonly macs: number;
  /** Every constant once, also where several layers share it. */
  readonly weightBytes: number;
}

/** Where the operators with trainable weights have them; TRANSPOSE_CONV follows once it has a gradient. */
const trainableOperators: readonly string[] = ['CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED'];

/** What the model is, for people and `inspect --json`. The graph must have passed `checkGraph`. */
export function describeModel(graph: Graph): ModelDescription {
  const inputs = graph.inputs.map((id) => describeTensor(tensorAt(graph, id)));
  const outputs = graph.outputs.map((id) => describeTensor(tensorAt(graph, id)));
  const [[input], [output]] = [inputs, outputs];
  if (input === undefined || output === undefined) throw new Error(`${graph.name} has no input or no output`);
  const layers = graph.layers.map((layer) => describeLayer(graph, layer));
  const weights = new Set(graph.layers.flatMap((layer) => weightTensors(graph, layer)));
  return {
    name: graph.name,
    input,
    output,
    inputs,
    outputs,
    layers,
    macs: layers.reduce((sum, { macs }) => sum + macs, 0),
    weightBytes: dataBytes([...weights]),
  };
}

function describeTensor({ name, shape, dtype, quantisation }: Tensor): TensorDescription {
  return { name, shape, dtype, ...(quantisation && { quantisation: describeQuantisation(quantisation) }) };
}

function describeQuantisation({ scales, zeroPoints }: Quantisation): QuantisationDescription {
  // Not Math.min(...scales): a vector of scales may be longer than an argument list.
  const least = scales.reduce((a, b) => Math.min(a, b));
  const most = scales.reduce((a, b) => Math.max(a, b));
  return {
    scale: scales.length === 1 ? [least] : [least, most],
    zeroPoint: zeroPoints[0] ?? 0,
    channels: scales.length,
  };
}

function describeLayer(graph: Graph, layer: Layer): LayerDescription {
  const inputs = layer.inputs.flatMap((id) => graph.tensors[id] ?? []);
  const input = inputs.find(({ data }) => data === undefined) ?? inputs[0];
  const output = graph.tensors[layer.outputs[0] ?? -1];
  const weights = weightsOf(graph, layer);
  return {
    name: layer.name,
    fullName: layer.fullName,
    operator: layer.operator,
    inputShape: input?.shape ?? [],
    outputShape: output?.shape ?? [],
    macs: layerMacs(graph, layer),
    weightBytes: dataBytes(weightTensors(graph, layer)),
    trainable: trainableOperators.includes(layer.operator) && weights?.dtype === 'int8' && weights.data !== undefined,
    ...(output?.quantisation && { quantisation: describeQuantisation(output.quantisation) }),
    ...(weights?.quantisation && { weightQuantisation: describeQuantisation(weights.quantisation) }),
  };
}

function weightsOf(graph: Graph, { operator, inputs }: Layer): Tensor | undefined {
  const weighted = operator === 'TRANSPOSE_CONV' || trainableOperators.includes(operator);
  return weighted ? graph.tensors[inputs[1] ?? -1] : undefined;
}

/** Integers without a scale are axes, shapes and the like, except for biases, which some converters leave bare. */
function weightTensors(graph: Graph, layer: Layer): readonly Tensor[] {
  const weighted = weightsOf(graph, layer) !== undefined && layer.operator !== 'TRANSPOSE_CONV';
  return layer.inputs
    .flatMap((id) => graph.tensors[id] ?? [])
    .filter(({ data }) => data !== undefined)
    .filter(({ quantisation, dtype }) => weighted || quantisation !== undefined || dtype === 'float32');
}

function dataBytes(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
}

/**
 * Multiply-accumulates of one run: every output element of a convolution takes its whole window, those that lie in the
 * padding too; a transposed convolution spreads every input element over a window. Other operators count as 0.
 */
export function layerMacs(graph: Graph, layer: Layer): number {
  const weights = weightsOf(graph, layer);
  const output = graph.tensors[layer.outputs[0] ?? -1];
  if (weights === undefined || output === undefined) return 0;
  const [channels = 1, height = 1, width = 1, inChannels = 1] = weights.shape;
  const outputs = elementCount(output.shape);
  switch (layer.operator) {
    case 'CONV_2D':
      return outputs * height * width * inChannels;
    case 'DEPTHWISE_CONV_2D':
      return outputs * height * width;
    case 'FULLY_CONNECTED':
      return outputs * height;
    case 'TRANSPOSE_CONV':
      return elementCount(tensorAt(graph, layer.inputs[2] ?? -1).shape) * channels * height * width;
    default:
      return 0;
  }
}
