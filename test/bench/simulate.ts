/** How fast the simulator trains: `npm run bench -- simulate`. All ways in one run, and each must learn the same bits. */
import { parseArgs } from 'node:util';
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
  { name: 'each layer each time', machine: Machine.create, cacheBytes: 0 },
  { name: 'frozen layers once', machine: Machine.create, cacheBytes: defaultCacheBytes },
];

const publishedPlan = '../shared/data/plans/mcunet-5fps-49kb.trainplan';

export interface SimulationSpeed {
  readonly way: string;
  /** Of training, over all epochs; the first one fills the cache. */
  readonly samplesPerSecond: number;
  /** With the tests between. */
  readonly seconds: number;
  /** One training step at the end of the run, in milliseconds. */
  readonly stepMs: number;
  /** Against the first way: training, and the whole run. */
  readonly timesAsFast: number;
  readonly runTimesAsFast: number;
  readonly cacheBytes: number;
  /** Losses, accuracies and everything learned, against the first way. */
  readonly same: boolean;
}

/**
 * @param args `[PLAN] [--per-class N] [--tests N] [--epochs N]`
 * @param onWay called with each way as it ends
 */
export async function runSimulate(
  args: readonly string[],
  onWay: (speed: SimulationSpeed) => void = () => {},
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
  const results: SimulationSpeed[] = [];
  let first: { readonly report: SimulationReport; readonly learned: string; readonly seconds: number } | undefined;
  for (const { name, machine: create, cacheBytes } of ways) {
    const machine = await create(compilation.program);
    const start = performance.now();
    const run = { epochs: epochs ?? 1, seed, cacheBytes };
    const report = await simulateTraining(machine, plan, data, loaded.value.format, run);
    const seconds = (performance.now() - start) / 1000;
    const learned = Buffer.from(machine.learned()).toString('base64');
    first ??= { report, learned, seconds };
    const result: SimulationSpeed = {
      way: name,
      samplesPerSecond: Math.round(report.samplesPerSecond),
      seconds: rounded(seconds),
      stepMs: rounded(stepTime(machine, data, report.cacheBytes > 0)),
      timesAsFast: rounded(report.samplesPerSecond / first.report.samplesPerSecond),
      runTimesAsFast: rounded(first.seconds / seconds),
      cacheBytes: report.cacheBytes,
      same: learned === first.learned && figuresOf(report) === figuresOf(first.report),
    };
    results.push(result);
    onWay(result);
  }
  return results;
}

const timedSteps = 50;

function stepTime(machine: Machine, { train }: DataSet, cached: boolean): number {
  const samples = train.slice(0, timedSteps);
  const prefixes = cached ? samples.map(({ input }) => machine.capturePrefix(input)) : [];
  const start = performance.now();
  for (const [index, { input, label }] of samples.entries()) {
    const prefix = prefixes[index];
    if (prefix === undefined) machine.trainStep(input, label);
    else machine.trainStepFrom(prefix, label);
  }
  return (performance.now() - start) / samples.length;
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
