/** The emulated boards: what the compiler, the linker and QEMU must know of each. Addresses are QEMU's. */

export type BoardName = 'mps2-an500' | 'mps2-an386' | 'mps3-an547';

export interface Board<Name extends string = BoardName> {
  /** QEMU's. */
  readonly name: Name;
  readonly processor: string;
  readonly compilerFlags: readonly string[];
  /** Where the processor looks for its vector table. */
  readonly vectorsOrigin: number;
  readonly flashOrigin: number;
  /** What the board has; a build may be given less. */
  readonly flashCapacityBytes: number;
  readonly sramOrigin: number;
  readonly sramCapacityBytes: number;
  /** Period of the clock that cortex_m.c reads. */
  readonly nanosecondsPerTick: number;
}

const MiB = 1024 * 1024;

const mps2 = {
  vectorsOrigin: 0,
  flashOrigin: 0,
  flashCapacityBytes: 4 * MiB,
  sramOrigin: 0x2000_0000,
  sramCapacityBytes: 4 * MiB,
  nanosecondsPerTick: 40,
} as const;

export const boards: Readonly<Record<BoardName, Board>> = {
  'mps2-an500': {
    ...mps2,
    name: 'mps2-an500',
    processor: 'Cortex-M7',
    compilerFlags: ['-mcpu=cortex-m7', '-mfpu=fpv5-d16', '-mfloat-abi=hard', '-mthumb'],
  },
  'mps2-an386': {
    ...mps2,
    name: 'mps2-an386',
    processor: 'Cortex-M4',
    compilerFlags: ['-mcpu=cortex-m4', '-mfpu=fpv4-sp-d16', '-mfloat-abi=hard', '-mthumb'],
  },
  // The processor starts from the ITCM (512 KiB at 0); code runs from the 2 MiB SRAM, which stands for the flash.
  'mps3-an547': {
    name: 'mps3-an547',
    processor: 'Cortex-M55',
    compilerFlags: ['-mcpu=cortex-m55', '-mfloat-abi=hard', '-mthumb', '-DHARNESS_CLOCK_SSE'],
    vectorsOrigin: 0,
    flashOrigin: 0x0100_0000,
    flashCapacityBytes: 2 * MiB,
    sramOrigin: 0x2100_0000,
    sramCapacityBytes: 4 * MiB,
    nanosecondsPerTick: 31.25,
  },
};

export function isBoardName(name: string): name is BoardName {
  return Object.hasOwn(boards, name);
}
