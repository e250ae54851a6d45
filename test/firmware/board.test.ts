import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BoardMeasurement, benchOnBoard, withTemporaryDirectory } from '../../extension/cli/board/bench.ts';
import { type BoardName, boards } from '../../extension/cli/board/boards.ts';
import { buildFirmware } from '../../extension/cli/board/build.ts';
import type { Session } from '../../extension/cli/board/session.ts';
import { findTools, firmwareToolNames } from '../../extension/cli/board/tools.ts';
import { expectedTraining, type FakeOptions, fakeModel, fakeSamples, inputBytes, spinStep } from './fakeModel.ts';

const tools = findTools(firmwareToolNames);
const samples = fakeSamples(30);
const session: Session = { training: samples, inference: [Int8Array.of(2, ...new Int8Array(inputBytes - 1))] };

describe.skipIf(!tools.ok)('firmware on QEMU (skipped: needs the Arm toolchain and QEMU)', () => {
  async function bench(board: BoardName, options: FakeOptions = {}, more: object = {}) {
    if (!tools.ok) throw new Error('not reached: the suite is skipped');
    return await benchOnBoard({ ...fakeModel(options), board: boards[board], session, tools: tools.value, ...more });
  }

  const measured = new Map<string, Promise<BoardMeasurement>>();
  /** One build and run per board and model, however many tests look at it. */
  function measure(board: BoardName, options: FakeOptions = {}): Promise<BoardMeasurement> {
    const key = JSON.stringify([board, options]);
    const measurement = measured.get(key) ?? measureAnew(board, options);
    measured.set(key, measurement);
    return measurement;
  }

  async function measureAnew(board: BoardName, options: FakeOptions): Promise<BoardMeasurement> {
    const result = await bench(board, options);
    if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
    return result.value;
  }

  async function refusal(options: FakeOptions, more: object = {}) {
    const result = await bench('mps2-an500', options, more);
    return result.ok ? [] : result.diagnostics;
  }

  describe.each(Object.values(boards))('$processor', ({ name }) => {
    it('trains bit for bit as computed here, and infers with what it learned', async () => {
      const result = await measure(name);
      const expected = expectedTraining(samples);
      expect(result.steps.map((step) => step.lossBits)).toEqual(expected.lossBits);
      expect(result.learned).toEqual(expected.learned);
      expect(result.steps.map((step) => step.prediction)).toEqual(samples.map((sample) => sample.label));
      expect(result.inferences.map((inference) => inference.prediction)).toEqual([2]);
    });

    it('counts instructions exactly: each step spins two instructions more per round', async () => {
      const { steps, trainStepInstructions, inferenceInstructions } = await measure(name);
      const increments = steps.slice(1).map((step, index) => step.instructions - (steps[index]?.instructions ?? 0));
      expect(increments).toEqual(increments.map(() => 2 * spinStep));
      expect(trainStepInstructions?.last).toBe(steps.at(-1)?.instructions);
      expect(inferenceInstructions?.last).toBeGreaterThan(0);
      expect(inferenceInstructions?.last).toBeLessThan(30);
    });

    it('measures the stack that a training step touches', async () => {
      const shallow = await measure(name);
      const deep = await measure(name, { stackBytes: 3000 });
      expect(shallow.sram.stack).toBeLessThan(200);
      expect(deep.sram.stack - shallow.sram.stack).toBeGreaterThanOrEqual(3000);
      expect(deep.sram.stack - shallow.sram.stack).toBeLessThan(3040);
    });
  });

  it("counts the model's statics and not the harness's", async () => {
    const small = await measure('mps2-an500');
    const large = await measure('mps2-an500', { arenaBytes: 64 + 1000 });
    // learned (16) in .data, arena (64) and prediction (4) in .bss; the harness's parts may leave a few bytes of padding
    expect(small.sram.data).toBeGreaterThanOrEqual(16);
    expect(small.sram.data).toBeLessThan(24);
    expect(small.sram.bss).toBeGreaterThanOrEqual(68);
    expect(small.sram.bss).toBeLessThan(76);
    expect(large.sram.bss - small.sram.bss).toBe(1000);
    expect(small.sram.total).toBe(small.sram.data + small.sram.bss + small.sram.stack);
  });

  it('counts constants as flash', async () => {
    const small = await measure('mps2-an500');
    const large = await measure('mps2-an500', { tableBytes: 4 + 4096 });
    expect(large.flashBytes - small.flashBytes).toBe(4096);
  });

  it('tells by how many bytes the SRAM is too small, and fits with exactly these more', async () => {
    const options = { arenaBytes: 300_000 };
    const [overflow] = await refusal(options);
    expect(overflow?.code).toBe('sram-overflow');
    const needed = Number(/needs (\d+) B of SRAM/.exec(overflow?.message ?? '')?.[1]);
    expect(needed).toBeGreaterThan(300_000);
    expect(await refusal(options, { sramBytes: needed - 4 })).toMatchObject([{ code: 'sram-overflow' }]);
    expect(await refusal(options, { sramBytes: needed + 4 })).toEqual([]);
  });

  it('tells when the flash is too small', async () => {
    expect(await refusal({ tableBytes: 1_100_000 })).toMatchObject([{ code: 'flash-overflow' }]);
    expect(await refusal({ tableBytes: 1_100_000 }, { flashBytes: 4 * 1024 * 1024 })).toEqual([]);
  });

  it('refuses more memory than the board has', async () => {
    expect(await refusal({}, { sramBytes: 4 * 1024 * 1024 + 1 })).toMatchObject([{ code: 'board-too-small' }]);
  });

  it('reports a fault of the processor', async () => {
    const [failed] = await refusal({ inject: '*(volatile uint32_t *)0xf0000000u = 1u;' });
    expect(failed?.code).toBe('run-failed');
    expect(failed?.message).toContain('the processor faulted');
  });

  it('reports a stack that runs into the statics', async () => {
    const options = {
      arenaBytes: 260_000,
      stackBytes: 3000,
      inject: 'for (int32_t i = 0; i < 3000; ++i) deep[i] = 0u;',
    };
    expect(await refusal(options)).toMatchObject([{ code: 'run-failed', message: expect.stringContaining('stack') }]);
  });

  it('stops a run that takes too long', async () => {
    const options = { inject: 'for (volatile int32_t i = 0; i >= 0; i = 0) {}' };
    expect(await refusal(options, { timeLimitMs: 300 })).toMatchObject([{ code: 'time-limit' }]);
  });

  it('stops when it is cancelled, while it runs and before it starts', async () => {
    const options = { inject: 'for (volatile int32_t i = 0; i >= 0; i = 0) {}' };
    const progress = new AbortController();
    const running = refusal(options, { signal: progress.signal });
    setTimeout(() => progress.abort(), 1000);
    expect(await running).toMatchObject([{ code: 'cancelled' }]);
    expect(await refusal({}, { signal: AbortSignal.abort() })).toMatchObject([{ code: 'cancelled' }]);
  });

  it('reports progress up to the last record', async () => {
    const seen: number[] = [];
    expect(await refusal({}, { onProgress: (done: number) => seen.push(done) })).toEqual([]);
    expect(seen).toEqual(Array.from({ length: samples.length + 1 }, (_, index) => index + 1));
  });

  it('shows what the compiler says of C that it does not accept', async () => {
    const [failed] = await refusal({ inject: 'int8_t narrow = label; (void)narrow;' });
    expect(failed).toMatchObject({ code: 'compile-failed', file: 'shelf.c' });
    expect(failed?.message).toContain('conversion');
  });

  it('keeps sources, image and map on demand', async () => {
    await withTemporaryDirectory(async (directory) => {
      expect(await refusal({}, { keepIn: directory })).toEqual([]);
      expect(await readdir(directory)).toEqual(expect.arrayContaining(['firmware.elf', 'firmware.map', 'shelf.c']));
    });
  });

  it('removes its temporary folder', async () => {
    let seen = '';
    await withTemporaryDirectory(async (directory) => {
      seen = directory;
      if (!tools.ok) return;
      await buildFirmware({ ...fakeModel(), board: boards['mps2-an500'], directory, tools: tools.value });
      expect(existsSync(join(directory, 'firmware.elf'))).toBe(true);
    });
    expect(existsSync(seen)).toBe(false);
  });
});
