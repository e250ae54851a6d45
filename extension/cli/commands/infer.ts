import { writeFile } from 'node:fs/promises';
import { crc32 } from '../../../compiler/codegen/crc32.ts';
import { compileInference } from '../../../compiler/compile.ts';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { type DType, type Graph, type Tensor, tensorAt, tensorBytes } from '../../../compiler/model/graph.ts';
import type { BufferId } from '../../../compiler/program.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { type Command, failed, operandAt, requiredFlag, textFlag } from '../command.ts';
import { loadModel } from '../files/plan.ts';
import { errorText, readInput } from '../files/read.ts';
import { shapeText, table } from '../output.ts';

export const infer: Command = {
  name: 'infer',
  operands: ['MODEL'],
  flagsHelp: '--input X.i8 [--output Y.i8] [--tensors]',
  summary: 'runs raw inputs, vector after vector, through the model in the simulator',
  flags: { input: { type: 'string' }, output: { type: 'string' }, tensors: { type: 'boolean' } },
  async run(invocation, io) {
    const file = operandAt(invocation, 0);
    const inputFile = requiredFlag(invocation.flags, 'input');
    const outputFile = textFlag(invocation.flags, 'output');
    const graph = await loadModel(file, file);
    if (!graph.ok) return failed(graph.diagnostics);
    const bytes = await readInput(inputFile, 'input');
    if (!bytes.ok) return failed(bytes.diagnostics);
    const vectors = splitVectors(graph.value, bytes.value, inputFile);
    if (!vectors.ok) return failed(vectors.diagnostics);
    const compiled = compileInference(graph.value, { everyTensor: true });
    if (!compiled.ok) return failed(compiled.diagnostics.map((diagnostic) => ({ ...diagnostic, file })));

    const { program, tensors } = compiled.value;
    const machine = await Machine.create(program);
    const inference = new Inference(graph.value, machine, tensors);
    const sums = invocation.flags.tensors === true ? new Map<string, number[]>() : undefined;
    const results = vectors.value.map((vector) => inference.run(vector, sums));
    if (outputFile !== undefined) {
      const failure = await writeOutputs(outputFile, results);
      if (failure !== undefined) return failed([failure]);
      io.err(`${results.length} outputs written to ${outputFile}\n`);
    }
    const outputs = results.map((parts) => parts.flatMap(({ values }) => values));
    return {
      document: { outputs, ...(sums === undefined ? {} : { tensors: Object.fromEntries(sums) }) },
      text: () => inferenceText(graph.value, outputs, sums),
      diagnostics: graph.diagnostics,
    };
  },
};

interface OutputPart {
  readonly bytes: Uint8Array;
  readonly values: readonly number[];
}

/** One model in the simulator, every tensor in a buffer of its own. */
class Inference {
  private readonly graph: Graph;
  private readonly machine: Machine;
  private readonly tensors: ReadonlyMap<number, BufferId>;
  private readonly names: ReadonlyMap<number, string>;

  constructor(graph: Graph, machine: Machine, tensors: ReadonlyMap<number, BufferId>) {
    this.graph = graph;
    this.machine = machine;
    this.tensors = tensors;
    this.names = uniqueNames(graph, [...tensors.keys()]);
  }

  /** `vector`: one part per input; adds a checksum per tensor to `sums`. */
  run(vector: readonly Uint8Array[], sums: Map<string, number[]> | undefined): readonly OutputPart[] {
    const [first = new Uint8Array(), ...others] = vector;
    for (const [index, part] of others.entries()) this.bytesOf(this.graph.inputs[index + 1]).set(part);
    this.machine.infer(first);
    for (const [id, name] of sums === undefined ? [] : this.names) {
      const sum = crc32(this.bytesOf(id));
      const known = sums?.get(name);
      if (known === undefined) sums?.set(name, [sum]);
      else known.push(sum);
    }
    return this.graph.outputs.map((id) => {
      const bytes = this.bytesOf(id).slice();
      return { bytes, values: numbersOf(bytes, tensorAt(this.graph, id).dtype) };
    });
  }

  private bytesOf(id: number | undefined): Uint8Array {
    const buffer = this.tensors.get(id ?? -1);
    if (buffer === undefined) throw new Error(`tensor ${id} has no buffer`);
    return this.machine.bytes(buffer);
  }
}

/** Tensor names; `name#id` where a name repeats. */
function uniqueNames(graph: Graph, ids: readonly number[]): ReadonlyMap<number, string> {
  const counts = new Map<string, number>();
  for (const id of ids) {
    const { name } = tensorAt(graph, id);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return new Map(
    ids.map((id) => {
      const { name } = tensorAt(graph, id);
      return [id, (counts.get(name) ?? 0) > 1 ? `${name}#${id}` : name];
    }),
  );
}

/** Vector after vector, in each the inputs in order. */
function splitVectors(graph: Graph, bytes: Uint8Array, file: string): Result<readonly (readonly Uint8Array[])[]> {
  const inputs = graph.inputs.map((id) => tensorAt(graph, id));
  const wrongType = mismatch(inputs, file);
  if (wrongType !== undefined) return failure(wrongType);
  const vectorBytes = inputs.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
  if (bytes.length === 0 || bytes.length % vectorBytes !== 0) {
    const wanted = inputs.map(({ dtype, shape }) => `${dtype}${shapeText(shape)}`).join(', ');
    return failure({
      severity: 'error',
      code: 'input-size',
      message: `${bytes.length} bytes are no whole number of inputs of ${vectorBytes} bytes (${wanted})`,
      remedy: 'give raw values, vector after vector, without a header',
      file,
    });
  }
  return success(
    Array.from({ length: bytes.length / vectorBytes }, (_, vector) => {
      let at = vector * vectorBytes;
      return inputs.map((tensor) => {
        const part = bytes.subarray(at, at + tensorBytes(tensor));
        at += part.length;
        return part;
      });
    }),
  );
}

const typesByEnding: Readonly<Record<string, DType>> = {
  '.i8': 'int8',
  '.u8': 'uint8',
  '.i16': 'int16',
  '.f32': 'float32',
};

/** The file's ending names another type than every input has. */
function mismatch(inputs: readonly Tensor[], file: string): Diagnostic | undefined {
  const type = typesByEnding[/\.\w+$/.exec(file)?.[0] ?? ''];
  if (type === undefined || inputs.some(({ dtype }) => dtype === type)) return undefined;
  const [input] = inputs;
  return {
    severity: 'error',
    code: 'input-type',
    message: `the file is ${type} by its name, the model takes ${input?.dtype}`,
    remedy: `give ${input?.dtype} values`,
    file,
  };
}

function numbersOf(bytes: Uint8Array, dtype: DType): readonly number[] {
  const { buffer } = bytes;
  switch (dtype) {
    case 'int8':
      return [...new Int8Array(buffer)];
    case 'uint8':
    case 'bool':
      return [...bytes];
    case 'int16':
      return [...new Int16Array(buffer)];
    case 'int32':
      return [...new Int32Array(buffer)];
    case 'int64':
      return Array.from(new BigInt64Array(buffer), Number);
    case 'float32':
      return [...new Float32Array(buffer)];
  }
}

async function writeOutputs(
  file: string,
  results: readonly (readonly OutputPart[])[],
): Promise<Diagnostic | undefined> {
  try {
    await writeFile(file, Buffer.concat(results.flatMap((parts) => parts.map(({ bytes }) => bytes))));
    return undefined;
  } catch (error) {
    const message = `the outputs cannot be written: ${errorText(error)}`;
    return { severity: 'error', code: 'cannot-write', message, remedy: 'choose another path', file };
  }
}

/** Wider outputs are told by their largest value. */
const shownValues = 12;

function inferenceText(
  graph: Graph,
  outputs: readonly (readonly number[])[],
  sums: ReadonlyMap<string, readonly number[]> | undefined,
): string {
  const rows = outputs.map((values, index) => {
    const most = values.reduce((best, value, position) => (value > (values[best] ?? 0) ? position : best), 0);
    const shown = values.slice(0, shownValues).join(' ');
    return [String(index), String(most), String(values[most]), values.length > shownValues ? `${shown} ...` : shown];
  });
  const columns = [
    { title: 'input' },
    { title: 'largest' },
    { title: 'value' },
    { title: 'outputs', align: 'left' },
  ] as const;
  const results = `${graph.name}\n${table(columns, rows)}`;
  if (sums === undefined) return results;
  const hexadecimal = (sum: number): string => sum.toString(16).padStart(8, '0');
  const tensors = [...sums].map(([name, values]) => [name, values.map(hexadecimal).join(' ')]);
  return `${results}\n${table(
    [
      { title: 'tensor', align: 'left' },
      { title: 'CRC-32 per input', align: 'left' },
    ],
    tensors,
  )}`;
}
