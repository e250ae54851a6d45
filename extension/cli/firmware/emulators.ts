/** The boards that QEMU emulates for whole firmware, serial port included. */
import type { Core } from '../../../compiler/training/plan.ts';
import type { ToolName } from '../board/tools.ts';

export interface Emulator {
  readonly tool: ToolName;
  readonly processor: string;
  readonly args: readonly string[];
}

const arm = (machine: string, processor: string): Emulator => ({
  tool: 'qemu-system-arm',
  processor,
  args: ['-machine', machine],
});

export const emulators = {
  'mps2-an500': arm('mps2-an500', 'Cortex-M7'),
  'mps2-an386': arm('mps2-an386', 'Cortex-M4'),
  'mps3-an547': arm('mps3-an547', 'Cortex-M55'),
  virt: { tool: 'qemu-system-riscv32', processor: 'RV32IMAFC', args: ['-machine', 'virt', '-bios', 'none'] },
} as const satisfies Readonly<Record<string, Emulator>>;

export type EmulatorName = keyof typeof emulators;

export function isEmulatorName(name: string): name is EmulatorName {
  return Object.hasOwn(emulators, name);
}

/** A board that runs what is built for this core, though its own may be a larger one; undefined: there is none. */
export function boardFor(core: Core): EmulatorName | undefined {
  switch (core) {
    case 'cortex-m0+':
    case 'cortex-m3':
    case 'cortex-m4':
      return 'mps2-an386';
    case 'cortex-m7':
      return 'mps2-an500';
    case 'cortex-m33':
    case 'cortex-m55':
      return 'mps3-an547';
    case 'riscv32':
      return 'virt';
    case 'xtensa-lx7':
      return undefined;
  }
}

/** Serial port on stdout, services of the host for the firmware, nothing else. */
export function emulatorArguments(name: EmulatorName, elf: string, gdb: string | undefined): readonly string[] {
  const quiet = ['-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-nodefaults'];
  const server =
    gdb === undefined ? undefined : /^\d+$/.test(gdb) ? `tcp:127.0.0.1:${gdb}` : `unix:${gdb},server=on,wait=off`;
  const debug = server === undefined ? [] : ['-S', '-gdb', server];
  return [
    ...emulators[name].args,
    '-kernel',
    elf,
    ...quiet,
    '-semihosting-config',
    'enable=on,target=native',
    ...debug,
  ];
}

/** The boards' network has nothing at its other end, and nobody misses it. */
export function isNoise(line: string): boolean {
  return /warning: nic \S+ has no peer/.test(line);
}
