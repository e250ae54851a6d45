/** Puts what a device has learned back into its model: the network as a file, for other devices and other tools. */
import { type Diagnostic, DiagnosticError, failure, type Result, success } from '../diagnostics.ts';
import type { Graph, Layer, Quantisation, Tensor } from '../model/graph.ts';
import { tensorAt } from '../model/graph.ts';
import { resizeInput } from '../model/resize.ts';
import { channelScales, scaleOf } from '../operators/quantisation.ts';
import type { Program, ProgramBuffer } from '../program.ts';
import type { Differentiation } from './differentiate.ts';
import type { TrainingPlan } from './plan.ts';
import { type PreparedNetwork, prepareNetwork } from './prepare.ts';

export interface Trained {
  readonly program: Program;
  readonly network: PreparedNetwork;
  readonly differentiation: Differentiation;
  /** The block of static SRAM: `Machine.learned`, or NAME_learned of a device. */
  readonly memory: Uint8Array;
}

/**
 * The model with the trained weights and biases in place of its own, and with the plan's new classifier where it has one.
 * - Weights that were held with more bits are rounded as the forward pass rounds them: `clamp((w + 128) >> 8)`.
 * - A float32 classifier becomes DEQUANTIZE and a float32 FULLY_CONNECTED: the same products and sums.
 * - Without a new classifier the model keeps its end, a softmax for instance, which training leaves out.
 *
 * @param original as read from the file that the plan names
 */
export function mergeLearned(original: Graph, plan: TrainingPlan, trained: Trained): Result<Graph> {
  try {
    const resized = plan.input === undefined ? original : resizeInput(original, plan.input);
    const base = plan.train.classes === undefined ? resized : prepareNetwork(resized, plan).graph;
    const merged = new GraphEdit(base);
    for (const layer of base.layers) mergeLayer(merged, layer, trained);
    mergeHead(merged, original, trained);
    return success(merged.result());
  } catch (error) {
    if (error instanceof DiagnosticError) return failure(error.diagnostic satisfies Diagnostic);
    throw error;
  }
}

/** A graph under way: tensors replaced or added, layers changed. */
class GraphEdit {
  private readonly tensors: Tensor[];
  private layers: Layer[];
  outputs: readonly number[];

  constructor(private readonly base: Graph) {
    this.tensors = [...base.tensors];
    this.layers = [...base.layers];
    this.outputs = base.outputs;
  }

  tensor(id: number): Tensor {
    return tensorAt({ ...this.base, tensors: this.tensors }, id);
  }

  add(tensor: Omit<Tensor, 'id'>): number {
    this.tensors.push({ ...tensor, id: this.tensors.length });
    return this.tensors.length - 1;
  }

  /** Gives the layer a constant of its own: another one may read the same tensor and not train. */
  setInput(layer: Layer, position: number, tensor: Omit<Tensor, 'id'>): void {
    const id = this.add(tensor);
    this.layers = this.layers.map((each) => {
      if (each.name !== layer.name) return each;
      const inputs = Array.from({ length: Math.max(each.inputs.length, position + 1) }, (_, index) =>
        index === position ? id : (each.inputs[index] ?? -1),
      );
      return { ...each, inputs };
    });
  }

  append(layer: Layer): void {
    this.layers.push(layer);
  }

  /** Without tensors that nothing uses any more, numbered anew. */
  result(): Graph {
    const { inputs } = this.base;
    const used = new Set([
      ...inputs,
      ...this.outputs,
      ...this.layers.flatMap((layer) => [...layer.inputs, ...layer.outputs]),
    ]);
    const kept = this.tensors.filter(({ id }) => used.has(id));
    const position = new Map(kept.map(({ id }, index) => [id, index]));
    const moved = (ids: readonly number[]): readonly number[] => ids.map((id) => position.get(id) ?? -1);
    return {
      ...this.base,
      tensors: kept.map((tensor, id) => ({ ...tensor, id })),
      layers: this.layers.map((layer, index) => ({
        ...layer,
        index,
        inputs: moved(layer.inputs),
        outputs: moved(layer.outputs),
      })),
      inputs: moved(inputs),
      outputs: moved(this.outputs),
    };
  }
}

function mergeLayer(merged: GraphEdit, layer: Layer, { program, differentiation, memory }: Trained): void {
  const part = differentiation.trained.get(layer.name);
  if (part === undefined) return;
  for (const buffer of program.buffers) {
    if (buffer.layer !== layer.name || buffer.role !== 'trained') continue;
    const bytes = memory.slice(buffer.offset, buffer.offset + buffer.bytes);
    const weights = merged.tensor(layer.inputs[1] ?? -1);
    if (buffer.element === 'int32') {
      merged.setInput(layer, 2, biasTensor(merged, layer, weights, bytes));
    } else {
      merged.setInput(layer, 1, { ...weights, data: mergedWeights(weights, part.channels, codesOf(buffer, bytes)) });
    }
  }
}

/** The int8 codes that run. */
function codesOf({ element, name }: ProgramBuffer, bytes: Uint8Array): Int8Array {
  if (element === 'int8') return new Int8Array(bytes.buffer);
  if (element !== 'int16') throw new Error(`${name} holds ${element}, not weights`);
  return Int8Array.from(new Int16Array(bytes.buffer), (value) => Math.max(-128, Math.min(127, (value + 128) >> 8)));
}

/** The last dimension of weights is the channel that trains or not, in depthwise layers too. */
function mergedWeights({ name, data, shape }: Tensor, channels: readonly number[], codes: Int8Array): Uint8Array {
  if (data === undefined) throw new Error(`${name} is not constant`);
  const merged = data.slice();
  const rowLength = shape.at(-1) ?? 1;
  codes.forEach((code, index) => {
    const row = Math.floor(index / channels.length);
    merged[row * rowLength + (channels[index % channels.length] ?? 0)] = code;
  });
  return merged;
}

/** In place of the layer's own; where it had none, with the scale that TFLite wants of one. */
function biasTensor(merged: GraphEdit, layer: Layer, weights: Tensor, data: Uint8Array): Omit<Tensor, 'id'> {
  const own = layer.inputs[2] ?? -1;
  if (own >= 0) return { ...merged.tensor(own), data };
  const outputs = data.length / 4;
  const inputScale = scaleOf(merged.tensor(layer.inputs[0] ?? -1));
  const perChannel = (weights.quantisation?.scales.length ?? 1) > 1;
  const scales = channelScales(weights, outputs).slice(0, perChannel ? outputs : 1);
  const quantisation: Quantisation = {
    scales: scales.map((scale) => Math.fround(scale * inputScale)),
    zeroPoints: scales.map(() => 0),
    axis: 0,
  };
  return { name: `${layer.fullName}/bias`, shape: [outputs], dtype: 'int32', quantisation, data };
}

function mergeHead(merged: GraphEdit, original: Graph, { program, network, memory }: Trained): void {
  const { head } = network;
  if (head.kind !== 'float32') return;
  const parameters = program.buffers.filter(
    ({ layer, role, element }) => layer === head.layer && role === 'trained' && element === 'float32',
  );
  const [weights, bias] = parameters.map(({ offset, bytes }) => memory.slice(offset, offset + bytes));
  const replaced = original.layers.find(({ name }) => name === head.layer);
  if (weights === undefined || bias === undefined || replaced === undefined) {
    throw new Error(`${program.name} has no classifier`);
  }
  const { fullName, index } = replaced;
  const features = merged.tensor(head.features);
  const float = { dtype: 'float32' } as const;
  const values = merged.add({ ...float, name: `${fullName}/features`, shape: features.shape });
  const result = merged.add({ ...float, name: fullName, shape: [1, head.classes] });
  const inputs = [
    values,
    merged.add({ ...float, name: `${fullName}/weights`, shape: [head.classes, head.inputs], data: weights }),
    merged.add({ ...float, name: `${fullName}/bias`, shape: [head.classes], data: bias }),
  ];
  merged.append({
    index,
    name: `${head.layer}.dequantize`,
    fullName: `${fullName}/features`,
    operator: 'DEQUANTIZE',
    inputs: [head.features],
    outputs: [values],
    attributes: { kind: 'none' },
  });
  merged.append({
    index,
    name: head.layer,
    fullName,
    operator: 'FULLY_CONNECTED',
    inputs,
    outputs: [result],
    attributes: { kind: 'dense', activation: 'none', keepDims: false },
  });
  merged.outputs = [result];
}
