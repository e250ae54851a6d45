/** A graph under construction: tensors, layers and sensible quantisation, found by calibration on random inputs. */

import type { Attributes, DType, Graph, Layer, Quantisation, Tensor } from '../../compiler/model/graph.ts';
import { elementCount, tensorAt } from '../../compiler/model/graph.ts';
import { callOf } from '../reference/forward.ts';
import { fusedActivation } from '../reference/rule.ts';
import { ruleOf } from '../reference/rules.ts';
import { activationBounds, at, clamp, constantValues, elementScale } from '../reference/values.ts';
import { randomNumbers } from './random.ts';

/** Codes of one random input for a tensor (reals in [-1, 1) for float32). */
export function randomValues(tensor: Tensor, random: () => number): Float64Array {
  const draw = tensor.dtype === 'float32' ? () => random() * 2 - 1 : () => Math.floor(random() * 256) - 128;
  return Float64Array.from({ length: elementCount(tensor.shape) }, draw);
}

/** A zero point rounded to -0 becomes 0, as it would in a file. */
export function perTensor(scale: number, zeroPoint = 0): Quantisation {
  return { scales: [Math.fround(scale)], zeroPoints: [zeroPoint + 0], axis: 0 };
}

/** Where a layer's outputs take their quantisation from: the range of their values, a given one, or none. */
export type OutputQuantisation = 'calibrated' | 'float32' | Quantisation;

/**
 * Leaves the largest of many values a little outside, so that clamps and their masks are met; few values say little of
 * what other inputs give, and get room.
 */
const coverage = (values: number) => (values < 32 ? 1.5 : 0.95);

function quantisationOf(reals: Float64Array): Quantisation {
  const low = reals.reduce((a, b) => Math.min(a, b), 0) * coverage(reals.length);
  const high = reals.reduce((a, b) => Math.max(a, b), 0) * coverage(reals.length);
  const scale = Math.max(high - low, 1e-3) / 255;
  return perTensor(scale, clamp(Math.round(-128 - low / scale), -128, 127));
}

function bytesOf(dtype: DType, values: ArrayLike<number>): Uint8Array {
  switch (dtype) {
    case 'int8':
      return Uint8Array.from(values, (value) => value & 255);
    case 'int32':
      return new Uint8Array(Int32Array.from(values).buffer);
    case 'float32':
      return new Uint8Array(Float32Array.from(values).buffer);
    default:
      throw new Error(`no constants of ${dtype}`);
  }
}

/** A draft only grows: `graph()` may be taken at any time. */
export class GraphDraft {
  readonly random: () => number;
  readonly #tensors: Tensor[] = [];
  readonly #layers: Layer[] = [];
  readonly #inputs: number[] = [];
  /** One random forward pass, in stored units and unrounded. */
  readonly #samples = new Map<number, Float64Array>();

  constructor(seed: number) {
    this.random = randomNumbers(seed);
  }

  tensor(id: number): Tensor {
    return tensorAt(this.graph(''), id);
  }

  input(name: string, shape: readonly number[], dtype: 'int8' | 'float32', quantisation: Quantisation): number {
    const id = this.#addTensor({ name, shape, dtype, ...(dtype === 'int8' ? { quantisation } : {}) });
    this.#samples.set(id, randomValues(this.tensor(id), this.random));
    this.#inputs.push(id);
    return id;
  }

  constant(
    name: string,
    dtype: 'int8' | 'int32' | 'float32',
    shape: readonly number[],
    values: ArrayLike<number>,
    quantisation?: Quantisation,
  ): number {
    const data = bytesOf(dtype, values);
    return this.#addTensor({ name, shape, dtype, data, ...(quantisation === undefined ? {} : { quantisation }) });
  }

  /** Random weights with one scale per slice of `axis` (or one for all), whose largest code is near 127. */
  weights(name: string, shape: readonly number[], axis: number, channelScales: boolean): number {
    const slices = channelScales ? at(shape, axis) : 1;
    const typical = 1.5 / (127 * Math.sqrt(elementCount(shape) / at(shape, axis)));
    const scales = Array.from({ length: slices }, () => Math.fround(typical * (0.5 + this.random())));
    const codes = Array.from({ length: elementCount(shape) }, () => Math.floor(this.random() * 255) - 127);
    return this.constant(name, 'int8', shape, codes, { scales, zeroPoints: scales.map(() => 0), axis });
  }

  /** Random biases between -0.3 and 0.3, in units of input scale x weight scale. */
  bias(name: string, channels: number, input: number, weights: number): number {
    const { scale } = elementScale([], this.tensor(input).quantisation);
    const weightScales = this.tensor(weights).quantisation?.scales ?? [1];
    const scales = weightScales.map((weightScale) => Math.fround(scale(0) * weightScale));
    const codes = Array.from({ length: channels }, (_, o) =>
      Math.round((this.random() * 0.6 - 0.3) / at(scales, scales.length === 1 ? 0 : o)),
    );
    const quantisation = { scales, zeroPoints: scales.map(() => 0), axis: 0 };
    return this.constant(name, 'int32', [channels], codes, quantisation);
  }

  /** Appends a layer and its output tensors, and runs it on the sample to quantise them. Returns the outputs' ids. */
  layer(
    name: string,
    operator: string,
    inputs: readonly number[],
    outputShapes: readonly (readonly number[])[],
    attributes: Attributes,
    quantisation: OutputQuantisation,
  ): readonly number[] {
    if (this.#layers.some((layer) => layer.name === name)) throw new Error(`two layers are called ${name}`);
    const outputs = outputShapes.map((shape, k) =>
      this.#addTensor({ name: k === 0 ? name : `${name}:${k}`, shape, dtype: 'int8' }),
    );
    const layer: Layer = {
      index: this.#layers.length,
      name,
      fullName: name,
      operator,
      inputs,
      outputs,
      attributes,
    };
    this.#layers.push(layer);
    const rule = ruleOf(layer);
    const results = rule.forward(callOf(this.graph(name), layer, this.#samples));
    const bounds = activationBounds(rule.activation ?? fusedActivation(layer));
    outputs.forEach((id, k) => {
      const reals = (results[k] ?? new Float64Array()).map((x) => clamp(x, bounds.low, bounds.high));
      this.#quantise(id, reals, quantisation);
    });
    return outputs;
  }

  graph(name: string): Graph {
    const read = new Set(this.#layers.flatMap(({ inputs }) => inputs));
    const produced = this.#layers.flatMap(({ outputs }) => outputs);
    return {
      name,
      layers: [...this.#layers],
      tensors: [...this.#tensors],
      inputs: [...this.#inputs],
      outputs: produced.filter((id) => !read.has(id)),
    };
  }

  /** The integers of a constant, for shape rules. */
  integers(id: number): readonly number[] {
    return Array.from(constantValues(this.tensor(id)));
  }

  #addTensor(tensor: Omit<Tensor, 'id'>): number {
    return this.#tensors.push({ id: this.#tensors.length, ...tensor }) - 1;
  }

  #quantise(id: number, reals: Float64Array, wanted: OutputQuantisation): void {
    const tensor = this.tensor(id);
    if (wanted === 'float32') {
      this.#tensors[id] = { ...tensor, dtype: 'float32' };
      this.#samples.set(id, reals);
      return;
    }
    const quantisation = wanted === 'calibrated' ? quantisationOf(reals) : wanted;
    const { scale, zeroPoint } = elementScale(tensor.shape, quantisation);
    this.#tensors[id] = { ...tensor, quantisation };
    this.#samples.set(
      id,
      reals.map((real) => clamp(real / scale(0) + zeroPoint(0), -128, 127)),
    );
  }
}
