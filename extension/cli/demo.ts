/** `npm run demo`: the bundled sample from plan to trained device, in the simulator and on an emulated Cortex-M7. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { generateC } from '../../compiler/codegen/c.ts';
import { modelFacts } from '../../compiler/codegen/facts.ts';
import { trainingOrder } from '../../compiler/simulate/data.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import { simulateTraining } from '../../compiler/simulate/train.ts';
import { benchOnBoard } from './board/bench.ts';
import { boards } from './board/boards.ts';
import { findTools, firmwareToolNames } from './board/tools.ts';
import type { Io } from './command.ts';
import { compareWithSimulator } from './comparison.ts';
import { type CompiledPlan, compilePlanFile } from './compilation.ts';
import { type LoadedData, loadData } from './files/data.ts';
import { writeGenerated } from './files/generated.ts';
import { bytesText, diagnosticText, percentText } from './output.ts';
import { progressPrinter } from './simulation/report.ts';

const board = boards['mps2-an500'];
const boardSteps = 200;

export interface Demo {
  readonly planFile: string;
  /** For the generated C. */
  readonly out: string;
  readonly io: Io;
}

/** @returns the exit code */
export async function demo({ planFile, out, io }: Demo): Promise<number> {
  const compiled = await compilePlanFile(planFile);
  for (const diagnostic of compiled.ok ? compiled.value.diagnostics : compiled.diagnostics) {
    io.err(diagnosticText(diagnostic));
  }
  if (!compiled.ok) return 1;
  const { plan, compilation, memory } = compiled.value;
  const loaded = await loadData(compiled.value, compilation.network, { seed: plan.train.seed });
  if (!loaded.ok) {
    for (const diagnostic of loaded.diagnostics) io.err(diagnosticText(diagnostic));
    return 1;
  }
  const bound = memory.provenOptimal ? 'proven least' : `lower bound ${bytesText(memory.lowerBoundBytes)}`;
  io.out(`Plan       ${planFile}, compiled in ${compiled.value.milliseconds} ms\n`);
  io.out(`Peak SRAM  ${bytesText(memory.sramBytes)} of ${bytesText(plan.budgetBytes)}\n`);
  io.out(
    `           arena ${bytesText(memory.arenaBytes)}, ${bound}; peak in ${memory.peak.layer} (${memory.peak.phase})\n`,
  );
  io.out(`           trained ${bytesText(memory.trainableBytes)}, stack about ${bytesText(memory.stackBytes)}\n`);

  await train(compiled.value, loaded.value, io);

  const files = generateC(compilation.program, modelFacts(compilation, compiled.value.plan));
  const written = await writeGenerated(out, {
    model: compilation.program.name,
    plan: planFile,
    planText: readFileSync(planFile, 'utf8'),
    kind: undefined,
    files,
    force: false,
  });
  if (!written.ok) {
    for (const diagnostic of written.diagnostics) io.err(diagnosticText(diagnostic));
    return 1;
  }
  io.out(`C code     ${files.length} files in ${relative(process.cwd(), out) || '.'}\n`);
  return await compareOnBoard(compiled.value, loaded.value, io);
}

async function train({ plan, compilation }: CompiledPlan, { data, format }: LoadedData, io: Io): Promise<void> {
  const { epochs, seed } = plan.train;
  io.out(`Training   ${data.train.length} pictures of ${data.classes.join(', ')}; ${epochs} epochs in the simulator\n`);
  const machine = await Machine.create(compilation.program);
  const onProgress = progressPrinter(io);
  const report = await simulateTraining(machine, plan, data, format, { epochs, seed, onProgress, signal: io.signal });
  const after = report.epochs.at(-1)?.testAccuracy ?? Number.NaN;
  io.out(`Accuracy   ${percentText(report.before.testAccuracy)} before, ${percentText(after)} after, `);
  io.out(
    `on ${data.test.length} pictures never trained on (${report.samplesPerSecond.toFixed(0)} samples per second)\n`,
  );
}

async function compareOnBoard(compiled: CompiledPlan, { data, format }: LoadedData, io: Io): Promise<number> {
  const { plan, compilation } = compiled;
  const tools = findTools(firmwareToolNames);
  if (!tools.ok) {
    io.out(`Board      left out: the Arm toolchain or QEMU is missing\n`);
    for (const { message, remedy } of tools.diagnostics) io.out(`           ${message}\n           ${remedy}\n`);
    return 0;
  }
  const order = trainingOrder(data.train, plan, format, plan.train.seed);
  const training = Array.from({ length: boardSteps }, () => order.next().value);
  const session = { training, inference: data.test.slice(0, 1).map(({ input }) => input) };
  const files = generateC(compilation.program, modelFacts(compilation, plan));
  const measured = await benchOnBoard({
    files,
    planName: plan.name,
    board,
    tools: tools.value,
    session,
    signal: io.signal,
  });
  if (!measured.ok) {
    for (const diagnostic of measured.diagnostics) io.err(diagnosticText(diagnostic));
    return 1;
  }
  const { sram, trainStepInstructions, inferenceInstructions } = measured.value;
  const count = (value = 0): string => Math.round(value).toLocaleString('en');
  io.out(`Board      ${board.name} (emulated ${board.processor}): ${bytesText(sram.total)} of SRAM in all\n`);
  io.out(`           ${count(trainStepInstructions?.mean)} instructions per training step, `);
  io.out(`${count(inferenceInstructions?.mean)} per inference\n`);
  const { same, firstDifferentStep, differentBytes } = await compareWithSimulator(
    compilation.program,
    session,
    measured.value,
  );
  if (same) {
    io.out(
      `Result     simulator and ${board.processor} identical over ${boardSteps} steps (losses, weights, biases: every bit)\n`,
    );
    return 0;
  }
  io.out(`Result     simulator and ${board.processor} DIFFER: first in step ${firstDifferentStep ?? '-'}; `);
  io.out(`${differentBytes} learned bytes\n`);
  return 1;
}

/** The package's folder, from the bundle in dist/ and from the source. */
function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  const root = packageFolder();
  process.exitCode = await demo({
    planFile: relative(process.cwd(), join(root, 'extension/samples/garments/garments.trainplan')),
    out: join(root, 'build/demo'),
    io: { out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) },
  });
}
