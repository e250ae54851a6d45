/**
 * Parts and boards that a plan may name. Memory is what the part has on chip and a program may place data in without
 * special care: tightly coupled memory and the contiguous SRAM where a part has several kinds; external memory is not counted.
 * Flash of parts without any on chip is that of the usual module, and said so.
 */

import type { Core } from '../compiler/training/plan.ts';

export interface Board {
  readonly core: Core;
  readonly sramBytes: number;
  readonly flashBytes: number;
  readonly clockHz: number;
  /** Where the figures are from. */
  readonly source: string;
}

export const cores: readonly Core[] = [
  'cortex-m0+',
  'cortex-m3',
  'cortex-m4',
  'cortex-m7',
  'cortex-m33',
  'cortex-m55',
  'riscv32',
  'xtensa-lx7',
];

function board(core: Core, sramKb: number, flashKb: number, clockMhz: number, source: string): Board {
  return { core, sramBytes: sramKb * 1024, flashBytes: flashKb * 1024, clockHz: clockMhz * 1e6, source };
}

/** A board as users write it in their settings. */
export interface BoardSetting {
  readonly core: string;
  /** `256 KB` */
  readonly sram: string;
  readonly flash: string;
  readonly clockMHz?: number;
}

/**
 * The user's own boards, by name. What is not a board is left out and named in `problems`: settings are free text.
 */
export function boardsFromSettings(settings: unknown): {
  readonly boards: Readonly<Record<string, Board>>;
  readonly problems: readonly string[];
} {
  const found: Record<string, Board> = {};
  const problems: string[] = [];
  if (typeof settings !== 'object' || settings === null) return { boards: found, problems };
  for (const [name, value] of Object.entries(settings)) {
    const setting: Partial<Record<keyof BoardSetting, unknown>> =
      typeof value === 'object' && value !== null ? value : {};
    const core = cores.find((each) => each === setting.core);
    const [sramBytes, flashBytes] = [bytesOf(setting.sram), bytesOf(setting.flash)];
    const clock = typeof setting.clockMHz === 'number' ? setting.clockMHz : 0;
    if (!/^[A-Za-z_][\w-]*$/.test(name)) problems.push(`board \`${name}\`: a name has letters, digits, - and _`);
    else if (core === undefined) problems.push(`board \`${name}\`: core is none of ${cores.join(', ')}`);
    else if (sramBytes === undefined) problems.push(`board \`${name}\`: sram is no size such as "256 KB"`);
    else if (flashBytes === undefined) problems.push(`board \`${name}\`: flash is no size such as "1 MB"`);
    else found[name] = { core, sramBytes, flashBytes, clockHz: clock * 1e6, source: 'your settings' };
  }
  return { boards: found, problems };
}

function bytesOf(text: unknown): number | undefined {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*(B|KB|MB)\s*$/.exec(String(text)) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  const bytes = Number(number) * (unit === 'MB' ? 1024 * 1024 : unit === 'KB' ? 1024 : 1);
  return Number.isInteger(bytes) && bytes > 0 ? bytes : undefined;
}

const bench = "Firmtune's linker script for QEMU; clock of Arm's FPGA image";

export const boards: Readonly<Record<string, Board>> = {
  stm32f401: board('cortex-m4', 96, 512, 84, 'ST DS10086 (STM32F401xD/xE)'),
  stm32f407: board('cortex-m4', 128, 1024, 168, 'ST DS8626 (STM32F407xG): SRAM1 + SRAM2, without 64 KB CCM'),
  stm32f411: board('cortex-m4', 128, 512, 100, 'ST DS10314 (STM32F411xE)'),
  stm32f429: board('cortex-m4', 192, 2048, 180, 'ST DS9405 (STM32F429xI): SRAM1-3, without 64 KB CCM'),
  stm32f446: board('cortex-m4', 128, 512, 180, 'ST DS10693 (STM32F446xE)'),
  stm32f722: board('cortex-m7', 256, 512, 216, 'ST DS11853 (STM32F722xE): DTCM + SRAM1 + SRAM2'),
  stm32f746: board('cortex-m7', 320, 1024, 216, 'ST DS10916 (STM32F746xG): DTCM + SRAM1 + SRAM2'),
  stm32f767: board('cortex-m7', 512, 2048, 216, 'ST DS11532 (STM32F767xI): DTCM + SRAM1 + SRAM2'),
  stm32h723: board('cortex-m7', 320, 1024, 550, 'ST DS13313 (STM32H723xG): AXI SRAM as configured at reset'),
  stm32h743: board('cortex-m7', 512, 2048, 480, 'ST DS12110 (STM32H743xI): AXI SRAM'),
  stm32h747: board('cortex-m7', 512, 2048, 480, 'ST DS12930 (STM32H747xI): AXI SRAM, the Cortex-M7 side'),
  stm32l432: board('cortex-m4', 64, 256, 80, 'ST DS11451 (STM32L432xC): SRAM1 + SRAM2, contiguous'),
  stm32l476: board('cortex-m4', 96, 1024, 80, 'ST DS10198 (STM32L476xG): SRAM1, without 32 KB SRAM2'),
  stm32l496: board('cortex-m4', 320, 1024, 80, 'ST DS11585 (STM32L496xG): SRAM1 + SRAM2, contiguous'),
  stm32l4r5: board('cortex-m4', 640, 2048, 120, 'ST DS12023 (STM32L4R5xI): SRAM1-3, contiguous'),
  stm32u575: board('cortex-m33', 768, 2048, 160, 'ST DS13737 (STM32U575xI): SRAM1-3, without 16 KB SRAM4'),
  stm32u585: board('cortex-m33', 768, 2048, 160, 'ST DS13086 (STM32U585xI): SRAM1-3, without 16 KB SRAM4'),
  stm32u5a5: board('cortex-m33', 2496, 4096, 160, 'ST STM32U5A5xJ datasheet: SRAM1-3 and 5, without 16 KB SRAM4'),
  nrf52840: board('cortex-m4', 256, 1024, 64, 'Nordic nRF52840 Product Specification'),
  nrf5340: board('cortex-m33', 512, 1024, 128, 'Nordic nRF5340 Product Specification: application core'),
  rp2040: board('cortex-m0+', 264, 2048, 133, 'RP2040 Datasheet; flash of the Raspberry Pi Pico'),
  rp2350: board('cortex-m33', 520, 4096, 150, 'RP2350 Datasheet; flash of the Raspberry Pi Pico 2'),
  'esp32-s3': board('xtensa-lx7', 512, 8192, 240, 'ESP32-S3 Series Datasheet; flash of ESP32-S3-WROOM-1-N8'),
  samd51: board('cortex-m4', 256, 1024, 120, 'Microchip DS60001507 (ATSAMD51x20)'),
  apollo4: board('cortex-m4', 384, 2048, 192, 'Ambiq Apollo4 SoC Datasheet: TCM; 2 MB MRAM as flash'),
  imxrt1060: board('cortex-m7', 768, 8192, 600, 'NXP IMXRT1060CEC: OCRAM as at reset; flash of MIMXRT1060-EVKB'),
  'mps2-an386': board('cortex-m4', 256, 1024, 25, bench),
  'mps2-an500': board('cortex-m7', 256, 1024, 25, bench),
  'mps3-an547': board('cortex-m55', 256, 1024, 32, bench),
};
