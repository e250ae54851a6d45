/** Whether a merged model gives what the device gives. */
import { compileInference } from '../compile.ts';
import { type Graph, tensorAt } from '../model/graph.ts';
import { scaleOf, zeroPointOf } from '../operators/quantisation.ts';
import type { BufferId } from '../program.ts';
import type { Trained } from '../training/merge.ts';
import { Machine } from './machine.ts';

/** Position of the first input for which a result of the two differs in any bit, or undefined. */
export async function firstDifference(
  trained: Trained,
  merged: Graph,
  inputs: readonly (Int8Array | Uint8Array)[],
): Promise<number | undefined> {
  const compiled = compileInference(merged, { everyTensor: true });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
  const { program, tensors } = compiled.value;
  const device = await Machine.create(trained.program);
  device.learned().set(trained.memory);
  const model = await Machine.create(program);
  const result = resultOf(trained, merged);
  const different = inputs.findIndex((input) => {
    device.infer(input);
    model.infer(input);
    const logits = floatsOf(device.bytes(trained.program.ports.output));
    const own = valuesOf(model, merged, result, tensors.get(result) ?? -1);
    return own.length !== logits.length || own.some((value, index) => !Object.is(value, logits[index]));
  });
  return different < 0 ? undefined : different;
}

/** The tensor of the merged model that is the device's results: what a softmax behind it makes of them is its own. */
function resultOf({ network }: Trained, merged: Graph): number {
  const { head, graph } = network;
  const [output = -1] = merged.outputs;
  if (head.kind === 'float32') return output;
  const { name } = tensorAt(graph, head.result);
  const computed = merged.layers.flatMap(({ outputs }) => outputs);
  return computed.findLast((id) => tensorAt(merged, id).name === name) ?? output;
}

/** In real units. */
function valuesOf(machine: Machine, graph: Graph, id: number, buffer: BufferId): readonly number[] {
  const tensor = tensorAt(graph, id);
  const bytes = machine.bytes(buffer);
  if (tensor.dtype === 'float32') return floatsOf(bytes);
  const [scale, zeroPoint] = [scaleOf(tensor), zeroPointOf(tensor)];
  return Array.from(new Int8Array(bytes.slice().buffer), (code) => Math.fround(scale * (code - zeroPoint)));
}

function floatsOf(bytes: Uint8Array): readonly number[] {
  return [...new Float32Array(bytes.slice().buffer)];
}
