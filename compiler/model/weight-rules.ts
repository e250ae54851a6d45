import { elementCount, type Padding, type Tensor } from './graph.ts';
import {
  attributesOf,
  constantIntegers,
  expectElements,
  expectNumeric,
  expectSameType,
  expectShape,
  pictureShape,
  type Site,
  shapeText,
} from './site.ts';

/** Input, weights and output; then the biases that go with them. TFLite's quantisation specification. */
const weightTypes: Readonly<Record<string, readonly string[]>> = {
  'int8 int8 int8': ['int32'],
  'uint8 uint8 uint8': ['int32'],
  'int16 int8 int16': ['int64', 'int32'],
  'float32 float32 float32': ['float32'],
  'float32 int8 float32': ['float32'], // weights only quantised
};

/** Keeps every coordinate within 32 bits: position x stride + tap x dilation. */
const windowLimit = 8192;
const reachLimit = 2 ** 20;

function expectWeights(
  site: Site,
  operands: { input: Tensor; weights: Tensor; bias: Tensor | undefined; output: Tensor },
  channels: number,
  channelAxis: number,
): void {
  const { input, weights, bias, output } = operands;
  const types = `${input.dtype} ${weights.dtype} ${output.dtype}`;
  const biases = weightTypes[types];
  if (biases === undefined) site.reject(`the types of input, weights and output, ${types}, do not go together`);
  expectNumeric(site, input, output);
  if (bias !== undefined) {
    if (!biases.includes(bias.dtype)) site.reject(`the bias '${bias.name}' is ${bias.dtype}, expected ${biases[0]}`);
    expectElements(site, bias, channels);
  }
  if (weights.dtype === 'float32') return;
  const quantisation = weights.quantisation ?? site.reject(`the weights '${weights.name}' have no scale`);
  const { scales, zeroPoints, axis } = quantisation;
  if (scales.length !== 1 && (scales.length !== channels || axis !== channelAxis)) {
    site.reject(
      `the weights have ${scales.length} scales along axis ${axis}, expected ${channels} along ${channelAxis}`,
    );
  }
  if (weights.dtype === 'int8' && zeroPoints.some((zeroPoint) => zeroPoint !== 0)) {
    site.reject('the int8 weights have a zero point other than 0');
  }
}

/** Positions of a window along one dimension. */
function windowPositions(site: Site, size: number, window: number, stride: number, dilation: number, padding: Padding) {
  for (const value of [window, stride, dilation]) {
    if (!Number.isInteger(value) || value < 1 || value > windowLimit) {
      site.reject(`a window, stride or dilation of ${value}; expected 1 to ${windowLimit}`);
    }
  }
  const reach = (window - 1) * dilation + 1;
  if (reach > reachLimit) site.reject(`its window reaches over ${reach} positions, more than ${reachLimit}`);
  if (padding === 'same') return Math.ceil(size / stride);
  if (reach > size) site.reject(`its window reaches over ${reach} positions of an input of ${size}`);
  return Math.floor((size - reach) / stride) + 1;
}

/** weights: [out channels][height][width][in channels] */
export function checkConvolution(site: Site): void {
  const window = attributesOf(site, 'window');
  const [input, weights, bias, output] = [site.input(0), site.input(1), site.optionalInput(2), site.output(0)];
  const [batch, height, width, channels] = pictureShape(site, input);
  const [outChannels, windowHeight, windowWidth, weightChannels] = pictureShape(site, weights);
  if (weightChannels !== channels) {
    site.reject(`its weights ${shapeText(weights.shape)} are for ${weightChannels} input channels, not ${channels}`);
  }
  const { padding, strideY, strideX, dilationY, dilationX } = window;
  expectShape(site, output, [
    batch,
    windowPositions(site, height, windowHeight, strideY, dilationY, padding),
    windowPositions(site, width, windowWidth, strideX, dilationX, padding),
    outChannels,
  ]);
  expectWeights(site, { input, weights, bias, output }, outChannels, 0);
}

/** weights: [1][height][width][out channels], out channels = in channels x multiplier */
export function checkDepthwise(site: Site): void {
  const window = attributesOf(site, 'window');
  const [input, weights, bias, output] = [site.input(0), site.input(1), site.optionalInput(2), site.output(0)];
  const [batch, height, width, channels] = pictureShape(site, input);
  const [one, windowHeight, windowWidth, outChannels] = pictureShape(site, weights);
  if (one !== 1 || outChannels !== channels * window.depthMultiplier) {
    site.reject(
      `its weights ${shapeText(weights.shape)} do not fit ${channels} channels times ${window.depthMultiplier}`,
    );
  }
  const { padding, strideY, strideX, dilationY, dilationX } = window;
  expectShape(site, output, [
    batch,
    windowPositions(site, height, windowHeight, strideY, dilationY, padding),
    windowPositions(site, width, windowWidth, strideX, dilationX, padding),
    outChannels,
  ]);
  expectWeights(site, { input, weights, bias, output }, outChannels, 3);
}

/** inputs: output shape, weights [out channels][height][width][in channels], picture, bias */
export function checkTransposeConvolution(site: Site): void {
  const window = attributesOf(site, 'window');
  const [shape, weights, input] = [site.input(0), site.input(1), site.input(2)];
  const [bias, output] = [site.optionalInput(3), site.output(0)];
  const [batch, height, width, outChannels] = pictureShape(site, output);
  expectShape(site, output, constantIntegers(site, shape, 4));
  const [weightOutChannels, windowHeight, windowWidth, channels] = pictureShape(site, weights);
  if (weightOutChannels !== outChannels) {
    site.reject(`its weights ${shapeText(weights.shape)} are for ${weightOutChannels} channels, not ${outChannels}`);
  }
  const { padding, strideY, strideX } = window;
  expectShape(site, input, [
    batch,
    windowPositions(site, height, windowHeight, strideY, 1, padding),
    windowPositions(site, width, windowWidth, strideX, 1, padding),
    channels,
  ]);
  expectWeights(site, { input, weights, bias, output }, outChannels, 0);
}

/** weights: [outputs][inputs]; the input is flattened to rows of that many inputs. */
export function checkFullyConnected(site: Site): void {
  const { keepDims } = attributesOf(site, 'dense');
  const [input, weights, bias, output] = [site.input(0), site.input(1), site.optionalInput(2), site.output(0)];
  const [outputs, inputs] = weights.shape;
  if (weights.shape.length !== 2 || outputs === undefined || inputs === undefined) {
    site.reject(`its weights have the shape ${shapeText(weights.shape)}, expected two dimensions`);
  }
  const elements = elementCount(input.shape);
  if (elements % inputs !== 0) site.reject(`its input has ${elements} elements, not a multiple of ${inputs}`);
  if (keepDims) {
    expectShape(site, input, [...input.shape.slice(0, -1), inputs]);
    expectShape(site, output, [...input.shape.slice(0, -1), outputs]);
  } else {
    expectElements(site, output, (elements / inputs) * outputs);
    expectShape(site, output, [...output.shape.slice(0, -1), outputs]);
  }
  expectWeights(site, { input, weights, bias, output }, outputs, 0);
}

export function checkPool(site: Site): void {
  const { padding, windowHeight, windowWidth, strideY, strideX } = attributesOf(site, 'window');
  const [input, output] = [site.input(0), site.output(0)];
  const [batch, height, width, channels] = pictureShape(site, input);
  expectShape(site, output, [
    batch,
    windowPositions(site, height, windowHeight, strideY, 1, padding),
    windowPositions(site, width, windowWidth, strideX, 1, padding),
    channels,
  ]);
  expectSameType(site, input, output);
  expectNumeric(site, input, output);
}
