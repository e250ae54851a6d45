import { Machine } from '../../../compiler/simulate/machine.ts';
import { type SimulationProgress, type SimulationReport, simulateTraining } from '../../../compiler/simulate/train.ts';
import { type Command, countFlag, failed, type Io, operandAt } from '../command.ts';
import { compilePlanFile } from '../compilation.ts';
import { loadData } from '../files/data.ts';
import { percentText, table } from '../output.ts';

export const simulate: Command = {
  name: 'simulate',
  operands: ['PLAN'],
  flagsHelp: '[--epochs N] [--seed S] [--limit N] [--per-class N]',
  summary: "trains in the simulator on the plan's data; the flags replace what the plan says or limit the samples",
  flags: {
    epochs: { type: 'string' },
    seed: { type: 'string' },
    limit: { type: 'string' },
    'per-class': { type: 'string' },
  },
  async run(invocation, io) {
    const { flags } = invocation;
    const [epochs, seed] = [countFlag(flags, 'epochs', 0), countFlag(flags, 'seed', 0)];
    const [limit, perClass] = [countFlag(flags, 'limit', 1), countFlag(flags, 'per-class', 1)];
    const compiled = await compilePlanFile(operandAt(invocation, 0));
    if (!compiled.ok) return failed(compiled.diagnostics);
    const { plan, compilation, diagnostics } = compiled.value;
    const run = { epochs: epochs ?? plan.train.epochs, seed: seed ?? plan.train.seed };
    const loaded = await loadData(compiled.value, compilation.network, {
      limit,
      perClass,
      seed: run.seed,
    });
    if (!loaded.ok) return failed([...diagnostics, ...loaded.diagnostics]);
    const machine = await Machine.create(compilation.program);
    const { data, format } = loaded.value;
    const onProgress = progressPrinter(io);
    const report = await simulateTraining(machine, plan, data, format, { ...run, onProgress, signal: io.signal });
    return {
      document: report,
      text: () => simulationText(report),
      diagnostics: [...diagnostics, ...loaded.diagnostics],
    };
  },
};

/** A line per second of work and one per epoch. */
export function progressPrinter(io: Io): (progress: SimulationProgress) => void {
  let last = performance.now();
  return ({ epoch, epochs, samplesDone, samples, phase, loss, result }) => {
    const now = performance.now();
    if (result !== undefined) {
      const { trainAccuracy, testAccuracy, seconds } = result;
      const accuracy = `train ${percentText(trainAccuracy)}, test ${percentText(testAccuracy)}`;
      io.err(`epoch ${epoch}/${epochs}: loss ${loss.toFixed(4)}, ${accuracy}, ${seconds.toFixed(1)} s\n`);
      last = now;
    } else if (now - last >= 1000) {
      const where = epoch === 0 ? 'before training' : `epoch ${epoch}/${epochs}`;
      const mean = phase === 'training' ? `, loss ${loss.toFixed(4)}` : '';
      io.err(`${where}: ${phase} ${samplesDone}/${samples}${mean}\n`);
      last = now;
    }
  };
}

function simulationText({ before, epochs, samplesPerSecond, classes, ...report }: SimulationReport): string {
  const rows = [
    ['0', '', '', percentText(before.testAccuracy), ''],
    ...epochs.map(({ loss, trainAccuracy, testAccuracy, seconds }, index) => [
      String(index + 1),
      loss.toFixed(4),
      percentText(trainAccuracy),
      percentText(testAccuracy),
      seconds.toFixed(1),
    ]),
  ];
  const columns = ['epoch', 'loss', 'train', 'test', 'seconds'].map((title) => ({ title }));
  const samples = `${report.trainSamples} training and ${report.testSamples} test samples of ${classes.length} classes`;
  const end = report.cancelled === true ? 'cancelled; ' : '';
  return `${samples}\n${table(columns, rows)}${end}${samplesPerSecond.toFixed(0)} samples per second\n`;
}
