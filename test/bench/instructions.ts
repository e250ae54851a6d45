/**
 * `npm run bench -- instructions [BOARD ...] [--write]`: the instructions of each step of many plans, counted on emulated boards,
 * and how far the compiler's estimate of whole training steps is off. With `--write` the rates of the estimate are fitted
 * to these counts first, and written to compiler/timing/rates.ts; that needs all boards.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { generateC } from '../../compiler/codegen/c.ts';
import { modelFacts } from '../../compiler/codegen/facts.ts';
import { type Compilation, compile } from '../../compiler/compile.ts';
import { estimateInstructions } from '../../compiler/timing/instructions.ts';
import type { Path, Rates } from '../../compiler/timing/rates.ts';
import { type Work, workOf } from '../../compiler/timing/work.ts';
import type { Core, TrainingPlan } from '../../compiler/training/plan.ts';
import { benchOnBoard } from '../../extension/cli/board/bench.ts';
import { type Board, boards } from '../../extension/cli/board/boards.ts';
import type { ModelSources } from '../../extension/cli/board/sources.ts';
import { findTools, firmwareToolNames } from '../../extension/cli/board/tools.ts';
import { compilePlanFile } from '../../extension/cli/compilation.ts';
import { type CountedStep, fitRates } from './fitRates.ts';

export interface InstructionsRow {
  readonly board: string;
  readonly plan: string;
  /** Of one training step. */
  readonly counted: number;
  readonly estimated: number;
  readonly differencePercent: number;
}

/** A program, and what each of its steps took. */
interface CountedProgram {
  readonly plan: string;
  readonly compilation: Compilation;
  /** By step, of a training step. */
  readonly instructions: readonly number[];
}

interface Measured {
  readonly path: Path;
  readonly core: Core;
  readonly board: Board<string>;
}

/** Without DSP instructions and FPU. */
const cortexM3: Board<string> = {
  ...boards['mps2-an386'],
  name: 'mps2-an385',
  processor: 'Cortex-M3',
  compilerFlags: ['-mcpu=cortex-m3', '-mthumb', '-mfloat-abi=soft'],
};
const measured: readonly Measured[] = [
  { path: 'dsp', core: 'cortex-m7', board: boards['mps2-an500'] },
  { path: 'mve', core: 'cortex-m55', board: boards['mps3-an547'] },
  { path: 'portable', core: 'cortex-m3', board: cortexM3 },
];

const folders = ['../shared/data/plans', 'test/models/plans', 'extension/samples/garments'];

/** Plans as they are, and in ways that use other kernels. */
const variants: Readonly<Record<string, (plan: TrainingPlan) => TrainingPlan>> = {
  '': (plan) => plan,
  float32: (plan) => ({ ...plan, train: { ...plan.train, gradients: 'float32' } }),
  'whole layers': (plan) => ({ ...plan, train: { ...plan.train, stream: false } }),
  momentum: (plan) => ({
    ...plan,
    train: {
      ...plan.train,
      optimizer: { kind: 'sgd', momentum: 0.9 },
      weights: 'int8-stochastic',
      gradients: 'float32',
    },
  }),
};

export async function runInstructions(
  args: readonly string[],
  onRow: (row: { readonly board: string; readonly plan: string; readonly counted: number }) => void,
): Promise<readonly InstructionsRow[]> {
  const options = { write: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const chosen = measured.filter(({ board }) => positionals.length === 0 || positionals.includes(board.name));
  if (values.write === true && chosen.length < measured.length) throw new Error('--write needs all boards');
  const found: { readonly on: Measured; readonly programs: readonly CountedProgram[] }[] = [];
  for (const on of chosen) {
    const programs = await countPrograms(on.board, ({ plan, instructions }) =>
      onRow({ board: on.board.name, plan, counted: sumOf(instructions) }),
    );
    found.push({ on, programs });
  }
  if (values.write === true) {
    const fitted = found.map(({ on, programs }): Fitted => [on.path, fitRates(programs.flatMap(stepsOf))]);
    writeFileSync('compiler/timing/rates.ts', ratesModule(fitted));
  }
  return found.flatMap(({ on, programs }) => programs.map((program) => compared(on, program)));
}

/** With the rates that this program was built with: after `--write`, build again. */
function compared({ board, core }: Measured, { plan, compilation, instructions }: CountedProgram): InstructionsRow {
  const { forward = 0, backward = 0, update = 0 } = estimateInstructions(compilation, core) ?? {};
  const [counted, estimated] = [sumOf(instructions), forward + backward + update];
  const differencePercent = Number((100 * (estimated / counted - 1)).toFixed(1));
  return { board: board.name, plan, counted, estimated, differencePercent };
}

function stepsOf({ compilation, instructions }: CountedProgram): readonly CountedStep[] {
  const work: Work[][] = instructions.map(() => []);
  for (const each of workOf(compilation)) work[each.step]?.push(each);
  return instructions.map((count, step) => ({ instructions: count, work: work[step] ?? [] }));
}

type Fitted = readonly [Path, Readonly<Record<string, Rates>>];

function ratesModule(fitted: readonly Fitted[]): string {
  const tables = fitted.map(
    ([path, table]) =>
      `  ${path}: {\n${Object.entries(table)
        .map(([name, rates]) => `    ${/\W/.test(name) ? `'${name}'` : name}: [${rates.join(', ')}],\n`)
        .join('')}  },\n`,
  );
  return `/**
 * Written by \`npm run bench -- instructions --write\`: instructions per call, multiply-accumulate, element and gathered element,
 * fitted to emulated processors (Cortex-M7, Cortex-M55, Cortex-M3 without an FPU), arm-none-eabi-gcc 12.2 -O3.
 */
export type Path = 'dsp' | 'mve' | 'portable';
export type Rates = readonly [number, number, number, number];

export const rates: Readonly<Record<Path, Readonly<Record<string, Rates>>>> = {
${tables.join('')}};
`;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

async function countPrograms(
  board: Board<string>,
  onCounted: (counted: CountedProgram) => void,
): Promise<readonly CountedProgram[]> {
  const counted: CountedProgram[] = [];
  for (const file of folders.flatMap(plansIn)) {
    const compiled = await compilePlanFile(file);
    if (!compiled.ok) throw new Error(`${file}: ${compiled.diagnostics[0]?.message}`);
    const { graph, plan } = compiled.value;
    for (const [variant, change] of Object.entries(variants)) {
      const own = change(plan);
      const compilation = compile(graph, own);
      if (!compilation.ok) continue;
      const name = basename(file, '.trainplan');
      const entry = {
        plan: variant === '' ? name : `${name}, ${variant}`,
        compilation: compilation.value,
        instructions: await countSteps(compilation.value, own, board),
      };
      onCounted(entry);
      counted.push(entry);
    }
  }
  return counted;
}

function plansIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.trainplan'))
    .map((name) => join(folder, name));
}

async function countSteps(
  compilation: Compilation,
  plan: TrainingPlan,
  board: Board<string>,
): Promise<readonly number[]> {
  const tools = findTools(firmwareToolNames);
  if (!tools.ok) throw new Error(tools.diagnostics[0]?.message);
  const { program } = compilation;
  const { input } = program.ports;
  const codes = new Int8Array(program.buffers[input]?.bytes ?? 0).map(
    (_, index) => ((index * 73) ^ (index >> 5)) & 0x7f,
  );
  const run = await benchOnBoard({
    ...stepwise(compilation, plan),
    board,
    tools: tools.value,
    // A record for each step; the first begins, and does nothing else.
    session: {
      training: [{ input: codes, label: 0 }, ...program.steps.map(() => ({ input: codes, label: 0 }))],
      inference: [],
    },
    flashBytes: board.flashCapacityBytes,
    sramBytes: board.sramCapacityBytes,
  });
  if (!run.ok) throw new Error(`${plan.name}: ${run.diagnostics[0]?.message}`);
  return run.value.steps.slice(1).map(({ instructions }) => Math.max(0, instructions - sliceInstructions));
}

/** What `train_poll` adds to a step: the step is found by tests that fold away where a pass is compiled as a whole. */
const sliceInstructions = 218;

/** A firmware whose training steps are the slices of one. */
function stepwise(compilation: Compilation, plan: TrainingPlan): ModelSources {
  const { name } = plan;
  const upper = name.toUpperCase();
  const header = `#include "${name}.h"
#define SLICES_INPUT_BYTES ${upper}_INPUT_BYTES
#define SLICES_LEARNED_BYTES 4
void slices_init(void);
int8_t *slices_input(void);
float slices_train_step(const int8_t *input, int32_t label);
int32_t slices_infer(const int8_t *input);
int32_t slices_prediction(void);
const void *slices_learned(void);
`;
  const source = `#include "slices.h"
static int8_t sample[SLICES_INPUT_BYTES];
static int32_t begun, nothing;
void slices_init(void) { ${name}_init(); }
int8_t *slices_input(void) { return sample; }
float slices_train_step(const int8_t *input, int32_t label) {
  if (begun == 0) ${name}_train_begin(input, label);
  else ${name}_train_poll();
  begun = 1;
  return 0.0f;
}
int32_t slices_infer(const int8_t *input) { return input[0]; }
int32_t slices_prediction(void) { return 0; }
const void *slices_learned(void) { return &nothing; }
`;
  const files = [...generateC(compilation.program, modelFacts(compilation, plan)), { path: 'slices.h', text: header }];
  return { planName: 'slices', files: [...files, { path: 'slices.c', text: source }] };
}
