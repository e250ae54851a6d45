/** The same training run in the simulator, as C on this computer, and on an emulated Cortex-M7. */
import { generateC } from '../../compiler/codegen/c.ts';
import type { Result } from '../../compiler/diagnostics.ts';
import type { Program } from '../../compiler/program.ts';
import type { TrainingPlan } from '../../compiler/training/plan.ts';
import { benchOnBoard, withTemporaryDirectory } from '../../extension/cli/board/bench.ts';
import { boards } from '../../extension/cli/board/boards.ts';
import { buildHostProgram, runHostProgram } from '../../extension/cli/board/host.ts';
import type { Session, SessionResult } from '../../extension/cli/board/session.ts';
import { findTools, firmwareToolNames } from '../../extension/cli/board/tools.ts';
import { type Comparison, compareWithSimulator } from '../../extension/cli/comparison.ts';
import { noFacts } from '../support/facts.ts';

const host = findTools(['gcc']);
const firmware = findTools(firmwareToolNames);
export const hasHost = host.ok;
export const hasBoard = firmware.ok;

export const slow = process.env.FIRMTUNE_SLOW === '1';
/** The published models take a fifth of a second a step on the emulator. */
export const steps = slow ? 100 : 5;
/** Of a test that builds and runs C. */
export const timeout = 600_000;
/** Where a comparison finds no difference. */
export const same: Comparison = { same: true, differentBytes: 0 };

export interface Subject {
  readonly program: Program;
  readonly session: Session;
}

/** Sanitizers make a step some ten times as long; without them the optimiser gets its chance to change a number. */
export async function compareHost({ program, session }: Subject, sanitize: boolean): Promise<Comparison> {
  const result = await withTemporaryDirectory(async (directory) => {
    const [files, compiler] = [generateC(program, noFacts), must(host).gcc];
    const optimisation = sanitize ? '-O1' : '-O2';
    const build = { files, planName: program.name, compiler, directory, sanitize, optimisation } as const;
    return await runHostProgram(must(await buildHostProgram(build)), session);
  });
  return await compared(program, session, result);
}

/** On the plan's SRAM and flash. */
export async function compareBoard({ program, session }: Subject, { target }: TrainingPlan): Promise<Comparison> {
  const result = await benchOnBoard({
    files: generateC(program, noFacts),
    planName: program.name,
    board: boards['mps2-an500'],
    tools: must(firmware),
    session,
    sramBytes: target.sramBytes,
    flashBytes: target.flashBytes,
  });
  return await compared(program, session, result);
}

async function compared(program: Program, session: Session, result: Result<SessionResult>): Promise<Comparison> {
  const measured = must(result);
  if (measured.steps.length !== session.training.length) throw new Error('steps are missing');
  return await compareWithSimulator(program, session, measured);
}

export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.value;
}
