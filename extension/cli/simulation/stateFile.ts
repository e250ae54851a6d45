/** The file of `--resume`: where a run stopped. */
import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import * as v from 'valibot';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import type { Program } from '../../../compiler/program.ts';
import type { SimulationState } from '../../../compiler/simulate/train.ts';
import type { TrainingPlan } from '../../../compiler/training/plan.ts';
import { errorCode, readInput } from '../files/read.ts';
import type { JobData } from './job.ts';

const version = 1;

/** JSON has no NaN. */
const real = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? Number.NaN),
);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const schema = v.object({
  version: v.literal(version),
  fingerprint: v.string(),
  seed: count,
  before: v.object({ accuracy: real, loss: real }),
  epochs: v.array(
    v.object({ loss: real, trainAccuracy: real, testAccuracy: real, testLoss: real, seconds: v.number() }),
  ),
  samplesDone: count,
  lossSum: v.number(),
  recognised: count,
  trainingMs: v.number(),
  /** Base64. */
  learned: v.string(),
});

/** What must be the same for a run to go on: the program with its weights, the samples, and how they are shown. */
export function fingerprintOf(program: Program, plan: TrainingPlan, { data }: JobData): string {
  const hash = createHash('sha256');
  const { buffers, initialise, steps, ports } = program;
  hash.update(JSON.stringify({ initialise, steps, ports, augment: plan.data?.augment, classes: data.classes }));
  for (const { data: bytes, ...buffer } of buffers) {
    hash.update(JSON.stringify(buffer));
    if (bytes !== undefined) hash.update(bytes);
  }
  for (const part of [data.train, data.test]) {
    hash.update(`${part.length} `);
    for (const { input, label } of part) hash.update(input).update(`${label} `);
  }
  return hash.digest('hex');
}

/** Written beside it first, so that a kill leaves either the old state or the new one. */
export function writeState(file: string, fingerprint: string, { learned, ...state }: SimulationState): void {
  const text = JSON.stringify({ version, fingerprint, ...state, learned: Buffer.from(learned).toString('base64') });
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/** Undefined where there is no such file: the run starts at the beginning. */
export async function readState(
  file: string,
  expected: { readonly fingerprint: string; readonly seed: number; readonly sramBytes: number },
): Promise<Result<SimulationState | undefined>> {
  const bytes = await readInput(file, 'state');
  if (!bytes.ok) {
    return bytes.diagnostics[0]?.code === 'file-not-found' ? success(undefined) : bytes;
  }
  const problem = (code: string, message: string): Result<never> => {
    const remedy = 'remove the file to start again, or name another one';
    return failure({ severity: 'error', code, message, remedy, file } satisfies Diagnostic);
  };
  const parsed = v.safeParse(schema, parsedJson(bytes.value));
  if (!parsed.success) return problem('state-damaged', 'this is no state of a simulation');
  const { fingerprint, version: _, learned, ...state } = parsed.output;
  if (fingerprint !== expected.fingerprint) {
    return problem('state-mismatch', 'the state is of another plan, model or data set, or of an older version');
  }
  if (state.seed !== expected.seed) {
    return problem('state-mismatch', `the state is of seed ${state.seed}, this run has seed ${expected.seed}`);
  }
  const memory = new Uint8Array(Buffer.from(learned, 'base64'));
  if (memory.length !== expected.sramBytes) return problem('state-damaged', 'what was learned is not complete');
  return success({ ...state, learned: memory });
}

function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Undefined if it worked. */
export function writeProblem(file: string, write: () => void): Diagnostic | undefined {
  try {
    write();
    return undefined;
  } catch (error) {
    return {
      severity: 'error',
      code: 'cannot-write',
      message: `the file cannot be written: ${errorCode(error) ?? String(error)}`,
      remedy: 'check the folder and its permissions',
      file,
    };
  }
}
