import { writeFileSync } from 'node:fs';
import { type Diagnostic, type Result, success } from '../../../compiler/diagnostics.ts';
import { frozenPrefix } from '../../../compiler/simulate/prefix.ts';
import { defaultCacheBytes } from '../../../compiler/simulate/prefixCache.ts';
import { type SimulationState, simulationCaches } from '../../../compiler/simulate/train.ts';
import {
  type Command,
  countFlag,
  type FlagValues,
  failed,
  type Io,
  type Outcome,
  operandAt,
  textFlag,
  UsageError,
} from '../command.ts';
import { type CompiledPlan, compilePlanFile } from '../compilation.ts';
import { loadData } from '../files/data.ts';
import type { JobData, JobEvents, JobResult, SimulationJob } from '../simulation/job.ts';
import { runJobs } from '../simulation/pool.ts';
import { progressPrinter, readingPrinter, severalRuns, severalRunsText, simulationText } from '../simulation/report.ts';
import { fingerprintOf, readState, writeProblem, writeState } from '../simulation/stateFile.ts';

export const simulate: Command = {
  name: 'simulate',
  operands: ['PLAN'],
  flagsHelp:
    '[--epochs N] [--seed S | --seeds 1,2,3] [--limit N] [--per-class N]\n' +
    '       [--workers N] [--cache MB] [--resume FILE] [--learned FILE]',
  summary: "trains in the simulator on the plan's data; the flags replace what the plan says or limit the samples",
  flags: {
    epochs: { type: 'string' },
    seed: { type: 'string' },
    seeds: { type: 'string' },
    limit: { type: 'string' },
    'per-class': { type: 'string' },
    workers: { type: 'string' },
    cache: { type: 'string' },
    resume: { type: 'string' },
    learned: { type: 'string' },
  },
  async run(invocation, io) {
    const settings = settingsOf(invocation.flags);
    const compiled = await compilePlanFile(operandAt(invocation, 0));
    if (!compiled.ok) return failed(compiled.diagnostics);
    const { plan, compilation, diagnostics } = compiled.value;
    const seeds = settings.seeds ?? [plan.train.seed];
    const choice = { limit: settings.limit, perClass: settings.perClass, seed: seeds[0] ?? 0 };
    const reading = { signal: io.signal, onProgress: readingPrinter(io) };
    const loaded = await loadData(compiled.value, compilation.network, choice, reading);
    if (!loaded.ok) return failed([...diagnostics, ...loaded.diagnostics]);
    const outcome = await trainAll(compiled.value, loaded.value, seeds, settings, io);
    return { ...outcome, diagnostics: [...diagnostics, ...loaded.diagnostics, ...outcome.diagnostics] };
  },
};

interface Settings {
  readonly epochs: number | undefined;
  readonly seeds: readonly number[] | undefined;
  readonly limit: number | undefined;
  readonly perClass: number | undefined;
  readonly workers: number | undefined;
  readonly cacheBytes: number;
  readonly resume: string | undefined;
  readonly learned: string | undefined;
}

function settingsOf(flags: FlagValues): Settings {
  const [seed, seeds] = [countFlag(flags, 'seed', 0), seedsOf(textFlag(flags, 'seeds'))];
  if (seed !== undefined && seeds !== undefined) throw new UsageError('--seed and --seeds exclude each other');
  const cache = countFlag(flags, 'cache', 0);
  return {
    epochs: countFlag(flags, 'epochs', 0),
    seeds: seeds ?? (seed === undefined ? undefined : [seed]),
    limit: countFlag(flags, 'limit', 1),
    perClass: countFlag(flags, 'per-class', 1),
    workers: countFlag(flags, 'workers', 1),
    cacheBytes: cache === undefined ? defaultCacheBytes : cache * 2 ** 20,
    resume: textFlag(flags, 'resume'),
    learned: textFlag(flags, 'learned'),
  };
}

function seedsOf(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const seeds = text.split(',').map(Number);
  if (!/^\d+(,\d+)*$/.test(text) || new Set(seeds).size !== seeds.length) {
    throw new UsageError(`--seeds takes different whole numbers, such as 1,2,3; '${text}' are none`);
  }
  return seeds;
}

/** Several runs have a file each: `name.bin` of seed 2 is `name-2.bin`. */
function fileOf(file: string, seed: number, runs: number): string {
  if (runs === 1) return file;
  const dot = /(?<=[^/\\])\.[^./\\]*$/.exec(file)?.index ?? file.length;
  return `${file.slice(0, dot)}-${seed}${file.slice(dot)}`;
}

async function trainAll(
  { plan, compilation: { program } }: CompiledPlan,
  data: JobData,
  seeds: readonly number[],
  settings: Settings,
  io: Io,
): Promise<Outcome> {
  const { resume, cacheBytes: limitBytes } = settings;
  const fingerprint = resume === undefined ? '' : fingerprintOf(program, plan, data);
  const stateFile = (seed: number): string => fileOf(resume ?? '', seed, seeds.length);
  const states = await Promise.all(
    seeds.map(async (seed): Promise<Result<SimulationState | undefined>> => {
      if (resume === undefined) return success(undefined);
      return await readState(stateFile(seed), { fingerprint, seed, sramBytes: program.sramBytes });
    }),
  );
  const unreadable = states.flatMap(({ ok, diagnostics }) => (ok ? [] : diagnostics));
  if (unreadable.length > 0) return failed(unreadable);
  const shared = seeds.length > 1;
  const caches = simulationCaches({ prefix: frozenPrefix(program) }, plan, data.data, { limitBytes, shared });
  const epochs = settings.epochs ?? plan.train.epochs;
  const jobs = seeds.map((seed, index): SimulationJob => {
    const state = states[index];
    return { program, plan, epochs, seed, caches, resume: state?.ok ? state.value : undefined };
  });
  const problems = new Map<string, Diagnostic>();
  const save = (file: string, write: () => void): void => {
    const problem = writeProblem(file, write);
    if (problem !== undefined) problems.set(file, problem);
  };
  const events = (number: number): JobEvents => {
    const seed = seeds[number] ?? 0;
    const onProgress = progressPrinter(io, shared ? `seed ${seed}, ` : '');
    if (resume === undefined) return { onProgress };
    const file = stateFile(seed);
    return { onProgress, onState: (state) => save(file, () => writeState(file, fingerprint, state)) };
  };
  const start = performance.now();
  const results = await runJobs(jobs, data, { workers: settings.workers, signal: io.signal }, events);
  const seconds = (performance.now() - start) / 1000;
  for (const { report, learned } of results) {
    if (settings.learned === undefined) continue;
    const file = fileOf(settings.learned, report.seed, seeds.length);
    save(file, () => writeFileSync(file, learned));
  }
  return { ...described(results, seeds.length, seconds), diagnostics: [...problems.values()] };
}

function described(results: readonly JobResult[], runs: number, seconds: number): Pick<Outcome, 'document' | 'text'> {
  const reports = results.map(({ report }) => report);
  const [only] = reports;
  if (only === undefined) return {};
  if (runs === 1) return { document: only, text: () => simulationText(only) };
  const several = severalRuns(reports, seconds);
  return { document: several, text: () => severalRunsText(several) };
}
