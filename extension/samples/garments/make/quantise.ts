import type { Attributes, Graph, Layer, Quantisation, Tensor } from '../../../../compiler/model/graph.ts';
import { type FloatLayer, outputShapes } from './network.ts';
import { side } from './pictures.ts';

/** What training left of one layer: weights [ky, kx, in, out], biases [out], and the range of its outputs. */
interface FloatResult {
  readonly weights: Float32Array;
  readonly biases: Float32Array;
  readonly least: number;
  readonly greatest: number;
}

type Convolution = Extract<FloatLayer, { readonly kind: 'conv' | 'depthwise' }>;

/** Splits `train.c`'s result into layers. */
export function readResults(layers: readonly FloatLayer[], values: Float32Array): readonly FloatResult[] {
  const shapes = outputShapes(layers);
  let offset = 0;
  const next = (count: number): Float32Array => {
    offset += count;
    return values.subarray(offset - count, offset);
  };
  const results = layers.map((layer, index): FloatResult => {
    const channels = shapes[index]?.[2] ?? 0;
    const inputs = layer.kind === 'conv' ? (shapes[layer.input]?.[2] ?? 1) : 1;
    const taps = layer.kind === 'conv' || layer.kind === 'depthwise' ? layer.kernel ** 2 : 0;
    const weights = next(taps * inputs * channels);
    const biases = next(taps > 0 ? channels : 0);
    const [least = 0, greatest = 0] = next(2);
    return { weights, biases, least, greatest };
  });
  if (offset !== values.length)
    throw new Error(`the trainer wrote ${values.length} numbers, the network has ${offset}`);
  return results;
}

function perTensor(scale: number, zeroPoint: number): Quantisation {
  return { scales: [Math.fround(scale)], zeroPoints: [zeroPoint], axis: 0 };
}

/** Asymmetric int8 over [least, greatest], widened to hold 0 exactly. */
function quantiseRange(least: number, greatest: number): Quantisation {
  const low = Math.min(least, 0);
  const high = Math.max(greatest, 0);
  const scale = Math.fround((high - low) / 255 || 1);
  return perTensor(scale, Math.max(-128, Math.min(127, Math.round(-128 - low / scale))));
}

type NewTensor = Omit<Tensor, 'id'>;

/** Weights, symmetric int8 per output channel, and biases of a convolution over inputs of scale `inputScale`. */
function quantiseConstants(layer: Convolution, { weights, biases }: FloatResult, inputScale: number): NewTensor[] {
  const { name, kernel } = layer;
  const channels = biases.length;
  const greatest = new Float64Array(channels);
  weights.forEach((weight, i) => {
    greatest[i % channels] = Math.max(greatest[i % channels] ?? 0, Math.abs(weight));
  });
  const scales = Array.from(greatest, (value) => Math.fround(value / 127 || 1));
  const biasScales = scales.map((scale) => Math.fround(inputScale * scale));
  const zeroPoints = scales.map(() => 0);
  const codes = Int8Array.from(weights, (weight, i) => Math.round(weight / (scales[i % channels] ?? 1)));
  const biasCodes = Int32Array.from(biases, (bias, channel) => Math.round(bias / (biasScales[channel] ?? 1)));
  // TFLite holds [out, ky, kx, in] for a convolution and [1, ky, kx, channels] for a depthwise one.
  const depthwise = layer.kind === 'depthwise';
  const inputs = weights.length / (kernel * kernel * channels);
  return [
    {
      name: `${name}/weights`,
      shape: depthwise ? [1, kernel, kernel, channels] : [channels, kernel, kernel, inputs],
      dtype: 'int8',
      quantisation: { scales, zeroPoints, axis: depthwise ? 3 : 0 },
      data: new Uint8Array((depthwise ? codes : transpose(codes, channels)).buffer),
    },
    {
      name: `${name}/bias`,
      shape: [channels],
      dtype: 'int32',
      quantisation: { scales: biasScales, zeroPoints, axis: 0 },
      data: new Uint8Array(biasCodes.buffer),
    },
  ];
}

function transpose(codes: Int8Array, columns: number): Int8Array<ArrayBuffer> {
  const rows = codes.length / columns;
  return Int8Array.from(codes, (_, to) => codes[(to % rows) * columns + Math.floor(to / rows)] ?? 0);
}

const operatorOf: Readonly<Record<FloatLayer['kind'], string>> = {
  conv: 'CONV_2D',
  depthwise: 'DEPTHWISE_CONV_2D',
  add: 'ADD',
  pool: 'AVERAGE_POOL_2D',
};

/** `window`: the side of a pool's window. */
function attributesOf(layer: FloatLayer, window: number): Attributes {
  if (layer.kind === 'add') return { kind: 'activation', activation: 'none' };
  const stride = layer.kind === 'pool' ? 1 : layer.stride;
  return {
    kind: 'window',
    padding: layer.kind === 'pool' ? 'valid' : 'same',
    strideY: stride,
    strideX: stride,
    dilationY: 1,
    dilationX: 1,
    windowHeight: window,
    windowWidth: window,
    depthMultiplier: layer.kind === 'depthwise' ? 1 : 0,
    activation: layer.kind !== 'pool' && layer.clamp ? 'relu6' : 'none',
  };
}

/** Builds the int8 graph in TFLite's conventions; each output tensor bears its layer's name. */
export function quantiseNetwork(layers: readonly FloatLayer[], results: readonly FloatResult[]): Graph {
  const shapes = outputShapes(layers);
  const tensors: Tensor[] = [];
  const graphLayers: Layer[] = [];
  const addTensor = (tensor: NewTensor): number => tensors.push({ id: tensors.length, ...tensor }) - 1;
  const addLayer = (operator: string, inputs: readonly number[], attributes: Attributes, output: NewTensor): number => {
    const id = addTensor(output);
    const { name } = output;
    graphLayers.push({ index: graphLayers.length, name, fullName: name, operator, inputs, outputs: [id], attributes });
    return id;
  };

  // A pixel p is the real number p / 255, so its code is p - 128.
  const pictureQuantisation = perTensor(1 / 255, -128);
  const picture = addTensor({
    name: 'input',
    shape: [1, side, side, 1],
    dtype: 'int8',
    quantisation: pictureQuantisation,
  });
  const outputs: number[] = [];
  layers.forEach((layer, index) => {
    const result = results[index];
    const shape = shapes[index];
    if (result === undefined || shape === undefined) throw new Error(`no result for ${layer.name}`);
    const from = outputs[layer.input] ?? picture;
    const input = tensors[from]?.quantisation ?? pictureQuantisation;
    const inputs = [from];
    if (layer.kind === 'add') inputs.push(outputs[layer.other] ?? picture);
    if (layer.kind === 'conv' || layer.kind === 'depthwise') {
      inputs.push(...quantiseConstants(layer, result, input.scales[0] ?? 1).map(addTensor));
    }
    // TFLite's average pool does not rescale: input and output share scale and zero point.
    const quantisation = layer.kind === 'pool' ? input : quantiseRange(result.least, result.greatest);
    const window = layer.kind === 'pool' ? (shapes[layer.input]?.[0] ?? 1) : 0;
    const output: NewTensor = { name: layer.name, shape: [1, ...shape], dtype: 'int8', quantisation };
    outputs.push(addLayer(operatorOf[layer.kind], inputs, attributesOf(layer, window), output));
  });

  const last = outputs.at(-1) ?? picture;
  const shape = [1, shapes.at(-1)?.[2] ?? 0];
  const data = new Uint8Array(Int32Array.from(shape).buffer);
  const wanted = addTensor({ name: 'logits/shape', shape: [2], dtype: 'int32', data });
  const quantisation = tensors[last]?.quantisation ?? pictureQuantisation;
  const output: NewTensor = { name: 'logits', shape, dtype: 'int8', quantisation };
  const logits = addLayer('RESHAPE', [last, wanted], { kind: 'none' }, output);
  return { name: 'garments', layers: graphLayers, tensors, inputs: [picture], outputs: [logits] };
}
