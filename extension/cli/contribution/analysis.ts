/** The whole analysis: proxies, then the jobs that no earlier run has measured, with partial results on the way. */
import type { Diagnostic } from '../../../compiler/diagnostics.ts';
import {
  type ContributionJob,
  contributionJobs,
  contributionsOf,
  gainsOf,
  type JobGain,
  type JobResult,
} from '../../../compiler/search/contribution.ts';
import { type Proxies, proxiesOf, proxyKey } from '../../../compiler/search/proxy.ts';
import { rankCorrelation } from '../../../compiler/search/rank.ts';
import { contributionsJson, fractionText } from '../../data/contributions.ts';
import type { Io } from '../command.ts';
import { writeAtomically } from '../files/write.ts';
import { resultCache } from './cache.ts';
import { type ContributionContext, jobKey } from './context.ts';
import type { Runner } from './pool.ts';

export interface Analysis {
  readonly jobs: readonly ContributionJob[];
  /** In the order of the jobs; fewer where it was cancelled. */
  readonly results: readonly JobResult[];
  /** Of the results, those that an earlier run had measured. */
  readonly reused: number;
  readonly proxies: Proxies;
  readonly seconds: number;
  readonly cancelled: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

export interface AnalysisOptions {
  readonly cacheFolder: string;
  /** Written after each result. */
  readonly out?: string | undefined;
}

export async function analyse(
  context: ContributionContext,
  runner: Runner,
  { cacheFolder, out }: AnalysisOptions,
  io: Io,
): Promise<Analysis> {
  const start = performance.now();
  const { graph, plan, digest } = context;
  const jobs = contributionJobs(graph, plan);
  const cache = resultCache(cacheFolder);
  const known = new Map<ContributionJob, JobResult>();
  for (const job of jobs) {
    const measured = await cache.read(jobKey(digest, job));
    if (measured !== undefined) known.set(job, { job, measured });
  }
  const reused = known.size;
  io.err(
    `${jobs.length} runs, ${reused} of them measured before; ${context.data.train.length} training and ${context.data.test.length} held-out samples\n`,
  );
  const proxies = (await proxiesOf(context, jobs, io.signal)) ?? new Map();
  const problems = new Map<string, Diagnostic>();
  const soFar = (): Analysis => ({
    jobs,
    results: jobs.flatMap((job) => known.get(job) ?? []),
    reused,
    proxies,
    seconds: (performance.now() - start) / 1000,
    cancelled: known.size < jobs.length,
    diagnostics: [...problems.values()],
  });
  const save = async (): Promise<void> => {
    if (out === undefined) return;
    const written = await writeAtomically(out, `${JSON.stringify(analysisJson(context, soFar()), undefined, 1)}\n`);
    for (const problem of written.diagnostics) problems.set(problem.message, problem);
  };
  const runStart = performance.now();
  const failed = await runner(
    jobs.filter((job) => !known.has(job)),
    async (job, measured) => {
      known.set(job, { job, measured });
      const written = await cache.write(jobKey(digest, job), measured);
      for (const problem of written.diagnostics) problems.set(problem.code, { ...problem, severity: 'warning' });
      await save();
      const each = (performance.now() - runStart) / 1000 / (known.size - reused);
      const left = Math.round(each * (jobs.length - known.size));
      io.err(
        `${known.size}/${jobs.length} ${jobText(job)}: ${(100 * measured.accuracy).toFixed(1)} %; about ${left} s left\n`,
      );
    },
  );
  for (const problem of failed) problems.set(problem.message, problem);
  await save();
  return soFar();
}

export function jobText(job: ContributionJob): string {
  switch (job.kind) {
    case 'head':
      return 'head alone';
    case 'biases':
      return `biases from ${job.from} on`;
    case 'weights':
      return `${job.layer} weights ${fractionText({ numerator: 1, denominator: job.denominator })}`;
  }
}

/** The document of `--json`, which is also the file that `search --contributions` reads. */
export function analysisJson({ recipe, data }: ContributionContext, analysis: Analysis): object {
  const { jobs, results, reused, proxies, seconds, cancelled } = analysis;
  const gains = gainsOf(results);
  const { biases, weights } = contributionsJson(contributionsOf(gains));
  const biasGains = gains.filter(({ job }) => job.kind === 'biases');
  const weightGains = gains.filter(({ job }) => job.kind === 'weights');
  return {
    recipe,
    samples: { train: data.train.length, heldOut: data.test.length },
    head: results.find(({ job }) => job.kind === 'head')?.measured,
    biases: biases.map((each, index) => ({ ...each, ...measuredOf(biasGains[index]) })),
    weights: weights.map((each, index) => ({
      ...each,
      ...measuredOf(weightGains[index]),
      ...proxyOfGain(weightGains[index], proxies),
    })),
    rankCorrelation: correlations(weightGains, proxies),
    jobs: { total: jobs.length, done: results.length, reused },
    seconds: Math.round(seconds),
    ...(cancelled ? { cancelled: true } : {}),
  };
}

function measuredOf(gain: JobGain | undefined): object {
  return gain === undefined
    ? {}
    : { accuracyGain: gain.accuracyGain, lossGain: gain.lossGain, accuracy: gain.accuracy };
}

function proxyOfGain(gain: JobGain | undefined, proxies: Proxies): object {
  if (gain?.job.kind !== 'weights') return {};
  return proxies.get(proxyKey(gain.job.layer, gain.job.denominator)) ?? {};
}

/** Spearman's, of each proxy with the measured gains of weights. */
export function correlations(
  weightGains: readonly JobGain[],
  proxies: Proxies,
): Readonly<Record<'fisher' | 'gradientNorm', number>> {
  const pairs = weightGains.flatMap(({ job, gain }) => {
    const proxy = job.kind === 'weights' ? proxies.get(proxyKey(job.layer, job.denominator)) : undefined;
    return proxy === undefined ? [] : [{ gain, ...proxy }];
  });
  const gains = pairs.map(({ gain }) => gain);
  return {
    fisher: rankCorrelation(
      gains,
      pairs.map(({ fisher }) => fisher),
    ),
    gradientNorm: rankCorrelation(
      gains,
      pairs.map(({ gradientNorm }) => gradientNorm),
    ),
  };
}
