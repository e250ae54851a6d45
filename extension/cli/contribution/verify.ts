/** Trains a found choice and the plan as it is, side by side: gains of layers are only assumed to add up. */
import { compile } from '../../../compiler/compile.ts';
import { failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { planTotals } from '../../../compiler/memory/report.ts';
import type { Update } from '../../../compiler/search/scheme.ts';
import type { TrainingPlan } from '../../../compiler/training/plan.ts';
import type { Io } from '../command.ts';
import { loadData } from '../files/data.ts';
import type { LoadedPlan } from '../files/plan.ts';
import { runJobs } from '../simulation/pool.ts';

export interface VerifiedPlan {
  readonly sramBytes: number;
  /** On the test part, after the last epoch, of each seed. */
  readonly testAccuracy: readonly number[];
  readonly mean: number;
}

export interface Verification {
  readonly seeds: readonly number[];
  readonly epochs: number;
  readonly found: VerifiedPlan;
  /** With the update block as it was. */
  readonly before: VerifiedPlan;
}

/** With the plan's own settings and data, and the seeds 1 to `count`. */
export async function verify(
  loaded: LoadedPlan,
  update: Update,
  count: number,
  perClass: number | undefined,
  io: Io,
): Promise<Result<Verification>> {
  const { plan, graph } = loaded;
  const plans: readonly TrainingPlan[] = [{ ...plan, update }, plan];
  const seeds = Array.from({ length: count }, (_, index) => index + 1);
  const results: VerifiedPlan[] = [];
  for (const [index, each] of plans.entries()) {
    const compiled = compile(graph, each);
    if (!compiled.ok) return failure(...loaded.placed(compiled.diagnostics));
    const data = await loadData(loaded, compiled.value.network, { perClass, seed: 1 }, { signal: io.signal });
    if (!data.ok) return data;
    const { program } = compiled.value;
    const { epochs } = plan.train;
    const jobs = seeds.map((seed) => ({ program, plan: each, epochs, seed }));
    const ends = await runJobs(jobs, data.value, { signal: io.signal }, (job) => ({
      onProgress: ({ epoch, result }) => {
        if (result === undefined) return;
        const name = index === 0 ? 'found' : 'before';
        const accuracy = (100 * result.testAccuracy).toFixed(1);
        io.err(`${name}, seed ${seeds[job]}: epoch ${epoch}/${epochs}, test accuracy ${accuracy} %\n`);
      },
    }));
    const testAccuracy = ends.map(({ report }) => report.epochs.at(-1)?.testAccuracy ?? report.before.testAccuracy);
    const mean = testAccuracy.reduce((sum, accuracy) => sum + accuracy, 0) / testAccuracy.length;
    results.push({ sramBytes: planTotals(compiled.value).sramBytes, testAccuracy, mean });
  }
  const [found, before] = results;
  if (found === undefined || before === undefined) throw new Error('two plans were trained');
  return success({ seeds, epochs: plan.train.epochs, found, before });
}
