/** Builds a model's generated C into a bare-metal image for one of the boards. */
import { join } from 'node:path';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import type { Board } from './boards.ts';
import { runProcess } from './process.ts';
import {
  cancelled,
  compileAll,
  compileFailed,
  harnessSources,
  linkerScriptPath,
  type ModelSources,
  strictFlags,
  writeSources,
} from './sources.ts';
import type { ToolPaths } from './tools.ts';

export interface FirmwareBuild extends ModelSources {
  readonly board: Board<string>;
  /** Flash that the image may take; 1 MiB where not given, the board's at most. */
  readonly flashBytes?: number | undefined;
  /** SRAM that data and stack may take; 256 KiB where not given, the board's at most. */
  readonly sramBytes?: number | undefined;
  readonly optimisation?: '-O0' | '-O1' | '-O2' | '-O3' | '-Os';
  /** An existing folder for sources, objects and image. */
  readonly directory: string;
  readonly tools: ToolPaths<'arm-none-eabi-gcc'>;
  readonly signal?: AbortSignal | undefined;
}

export interface Firmware {
  readonly board: Board<string>;
  readonly elf: string;
  readonly directory: string;
}

const defaultFlashBytes = 1024 * 1024;
const defaultSramBytes = 256 * 1024;
/** The linker refuses an image that leaves less for the stack. */
const stackReserveBytes = 1024;
/** Room for the vector table where flash starts with it. */
const vectorsBytes = 1024;

export async function buildFirmware(build: FirmwareBuild): Promise<Result<Firmware>> {
  const { board, directory, signal, flashBytes = defaultFlashBytes, sramBytes = defaultSramBytes } = build;
  const tooMuch = exceedsBoard(board, flashBytes, sramBytes);
  if (tooMuch !== undefined) return failure(tooMuch);

  const files = [...build.files, ...harnessSources(build.planName, 'board')];
  await writeSources(directory, files);
  const compiler = build.tools['arm-none-eabi-gcc'];
  const flags = [...board.compilerFlags, build.optimisation ?? '-O3'];
  const objects = await compileAll(files, { compiler, flags, directory, signal });
  if (!objects.ok) return objects;

  const elf = join(directory, 'firmware.elf');
  const link = [
    ...strictFlags,
    ...flags,
    ...objects.value,
    '-nostartfiles',
    '-Wl,--gc-sections',
    ...memoryLayout(board, flashBytes, sramBytes).map(([symbol, value]) => `-Wl,--defsym=harness_${symbol}=${value}`),
    '-T',
    linkerScriptPath,
    '-Wl,-Map=firmware.map',
    '-o',
    elf,
  ];
  const result = await runProcess(compiler, link, { directory, signal });
  if (result.end === 'cancelled') return failure(cancelled);
  if (result.code === 0) return success({ board, elf, directory });
  const overflows = readOverflows(result.stderr, { flash: flashBytes, sram: sramBytes });
  return failure(...(overflows.length > 0 ? overflows : [compileFailed('the linked image', compiler, result.stderr)]));
}

function memoryLayout(
  board: Board<string>,
  flashBytes: number,
  sramBytes: number,
): readonly (readonly [string, number])[] {
  const shared = board.vectorsOrigin === board.flashOrigin ? vectorsBytes : 0;
  return [
    ['vectors_origin', board.vectorsOrigin],
    ['flash_origin', board.flashOrigin + shared],
    ['flash_bytes', flashBytes - shared],
    ['sram_origin', board.sramOrigin],
    ['sram_bytes', sramBytes],
    ['stack_reserve', stackReserveBytes],
  ];
}

function exceedsBoard(board: Board<string>, flashBytes: number, sramBytes: number): Diagnostic | undefined {
  if (flashBytes <= board.flashCapacityBytes && sramBytes <= board.sramCapacityBytes) return undefined;
  return {
    severity: 'error',
    code: 'board-too-small',
    message: `${board.name} has ${board.flashCapacityBytes} B of flash and ${board.sramCapacityBytes} B of SRAM; ${flashBytes} B and ${sramBytes} B were asked for`,
    remedy: 'ask for no more than the board has',
  };
}

const regionNames = { flash: 'flash', sram: 'SRAM' } as const;

/** The linker's "region `sram' overflowed by N bytes" as diagnostics. */
export function readOverflows(
  linkerOutput: string,
  limits: Readonly<Record<keyof typeof regionNames, number>>,
): readonly Diagnostic[] {
  return (['flash', 'sram'] as const).flatMap((region) => {
    const match = new RegExp(`region .${region}. overflowed by (\\d+) bytes`).exec(linkerOutput);
    if (match === null) return [];
    const stack = region === 'sram' ? ` (with ${stackReserveBytes} B kept for the stack)` : '';
    return [
      {
        severity: 'error',
        code: `${region}-overflow`,
        message: `the image needs ${limits[region] + Number(match[1])} B of ${regionNames[region]}${stack}: ${match[1]} B more than the ${limits[region]} B of the target`,
        remedy:
          region === 'sram'
            ? 'train fewer layers or channels, or choose a target with more SRAM'
            : 'choose a smaller model or a target with more flash',
      } satisfies Diagnostic,
    ];
  });
}
