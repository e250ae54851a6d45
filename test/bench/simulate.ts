/** How fast the simulator trains: `npm run bench -- simulate`. All ways in one run, and each must learn the same bits. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { parseArgs, promisify } from 'node:util';
import type { Program } from '../../compiler/program.ts';
import type { DataSet } from '../../compiler/simulate/data.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import { defaultCacheBytes } from '../../compiler/simulate/prefixCache.ts';
import { type SimulationReport, simulateTraining } from '../../compiler/simulate/train.ts';
import { compilePlanFile } from '../../extension/cli/compilation.ts';
import { loadData } from '../../extension/cli/files/data.ts';

/** One way to run the same training. The first is what the others are compared with. */
interface Way {
  readonly name: string;
  readonly machine: (program: Program) => Promise<Machine>;
  readonly cacheBytes: number;
}

const ways: readonly Way[] = [
  { name: 'without SIMD, each layer each time', machine: scalarMachine, cacheBytes: 0 },
  { name: 'each layer each time', machine: (program) => Machine.create(program), cacheBytes: 0 },
  { name: 'frozen layers once', machine: (program) => Machine.create(program), cacheBytes: defaultCacheBytes },
];

/** On the same kernels, compiled without vectors. They are not shipped, so the first run compiles them. */
async function scalarMachine(program: Program): Promise<Machine> {
  const { stdout } = await promisify(execFile)(process.execPath, ['compiler/kernels/build.mjs', 'scalar']);
  return await Machine.create(program, await WebAssembly.compile(await readFile(stdout.trim())));
}

const publishedPlan = '../shared/data/plans/mcunet-5fps-49kb.trainplan';

export interface SimulationSpeed {
  readonly way: string;
  /** Of training, over all epochs; the first one fills the cache. */
  readonly samplesPerSecond: number;
  /** With the tests between. */
  readonly seconds: number;
  /** One training step at the end of the run, in milliseconds: the median. */
  readonly stepMs: number;
  /** Against the first way: a step, training, and the whole run. */
  readonly stepTimesAsFast: number;
  readonly timesAsFast: number;
  readonly runTimesAsFast: number;
  readonly cacheBytes: number;
  /** Losses, accuracies and everything learned, against the first way. */
  readonly same: boolean;
}

interface Run {
  readonly machine: Machine;
  readonly report: SimulationReport;
  readonly seconds: number;
  /** Base64. */
  readonly learned: string;
}

/**
 * @param args `[PLAN] [--per-class N] [--tests N] [--epochs N]`
 * @param onWay called with each way as it ends
 */
export async function runSimulate(
  args: readonly string[],
  onWay: (run: { readonly way: string; readonly seconds: number }) => void = () => {},
): Promise<readonly SimulationSpeed[]> {
  const options = { 'per-class': { type: 'string' }, tests: { type: 'string' }, epochs: { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [file = publishedPlan] = positionals;
  const [perClass, tests, epochs] = [values['per-class'] ?? 20, values.tests ?? 100, values.epochs ?? 10].map(Number);
  const compiled = await compilePlanFile(file);
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('\n'));
  const { plan, compilation } = compiled.value;
  const { seed } = plan.train;
  const loaded = await loadData(compiled.value, compilation.network, { perClass, seed });
  if (!loaded.ok) throw new Error(loaded.diagnostics.map(({ message }) => message).join('\n'));
  const data: DataSet = { ...loaded.value.data, test: loaded.value.data.test.slice(0, tests) };
  const runs: Run[] = [];
  for (const way of ways) {
    const machine = await way.machine(compilation.program);
    const start = performance.now();
    const run = { epochs: epochs ?? 1, seed, cacheBytes: way.cacheBytes };
    const report = await simulateTraining(machine, plan, data, loaded.value.format, run);
    const seconds = (performance.now() - start) / 1000;
    const learned = Buffer.from(machine.learned()).toString('base64');
    runs.push({ machine, report, seconds, learned });
    onWay({ way: way.name, seconds: rounded(seconds) });
  }
  const steps = stepTimes(runs, data);
  const [first] = runs;
  return ways.flatMap(({ name }, i): SimulationSpeed[] => {
    const [run, stepMs = Number.NaN, firstStepMs = Number.NaN] = [runs[i], steps[i], steps[0]];
    if (run === undefined || first === undefined) return [];
    const { report, seconds, learned } = run;
    return [
      {
        way: name,
        samplesPerSecond: Math.round(report.samplesPerSecond),
        seconds: rounded(seconds),
        stepMs: rounded(stepMs),
        stepTimesAsFast: rounded(firstStepMs / stepMs),
        timesAsFast: rounded(report.samplesPerSecond / first.report.samplesPerSecond),
        runTimesAsFast: rounded(first.seconds / seconds),
        cacheBytes: report.cacheBytes,
        same: learned === first.learned && figuresOf(report) === figuresOf(first.report),
      },
    ];
  });
}

const timedSteps = 100;

/** The median of each machine's steps. They take turns, so that what else the computer does slows all of them. */
function stepTimes(runs: readonly Run[], { train }: DataSet): readonly number[] {
  const times = runs.map((): number[] => []);
  for (const { input, label } of train.slice(0, timedSteps)) {
    for (const [i, { machine, report }] of runs.entries()) {
      const prefix = report.cacheBytes > 0 ? machine.capturePrefix(input) : undefined;
      const start = performance.now();
      if (prefix === undefined) machine.trainStep(input, label);
      else machine.trainStepFrom(prefix, label);
      times[i]?.push(performance.now() - start);
    }
  }
  return times.map((it) => it.sort((a, b) => a - b)[it.length >> 1] ?? Number.NaN);
}

function figuresOf({ epochs, before, wrong }: SimulationReport): string {
  const figures = epochs.map(({ loss, trainAccuracy, testAccuracy, testLoss }) => [
    loss,
    trainAccuracy,
    testAccuracy,
    testLoss,
  ]);
  return JSON.stringify([before, figures, wrong]);
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
