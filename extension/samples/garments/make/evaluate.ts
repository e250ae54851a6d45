import type { Activation, Graph, Layer, Tensor } from '../../../../compiler/model/graph.ts';
import { tensorAt } from '../../../../compiler/model/graph.ts';
import { type PictureSet, pixels } from './pictures.ts';

// TFLite's int8 arithmetic in plain form, for what the sample uses (no dilation, no depth multiplier, no clamp on an
// addition); written apart from the compiler's kernels so that either can check the other.

/** A real factor as TFLite holds it: multiplier (Q31) times 2^shift. */
interface FixedPoint {
  readonly multiplier: number;
  readonly shift: number;
}

function toFixedPoint(factor: number): FixedPoint {
  if (factor === 0) return { multiplier: 0, shift: 0 };
  let shift = Math.ceil(Math.log2(factor));
  if (factor / 2 ** shift >= 1) shift += 1;
  if (factor / 2 ** shift < 0.5) shift -= 1;
  const multiplier = Math.round((factor / 2 ** shift) * 2 ** 31);
  return multiplier === 2 ** 31 ? { multiplier: 2 ** 30, shift: shift + 1 } : { multiplier, shift };
}

/** gemmlowp's doubling high multiplication, then its rounding shift: two roundings, as the reference kernels do. */
function rescale(value: number, { multiplier, shift }: FixedPoint): number {
  const shifted = value * 2 ** Math.max(shift, 0);
  // A 62-bit product does not fit a double: take the multiplier in halves of 16 bits.
  const low = shifted * (multiplier % 65536);
  const high = shifted * Math.floor(multiplier / 65536) + Math.floor(low / 65536);
  const product = Math.floor((high + 2 ** 14) / 2 ** 15);
  const divisor = 2 ** Math.max(-shift, 0);
  return Math.sign(product) * Math.floor(Math.abs(product) / divisor + 0.5);
}

function scaleOf(tensor: Tensor, channel = 0): number {
  return tensor.quantisation?.scales[channel] ?? tensor.quantisation?.scales[0] ?? 1;
}

function zeroPointOf(tensor: Tensor): number {
  return tensor.quantisation?.zeroPoints[0] ?? 0;
}

function clampRange(tensor: Tensor, activation: Activation): readonly [number, number] {
  const code = (real: number): number => zeroPointOf(tensor) + Math.round(real / scaleOf(tensor));
  if (activation === 'relu6') return [Math.max(-128, code(0)), Math.min(127, code(6))];
  if (activation === 'none') return [-128, 127];
  throw new Error(`the sample does not use ${activation}`);
}

type Runner = (values: Int8Array[]) => void;

/** The weights of a convolution as [tap, in, out], or [tap, channel] if depthwise: one loop then serves both. */
function tapMajor(weights: Tensor, depthwise: boolean): Float64Array {
  const codes = new Int8Array(new Uint8Array(weights.data ?? []).buffer);
  if (depthwise) return Float64Array.from(codes);
  const outputs = weights.shape[0] ?? 0;
  const perOutput = codes.length / outputs;
  return Float64Array.from(codes, (_, i) => codes[(i % outputs) * perOutput + Math.floor(i / outputs)] ?? 0);
}

function prepareConvolution(graph: Graph, layer: Layer): Runner {
  const [input, weights, biases] = layer.inputs.map((id) => tensorAt(graph, id));
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  const { attributes } = layer;
  if (!input || !weights || !biases?.data || attributes.kind !== 'window') throw new Error(`${layer.name}: malformed`);
  const depthwise = layer.operator === 'DEPTHWISE_CONV_2D';
  const [, inHeight = 1, inWidth = 1, inChannels = 1] = input.shape;
  const [, height = 1, width = 1, channels = 1] = output.shape;
  const kernel = weights.shape[1] ?? 1;
  const stride = attributes.strideY;
  const padY = Math.max(0, (height - 1) * stride + kernel - inHeight) >> 1;
  const padX = Math.max(0, (width - 1) * stride + kernel - inWidth) >> 1;
  const codes = tapMajor(weights, depthwise);
  const bias = new Int32Array(new Uint8Array(biases.data).buffer);
  const factors = Array.from({ length: channels }, (_, channel) =>
    toFixedPoint((scaleOf(input) * scaleOf(weights, channel)) / scaleOf(output)),
  );
  const [low, high] = clampRange(output, attributes.activation);
  const inputZero = zeroPointOf(input);
  const outputZero = zeroPointOf(output);
  const sums = new Float64Array(channels);

  const accumulate = (source: Int8Array, at: number, tap: number): void => {
    if (depthwise) {
      for (let c = 0; c < channels; c++) {
        sums[c] = (sums[c] ?? 0) + ((source[at + c] ?? 0) - inputZero) * (codes[tap * channels + c] ?? 0);
      }
      return;
    }
    for (let i = 0; i < inChannels; i++) {
      const value = (source[at + i] ?? 0) - inputZero;
      const row = (tap * inChannels + i) * channels;
      for (let c = 0; c < channels; c++) sums[c] = (sums[c] ?? 0) + value * (codes[row + c] ?? 0);
    }
  };

  return (values) => {
    const source = values[input.id];
    const result = values[output.id];
    if (!source || !result) throw new Error(`${layer.name}: no values`);
    for (let position = 0; position < height * width; position++) {
      sums.set(bias);
      const top = Math.floor(position / width) * stride - padY;
      const left = (position % width) * stride - padX;
      for (let tap = 0; tap < kernel * kernel; tap++) {
        const y = top + Math.floor(tap / kernel);
        const x = left + (tap % kernel);
        if (y >= 0 && y < inHeight && x >= 0 && x < inWidth) accumulate(source, (y * inWidth + x) * inChannels, tap);
      }
      for (let c = 0; c < channels; c++) {
        const factor = factors[c];
        if (factor === undefined) throw new Error(`${layer.name}: no scale for channel ${c}`);
        const code = rescale(sums[c] ?? 0, factor) + outputZero;
        result[position * channels + c] = Math.min(high, Math.max(low, code));
      }
    }
  };
}

function prepareAdd(graph: Graph, layer: Layer): Runner {
  const [a, b] = layer.inputs.map((id) => tensorAt(graph, id));
  const output = tensorAt(graph, layer.outputs[0] ?? -1);
  if (!a || !b) throw new Error(`${layer.name}: malformed`);
  // Both inputs are brought to one scale with 20 spare bits, then summed.
  const shared = 2 * Math.max(scaleOf(a), scaleOf(b));
  const factorA = toFixedPoint(scaleOf(a) / shared);
  const factorB = toFixedPoint(scaleOf(b) / shared);
  const factorOut = toFixedPoint(shared / (2 ** 20 * scaleOf(output)));
  return (values) => {
    const left = values[a.id];
    const right = values[b.id];
    const result = values[output.id];
    if (!left || !right || !result) throw new Error(`${layer.name}: no values`);
    for (let i = 0; i < result.length; i++) {
      const x = rescale(((left[i] ?? 0) - zeroPointOf(a)) * 2 ** 20, factorA);
      const y = rescale(((right[i] ?? 0) - zeroPointOf(b)) * 2 ** 20, factorB);
      result[i] = Math.min(127, Math.max(-128, rescale(x + y, factorOut) + zeroPointOf(output)));
    }
  };
}

function preparePool(graph: Graph, layer: Layer): Runner {
  const input = tensorAt(graph, layer.inputs[0] ?? -1);
  const output = layer.outputs[0] ?? -1;
  const [, height = 1, width = 1, channels = 1] = input.shape;
  return (values) => {
    const source = values[input.id];
    const result = values[output];
    if (!source || !result) throw new Error(`${layer.name}: no values`);
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let p = 0; p < height * width; p++) sum += source[p * channels + c] ?? 0;
      const mean = Math.floor(Math.abs(sum) / (height * width) + 0.5);
      result[c] = sum < 0 ? -mean : mean;
    }
  };
}

function prepare(graph: Graph, layer: Layer): Runner {
  switch (layer.operator) {
    case 'CONV_2D':
    case 'DEPTHWISE_CONV_2D':
      return prepareConvolution(graph, layer);
    case 'ADD':
      return prepareAdd(graph, layer);
    case 'AVERAGE_POOL_2D':
      return preparePool(graph, layer);
    case 'RESHAPE':
      return (values) => values[layer.outputs[0] ?? -1]?.set(values[layer.inputs[0] ?? -1] ?? []);
    default:
      throw new Error(`the sample does not use ${layer.operator}`);
  }
}

/** The share of pictures that the int8 graph gives the right class. */
export function quantisedAccuracy(graph: Graph, set: PictureSet): number {
  const runners = graph.layers.map((layer) => prepare(graph, layer));
  const values = graph.tensors.map((tensor) => new Int8Array(tensor.shape.reduce((a, b) => a * b, 1)));
  const input = values[graph.inputs[0] ?? -1];
  const logits = values[graph.outputs[0] ?? -1];
  if (!input || !logits) throw new Error('the graph has no input or no output');
  let right = 0;
  set.labels.forEach((label, index) => {
    for (let p = 0; p < pixels; p++) input[p] = (set.images[index * pixels + p] ?? 0) - 128;
    for (const run of runners) run(values);
    if (logits.indexOf(Math.max(...logits)) === label) right += 1;
  });
  return right / set.labels.length;
}
