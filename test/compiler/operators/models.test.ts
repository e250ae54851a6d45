import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileInference } from '../../../compiler/compile.ts';
import type { Result } from '../../../compiler/diagnostics.ts';
import type { Graph } from '../../../compiler/model/graph.ts';
import { elementCount, tensorAt } from '../../../compiler/model/graph.ts';
import { readTflite } from '../../../compiler/model/tflite.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { hasSharedData, sharedBytes } from '../../support/corpus.ts';

interface GoldenModel {
  readonly inputs: string;
  readonly inputShape: readonly number[];
  readonly outputCrc: readonly number[];
  /** CRC-32 of each input's content, by tensor name. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

const file = '../shared/data/golden/golden-others.json';
const golden: Readonly<Record<string, GoldenModel>> = existsSync(file)
  ? JSON.parse(readFileSync(file, 'utf8')).models
  : {};

const folders: Readonly<Record<string, string>> = {
  hello_world_int8: 'tflite-micro',
  micro_speech_quantized: 'tflite-micro',
};

function modelAt(path: string): Graph {
  return valueIn(readTflite(sharedBytes(`models/${path}.tflite`), path));
}

function valueIn<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 255] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The model's inputs, one after the other in a file of `golden/`. */
function inputsOf(path: string, size: number): readonly Uint8Array[] {
  const bytes = sharedBytes(`golden/${path}`);
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

async function machineOf(graph: Graph): Promise<Machine> {
  return Machine.create(valueIn(compileInference(graph, { everyTensor: false })).program);
}

const published = existsSync('../shared/data/golden/golden.json')
  ? Object.keys(JSON.parse(readFileSync('../shared/data/golden/golden.json', 'utf8')).models)
  : [];

describe.skipIf(!hasSharedData)('the published models (skipped: needs ../shared/data)', () => {
  it.each(published)('%s has the reference bits on every picture', async (name) => {
    const machine = await machineOf(modelAt(`mcunetv3/${name}`));
    const logits = sharedBytes(`golden/${name}.logits_tflm.i8`);
    inputsOf('inputs.i8', 128 * 128 * 3).forEach((input, number) => {
      machine.infer(input);
      expect(machine.bytes(machine.program.ports.output)).toEqual(logits.subarray(number * 1000, (number + 1) * 1000));
    });
  });
});

describe.skipIf(!hasSharedData)('models of others (skipped: needs ../shared/data)', () => {
  it.each(Object.entries(golden))('%s has the reference bits in every tensor', async (name, model) => {
    const graph = modelAt(`${folders[name] ?? 'mlperf-tiny'}/${name}`);
    const inputs = inputsOf(model.inputs, elementCount(model.inputShape.slice(1)));
    const { program, tensors } = valueIn(compileInference(graph, { everyTensor: true }));
    const machine = await Machine.create(program);
    inputs.forEach((input, number) => {
      machine.infer(input);
      for (const [tensor, buffer] of tensors) {
        const { name: key } = tensorAt(graph, tensor);
        expect(`${key} ${crc32(machine.bytes(buffer))}`).toBe(`${key} ${model.tensors[key]?.[number]}`);
      }
    });
  });

  it.each(Object.entries(golden))('%s gives the same results from packed memory', async (name, model) => {
    const machine = await machineOf(modelAt(`${folders[name] ?? 'mlperf-tiny'}/${name}`));
    inputsOf(model.inputs, elementCount(model.inputShape.slice(1))).forEach((input, number) => {
      machine.infer(input);
      expect(crc32(machine.bytes(machine.program.ports.output))).toBe(model.outputCrc[number]);
    });
  });

  it('runs a detector of float pictures with three results, and gives in shared memory what it gives without', async () => {
    const graph = modelAt('tinyengine/detection');
    const picture = Float32Array.from({ length: 128 * 160 * 3 }, (_, i) => ((i * 37) % 255) / 255);
    const results: Float32Array[][] = [];
    for (const everyTensor of [true, false]) {
      const { program } = valueIn(compileInference(graph, { everyTensor }));
      const machine = await Machine.create(program);
      machine.infer(new Uint8Array(picture.buffer));
      results.push(program.ports.outputs.map((port) => new Float32Array(machine.bytes(port).slice().buffer)));
    }
    expect(results[0]?.map((values) => values.length)).toEqual([4 * 5 * 18, 8 * 10 * 18, 16 * 20 * 18]);
    expect(results[0]?.some((values) => new Set(values).size > 10)).toBe(true);
    expect(results[1]).toEqual(results[0]);
  });

  it('runs a classifier of float pictures', async () => {
    const graph = modelAt('tinyengine/vww');
    const machine = await machineOf(graph);
    const scores = [0, 1].map((seed) => {
      const picture = Float32Array.from({ length: 80 * 80 * 3 }, (_, i) => ((i * (37 + seed)) % 255) / 255);
      machine.infer(new Uint8Array(picture.buffer));
      return [...new Float32Array(machine.bytes(machine.program.ports.output).slice().buffer)];
    });
    expect(scores[0]).toHaveLength(2);
    expect(scores[0]).not.toEqual(scores[1]);
  });

  it.each([
    ['tflite-micro/trained_lstm_int8', 'UNIDIRECTIONAL_SEQUENCE_LSTM'],
    ['tflite-micro/keyword_scrambled_8bit', 'SVDF'],
  ])('refuses %s for its %s', (path, operator) => {
    for (const everyTensor of [false, true]) {
      const compiled = compileInference(modelAt(path), { everyTensor });
      expect(compiled.ok).toBe(false);
      expect(compiled.diagnostics.map((diagnostic) => diagnostic.code)).toEqual(['unsupported-operator']);
      expect(compiled.diagnostics[0]?.message).toContain(operator);
    }
  });
});
