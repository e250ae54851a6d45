/** The optimisers in plain TypeScript, float32 operation by operation; gradients come from a machine of their own. */
import type { Graph } from '../../../compiler/model/graph.ts';
import { tensorAt } from '../../../compiler/model/graph.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import type { TrainSettings } from '../../../compiler/training/plan.ts';
import { at } from '../../reference/values.ts';
import { bytesOf, compiled, type PlanChanges } from './networks.ts';

const f = Math.fround;

/** One trained buffer: NAME_trained_weights or NAME_trained_bias. */
export interface Held {
  readonly layer: string;
  readonly role: 'weights' | 'bias';
  readonly kind: 'float' | 'bias' | TrainSettings['weights'];
  readonly layerIndex: number;
  values: Int8Array | Int16Array | Int32Array | Float32Array;
  /** The channel's quantisation scale, by element; undefined in a float head. */
  readonly scaleAt: ((element: number) => number) | undefined;
  readonly velocity: Float32Array;
  readonly mean: Float32Array;
  readonly square: Float32Array;
}

export const bufferName = ({ layer, role }: Pick<Held, 'layer' | 'role'>) => `${layer}_trained_${role}`;

function typed(bytes: Uint8Array, kind: Held['kind']): Held['values'] {
  if (kind === 'float') return new Float32Array(bytes.buffer);
  if (kind === 'bias') return new Int32Array(bytes.buffer);
  return kind === 'int16' ? new Int16Array(bytes.buffer) : new Int8Array(bytes.buffer);
}

/** Everything that trains in a machine, as it is now. */
export function heldBy(machine: Machine, network: Graph, settings: Pick<TrainSettings, 'weights'>): Held[] {
  return machine.program.buffers.flatMap((buffer): Held[] => {
    const [, role] = /_trained_(weights|bias)$/.exec(buffer.name) ?? [];
    if (buffer.home !== 'sram' || (role !== 'weights' && role !== 'bias')) return [];
    const layer = network.layers.find((candidate) => candidate.name === buffer.layer);
    const isFloat = buffer.element === 'float32';
    const kind = isFloat ? 'float' : role === 'bias' ? 'bias' : settings.weights;
    const values = typed(bytesOf(machine, buffer.name), kind);
    const state = () => new Float32Array(values.length);
    const common = { layer: buffer.layer, role, kind, values, layerIndex: layer?.index ?? -1 } as const;
    const moments = { velocity: state(), mean: state(), square: state() };
    if (isFloat || layer === undefined) return [{ ...common, ...moments, scaleAt: undefined }];
    const input = tensorAt(network, at(layer.inputs, 0)).quantisation?.scales[0] ?? 1;
    const scales = tensorAt(network, at(layer.inputs, 1)).quantisation?.scales ?? [1];
    const channels = tensorAt(network, at(layer.outputs, 0)).shape.at(-1) ?? 1;
    const table = machine.program.buffers.find(({ name }) => name === `${buffer.layer}_trained_channels`)?.data;
    const chosen = table === undefined ? undefined : new Uint16Array(table.slice().buffer);
    const channelOf = (element: number) =>
      role === 'bias'
        ? element
        : layer.operator === 'DEPTHWISE_CONV_2D'
          ? (chosen?.[element % chosen.length] ?? element % channels)
          : Math.floor(element / (values.length / channels));
    const scaleAt = (element: number) =>
      at(scales, scales.length === 1 ? 0 : channelOf(element)) * (role === 'bias' ? input : 1);
    return [{ ...common, ...moments, scaleAt }];
  });
}

function mix(value: number): number {
  let bits = value >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d) >>> 0;
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b) >>> 0;
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** hash(seed, step, layer, index) of numerics 6, in [0, 1). */
function draw(seed: number, step: number, layer: number, index: number): number {
  const key = mix(mix(mix(seed) + step) + layer);
  return (mix(key + Math.imul(index, 0x9e3779b9)) >>> 8) / 2 ** 24;
}

function rounded(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}

const limited = (value: number, limit: number) => Math.max(-limit, Math.min(limit, value));

/** One update of one buffer by the sum of the batch's gradients; `count`: updates before this one. */
export function update(held: Held, sums: Float32Array, settings: TrainSettings, count: number): void {
  const { optimizer, scaling, batch, learningRate, seed } = settings;
  const isAdam = optimizer.kind === 'adam';
  const rate = f(f(learningRate) / (isAdam ? 1 : batch));
  sums.forEach((sum, i) => {
    const scale = held.scaleAt?.(i);
    const factor = scale === undefined || !scaling ? 1 : f(1 / (isAdam ? scale : scale * scale));
    const direction = directionOf(held, i, sum, factor, settings, count);
    const step = f(f(rate * factor) * direction);
    const value = at(held.values, i);
    held.values[i] = moved(held.kind, value, step, () => draw(seed, count, held.layerIndex, i));
  });
}

function directionOf(
  { velocity, mean, square }: Held,
  i: number,
  sum: number,
  factor: number,
  { optimizer, batch }: TrainSettings,
  count: number,
): number {
  if (optimizer.kind === 'sgd') {
    velocity[i] = f(f(f(optimizer.momentum) * at(velocity, i)) + sum);
    return optimizer.momentum === 0 ? sum : at(velocity, i);
  }
  const [beta1, beta2] = [f(optimizer.beta1), f(optimizer.beta2)];
  const g = f(sum * factor);
  mean[i] = f(f(beta1 * at(mean, i)) + f(f(1 - beta1) * g));
  square[i] = f(f(beta2 * at(square, i)) + f(f(1 - beta2) * f(g * g)));
  const correction = (beta: number) => f(1 / f(1 - power(beta, count + 1)));
  const root = f(Math.sqrt(f(at(square, i) * correction(beta2))));
  return f(f(at(mean, i) * correction(beta1)) / f(root + f(optimizer.epsilon * batch)));
}

/** By squaring, each product a float32. */
function power(base: number, exponent: number): number {
  if (exponent === 0) return 1;
  let result = 1;
  for (let rest = exponent, square = base; rest > 0; rest = Math.floor(rest / 2), square = f(square * square)) {
    if (rest % 2 === 1) result = f(result * square);
  }
  return result;
}

function moved(kind: Held['kind'], value: number, step: number, random: () => number): number {
  switch (kind) {
    case 'float':
      return f(value - step);
    case 'bias':
      return limited(value - rounded(step), 2 ** 30);
    case 'int8':
      return limited(rounded(f(value - step)), 127);
    case 'int16':
      return limited(rounded(f(value - f(256 * step))), 127 * 256);
    case 'int8-stochastic':
      return limited(value + Math.floor(f(random() - step)), 127);
  }
}

/** Gives the gradient of one sample at any parameters: a second machine whose batch is never complete. */
export async function gradientProbe(network: Graph, changes: PlanChanges) {
  const { program } = compiled(network, { ...changes, optimizer: { kind: 'sgd', momentum: 0 }, batch: 2 });
  const probe = await Machine.create(program);
  return (held: readonly Held[], input: Int8Array, label: number): Map<Held, Float32Array> => {
    probe.initialise();
    for (const one of held) {
      const id = program.buffers.find(({ name }) => name === bufferName(one))?.id ?? -1;
      probe.bytes(id).set(new Uint8Array(one.values.buffer));
    }
    probe.trainStep(input, label);
    return new Map(
      held.map((one) => [one, new Float32Array(bytesOf(probe, `${one.layer}_${one.role}_gradient_sum`).buffer)]),
    );
  };
}
