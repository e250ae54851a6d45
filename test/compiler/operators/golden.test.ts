import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileInference } from '../../../compiler/compile.ts';
import type { Graph } from '../../../compiler/model/graph.ts';
import { tensorBytes } from '../../../compiler/model/graph.ts';
import { readTflite } from '../../../compiler/model/tflite.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { goldenModelBytes, goldenModels, hasGoldenOperators } from '../../support/golden.ts';

const folder = '../shared/data/golden/ops';

async function machineOf(graph: Graph, everyTensor: boolean): Promise<Machine> {
  const compiled = compileInference(graph, { everyTensor });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
  return Machine.create(compiled.value.program);
}

/** A file's vectors: the tensors' bytes, one after the other. */
function vectorsOf(file: string, graph: Graph, tensors: readonly number[], vectors: number): Uint8Array[][] {
  const bytes = new Uint8Array(readFileSync(`${folder}/${file}`));
  const sizes = tensors.map((id) => tensorBytes(graph.tensors[id] ?? never(id)));
  let offset = 0;
  const next = (size: number): Uint8Array => {
    offset += size;
    return bytes.slice(offset - size, offset);
  };
  return Array.from({ length: vectors }, () => sizes.map(next));
}

function never(id: number): never {
  throw new Error(`no tensor ${id}`);
}

const title = hasGoldenOperators ? '' : ' (skipped: needs ../shared/data)';

describe.skipIf(!hasGoldenOperators)(`operators on golden vectors${title}`, () => {
  it.each(goldenModels())('$model gives the reference bits', async (golden) => {
    const read = readTflite(goldenModelBytes(golden), golden.model);
    if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
    const graph = read.value;
    const inputs = vectorsOf(golden.inputs_file, graph, graph.inputs, golden.vectors);
    const outputs = vectorsOf(golden.outputs_file, graph, graph.outputs, golden.vectors);
    for (const everyTensor of [true, false]) {
      const machine = await machineOf(graph, everyTensor);
      inputs.forEach((input, vector) => {
        machine.infer(...input);
        const results = machine.program.ports.outputs.map((port) => machine.bytes(port).slice());
        expect(results).toEqual(outputs[vector]);
      });
    }
  });
});
