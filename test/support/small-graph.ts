import type { Activation, Attributes, DType, Graph, Layer, Quantisation, Tensor } from '../../compiler/model/graph.ts';

/** Hand-made graphs for tests, written as one reads a network: `build.conv('first', x, ...)`. */

type WindowAttributes = Extract<Attributes, { kind: 'window' }>;

const window: WindowAttributes = {
  kind: 'window',
  padding: 'same',
  strideY: 1,
  strideX: 1,
  dilationY: 1,
  dilationX: 1,
  windowHeight: 0,
  windowWidth: 0,
  depthMultiplier: 0,
  activation: 'none',
};

/** Scales are float32 values, as everywhere. */
export function perTensor(scale: number, zeroPoint = 0): Quantisation {
  return { scales: [Math.fround(scale)], zeroPoints: [zeroPoint], axis: 0 };
}

function perChannel(channels: number, axis: number): Quantisation {
  return {
    scales: Array.from({ length: channels }, (_, channel) => Math.fround(0.01 + 0.001 * channel)),
    zeroPoints: Array<number>(channels).fill(0),
    axis,
  };
}

/** Bytes that differ from each other, and from one tensor to the next. */
function content(bytes: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (index * 37 + seed * 11) & 255);
}

export function integers(values: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

export class GraphBuilder {
  private readonly tensors: Tensor[] = [];
  private readonly layers: Layer[] = [];

  tensor(tensor: Omit<Tensor, 'id'>): number {
    const id = this.tensors.length;
    this.tensors.push({ id, ...tensor });
    return id;
  }

  activation(
    name: string,
    shape: readonly number[],
    quantisation = perTensor(0.05, -3),
    dtype: DType = 'int8',
  ): number {
    return this.tensor({ name, shape, dtype, quantisation });
  }

  constant(name: string, shape: readonly number[], quantisation: Quantisation, dtype: DType = 'int8'): number {
    const bytes = shape.reduce((product, size) => product * size, dtype === 'int32' ? 4 : 1);
    return this.tensor({ name, shape, dtype, quantisation, data: content(bytes, this.tensors.length) });
  }

  list(name: string, shape: readonly number[], values: readonly number[]): number {
    return this.tensor({ name, shape, dtype: 'int32', data: integers(values) });
  }

  /** The layer is called by its output, which must be a bare name. */
  layer(operator: string, inputs: readonly number[], outputs: readonly number[], attributes: Attributes): number {
    const output = outputs[0] ?? -1;
    const name = this.tensors[output]?.name ?? '';
    this.layers.push({ index: this.layers.length, name, fullName: name, operator, inputs, outputs, attributes });
    return output;
  }

  conv(name: string, input: number, weights: readonly number[], output: readonly number[], change = {}): number {
    const [channels = 1] = weights;
    return this.layer(
      'CONV_2D',
      [input, this.constant(`${name}/w`, weights, perChannel(channels, 0)), this.bias(name, channels)],
      [this.activation(name, output)],
      { ...window, ...change },
    );
  }

  depthwise(name: string, input: number, weights: readonly number[], output: readonly number[], change = {}): number {
    const channels = weights[3] ?? 1;
    return this.layer(
      'DEPTHWISE_CONV_2D',
      [input, this.constant(`${name}/w`, weights, perChannel(channels, 3)), this.bias(name, channels)],
      [this.activation(name, output)],
      { ...window, depthMultiplier: 1, ...change },
    );
  }

  dense(name: string, input: number, weights: readonly [number, number], output: readonly number[]): number {
    return this.layer(
      'FULLY_CONNECTED',
      [input, this.constant(`${name}/w`, weights, perTensor(0.02)), this.bias(name, weights[0])],
      [this.activation(name, output)],
      { kind: 'dense', activation: 'relu', keepDims: false },
    );
  }

  add(name: string, first: number, second: number, activation: Activation = 'none'): number {
    const shape = this.tensors[first]?.shape ?? [];
    return this.layer('ADD', [first, second], [this.activation(name, shape)], { kind: 'activation', activation });
  }

  pool(name: string, input: number, size: number, output: readonly number[]): number {
    const windowSize = { windowHeight: size, windowWidth: size, strideY: size, strideX: size };
    return this.layer('AVERAGE_POOL_2D', [input], [this.activation(name, output)], {
      ...window,
      ...windowSize,
      padding: 'valid',
    });
  }

  pad(name: string, input: number, paddings: readonly number[], output: readonly number[]): number {
    const list = this.list(`${name}/paddings`, [paddings.length / 2, 2], paddings);
    return this.layer('PAD', [input, list], [this.activation(name, output)], { kind: 'none' });
  }

  reshape(name: string, input: number, output: readonly number[]): number {
    const list = this.list(`${name}/shape`, [output.length], output);
    return this.layer('RESHAPE', [input, list], [this.activation(name, output)], { kind: 'none' });
  }

  softmax(name: string, input: number): number {
    const shape = this.tensors[input]?.shape ?? [];
    const output = this.activation(name, shape, perTensor(1 / 256, -128));
    return this.layer('SOFTMAX', [input], [output], { kind: 'softmax', beta: 1 });
  }

  graph(name: string, inputs: readonly number[], outputs: readonly number[]): Graph {
    return { name, layers: this.layers, tensors: this.tensors, inputs, outputs };
  }

  private bias(name: string, channels: number): number {
    return this.constant(`${name}/b`, [channels], perChannel(channels, 0), 'int32');
  }
}

/** Nine layers, one of each kind that a small image classifier has: [1, 8, 8, 3] to [1, 5]. */
export function smallGraph(): Graph {
  const build = new GraphBuilder();
  const input = build.activation('input', [1, 8, 8, 3]);
  const padded = build.pad('first/pad', input, [0, 0, 1, 1, 1, 1, 0, 0], [1, 10, 10, 3]);
  const first = build.conv('first', padded, [4, 3, 3, 3], [1, 4, 4, 4], {
    padding: 'valid',
    strideY: 2,
    strideX: 2,
    activation: 'relu6',
  });
  const depthwise = build.depthwise('block.depthwise', first, [1, 3, 3, 4], [1, 4, 4, 4]);
  const pointwise = build.conv('block.pointwise', depthwise, [4, 1, 1, 4], [1, 4, 4, 4]);
  const sum = build.add('block.add', first, pointwise);
  const pooled = build.pool('pool', sum, 4, [1, 1, 1, 4]);
  const flat = build.reshape('flat', pooled, [1, 4]);
  const logits = build.dense('logits', flat, [5, 4], [1, 5]);
  const output = build.softmax('probabilities', logits);
  const graph = build.graph('small.tflite', [input], [output]);
  return {
    ...graph,
    layers: graph.layers.map((layer) => (layer.name === 'first/pad' ? { ...layer, name: 'pad0' } : layer)),
  };
}
