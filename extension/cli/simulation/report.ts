/** What `simulate` says: progress, one report, or several runs side by side. */
import type { EpochResult, SimulationProgress, SimulationReport } from '../../../compiler/simulate/train.ts';
import type { Io } from '../command.ts';
import { percentText, table } from '../output.ts';

/** A line per second of reading the data. */
export function readingPrinter(io: Io): (progress: { readonly done: number; readonly total: number }) => void {
  let last = performance.now();
  return ({ done, total }) => {
    if (performance.now() - last < 1000) return;
    io.err(`reading the data: ${done}/${total}\n`);
    last = performance.now();
  };
}

/** A line per second of work and one per epoch. */
export function progressPrinter(io: Io, name = ''): (progress: SimulationProgress) => void {
  let last = performance.now();
  return (progress) => {
    const { epoch, epochs, samplesDone, samples, phase, loss, result } = progress;
    const now = performance.now();
    if (result !== undefined) {
      io.err(`${name}epoch ${epoch}/${epochs}: loss ${loss.toFixed(4)}, ${resultText(result)}${leftText(progress)}\n`);
      last = now;
    } else if (now - last >= 1000) {
      const where = epoch === 0 ? 'before training' : `epoch ${epoch}/${epochs}`;
      const mean =
        phase === 'training' ? `, loss ${loss.toFixed(4)}, ${progress.samplesPerSecond.toFixed(0)} samples/s` : '';
      io.err(`${name}${where}: ${phase} ${samplesDone}/${samples}${mean}${leftText(progress)}\n`);
      last = now;
    }
  };
}

function resultText({ trainAccuracy, testAccuracy, testLoss, seconds }: EpochResult): string {
  const quality = Number.isNaN(trainAccuracy)
    ? `test loss ${testLoss.toFixed(4)}`
    : `train ${percentText(trainAccuracy)}, test ${percentText(testAccuracy)}`;
  return `${quality}, ${seconds.toFixed(1)} s`;
}

function leftText({ secondsLeft }: SimulationProgress): string {
  if (Number.isNaN(secondsLeft) || secondsLeft < 1) return '';
  const [minutes, seconds] = [Math.floor(secondsLeft / 60), Math.round(secondsLeft % 60)];
  return minutes === 0 ? `, ${seconds} s left` : `, ${minutes} min ${seconds} s left`;
}

export function simulationText(report: SimulationReport): string {
  const { before, epochs, samplesPerSecond, classes, perClass } = report;
  const rows = [
    ['0', '', '', percentText(before.testAccuracy), lossText(before.testLoss), ''],
    ...epochs.map(({ loss, trainAccuracy, testAccuracy, testLoss, seconds }, index) => [
      String(index + 1),
      lossText(loss),
      percentText(trainAccuracy),
      percentText(testAccuracy),
      lossText(testLoss),
      seconds.toFixed(1),
    ]),
  ];
  const columns = ['epoch', 'loss', 'train', 'test', 'test loss', 'seconds'].map((title) => ({ title }));
  const of = classes.length === 0 ? '' : ` of ${classes.length} classes`;
  const samples = `${report.trainSamples} training and ${report.testSamples} test samples${of}`;
  const end = report.cancelled === true ? 'cancelled; ' : '';
  const tested = perClass.some((each) => each.samples > 0) ? `${classText(report)}\n` : '';
  return `${samples}\n${table(columns, rows)}${tested}${end}${samplesPerSecond.toFixed(0)} samples per second\n`;
}

const lossText = (loss: number): string => (Number.isNaN(loss) ? '-' : loss.toFixed(4));

/** Most classes whose confusion fits a screen. */
const widestMatrix = 12;

/** Per class, and which class its samples were taken for. */
function classText({ classes, perClass, confusion }: SimulationReport): string {
  const matrix = classes.length <= widestMatrix ? confusion : [];
  const names = [...classes, 'other'].slice(0, matrix[0]?.length ?? 0);
  const columns = [
    { title: 'class', align: 'left' as const },
    ...['samples', 'right', 'loss', ...names.map((name) => name.slice(0, 8))].map((title) => ({ title })),
  ];
  const rows = perClass.map(({ name, samples, accuracy, loss }, label) => [
    ...[name, samples, percentText(accuracy), lossText(loss)],
    ...(matrix[label] ?? []),
  ]);
  return table(columns, rows).trimEnd();
}

export interface SeveralRuns {
  /** Means over the runs that were not cut short before. */
  readonly before: SimulationReport['before'];
  readonly epochs: readonly EpochResult[];
  /** Of all runs together. */
  readonly samplesPerSecond: number;
  readonly seeds: readonly number[];
  /** Over the runs, after their last epochs. */
  readonly testAccuracy: {
    readonly mean: number;
    readonly least: number;
    readonly most: number;
    readonly deviation: number;
  };
  readonly runs: readonly SimulationReport[];
  readonly cancelled?: true;
}

/** @param seconds that all runs took together */
export function severalRuns(runs: readonly SimulationReport[], seconds: number): SeveralRuns {
  const complete = Math.min(...runs.map(({ epochs }) => epochs.length));
  const meanOf = (value: (run: SimulationReport) => number): number => mean(runs.map(value));
  const last = runs.map(({ epochs, before }) => epochs.at(-1)?.testAccuracy ?? before.testAccuracy);
  const center = mean(last);
  const trained = runs.reduce((sum, { epochs, trainSamples }) => sum + epochs.length * trainSamples, 0);
  return {
    before: {
      testAccuracy: meanOf(({ before }) => before.testAccuracy),
      testLoss: meanOf(({ before }) => before.testLoss),
    },
    epochs: Array.from({ length: complete }, (_, epoch): EpochResult => {
      const of = (key: keyof EpochResult): number => meanOf(({ epochs }) => epochs[epoch]?.[key] ?? Number.NaN);
      return {
        loss: of('loss'),
        trainAccuracy: of('trainAccuracy'),
        testAccuracy: of('testAccuracy'),
        testLoss: of('testLoss'),
        seconds: of('seconds'),
      };
    }),
    samplesPerSecond: seconds === 0 ? 0 : trained / seconds,
    seeds: runs.map(({ seed }) => seed),
    testAccuracy: {
      mean: center,
      least: Math.min(...last),
      most: Math.max(...last),
      deviation: Math.sqrt(mean(last.map((each) => (each - center) ** 2))),
    },
    runs,
    ...(runs.some(({ cancelled }) => cancelled) ? { cancelled: true } : {}),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function severalRunsText({ runs, testAccuracy, samplesPerSecond, cancelled }: SeveralRuns): string {
  const rows = runs.map(({ seed, epochs, before }) => {
    const last = epochs.at(-1);
    return [
      String(seed),
      String(epochs.length),
      lossText(last?.loss ?? Number.NaN),
      percentText(before.testAccuracy),
      percentText(last?.testAccuracy ?? Number.NaN),
      lossText(last?.testLoss ?? Number.NaN),
    ];
  });
  const columns = ['seed', 'epochs', 'loss', 'before', 'test', 'test loss'].map((title) => ({ title }));
  const { mean: center, least, most, deviation } = testAccuracy;
  const spread = `${percentText(least)} to ${percentText(most)}, deviation ${percentText(deviation)}`;
  const end = cancelled === true ? 'cancelled; ' : '';
  return `${table(columns, rows)}test accuracy ${percentText(center)} on average (${spread})\n${end}${samplesPerSecond.toFixed(0)} samples per second in all\n`;
}
