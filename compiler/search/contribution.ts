/**
 * Contribution analysis: what updating the last k biases, and each layer's weights at each share, adds to accuracy, by short
 * fine-tuning runs. A job is one run; jobs are plain data, independent of each other, and may run anywhere in any order.
 * Accuracy is measured on samples held out of the training part, never on the test part.
 */
import { compile } from '../compile.ts';
import { planTotals } from '../memory/report.ts';
import type { Graph } from '../model/graph.ts';
import type { DataSet, Sample } from '../simulate/data.ts';
import { epochOrders } from '../simulate/data.ts';
import { evaluate, judgeOf } from '../simulate/evaluate.ts';
import { Machine } from '../simulate/machine.ts';
import type { InputFormat } from '../simulate/picture.ts';
import { cachedPrefix } from '../simulate/prefixCache.ts';
import { type CancelSignal, slices } from '../simulate/slices.ts';
import { selectableChannels } from '../training/channels.ts';
import type { LayerUpdate, TrainingPlan, WeightSelection } from '../training/plan.ts';
import type { SharedPrefixes } from './prefixes.ts';
import { isFirstPointwise, weightedByName } from './priors.ts';
import { type Contributions, fractionDenominators, searchableLayers } from './space.ts';

export interface ContributionRecipe {
  /** Training samples of each class, at most; as many again are held out. */
  readonly perClass: number;
  readonly epochs: number;
  /** Runs of a job, with the seeds 1, 2, ...; their mean counts. */
  readonly seeds: number;
}

export const defaultRecipe: ContributionRecipe = { perClass: 100, epochs: 3, seeds: 1 };

/** The head always trains; biases train from layer `from` on. */
export type ContributionJob =
  | { readonly kind: 'head' }
  | { readonly kind: 'biases'; readonly from: string }
  | {
      readonly kind: 'weights';
      readonly from: string;
      readonly layer: string;
      /** Of the share 1/denominator. */
      readonly denominator: number;
    };

export interface Measured {
  /** Share of the held-out samples that were recognised. */
  readonly accuracy: number;
  /** Mean cross-entropy of them. */
  readonly loss: number;
}

/** Half of each class, up to `perClass` each, in the order of the data: the first train, the next are held out. */
export function holdOut({ train, classes }: DataSet, perClass: number): DataSet {
  const byClass = new Map<number, Sample[]>();
  for (const sample of train) byClass.set(sample.label, [...(byClass.get(sample.label) ?? []), sample]);
  const count = (samples: readonly Sample[]): number => Math.min(perClass, Math.ceil(samples.length / 2));
  const chosen = new Set([...byClass.values()].flatMap((samples) => samples.slice(0, count(samples))));
  const held = new Set([...byClass.values()].flatMap((samples) => samples.slice(count(samples), 2 * count(samples))));
  return { classes, train: train.filter((each) => chosen.has(each)), test: train.filter((each) => held.has(each)) };
}

/** Most depths of biases that are measured in a network without inverted bottlenecks. */
const mostDepths = 16;

/**
 * The default set: biases from the start of each block on; each block's first 1x1 layer at four shares, other weights as a
 * whole. Weights train above the biases of the later half, so that most runs share one frozen prefix; of deeper layers,
 * above the biases from their own block on. What exceeds the target's SRAM is left out. The last layers come first.
 */
export function contributionJobs(graph: Graph, plan: TrainingPlan): readonly ContributionJob[] {
  const names = searchableLayers(graph, plan);
  const data = weightedByName(graph);
  const expansions = names.flatMap((name, index) => (isFirstPointwise(data.get(name)) ? [index] : []));
  const every = Math.ceil(names.length / mostDepths);
  const starts = (
    expansions.length >= 3 ? expansions : [...names.keys()].filter((index) => index % every === 0)
  ).filter((from) => fitsTarget(graph, plan, { kind: 'biases', from: names[from] ?? '' }));
  const shared = starts.find((from) => from >= names.length / 2) ?? starts.at(-1);
  if (shared === undefined) return [{ kind: 'head' }];
  const nameOf = (index: number): string => names[index] ?? '';
  const weightsAbove = (from: number, begin: number, end: number): readonly ContributionJob[] =>
    [...names.keys()]
      .slice(begin, end)
      .reverse()
      .flatMap((index) => {
        const layer = data.get(nameOf(index));
        const shares = expansions.length < 3 || isFirstPointwise(layer) ? fractionDenominators : [1];
        return shares
          .filter((denominator) => layer !== undefined && selectableChannels(layer) >= denominator)
          .map((denominator) => ({ kind: 'weights', from: nameOf(from), layer: nameOf(index), denominator }) as const);
      });
  const later = starts.filter((from) => from > shared).reverse();
  const deeper = starts.filter((from) => from < shared).reverse();
  return [
    { kind: 'head' },
    { kind: 'biases', from: nameOf(shared) },
    ...weightsAbove(shared, shared, names.length),
    ...later.map((from) => ({ kind: 'biases', from: nameOf(from) }) as const),
    ...deeper.flatMap((from): readonly ContributionJob[] => [
      { kind: 'biases', from: nameOf(from) },
      ...weightsAbove(from, from, starts.find((start) => start > from) ?? names.length),
    ]),
  ];
}

function fitsTarget(graph: Graph, plan: TrainingPlan, job: ContributionJob): boolean {
  const compiled = compile(graph, { ...plan, update: updateOfJob(graph, plan, job) });
  return compiled.ok && planTotals(compiled.value).sramBytes <= plan.target.sramBytes;
}

function updateOfJob(graph: Graph, plan: TrainingPlan, job: ContributionJob): ReadonlyMap<string, LayerUpdate> {
  if (job.kind === 'head') return new Map();
  const names = searchableLayers(graph, plan);
  const none: WeightSelection = { kind: 'none' };
  const update = new Map(names.slice(names.indexOf(job.from)).map((name) => [name, { bias: true, weights: none }]));
  const result = new Map<string, LayerUpdate>(update);
  if (job.kind === 'weights') {
    const weights = { kind: 'fraction', numerator: 1, denominator: job.denominator, first: false } as const;
    result.set(job.layer, { bias: true, weights });
  }
  return result;
}

/** Steps of single samples can be too small to change an int8 code in a short run. */
const leastBatch = 8;

/**
 * The plan's own training, but without augmentation, with batches of at least 8 at the same rate for each sample, and with
 * the rate falling to 0 over the short run. Weights in int8 round stochastically: rounded to nearest, those of layers with
 * small gradients would not change at all in so few steps, and nothing could be told of them.
 */
export function planOfJob(
  graph: Graph,
  plan: TrainingPlan,
  job: ContributionJob,
  recipe: ContributionRecipe,
  samples: number,
  seed: number,
): TrainingPlan {
  const batch = Math.max(leastBatch, plan.train.batch);
  const learningRate = (plan.train.learningRate * batch) / plan.train.batch;
  const steps = Math.max(2, Math.floor((samples * recipe.epochs) / batch));
  const warmUpSteps = Math.ceil(steps / 10);
  const { data, ...rest } = plan;
  const { augment: _, ...source } = data ?? { path: '', skipBroken: false };
  return {
    ...rest,
    ...(data === undefined ? {} : { data: source }),
    train: {
      ...plan.train,
      ...{ seed, batch, learningRate, warmUpSteps },
      weights: plan.train.weights === 'int8' ? 'int8-stochastic' : plan.train.weights,
      schedule: { kind: 'cosine', steps: steps - warmUpSteps },
    },
    update: updateOfJob(graph, plan, job),
  };
}

export interface MeasuringContext {
  readonly graph: Graph;
  readonly plan: TrainingPlan;
  readonly recipe: ContributionRecipe;
  /** As `holdOut` divides it. */
  readonly data: DataSet;
  readonly format: InputFormat;
  readonly prefixes: SharedPrefixes;
}

/** Undefined where cancelled. The result depends on the job and the context alone. */
export async function measure(
  context: MeasuringContext,
  job: ContributionJob,
  signal?: CancelSignal,
): Promise<Measured | undefined> {
  const runs: Measured[] = [];
  for (let seed = 1; seed <= context.recipe.seeds; seed++) {
    const trained = await train(context, job, seed, signal);
    if (trained === undefined) return undefined;
    runs.push(trained.measured);
  }
  const mean = (of: (run: Measured) => number): number => runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  return { accuracy: mean(({ accuracy }) => accuracy), loss: mean(({ loss }) => loss) };
}

/** One run; the machine keeps what it learned. */
export async function train(
  context: MeasuringContext,
  job: ContributionJob,
  seed: number,
  signal?: CancelSignal,
): Promise<FineTuned | undefined> {
  const { graph, plan, recipe, data } = context;
  const own = planOfJob(graph, plan, job, recipe, data.train.length, seed);
  return await fineTune(context, own, recipe.epochs, seed, signal);
}

export interface FineTuned {
  readonly machine: Machine;
  /** On the test part of the data. */
  readonly measured: Measured;
}

/** Trains a plan on samples as they are, and tests it once, at the end. Undefined where cancelled. */
export async function fineTune(
  { graph, data, format, prefixes }: Pick<MeasuringContext, 'graph' | 'data' | 'format' | 'prefixes'>,
  plan: TrainingPlan,
  epochs: number,
  seed: number,
  signal?: CancelSignal,
): Promise<FineTuned | undefined> {
  const compiled = compile(graph, plan);
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
  const machine = await Machine.create(compiled.value.program);
  const caches = prefixes.cachesFor(machine, data);
  const pause = slices(signal);
  const orders = epochOrders(data.train.length, seed);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const position of orders.next().value) {
      const sample = data.train[position];
      if (sample === undefined) continue;
      const prefix = cachedPrefix(caches.train, position, machine, sample.input);
      if (prefix === undefined) machine.trainStep(sample.input, sample.label);
      else machine.trainStepFrom(prefix, sample.label);
      if (pause.due() && (await pause.take())) return undefined;
    }
  }
  const judge = judgeOf(machine, plan, format);
  const evaluation = await evaluate(machine, data, { judge, cache: caches.test, pause, onProgress: () => {} });
  if (evaluation === undefined) return undefined;
  return { machine, measured: { accuracy: evaluation.accuracy, loss: evaluation.loss } };
}

export interface JobResult {
  readonly job: ContributionJob;
  readonly measured: Measured;
}

/** What a job's run gained over the run that it builds on; positive: better. */
export interface JobGain {
  readonly job: Exclude<ContributionJob, { kind: 'head' }>;
  /** Percentage points of accuracy, as the loss tells them (see `gainsOf`). */
  readonly gain: number;
  /** Percentage points of accuracy, as counted. */
  readonly accuracyGain: number;
  readonly lossGain: number;
  readonly accuracy: number;
}

/**
 * Of those jobs whose base was measured too: biases over the head alone, weights over their biases alone.
 *
 * Counted on a thousand samples, accuracy is uncertain by more than most layers give; the loss of the same samples is not so
 * coarse, and orders layers far better. So a gain is that of the loss, in points by the line through accuracy and loss of all
 * runs. Before three runs are there, it is what was counted.
 */
export function gainsOf(results: readonly JobResult[]): readonly JobGain[] {
  const head = results.find(({ job }) => job.kind === 'head')?.measured;
  const biases = new Map(results.flatMap(({ job, measured }) => (job.kind === 'biases' ? [[job.from, measured]] : [])));
  const slope = pointsPerLoss(results.map(({ measured }) => measured));
  return results.flatMap(({ job, measured }) => {
    if (job.kind === 'head') return [];
    const base = job.kind === 'biases' ? head : biases.get(job.from);
    if (base === undefined) return [];
    const { accuracy, loss } = measured;
    const accuracyGain = 100 * (accuracy - base.accuracy);
    const lossGain = base.loss - loss;
    return [{ job, gain: slope === undefined ? accuracyGain : slope * lossGain, accuracyGain, lossGain, accuracy }];
  });
}

/** Least squares; undefined where the runs do not tell. */
function pointsPerLoss(runs: readonly Measured[]): number | undefined {
  if (runs.length < 3) return undefined;
  const meanOf = (of: (run: Measured) => number): number => runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  const [accuracy, loss] = [meanOf((run) => run.accuracy), meanOf((run) => run.loss)];
  const covariance = meanOf((run) => (run.accuracy - accuracy) * (run.loss - loss));
  const variance = meanOf((run) => (run.loss - loss) ** 2);
  const slope = (-100 * covariance) / variance;
  return slope > 0 && Number.isFinite(slope) ? slope : undefined;
}

export function contributionsOf(gains: readonly JobGain[]): Contributions {
  return {
    source: 'measured',
    biases: gains.flatMap(({ job, gain }) => (job.kind === 'biases' ? [{ from: job.from, gain }] : [])),
    weights: gains.flatMap(({ job, gain }) =>
      job.kind === 'weights'
        ? [{ layer: job.layer, fraction: { numerator: 1, denominator: job.denominator }, gain }]
        : [],
    ),
  };
}
