import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Machine } from '../../compiler/simulate/machine.ts';
import { readMonitorLine } from '../../compiler/simulate/monitorLine.ts';
import { findTools } from '../../extension/cli/board/tools.ts';
import { compilePlanFile } from '../../extension/cli/compilation.ts';
import { emulatorArguments } from '../../extension/cli/firmware/emulators.ts';
import { runLive } from '../../extension/cli/firmware/live.ts';
import { cli, temporaryFolder } from '../support/cli.ts';

const hasTools = findTools(['arm-none-eabi-gcc', 'arm-none-eabi-size', 'cmake', 'make', 'qemu-system-arm']).ok;
const hasRiscv = findTools(['riscv64-unknown-elf-gcc', 'qemu-system-riscv32', 'make']).ok;
const hasDebugger = hasTools && findTools(['gdb-multiarch']).ok;

const isStep = (line: string): boolean => line.startsWith('firmtune: step=');
const steps = 24;
const rounds = 2;
const defines = `DEFINES=-DROUND_STEPS=${steps / rounds} -DROUNDS=${rounds} -DTEST_PICTURES=20`;

describe.skipIf(!hasTools)(
  'the sample firmware (skipped: needs arm-none-eabi-gcc, cmake, make and qemu-system-arm)',
  () => {
    const workspace = join(mkdtempSync(join(tmpdir(), 'firmtune-')), 'sample');
    const make = (board: string): string => {
      const args = ['-j', '2', `BOARD=${board}`, defines, 'FIRMTUNE_OPTIMISATION=-O0'];
      const { status, stderr } = spawnSync('make', args, { cwd: workspace, encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return join(workspace, `build/make-${board}/firmware.elf`);
    };
    /** What it says on a board, line by line. */
    const emulate = async (board: string, elf: string): Promise<readonly string[]> => {
      const { code, out } = await cli('emulate', elf, '--board', board);
      expect(code).toBe(0);
      return out.split('\n').filter((line) => line !== '');
    };
    let firstRun: Promise<readonly string[]> | undefined;
    /** From the factory state; what the others are compared with. */
    const onCortexM7 = (): Promise<readonly string[]> => {
      firstRun ??= emulate('mps2-an500', make('mps2-an500'));
      return firstRun;
    };

    beforeAll(async () => {
      expect((await cli('sample', workspace)).code).toBe(0);
      const plan = join(workspace, 'garments.trainplan');
      expect((await cli('generate', plan, '--out', join(workspace, 'firmtune'), '--project', 'make')).code).toBe(0);
    });
    afterAll(() => rmSync(join(workspace, '..'), { recursive: true, force: true }));

    it('computes on a Cortex-M7 what the simulator computes, and remembers it after a reset', async () => {
      const first = await onCortexM7();
      const compiled = await compilePlanFile(join(workspace, 'garments.trainplan'));
      if (!compiled.ok) throw new Error('the plan does not compile');
      const machine = await Machine.create(compiled.value.compilation.program);
      const pictures = readFileSync(join(workspace, 'data/train-images.u8'));
      const labels = readFileSync(join(workspace, 'data/train-labels.u8'));
      const expected = Array.from({ length: steps }, (_, index) => {
        const codes = Int8Array.from(pictures.subarray(index * 784, (index + 1) * 784), (pixel) => pixel - 128);
        const label = labels[index] ?? -1;
        const loss = machine.trainStep(codes, label);
        return `firmtune: step=${index + 1} loss=${loss.toFixed(4)} label=${label} prediction=${machine.prediction()}`;
      });
      expect(first.filter(isStep)).toEqual(expected);
      const events = first.map((line) => readMonitorLine(line)?.event).filter((event) => event !== 'step');
      expect(events).toEqual(['start', 'factory', 'eval', 'eval', 'saved', 'eval', 'saved']);
      expect(first[0]).toContain('names=sandal,shirt,sneaker,bag,ankle-boot');

      const second = await emulate('mps2-an500', make('mps2-an500'));
      expect(second[1]).toBe('firmtune: restored result=0');
      const evaluations = [first, second].map((lines) => lines.filter((line) => line.includes(' eval ')));
      const withoutStep = (line = ''): string => line.replace(/step=\d+ /, '');
      expect(withoutStep(evaluations[1]?.[0])).toBe(withoutStep(evaluations[0]?.at(-1)));
    });

    it('says the same on a Cortex-M55', async () => {
      expect(await emulate('mps3-an547', make('mps3-an547'))).toEqual(await onCortexM7());
    });

    it.skipIf(!hasRiscv)(
      'says the same on a RISC-V (skipped: needs riscv64-unknown-elf-gcc, picolibc and qemu-system-riscv32)',
      async () => {
        expect(await emulate('virt', make('virt'))).toEqual(await onCortexM7());
      },
    );

    it('links for a NUCLEO-F767ZI from the same sources, at the addresses of its flash and RAM', () => {
      const elf = make('nucleo-f767zi');
      const sections = spawnSync('arm-none-eabi-size', ['-A', elf], { encoding: 'utf8' }).stdout;
      const addressOf = (name: string): number =>
        Number(new RegExp(`^\\${name}\\s+\\d+\\s+(\\d+)`, 'm').exec(sections)?.[1] ?? Number.NaN);
      expect(addressOf('.vectors')).toBe(0x0800_0000);
      expect(addressOf('.bss')).toBeGreaterThanOrEqual(0x2000_0000);
      const file = join(workspace, 'vectors.bin');
      spawnSync('arm-none-eabi-objcopy', ['-O', 'binary', '-j', '.vectors', elf, file]);
      const vectors = readFileSync(file);
      // The stack at the end of the RAM, the reset handler in the flash (Thumb).
      expect(vectors.readUInt32LE(0)).toBe(0x2008_0000);
      expect(vectors.readUInt32LE(4) & 1).toBe(1);
      expect(vectors.readUInt32LE(4) >>> 20).toBe(0x080);
    });

    it('stops at once when it is cancelled', async () => {
      const elf = make('mps2-an500');
      const stop = new AbortController();
      let seen = 0;
      const end = await runLive('qemu-system-arm', emulatorArguments('mps2-an500', elf, undefined), {
        directory: workspace,
        signal: stop.signal,
        onLine: () => {
          if (++seen === 3) stop.abort();
        },
      });
      expect(end.end).toBe('cancelled');
    });

    it.skipIf(!hasDebugger)('can be debugged from its first instruction (skipped: needs gdb-multiarch)', async () => {
      const elf = make('mps2-an500');
      const socket = join(workspace, 'gdb.sock');
      const stop = new AbortController();
      const emulator = runLive('qemu-system-arm', emulatorArguments('mps2-an500', elf, socket), {
        directory: workspace,
        signal: stop.signal,
        onLine: () => {},
      });
      const commands = [
        `target remote ${socket}`,
        'break garments_train_begin',
        'continue',
        'backtrace',
        'print label',
        'kill',
      ];
      const script = join(workspace, 'commands.gdb');
      writeFileSync(script, `set confirm off\n${commands.join('\n')}\n`);
      const debug = await waitFor(() => {
        const { stdout } = spawnSync('gdb-multiarch', ['-nx', '-batch', '-x', script, elf], {
          encoding: 'utf8',
          timeout: 60_000,
        });
        return stdout.includes('Breakpoint 1, ') ? stdout : undefined;
      });
      stop.abort();
      await emulator;
      expect(debug).toMatch(/#0\s+garments_train_begin[\s\S]*#1\s+.*main/);
    });

    it('explains in the plan what fills a RAM that is too small, and finds a planted error at its line', async () => {
      const broken = join(temporaryFolder(), 'broken');
      cpSync(workspace, broken, { recursive: true });
      const script = join(broken, 'boards/mps2.ld');
      writeFileSync(script, readFileSync(script, 'utf8').replace('LENGTH = 256K', 'LENGTH = 40K'));
      const full = await cli('build', broken, '--board', 'mps2-an500', '--project', 'make', '--json');
      expect(full.code).toBe(1);
      expect(full.json.diagnostics).toMatchObject([
        { code: 'sram-overflow', file: expect.stringMatching(/garments\.trainplan$/), layer: 'avgpool' },
        { code: 'build-failed' },
      ]);
      expect(full.json.diagnostics[0].message).toContain('Beside it: emulator.o');

      const source = join(broken, 'src/report.c');
      const lines = readFileSync(source, 'utf8').split('\n');
      writeFileSync(source, [...lines, 'int planted = undefined_thing;', ''].join('\n'));
      const failed = await cli('build', broken, '--board', 'mps2-an500', '--project', 'make');
      expect(failed.code).toBe(1);
      expect(failed.err).toContain(`${source}:${lines.length + 1}:15: error: `);
    });

    it('is built by CMake through its presets, only where something changed, and says the same on a Cortex-M4', async () => {
      const plan = join(workspace, 'garments.trainplan');
      const generated = join(workspace, 'firmtune');
      expect((await cli('generate', plan, '--out', generated, '--project', 'cmake')).code).toBe(0);
      const first = await cli('build', plan, '--board', 'mps2-an386', '--json');
      expect(first).toMatchObject({ code: 0, json: { project: 'cmake' } });
      expect(first.json.elf).toBe(join(workspace, 'build/mps2-an386/firmware.elf'));
      expect(first.json.commands.map((command: readonly string[]) => command.slice(0, 2))).toEqual([
        ['cmake', '--preset'],
        ['cmake', '--build'],
      ]);
      const said: string[] = [];
      const stop = new AbortController();
      await runLive('qemu-system-arm', emulatorArguments('mps2-an386', first.json.elf, undefined), {
        directory: workspace,
        signal: stop.signal,
        onLine: (line) => {
          if (isStep(line)) said.push(line);
          if (said.length === steps) stop.abort();
        },
      });
      expect(said.slice(0, steps)).toEqual((await onCortexM7()).filter(isStep));

      const again = await cli('build', workspace, '--board', 'mps2-an386', '--json');
      expect(again.json.commands).toHaveLength(1);
      expect(again.err).not.toContain('Building C object');
      appendFileSync(plan, '// edited\n');
      expect((await cli('build', workspace, '--board', 'mps2-an386', '--json')).json).toMatchObject({
        elf: first.json.elf,
        diagnostics: [
          { severity: 'warning', code: 'code-outdated', file: expect.stringMatching(/garments\.trainplan$/) },
        ],
      });
      expect(await cli('build', workspace, '--board', 'toaster', '--json')).toMatchObject({
        code: 1,
        json: {
          diagnostics: expect.arrayContaining([
            expect.objectContaining({ code: 'unknown-preset', message: expect.stringContaining('nucleo-f767zi') }),
          ]),
        },
      });
    });
  },
);

/** The emulator needs a moment to listen, on a slow machine a long one. */
async function waitFor<T>(attempt: () => T | undefined): Promise<T | undefined> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const result = attempt();
    if (result !== undefined) return result;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return undefined;
}
