/** From generated C to the figures of `bench`: build, run, measure. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DiagnosticError, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { buildFirmware, type FirmwareBuild } from './build.ts';
import { readMap } from './map.ts';
import { type RunOptions, runFirmware } from './run.ts';
import type { HarnessRecord, Session, SessionResult } from './session.ts';
import type { FirmwareTools } from './tools.ts';

export interface BoardBench extends Omit<FirmwareBuild, 'directory' | 'tools'>, RunOptions {
  readonly session: Session;
  readonly tools: FirmwareTools;
  /** Where sources, image and map are kept; a temporary folder that is removed afterwards where not given. */
  readonly keepIn?: string | undefined;
}

export interface InstructionCount {
  readonly last: number;
  readonly mean: number;
}

export interface BoardMeasurement extends SessionResult {
  /** Absent where the session holds none. */
  readonly trainStepInstructions?: InstructionCount;
  readonly inferenceInstructions?: InstructionCount;
  readonly sram: { readonly data: number; readonly bss: number; readonly stack: number; readonly total: number };
  readonly flashBytes: number;
}

export async function benchOnBoard(bench: BoardBench): Promise<Result<BoardMeasurement>> {
  const { keepIn } = bench;
  if (keepIn !== undefined) return await benchIn(resolve(keepIn), bench);
  return await withTemporaryDirectory((directory) => benchIn(directory, bench));
}

export async function withTemporaryDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'firmtune-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function benchIn(directory: string, bench: BoardBench): Promise<Result<BoardMeasurement>> {
  const firmware = await buildFirmware({ ...bench, directory });
  if (!firmware.ok) return firmware;
  try {
    const image = await readMap(firmware.value.elf, bench.tools);
    const run = await runFirmware({ ...bench, firmware: firmware.value });
    if (!run.ok) return run;
    const { steps, inferences, stackBytes } = run.value;
    return success({
      ...run.value,
      ...(steps.length === 0 ? {} : { trainStepInstructions: countInstructions(steps) }),
      ...(inferences.length === 0 ? {} : { inferenceInstructions: countInstructions(inferences) }),
      sram: {
        data: image.dataBytes,
        bss: image.bssBytes,
        stack: stackBytes,
        total: image.dataBytes + image.bssBytes + stackBytes,
      },
      flashBytes: image.flashBytes,
    });
  } catch (error) {
    if (error instanceof DiagnosticError) return failure(error.diagnostic);
    throw error;
  }
}

function countInstructions(records: readonly HarnessRecord[]): InstructionCount {
  const sum = records.reduce((total, record) => total + record.instructions, 0);
  return { last: records.at(-1)?.instructions ?? 0, mean: sum / records.length };
}
