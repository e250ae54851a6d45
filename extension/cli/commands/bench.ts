import { mkdir } from 'node:fs/promises';
import { generateC } from '../../../compiler/codegen/c.ts';
import { modelFacts } from '../../../compiler/codegen/facts.ts';
import type { MemoryReport } from '../../../compiler/memory/report.ts';
import { trainingOrder } from '../../../compiler/simulate/data.ts';
import { type BoardMeasurement, benchOnBoard } from '../board/bench.ts';
import { boards, isBoardName } from '../board/boards.ts';
import { findTools, firmwareToolNames } from '../board/tools.ts';
import { type Command, countFlag, failed, operandAt, requiredFlag, textFlag, UsageError } from '../command.ts';
import { type Comparison, compareWithSimulator } from '../comparison.ts';
import { compilePlanFile } from '../compilation.ts';
import { loadData } from '../files/data.ts';
import { bytesText, table } from '../output.ts';

const defaultSteps = 100;
/** Inferences with the trained model, to measure one. */
const inferences = 3;

export const bench: Command = {
  name: 'bench',
  operands: ['PLAN'],
  flagsHelp: `--board ${Object.keys(boards).join('|')} [--steps N] [--seed S] [--sram BYTES] [--keep DIR]`,
  summary: 'builds the firmware, trains it on an emulated board, and compares with the simulator bit for bit',
  flags: {
    board: { type: 'string' },
    steps: { type: 'string' },
    seed: { type: 'string' },
    sram: { type: 'string' },
    keep: { type: 'string' },
  },
  async run(invocation, io) {
    const { flags } = invocation;
    const board = requiredFlag(flags, 'board');
    if (!isBoardName(board)) throw new UsageError(`--board is one of ${Object.keys(boards).join(', ')}`);
    const steps = countFlag(flags, 'steps', 1) ?? defaultSteps;
    const [givenSeed, sram, keepIn] = [
      countFlag(flags, 'seed', 0),
      countFlag(flags, 'sram', 1),
      textFlag(flags, 'keep'),
    ];
    const compiled = await compilePlanFile(operandAt(invocation, 0));
    if (!compiled.ok) return failed(compiled.diagnostics);
    const { plan, compilation, memory, diagnostics } = compiled.value;
    const tools = findTools(firmwareToolNames);
    if (!tools.ok) return failed([...diagnostics, ...tools.diagnostics]);
    const seed = givenSeed ?? plan.train.seed;
    const loaded = await loadData(compiled.value, compilation.network, { seed });
    if (!loaded.ok) return failed([...diagnostics, ...loaded.diagnostics]);
    const { data, format } = loaded.value;
    const order = trainingOrder(data.train, plan, format, seed);
    const samples = Array.from({ length: steps }, () => order.next().value);
    const session = {
      training: samples,
      inference: (data.test.length > 0 ? data.test : data.train).slice(0, inferences).map(({ input }) => input),
    };
    if (keepIn !== undefined) await mkdir(keepIn, { recursive: true });
    io.err(`building for ${board}, then ${steps} steps\n`);
    const measured = await benchOnBoard({
      files: generateC(compilation.program, modelFacts(compilation, plan)),
      planName: plan.name,
      board: boards[board],
      tools: tools.value,
      session,
      sramBytes: sram ?? plan.target.sramBytes,
      flashBytes: plan.target.flashBytes,
      keepIn,
      signal: io.signal,
      onProgress: (done, total) => {
        if (done % Math.ceil(total / 10) === 0) io.err(`${done}/${total} on ${board}\n`);
      },
    });
    const all = [...diagnostics, ...loaded.diagnostics, ...compiled.value.placed(measured.diagnostics)];
    if (!measured.ok) return failed(all);
    const comparison = await compareWithSimulator(compilation.program, session, measured.value);
    const document = benchDocument(measured.value, comparison, memory);
    return {
      document,
      text: () => benchText(board, steps, document),
      diagnostics: comparison.same ? all : [...all, { ...differs(comparison), file: compiled.value.file }],
    };
  },
};

type BenchDocument = ReturnType<typeof benchDocument>;

/** Instructions are means over the steps. */
function benchDocument(measured: BoardMeasurement, comparison: Comparison, memory: MemoryReport) {
  const { sram, flashBytes, trainStepInstructions, inferenceInstructions } = measured;
  return {
    inferenceInstructions: Math.round(inferenceInstructions?.mean ?? 0),
    trainStepInstructions: Math.round(trainStepInstructions?.mean ?? 0),
    sram,
    /** Arena, trained and state by the plan's report: what data + bss should be. */
    reportedStaticBytes: memory.sramBytes - memory.stackBytes,
    /** Estimated. */
    reportedStackBytes: memory.stackBytes,
    flashBytes,
    sameAsSimulator: comparison.same,
    steps: measured.steps.length,
    lastLoss: measured.steps.at(-1)?.loss,
    ...(comparison.firstDifferentStep === undefined ? {} : { firstDifferentStep: comparison.firstDifferentStep }),
    differentBytes: comparison.differentBytes,
  };
}

function differs({ firstDifferentStep, differentBytes }: Comparison) {
  const where = firstDifferentStep === undefined ? '' : ` from step ${firstDifferentStep} on`;
  return {
    severity: 'error',
    code: 'differs-from-simulator',
    message: `board and simulator differ${where}; ${differentBytes} learned bytes are different at the end`,
    remedy: 'report this with the plan: generated code and simulator must agree bit for bit',
  } as const;
}

function benchText(board: string, steps: number, document: BenchDocument): string {
  const { sram } = document;
  const figures = table(
    [{ title: board, align: 'left' }, { title: '' }, { title: '', align: 'left' }],
    [
      ['one inference', document.inferenceInstructions, 'instructions'],
      ['one training step', document.trainStepInstructions, 'instructions'],
      ['.data', sram.data, 'B'],
      ['.bss', sram.bss, `B; the plan's report says ${document.reportedStaticBytes.toLocaleString('en')} for both`],
      ['stack', sram.stack, `B; estimated ${document.reportedStackBytes.toLocaleString('en')}`],
      ['SRAM in all', sram.total, bytesText(sram.total).replace(/^.*\(/, '(')],
      ['flash', document.flashBytes, bytesText(document.flashBytes).replace(/^.*\(/, '(')],
    ],
  );
  const verdict = document.sameAsSimulator ? 'identical' : 'NOT identical';
  return `${figures}simulator and board ${verdict} over ${steps} steps (losses, predictions, everything learned)\n`;
}
