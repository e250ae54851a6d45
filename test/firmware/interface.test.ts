import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type GeneratedFile, generateC } from '../../compiler/codegen/c.ts';
import { modelFacts } from '../../compiler/codegen/facts.ts';
import { blobOffsets, readBlob, writeBlob } from '../../compiler/codegen/learned.ts';
import { type Compilation, compile } from '../../compiler/compile.ts';
import type { Program } from '../../compiler/program.ts';
import { Machine } from '../../compiler/simulate/machine.ts';
import type { TrainingPlan } from '../../compiler/training/plan.ts';
import { type PlanChanges, planOf, residual, sampleOf } from '../compiler/training/networks.ts';
import { compilersAreThere, type HostC, runC } from '../support/host-c.ts';
import interfaceMain from './c/interface.c';
import twoModelsMain from './c/two_models.c';

const samples = Array.from({ length: 14 }, (_, i) => ({ input: sampleOf(8 * 8 * 3, i % 3, i), label: i % 3 }));
const classNames = ['cat', 'a "dog"', 'vögel??/'];

interface Model {
  readonly program: Program;
  readonly planHash: number;
  readonly files: readonly GeneratedFile[];
}

function modelOf(changes: PlanChanges, name = 'small'): Model {
  const plan: TrainingPlan = { ...planOf({ learningRate: 0.05, classes: 3, ...changes }), name };
  const result = compile(residual(), plan, { arenaMilliseconds: 50 });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  const compilation: Compilation = result.value;
  const facts = modelFacts(compilation, plan, { classNames });
  return { program: compilation.program, planHash: facts.planHash, files: generateC(compilation.program, facts) };
}

const samplesHeader = {
  path: 'samples.h',
  text: `#define SAMPLES ${samples.length}
static const int8_t samples[SAMPLES][192] = {${samples.map(({ input }) => `{${[...input].join(',')}}`).join(',\n')}};
static const int32_t labels[SAMPLES] = {${samples.map(({ label }) => label).join(',')}};
`,
};

async function learnedBy({ program }: Model): Promise<Uint8Array> {
  const machine = await Machine.create(program);
  for (const { input, label } of samples) machine.trainStep(input, label);
  return machine.learned().slice();
}

/** The values of lines `key value`, by key. */
function linesOf(output: string): ReadonlyMap<string, readonly string[]> {
  const lines = new Map<string, string[]>();
  for (const line of output.trim().split('\n')) {
    const [key = '', ...rest] = line.split(' ');
    lines.set(key, [...(lines.get(key) ?? []), rest.join(' ')]);
  }
  return lines;
}

const hexadecimal = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const cases: readonly (readonly [string, PlanChanges, Omit<HostC, 'files'>])[] = [
  ['SGD, C99, gcc', {}, {}],
  ['SGD, C++17, clang', {}, { language: 'c++17', compiler: 'clang' }],
  [
    'Adam with batches of 4, C++17, gcc, arena in a section, with the hook',
    { optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, batch: 4, learningRate: 0.01 },
    {
      language: 'c++17',
      flags: ['-DSMALL_HOOK=on_step', '-DSMALL_ARENA_SECTION=".ccmram"', '-DSMALL_ARENA_ALIGNMENT=32'],
    },
  ],
  [
    'momentum, int16, int8 head, clang, with the hook',
    { optimizer: { kind: 'sgd', momentum: 0.9 }, weights: 'int16', head: 'int8' },
    { compiler: 'clang', flags: ['-DSMALL_HOOK=on_step'] },
  ],
  ['squared error', { loss: 'mean-squared-error', batch: 2 }, {}],
];

describe.skipIf(!compilersAreThere)('the interface of a generated model (skipped: needs gcc and clang)', () => {
  it.each(cases)('trains in slices, evaluates, saves and loads bit for bit: %s', async (_, changes, build) => {
    const model = modelOf(changes);
    const { program, planHash, files } = model;
    const main = { path: 'main.c', text: interfaceMain };
    const lines = linesOf(await runC({ ...build, files: [...files, samplesHeader, main] }));
    const learned = await learnedBy(model);
    expect(lines.get('learned')).toEqual([hexadecimal(learned)]);
    expect(lines.get('class')).toEqual(classNames);
    const hooked = build.flags?.some((flag) => flag.includes('HOOK')) === true;
    const steps = program.steps.map(({ layer, phase }) => `${layer} (${phase})`);
    expect(lines.get('step')).toEqual(hooked ? steps : undefined);

    const blob = Buffer.from(lines.get('saved')?.[0] ?? '', 'hex');
    expect(blobOffsets(blob)).toEqual([0]);
    expect(blob).toEqual(Buffer.from(writeBlob(program, planHash, learned)));
    const factory = new Uint8Array(learned.length);
    const loaded = readBlob(program, planHash, factory, blob);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
    expect(hexadecimal(writeBlob(program, planHash, loaded.value.memory))).toBe(hexadecimal(blob));
  });

  it.each([
    ['each with its own arena', 'c99', []],
    ['sharing an array of the firmware', 'c++17', ['SMALL', 'OTHER'].map((it) => `-D${it}_ARENA_EXTERN=shared_arena`)],
  ] as const)('does not disturb another model of the same firmware: %s', async (_, language, flags) => {
    const small = modelOf({});
    const other = modelOf({ classes: 4, weights: 'int16', head: 'int8' }, 'other');
    const main = { path: 'main.c', text: twoModelsMain };
    const files = [...small.files, ...other.files, samplesHeader, main];
    const lines = linesOf(await runC({ files, language, flags }));
    expect(lines.get('small')).toEqual([hexadecimal(await learnedBy(small))]);
    expect(lines.get('other')).toEqual([hexadecimal(await learnedBy(other))]);
  });

  it('puts the arena and what is learned where the firmware wants them', async () => {
    const { program, files } = modelOf({});
    const sections = ['-DSMALL_ARENA_SECTION=".ccmram"', '-DSMALL_LEARNED_SECTION=".backup"'];
    let table = '';
    await runC({
      files: [...files, { path: 'main.c', text: '#include "small.h"\nint main(void) { small_init(); return 0; }\n' }],
      flags: [...sections, '-DSMALL_ARENA_ALIGNMENT=64'],
      sanitize: false,
      inspect: async (directory) => {
        table = execFileSync('objdump', ['-h', 'small.c.o'], { cwd: directory, encoding: 'utf8' });
      },
    });
    const sizeAndAlignment = (section: string): readonly (string | undefined)[] =>
      new RegExp(`\\${section}\\s+(\\w+)\\s.*(2\\*\\*\\d+)`).exec(table)?.slice(1) ?? [];
    const [arenaBytes = '', alignment] = sizeAndAlignment('.ccmram');
    expect(Number.parseInt(arenaBytes, 16)).toBeGreaterThanOrEqual(program.arenaBytes);
    expect(Number.parseInt(arenaBytes, 16)).toBeLessThan(program.arenaBytes + 64);
    expect(alignment).toBe('2**6');
    expect(Number.parseInt(sizeAndAlignment('.backup')[0] ?? '', 16)).toBe(program.sramBytes);
  });

  it('costs nothing that the firmware does not call', async () => {
    const { files } = modelOf({});
    const main = `#include "small.h"
int main(void) { small_init(); return small_infer(small_input()) < 0; }
`;
    let symbols = '';
    await runC({
      files: [...files, { path: 'main.c', text: main }],
      sanitize: false,
      inspect: async (directory) => {
        symbols = execFileSync('nm', ['program'], { cwd: directory, encoding: 'utf8' });
      },
    });
    const own = [...symbols.matchAll(/ [a-zA-Z] (small_\w+|ft_\w+|turn|parts|learned)$/gm)].map(([, name]) => name);
    expect(own).toEqual(expect.arrayContaining(['small_init', 'small_infer', 'ft_conv_s8']));
    for (const name of own)
      expect(name).not.toMatch(/^(ft_(slots|blob|crc|picture)|turn|parts|learned|small_(class|train|save))/);
  });
});
