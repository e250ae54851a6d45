/** One training run of several, as plain data: it can go to a worker thread. */
import type { Program } from '../../../compiler/program.ts';
import type { DataSet } from '../../../compiler/simulate/data.ts';
import { Machine } from '../../../compiler/simulate/machine.ts';
import type { InputFormat } from '../../../compiler/simulate/picture.ts';
import type { PrefixCaches } from '../../../compiler/simulate/prefixCache.ts';
import type { CancelSignal } from '../../../compiler/simulate/slices.ts';
import {
  type SimulationProgress,
  type SimulationReport,
  type SimulationState,
  simulateTraining,
} from '../../../compiler/simulate/train.ts';
import type { TrainingPlan } from '../../../compiler/training/plan.ts';

/** What all runs train on. */
export interface JobData {
  readonly data: DataSet;
  readonly format: InputFormat;
}

export interface SimulationJob {
  readonly program: Program;
  readonly plan: TrainingPlan;
  readonly epochs: number;
  readonly seed: number;
  readonly resume?: SimulationState | undefined;
  /** On shared memory if several runs of the same program fill them. */
  readonly caches?: PrefixCaches | undefined;
  readonly cacheBytes?: number;
}

export interface JobResult {
  readonly report: SimulationReport;
  /** The machine's static SRAM at the end, cancelled or not. */
  readonly learned: Uint8Array;
}

export interface JobEvents {
  readonly onProgress?: ((progress: SimulationProgress) => void) | undefined;
  readonly onState?: ((state: SimulationState) => void) | undefined;
}

export async function runJob(
  job: SimulationJob,
  { data, format }: JobData,
  events: JobEvents,
  signal: CancelSignal | undefined,
): Promise<JobResult> {
  const { program, plan, ...options } = job;
  const machine = await Machine.create(program);
  const report = await simulateTraining(machine, plan, data, format, { ...options, ...events, signal });
  return { report, learned: machine.learned().slice() };
}

/** The same samples on shared memory: workers read them in place. */
export function shareData({ data, format }: JobData): JobData {
  const samples = [...data.train, ...data.test];
  const bytes = new Uint8Array(new SharedArrayBuffer(samples.reduce((sum, { input }) => sum + input.length, 0)));
  let end = 0;
  const moved = samples.map((sample) => {
    const input = bytes.subarray(end, end + sample.input.length);
    input.set(sample.input);
    end += input.length;
    return { ...sample, input };
  });
  return {
    data: { ...data, train: moved.slice(0, data.train.length), test: moved.slice(data.train.length) },
    format,
  };
}
