import { writeFile } from 'node:fs/promises';
import { planHash } from '../../../compiler/codegen/identity.ts';
import { blobOffsets, newestState } from '../../../compiler/codegen/learned.ts';
import type { Compilation } from '../../../compiler/compile.ts';
import { DiagnosticError, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { type Graph, tensorAt, tensorBytes } from '../../../compiler/model/graph.ts';
import { readTflite } from '../../../compiler/model/tflite.ts';
import { writeTflite } from '../../../compiler/model/write-tflite.ts';
import { firstDifference } from '../../../compiler/simulate/agreement.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { randomSource } from '../../../compiler/simulate/random.ts';
import { mergeLearned } from '../../../compiler/training/merge.ts';
import { type Command, failed, operandAt, requiredFlag } from '../command.ts';
import { compilePlanFile } from '../compilation.ts';
import { errorText, readInput } from '../files/read.ts';
import { bytesText } from '../output.ts';

/** Random inputs on which the written model must give the device's bits. */
const checkedInputs = 16;

export const merge: Command = {
  name: 'merge',
  operands: ['PLAN'],
  flagsHelp: '--learned FILE --out MODEL.tflite',
  summary: 'puts what a device has learned (a saved state, or all of NAME_learned) back into its model',
  flags: { learned: { type: 'string' }, out: { type: 'string' } },
  async run(invocation) {
    const file = requiredFlag(invocation.flags, 'learned');
    const out = requiredFlag(invocation.flags, 'out');
    const compiled = await compilePlanFile(operandAt(invocation, 0));
    if (!compiled.ok) return failed(compiled.diagnostics);
    const { compilation, plan, graph, diagnostics } = compiled.value;
    const bytes = await readInput(file, 'learned');
    if (!bytes.ok) return failed([...diagnostics, ...bytes.diagnostics]);
    const memory = await memoryOf(compilation, bytes.value);
    if (!memory.ok) return failed([...diagnostics, ...memory.diagnostics.map((each) => ({ ...each, file }))]);
    const trained = { ...compilation, memory: memory.value };
    const merged = mergeLearned(graph, plan, trained);
    const written = merged.ok ? writeModel(merged.value) : merged;
    if (!written.ok) {
      const { file: planFile } = compiled.value;
      return failed([...diagnostics, ...written.diagnostics.map((each) => ({ file: planFile, ...each }))]);
    }
    const different = await firstDifference(trained, written.value.graph, randomInputs(written.value.graph));
    if (different !== undefined) throw new Error(`the merged model gives other results than ${plan.name} on a device`);
    const model = written.value.bytes;
    try {
      await writeFile(out, model);
    } catch (error) {
      const message = `the model cannot be written: ${errorText(error)}`;
      const problem = { code: 'cannot-write', message, remedy: 'choose another path', file: out };
      return failed([...diagnostics, { ...problem, severity: 'error' }]);
    }
    const layers = [...compilation.differentiation.trained.keys()];
    const head = compilation.network.head.kind === 'float32' ? compilation.network.head.layer : undefined;
    const merges = head === undefined ? layers : [...layers, head];
    return {
      document: { out, bytes: model.length, layers: merges, checkedInputs },
      text: () =>
        `${out}: ${bytesText(model.length)}; merged ${merges.join(', ')}\n` +
        `results identical to the device's on ${checkedInputs} random inputs\n`,
      diagnostics,
    };
  },
};

/** The block of static SRAM that a file holds: whole, as a saved state, or as several in a dump of flash. */
async function memoryOf(compilation: Compilation, bytes: Uint8Array): Promise<Result<Uint8Array>> {
  const { program } = compilation;
  const [first] = blobOffsets(bytes);
  if (bytes.length === program.sramBytes && first !== 0) return success(bytes);
  if (first !== undefined) {
    const machine = await Machine.create(program);
    const state = newestState(program, planHash(compilation), machine.learned().slice(), bytes);
    return state.ok ? success(state.value.memory) : state;
  }
  return failure({
    severity: 'error',
    code: 'not-learned',
    message: `${bytes.length} bytes are neither a saved state nor all ${program.sramBytes} bytes of ${program.name}_learned`,
    remedy: `give what ${program.name}_save wrote, or a dump of ${program.name}_learned`,
  });
}

/** The file's bytes, and the graph that is read from them. */
function writeModel(merged: Graph): Result<{ readonly bytes: Uint8Array; readonly graph: Graph }> {
  try {
    const bytes = writeTflite(merged);
    const graph = readTflite(bytes, merged.name);
    return graph.ok ? success({ bytes, graph: graph.value }) : graph;
  } catch (error) {
    if (error instanceof DiagnosticError) return failure(error.diagnostic);
    throw error;
  }
}

function randomInputs(graph: Graph): readonly Int8Array[] {
  const random = randomSource(1);
  const bytes = tensorBytes(tensorAt(graph, graph.inputs[0] ?? -1));
  return Array.from({ length: checkedInputs }, () => Int8Array.from({ length: bytes }, () => random.below(256) - 128));
}
