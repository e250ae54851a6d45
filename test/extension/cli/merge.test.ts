import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planHash } from '../../../compiler/codegen/identity.ts';
import { writeBlob } from '../../../compiler/codegen/learned.ts';
import type { Compilation } from '../../../compiler/compile.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import { compilePlanFile } from '../../../extension/cli/compilation.ts';
import { cli, samplePlan as plan } from '../../support/cli.ts';

const pictures = 40;

describe('merge', () => {
  let folder = '';
  let compilation: Compilation;
  let machine: Machine;
  let blob: Uint8Array = new Uint8Array();
  let factory: Uint8Array = new Uint8Array();
  const images = readFileSync('extension/samples/garments/data/test-images.u8');
  const inputs = Array.from({ length: pictures }, (_, index) =>
    Int8Array.from(images.subarray(784 * index, 784 * (index + 1)), (pixel) => pixel - 128),
  );
  const file = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const merge = (learned: string, out: string) =>
    cli('merge', plan, '--learned', learned, '--out', join(folder, out), '--json');

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'firmtune-merge-'));
    const compiled = await compilePlanFile(plan);
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
    ({ compilation } = compiled.value);
    machine = await Machine.create(compilation.program);
    factory = machine.learned().slice();
    for (const [index, input] of inputs.entries()) machine.trainStep(input, index % 5);
    blob = writeBlob(compilation.program, planHash(compilation), machine.learned());
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("writes a model whose results in infer are the device's, bit for bit", async () => {
    const result = await merge(file('state.bin', blob), 'learned.tflite');
    expect(result.code).toBe(0);
    expect(result.json).toMatchObject({ layers: expect.arrayContaining(['last_conv', 'classifier']) });
    const all = file('pictures.i8', new Uint8Array(Buffer.concat(inputs.map((each) => new Uint8Array(each.buffer)))));
    const output = join(folder, 'logits.f32');
    const inference = await cli('infer', join(folder, 'learned.tflite'), '--input', all, '--output', output);
    expect(inference.code).toBe(0);
    const logits = inputs.map((input) => {
      machine.infer(input);
      return machine.bytes(compilation.program.ports.output).slice();
    });
    expect(readFileSync(output)).toEqual(Buffer.concat(logits));
  });

  it.each([
    [7, 8],
    [8, 7],
    [0xffff_ffff, 0],
  ])('takes the newer of the good states in a dump of flash: %i and %i', async (first, second) => {
    const { program } = compilation;
    const states = [machine.learned(), factory].map((memory, index) =>
      writeBlob(program, planHash(compilation), memory, index === 0 ? first : second),
    );
    const flash = new Uint8Array(65_536).fill(0xff);
    for (const [index, state] of states.entries()) flash.set(state, 4096 + 16_384 * index);
    const newest = (first + 1) >>> 0 === second ? 1 : 0;
    const [fromFlash, alone] = ['flash', 'alone'].map((name) => `${name}-${first}`);
    expect((await merge(file(`${fromFlash}.bin`, flash), `${fromFlash}.tflite`)).code).toBe(0);
    expect((await merge(file(`${alone}.bin`, states[newest] ?? blob), `${alone}.tflite`)).code).toBe(0);
    const [a, b] = [fromFlash, alone].map((name) => readFileSync(join(folder, `${name}.tflite`)));
    expect(a).toEqual(b);
    flash[4096 + 16_384 * newest + 100] = (flash[4096 + 16_384 * newest + 100] ?? 0) ^ 1;
    expect((await merge(file('older.bin', flash), 'older.tflite')).code).toBe(0);
    expect(readFileSync(join(folder, 'older.tflite'))).not.toEqual(a);
  });

  it('takes a slot of flash, and a dump of the learned memory', async () => {
    const slot = new Uint8Array(16_384).fill(0xff);
    slot.set(blob);
    expect((await merge(file('slot.bin', slot), 'slot.tflite')).code).toBe(0);
    expect((await merge(file('dump.bin', machine.learned().slice()), 'dump.tflite')).code).toBe(0);
    const [fromSlot, fromDump] = ['slot.tflite', 'dump.tflite'].map((name) => readFileSync(join(folder, name)));
    expect(fromSlot).toEqual(fromDump);
    expect((await merge(file('factory.bin', factory), 'factory.tflite')).code).toBe(0);
    expect(readFileSync(join(folder, 'factory.tflite'))).not.toEqual(fromDump);
  });

  it.each([
    ['blob-damaged', () => blob.map((byte, index) => (index === 1000 ? byte ^ 4 : byte))],
    ['blob-truncated', () => blob.subarray(0, blob.length - 1)],
    ['blob-of-another-plan', () => writeBlob(compilation.program, planHash(compilation) ^ 1, machine.learned())],
    ['not-learned', () => blob.subarray(4)],
  ] as const)('refuses a file that holds something else: %s', async (code, bytes) => {
    const result = await merge(file(`${code}.bin`, bytes()), `${code}.tflite`);
    expect(result.code).toBe(1);
    expect(result.json.diagnostics).toMatchObject([{ code, file: expect.stringContaining(`${code}.bin`) }]);
    expect(existsSync(join(folder, `${code}.tflite`))).toBe(false);
  });
});
