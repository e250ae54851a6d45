import { failure, type Result, success } from '../../../compiler/diagnostics.ts';
import { type ContributionRecipe, defaultRecipe, gainsOf } from '../../../compiler/search/contribution.ts';
import { type Command, countFlag, type FlagValues, failed, type Io, operandAt, textFlag } from '../command.ts';
import { type Analysis, analyse, analysisJson, correlations, jobText } from '../contribution/analysis.ts';
import { defaultCacheFolder } from '../contribution/cache.ts';
import { type ContributionContext, openContext } from '../contribution/context.ts';
import { type Runner, threadPool } from '../contribution/pool.ts';
import { openQueue, queueRunner } from '../contribution/queue.ts';
import { percentText, table } from '../output.ts';

export const contribution: Command = {
  name: 'contribution',
  operands: ['PLAN'],
  flagsHelp: '[--out FILE] [--per-class N] [--epochs N] [--seeds N] [--threads N] [--cache DIR]\n       [--redis URL]',
  summary: 'measures what each layer adds to accuracy by short training runs, for `search --contributions`',
  flags: {
    out: { type: 'string' },
    'per-class': { type: 'string' },
    epochs: { type: 'string' },
    seeds: { type: 'string' },
    threads: { type: 'string' },
    cache: { type: 'string' },
    redis: { type: 'string' },
  },
  async run(invocation, io) {
    const { flags } = invocation;
    const planFile = operandAt(invocation, 0);
    const opened = await openContext(planFile, recipeOf(flags));
    if (!opened.ok) return failed(opened.diagnostics);
    const context = opened.value;
    const runner = await runnerFor(context, planFile, flags, io);
    if (!runner.ok) return failed([...opened.diagnostics, ...runner.diagnostics]);
    const options = { cacheFolder: textFlag(flags, 'cache') ?? defaultCacheFolder(), out: textFlag(flags, 'out') };
    const analysis = await analyse(context, runner.value, options, io);
    return {
      document: analysisJson(context, analysis),
      text: () => analysisText(analysis),
      diagnostics: [...opened.diagnostics, ...analysis.diagnostics],
    };
  },
};

function recipeOf(flags: FlagValues): ContributionRecipe {
  return {
    perClass: countFlag(flags, 'per-class', 1) ?? defaultRecipe.perClass,
    epochs: countFlag(flags, 'epochs', 1) ?? defaultRecipe.epochs,
    seeds: countFlag(flags, 'seeds', 1) ?? defaultRecipe.seeds,
  };
}

async function runnerFor(
  context: ContributionContext,
  planFile: string,
  flags: FlagValues,
  { signal }: Io,
): Promise<Result<Runner>> {
  const url = textFlag(flags, 'redis');
  const { recipe } = context;
  if (url === undefined) {
    return success(threadPool(context, { planFile, recipe, threads: countFlag(flags, 'threads', 1), signal }));
  }
  const queue = await openQueue(url);
  return queue.ok ? success(queueRunner(queue.value, context, { planFile, signal })) : failure(...queue.diagnostics);
}

function analysisText(analysis: Analysis): string {
  const { results, proxies, reused, jobs, seconds, cancelled } = analysis;
  const gains = gainsOf(results);
  const head = results.find(({ job }) => job.kind === 'head')?.measured.accuracy ?? Number.NaN;
  const rows = [...gains]
    .sort((a, b) => b.gain - a.gain)
    .map(({ job, gain, accuracyGain, lossGain, accuracy }) => [
      jobText(job),
      gain.toFixed(2),
      accuracyGain.toFixed(1),
      lossGain.toFixed(4),
      percentText(accuracy),
    ]);
  const columns = [
    { title: 'trained', align: 'left' },
    { title: 'gain, points' },
    { title: 'counted' },
    { title: 'less loss' },
    { title: 'accuracy' },
  ] as const;
  const weightGains = gains.filter(({ job }) => job.kind === 'weights');
  const { fisher, gradientNorm } = correlations(weightGains, proxies);
  return [
    `the head alone: ${percentText(head)} of the held-out samples\n`,
    table(columns, rows),
    `rank correlation of the proxies with the gains of weights: Fisher ${fisher.toFixed(2)}, ` +
      `gradient norm ${gradientNorm.toFixed(2)}\n` +
      `${cancelled ? 'cancelled; ' : ''}${results.length} of ${jobs.length} runs, ${reused} measured before, ` +
      `${Math.round(seconds)} s\n`,
  ].join('\n');
}
