/** From a plan file to everything that its contribution runs need; the same in a thread, in a process, on another machine. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compile } from '../../../compiler/compile.ts';
import { failure, type Result, success } from '../../../compiler/diagnostics.ts';
import {
  type ContributionJob,
  type ContributionRecipe,
  holdOut,
  type MeasuringContext,
} from '../../../compiler/search/contribution.ts';
import { sharedPrefixes } from '../../../compiler/search/prefixes.ts';
import { loadData } from '../files/data.ts';
import { type LoadedPlan, loadPlan } from '../files/plan.ts';

export interface ContributionContext extends MeasuringContext {
  readonly loaded: LoadedPlan;
  /** Of model, samples, training settings and recipe: jobs of equal digests have equal results. */
  readonly digest: string;
}

/** To be raised where the same job would give another result than before. */
const version = 1;

export async function openContext(planFile: string, recipe: ContributionRecipe): Promise<Result<ContributionContext>> {
  const loaded = await loadPlan(planFile);
  if (!loaded.ok) return loaded;
  const { graph, plan, directory, diagnostics, placed } = loaded.value;
  const compiled = compile(graph, { ...plan, update: new Map() });
  if (!compiled.ok) return failure(...diagnostics, ...placed(compiled.diagnostics));
  const choice = { perClass: 2 * recipe.perClass, seed: 1 };
  const read = await loadData(loaded.value, compiled.value.network, choice);
  if (!read.ok) return failure(...diagnostics, ...read.diagnostics);
  const { format } = read.value;
  const data = holdOut(read.value.data, recipe.perClass);
  if (plan.train.loss !== 'cross-entropy' || data.classes.length < 2 || data.test.length === 0) {
    return failure({
      severity: 'error',
      code: 'no-classes',
      message: 'contributions are gains of accuracy: they need the cross-entropy loss and two samples of each class',
      remedy: 'use data with classes, or search with the priors',
      file: planFile,
    });
  }
  const hash = createHash('sha256');
  hash.update(await readFile(resolve(directory, plan.model)));
  // Of the samples their bytes count, and of the training what the short runs do not set themselves.
  const { epochs: _, seed, schedule, warmUpSteps, ...train } = plan.train;
  hash.update(JSON.stringify({ version, recipe, train, input: plan.input }));
  for (const { input, label } of [...data.train, ...data.test]) hash.update(input).update(String(label));
  return success(
    { graph, plan, recipe, data, format, prefixes: sharedPrefixes(), loaded: loaded.value, digest: hash.digest('hex') },
    [...diagnostics, ...read.diagnostics],
  );
}

export function jobKey(digest: string, job: ContributionJob): string {
  return createHash('sha256')
    .update(`${digest} ${JSON.stringify(job)}`)
    .digest('hex');
}
