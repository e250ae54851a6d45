/** Simulated training for the monitor: the same steps as `firmtune simulate`, told as they go. */

import type { Diagnostic } from '../../compiler/diagnostics.ts';
import type { MemoryReport } from '../../compiler/memory/report.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import { type SimulationState, simulateTraining } from '../../compiler/simulate/train.ts';
import type { TrainingPlan } from '../../compiler/training/plan.ts';
import { printPlan } from '../../language/print.ts';
import type { EpochPoint, RunProblem, RunProgress, TestPicture } from '../../webview/messages.ts';
import { type LoadedData, loadCancelled, loadDataSet } from '../data/load.ts';
import { answerFile, askFiles, type FileQuestion } from './askFiles.ts';
import type { Work } from './channel.ts';
import { compileReading, type ModelNeeded, type PlanText, readPlan } from './plans.ts';
import { testPicture } from './testPicture.ts';

export interface SimulationInput extends PlanText {
  /** Chosen by the caller; `stopSimulation` and `answerFile` refer to it. */
  readonly call: number;
  /** Instead of the plan's. */
  readonly seed?: number | undefined;
  readonly epochs?: number | undefined;
  /** Of a run that was stopped: it goes on as if it had not been. */
  readonly resume?: SimulationState | undefined;
}

export type SimulationEvent =
  | FileQuestion
  | { readonly kind: 'reading'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'started';
      readonly planHash: string;
      readonly settings: readonly (readonly [key: string, value: string])[];
      readonly seed: number;
      readonly epochs: number;
      /** Warnings. */
      readonly problems: readonly RunProblem[];
    }
  | {
      readonly kind: 'progress';
      /** The steps whose losses come with it follow this one. */
      readonly after: number;
      readonly losses: readonly number[];
      readonly progress: RunProgress;
      /** 0 and NaN: not known yet. */
      readonly stepsPerSecond: number;
      readonly secondsLeft: number;
    }
  | { readonly kind: 'result'; readonly result: EpochPoint }
  | { readonly kind: 'test'; readonly test: TestPicture }
  | { readonly kind: 'state'; readonly state: SimulationState };

export type SimulationEnd =
  | { readonly kind: 'finished' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly problems: readonly RunProblem[] };

const stopped = new Map<number, { aborted: boolean }>();

/** Ends a run at its next step. Unlike the cancelling of the call, this lets it hand over what it learned. */
export function stopSimulation({ call }: { readonly call: number }): void {
  const signal = stopped.get(call);
  if (signal !== undefined) signal.aborted = true;
}

export { answerFile };

export async function simulate(
  input: SimulationInput,
  { signal: cancelled, report }: Work<SimulationEvent>,
): Promise<SimulationEnd | ModelNeeded> {
  const reading = readPlan(input);
  if ('kind' in reading) return reading;
  const signal = { aborted: false };
  const stop = (): void => {
    signal.aborted = true;
  };
  cancelled.addEventListener('abort', stop);
  stopped.set(input.call, signal);
  const files = askFiles(input.call, report);
  try {
    const found = compileReading(input.uri, reading, undefined);
    const { compiled } = found;
    const warnings = [...reading.diagnostics, ...found.diagnostics];
    if (compiled === undefined) return failed(warnings);
    const { plan, compilation } = compiled;
    const seed = input.seed ?? input.resume?.seed ?? plan.train.seed;
    const epochs = input.epochs ?? plan.train.epochs;
    const onProgress = ({ done, total }: { done: number; total: number }) => report({ kind: 'reading', done, total });
    const loaded = await loadDataSet(files, plan, compilation.network, { choice: { seed }, onProgress, signal });
    const { data: place = reading.resolution.places.model } = reading.resolution.places;
    const ofData = loaded.diagnostics.map((each) =>
      each.file === undefined && place !== undefined ? { ...each, range: place } : each,
    );
    if (!loaded.ok) {
      return ofData.some(({ code }) => code === loadCancelled)
        ? { kind: 'cancelled' }
        : failed([...warnings, ...ofData]);
    }
    report({
      kind: 'started',
      ...planIdentity(plan, compiled.memory, seed),
      ...{ seed, epochs },
      problems: [...warnings, ...ofData].map(problemOf),
    });
    const machine = await Machine.create(compilation.program);
    const run = { seed, epochs, signal, resume: input.resume };
    const { cancelled: early } = await simulateTraining(machine, plan, loaded.value.data, loaded.value.format, {
      ...run,
      ...reporting(loaded.value, plan.data?.normalise, input.resume, report),
    });
    return { kind: early === true ? 'cancelled' : 'finished' };
  } finally {
    files.close();
    stopped.delete(input.call);
    cancelled.removeEventListener('abort', stop);
  }
}

function reporting(
  loaded: LoadedData,
  normalise: Parameters<typeof testPicture>[2],
  resume: SimulationState | undefined,
  report: (event: SimulationEvent) => void,
): Pick<Parameters<typeof simulateTraining>[4], 'onStep' | 'onProgress' | 'onTested' | 'onState'> {
  const perEpoch = loaded.data.train.length;
  let losses: number[] = [];
  let steps = resume === undefined ? 0 : resume.epochs.length * perEpoch + resume.samplesDone;
  return {
    onStep: (loss) => losses.push(loss),
    onProgress: ({ epoch, phase, samplesDone: done, samples: of, samplesPerSecond, secondsLeft, result }) => {
      report({
        kind: 'progress',
        ...{ after: steps, losses },
        progress: { epoch, phase, done, of },
        ...{ stepsPerSecond: samplesPerSecond, secondsLeft },
      });
      steps += losses.length;
      losses = [];
      if (result === undefined) return;
      const { loss, trainAccuracy, testAccuracy, testLoss } = result;
      report({ kind: 'result', result: numbersOf({ epoch, steps, loss, trainAccuracy, testAccuracy, testLoss }) });
    },
    onTested: (epoch, evaluation) => {
      if (epoch === 0) {
        const { accuracy: testAccuracy, loss: testLoss } = evaluation;
        report({ kind: 'result', result: numbersOf({ epoch, steps: 0, testAccuracy, testLoss }) });
      }
      if (evaluation.confusion.length > 0) {
        report({ kind: 'test', test: testPicture(epoch, evaluation, normalise, loaded) });
      }
    },
    onState: (state) => report({ kind: 'state', state }),
  };
}

/** NaN stands for what there is not: test samples, labels. */
function numbersOf({ epoch, steps, ...figures }: EpochPoint): EpochPoint {
  return { epoch, steps, ...Object.fromEntries(Object.entries(figures).filter(([, value]) => !Number.isNaN(value))) };
}

function failed(diagnostics: readonly Diagnostic[]): SimulationEnd {
  return { kind: 'failed', problems: diagnostics.map(problemOf) };
}

function problemOf({ severity, code, message, remedy, file, range }: Diagnostic): RunProblem {
  return {
    ...{ severity, code, message, remedy },
    ...(file === undefined ? {} : { file }),
    ...(range === undefined ? {} : { line: range.line }),
  };
}

/** The plan's meaning line by line, with the seed of this run; the hash is of the plan alone. */
function planIdentity(
  plan: TrainingPlan,
  { sramBytes }: Pick<MemoryReport, 'sramBytes'>,
  seed: number,
): Pick<Extract<SimulationEvent, { kind: 'started' }>, 'planHash' | 'settings'> {
  const text = printPlan(plan);
  const settings = text.split('\n').flatMap((line): [string, string][] => {
    const [, key, value] = /^\s*("[^"]*"|[^\s:]+):?\s+(.*?)\s*\{?\}?$/.exec(line) ?? [];
    return key === undefined || !value ? [] : [[key, value]];
  });
  const ofPlan = settings.filter(([key]) => key !== 'seed');
  return {
    planHash: hashOf(text),
    settings: [['seed', `${seed}`], ...ofPlan, ['peak SRAM', `${sramBytes.toLocaleString('en')} B`]],
  };
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
