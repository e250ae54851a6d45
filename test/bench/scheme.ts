/** The scheme that the search finds for a budget beside the published one, trained alike: `npm run bench -- scheme`. Needs
 * ../shared/data. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compile } from '../../compiler/compile.ts';
import { planTotals } from '../../compiler/memory/report.ts';
import { fineTune } from '../../compiler/search/contribution.ts';
import { sharedPrefixes } from '../../compiler/search/prefixes.ts';
import { searchScheme, type Update } from '../../compiler/search/scheme.ts';
import { searchableLayers } from '../../compiler/search/space.ts';
import type { TrainingPlan } from '../../compiler/training/plan.ts';
import { readContributions } from '../../extension/cli/files/contributions.ts';
import { loadData } from '../../extension/cli/files/data.ts';
import { type LoadedPlan, loadPlan } from '../../extension/cli/files/plan.ts';
import { updateLines } from '../../language/updateBlock.ts';

interface Task {
  readonly classes: number;
  readonly perClass?: number;
  /** Learning rate for a batch of 256. */
  readonly rate: number;
  readonly epochs: number;
}

const tasks: Readonly<Record<string, Task>> = {
  'cifar10-mini': { classes: 10, perClass: 100, rate: 0.2, epochs: 10 },
  'flowers5-mini': { classes: 5, rate: 0.4, epochs: 15 },
  'vww-coco-mini': { classes: 2, rate: 0.4, epochs: 15 },
};

const shared = resolve('../shared/data');
const batch = 8;

/** The published plan as a device would run it, on other data. */
async function planOn(data: string, { classes }: Task): Promise<LoadedPlan> {
  mkdirSync('build', { recursive: true });
  const folder = mkdtempSync('build/scheme-');
  try {
    const published = readFileSync(join(shared, 'plans/mcunet-5fps-49kb.trainplan'), 'utf8');
    const file = join(folder, 'scheme.trainplan');
    const text = published
      .replace(/"\.\.\//g, `"${relative(folder, shared)}/`)
      .replace(/data "[^"]*"/, `data "${relative(folder, join(shared, data))}"`)
      .replace(/classes \d+/, `classes ${classes}`);
    writeFileSync(file, text);
    const loaded = await loadPlan(file);
    if (!loaded.ok) throw new Error(loaded.diagnostics[0]?.message);
    return loaded.value;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The recipe of the reference accuracies: batch 8, one epoch of warm-up, then cosine to 0. */
function recipe(plan: TrainingPlan, { rate, epochs }: Task, samples: number): TrainingPlan {
  const steps = Math.floor(samples / batch);
  const schedule = { kind: 'cosine', steps: steps * (epochs - 1) } as const;
  const learningRate = (rate / 256) * batch;
  return { ...plan, train: { ...plan.train, batch, learningRate, warmUpSteps: steps, schedule } };
}

export interface SchemeResult {
  readonly data: string;
  readonly scheme: string;
  readonly sramBytes: number;
  readonly seeds: string;
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

/**
 * @param args `[DATA ...] [--contributions FILE] [--budget BYTES] [--seeds 1,2,3]`
 * @param onRun called with each run as it ends
 */
export async function runScheme(
  args: readonly string[],
  onRun: (run: object) => void = () => {},
): Promise<readonly SchemeResult[]> {
  const options = { contributions: { type: 'string' }, budget: { type: 'string' }, seeds: { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const seeds = (values.seeds ?? '1,2,3').split(',').map(Number);
  const budgetBytes = Number(values.budget ?? 114_688);
  const results: SchemeResult[] = [];
  for (const data of positionals.length > 0 ? positionals : Object.keys(tasks)) {
    const task = tasks[data];
    if (task === undefined) throw new Error(`no task ${data}; there are ${Object.keys(tasks).join(', ')}`);
    const loaded = await planOn(data, task);
    const found = await foundUpdate(loaded, budgetBytes, values.contributions);
    onRun({ data, found: updateLines(loaded.graph, found).join('; ') });
    for (const [scheme, update] of [['published 49kb', loaded.plan.update] as const, ['found', found] as const]) {
      results.push(await trainScheme(loaded, task, { data, scheme, update, seeds }, onRun));
    }
  }
  return results;
}

async function foundUpdate(loaded: LoadedPlan, budgetBytes: number, file: string | undefined): Promise<Update> {
  const { graph, plan } = loaded;
  const contributions = file === undefined ? undefined : await readContributions(file, searchableLayers(graph, plan));
  if (contributions?.ok === false) throw new Error(contributions.diagnostics[0]?.message);
  const found = await searchScheme(graph, plan, { budgetBytes, contributions: contributions?.value });
  if (!found.ok) throw new Error(found.diagnostics[0]?.message);
  return found.value.update;
}

interface Trained {
  readonly data: string;
  readonly scheme: string;
  readonly update: Update;
  readonly seeds: readonly number[];
}

async function trainScheme(
  loaded: LoadedPlan,
  task: Task,
  { data: name, scheme, update, seeds }: Trained,
  onRun: (run: object) => void,
): Promise<SchemeResult> {
  const device = { ...loaded.plan, update };
  const compiled = compile(loaded.graph, device);
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
  const read = await loadData(loaded, compiled.value.network, { perClass: task.perClass, seed: 1 });
  if (!read.ok) throw new Error(read.diagnostics[0]?.message);
  const { data, format } = read.value;
  const context = { graph: loaded.graph, data, format, prefixes: sharedPrefixes() };
  const runs: number[] = [];
  for (const seed of seeds) {
    const end = await fineTune(context, recipe(device, task, data.train.length), task.epochs, seed);
    const accuracy = 100 * (end?.measured.accuracy ?? Number.NaN);
    runs.push(accuracy);
    onRun({ data: name, scheme, seed, accuracy });
  }
  const mean = runs.reduce((sum, run) => sum + run, 0) / runs.length;
  return {
    data: name,
    scheme,
    sramBytes: planTotals(compiled.value).sramBytes,
    seeds: seeds.join(' '),
    mean: Number(mean.toFixed(1)),
    least: Number(Math.min(...runs).toFixed(1)),
    most: Number(Math.max(...runs).toFixed(1)),
  };
}
