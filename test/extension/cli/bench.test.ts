import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findTools, firmwareToolNames } from '../../../extension/cli/board/tools.ts';
import { demo } from '../../../extension/cli/demo.ts';
import { cli, samplePlan, temporaryFolder } from '../../support/cli.ts';
import { hasSharedData } from '../../support/corpus.ts';

const tools = findTools(firmwareToolNames);

describe.skipIf(!tools.ok)('bench (skipped: needs the Arm toolchain and QEMU)', () => {
  it('trains the sample on the board as in the simulator, and measures what the report says', async () => {
    const { code, json } = await cli('bench', samplePlan, '--board', 'mps2-an500', '--steps', '20', '--json');
    expect(code).toBe(0);
    expect(json).toMatchObject({ sameAsSimulator: true, differentBytes: 0, steps: 20 });
    expect(json.trainStepInstructions).toBeGreaterThan(json.inferenceInstructions);
    await expectFigures(samplePlan, json);
  });

  it.skipIf(!hasSharedData)(
    'trains mcunet-5fps-49kb on CIFAR pictures identically (skipped: needs ../shared/data)',
    async () => {
      const plan = '../shared/data/plans/mcunet-5fps-49kb.trainplan';
      const { code, json } = await cli('bench', plan, '--board', 'mps2-an500', '--steps', '3', '--json');
      expect(code).toBe(0);
      expect(json.sameAsSimulator).toBe(true);
      // What TinyEngine takes for the same scheme on the same machine.
      expect(json.sram.total).toBeLessThan(252_384);
      await expectFigures(plan, json);
    },
  );

  it('tells by how much an SRAM is too small', async () => {
    const argv = ['bench', samplePlan, '--board', 'mps2-an500', '--steps', '1', '--sram', '16000', '--json'];
    const { code, json } = await cli(...argv);
    expect(code).toBe(1);
    expect(json.diagnostics).toMatchObject([{ code: 'sram-overflow', file: samplePlan }]);
  });

  interface Measured {
    readonly sram: { readonly data: number; readonly bss: number; readonly stack: number };
    readonly flashBytes: number;
  }

  /** Static memory within 1 %, the estimates of flash within 3 % and of the stack within a quarter. */
  async function expectFigures(plan: string, { sram, flashBytes }: Measured) {
    const { json: report } = await cli('plan', plan, '--json');
    const off = (reported: number, measured: number) => Math.abs(reported - measured) / measured;
    expect(off(report.sramBytes - report.stackBytes, sram.data + sram.bss)).toBeLessThan(0.01);
    expect(off(report.flashBytes, flashBytes)).toBeLessThan(0.03);
    expect(off(report.stackBytes, sram.stack)).toBeLessThan(0.25);
  }
});

describe('bench without its tools', () => {
  it('names them, says how to get them, and ends with exit code 3', async () => {
    const path = process.env.PATH;
    try {
      process.env.PATH = '';
      const { code, json } = await cli('bench', samplePlan, '--board', 'mps2-an500', '--json');
      expect(code).toBe(3);
      expect(json.diagnostics[0]).toMatchObject({
        code: 'tool-missing',
        remedy: expect.stringContaining('apt install'),
      });
    } finally {
      process.env.PATH = path;
    }
  });
});

describe('the demonstration', () => {
  it('ends in memory, accuracy, C code and the comparison', async () => {
    const out = temporaryFolder();
    const lines: string[] = [];
    const io = { out: (text: string) => lines.push(text), err: () => {} };
    expect(await demo({ planFile: samplePlan, out, io })).toBe(0);
    const text = lines.join('');
    expect(text).toMatch(/^Peak SRAM {2}[\d,]+ B/m);
    expect(text).toMatch(/proven least|lower bound/);
    const [, before = '', after = ''] = /^Accuracy {3}([\d.]+) % before, ([\d.]+) % after/m.exec(text) ?? [];
    expect(Number(before)).toBeLessThan(30);
    expect(Number(after)).toBeGreaterThanOrEqual(80);
    expect(text).toMatch(
      tools.ok ? /simulator and Cortex-M7 identical over 200 steps/ : /left out: the Arm toolchain or QEMU is missing/,
    );
    expect(readFileSync(`${out}/garments.h`, 'utf8')).toContain('garments_train_step');
  });
});
