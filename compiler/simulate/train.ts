/** Trains a simulated device: epochs in seeded order, and the accuracy before, between and after. */
import type { TrainingPlan } from '../training/plan.ts';
import { type DataSet, epochOrders, shownSample } from './data.ts';
import { type ClassResult, type Evaluation, evaluate, judgeOf } from './evaluate.ts';
import type { Machine } from './machine.ts';
import type { InputFormat } from './picture.ts';
import { cachedPrefix, defaultCacheBytes, type PrefixCaches, prefixCaches } from './prefixCache.ts';
import { type CancelSignal, slices } from './slices.ts';

export interface EpochResult {
  /** Mean over the epoch's steps, each before its update. */
  readonly loss: number;
  /** Share of the epoch's samples that were recognised when their turn came, before the update. NaN of an autoencoder. */
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
  readonly testLoss: number;
  readonly seconds: number;
}

export interface NamedWrongSample {
  /** Among the test samples, from 0. */
  readonly index: number;
  /** Its file, or its place in one. */
  readonly name: string;
  readonly label: number;
  readonly prediction: number;
}

export interface SimulationReport {
  readonly seed: number;
  readonly before: { readonly testAccuracy: number; readonly testLoss: number };
  readonly epochs: readonly EpochResult[];
  /** Of training, evaluation left out. */
  readonly samplesPerSecond: number;
  readonly classes: readonly string[];
  readonly trainSamples: number;
  readonly testSamples: number;
  /** Of the last test, as is what follows: samples by [label][prediction], see `Evaluation`. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly ClassResult[];
  readonly wrong: readonly NamedWrongSample[];
  /** What the frozen prefix of samples took that was kept. */
  readonly cacheBytes: number;
  /** Present where the run was cut short: `epochs` holds the complete ones. */
  readonly cancelled?: true;
}

export interface SimulationProgress {
  /** From 1; 0 while the accuracy before training is measured. */
  readonly epoch: number;
  readonly epochs: number;
  /** Of this epoch. */
  readonly samplesDone: number;
  readonly samples: number;
  readonly phase: 'training' | 'testing';
  /** Mean loss of the epoch so far. */
  readonly loss: number;
  /** Training samples since the start, and the mean loss of those since the last event: a point of a loss chart. NaN
   * where there were none. */
  readonly step: number;
  readonly recentLoss: number;
  /** Of training, in this epoch; 0 as long as it is unknown. */
  readonly samplesPerSecond: number;
  /** At this rate, testing included; NaN as long as it is unknown. */
  readonly secondsLeft: number;
  /** Both set once the epoch is complete. */
  readonly result?: EpochResult;
  readonly evaluation?: Evaluation;
}

/** What a run needs to go on as if it had never stopped. Plain data. */
export interface SimulationState {
  readonly seed: number;
  readonly before: Pick<Evaluation, 'accuracy' | 'loss'>;
  /** The complete ones. */
  readonly epochs: readonly EpochResult[];
  /** Of the epoch after these: samples trained, their losses, how many were recognised. */
  readonly samplesDone: number;
  readonly lossSum: number;
  readonly recognised: number;
  /** Of training, over all epochs. */
  readonly trainingMs: number;
  /** The machine's static SRAM. */
  readonly learned: Uint8Array;
}

export interface SimulationOptions {
  readonly epochs: number;
  readonly seed: number;
  readonly onProgress?: ((progress: SimulationProgress) => void) | undefined;
  /** After each training step: its loss, and whether the sample was recognised before the update. */
  readonly onStep?: ((loss: number, recognised: boolean) => void) | undefined;
  /** After each complete test. Epoch 0 is before training. */
  readonly onTested?: ((epoch: number, evaluation: Evaluation) => void) | undefined;
  readonly signal?: CancelSignal | undefined;
  /** From an earlier run with the same program, data, plan and seed. */
  readonly resume?: SimulationState | undefined;
  /** Called after each epoch, where the run is cancelled, and every `stateEveryMs` between. */
  readonly onState?: ((state: SimulationState) => void) | undefined;
  readonly stateEveryMs?: number;
  /** Most memory for what frozen layers gave of each sample; 0: computed each time. Results are the same. */
  readonly cacheBytes?: number;
  /** Made by `simulationCaches`, to be shared by several runs. */
  readonly caches?: PrefixCaches | undefined;
}

/** Augmented training samples are not worth keeping: no epoch shows them again. */
export function simulationCaches(
  { prefix }: Pick<Machine, 'prefix'>,
  { data }: Pick<TrainingPlan, 'data'>,
  { train, test }: DataSet,
  { limitBytes = defaultCacheBytes, shared = false }: { readonly limitBytes?: number; readonly shared?: boolean } = {},
): PrefixCaches {
  const trainSamples = data?.augment === undefined ? train.length : 0;
  return prefixCaches({ prefix, trainSamples, testSamples: test.length, limitBytes, shared });
}

/** The machine keeps what it learned. */
export async function simulateTraining(
  machine: Machine,
  plan: TrainingPlan,
  data: DataSet,
  format: InputFormat,
  options: SimulationOptions,
): Promise<SimulationReport> {
  return await new Simulation(machine, plan, data, format, options).run();
}

const defaultStateMs = 10_000;

class Simulation {
  private readonly pause;
  private readonly judge;
  private readonly caches: PrefixCaches;
  private readonly results: EpochResult[];
  private before: Pick<Evaluation, 'accuracy' | 'loss'> | undefined;
  private latest: Evaluation | undefined;
  /** As in `SimulationState`. */
  private samplesDone: number;
  private lossSum: number;
  private recognised: number;
  private trainingMs: number;
  private recent = { sum: 0, count: 0 };
  /** Of the epoch under way, in this process. */
  private timed = { samples: 0, ms: 0 };
  private testMs = 0;
  private stateAt = performance.now();

  constructor(
    private readonly machine: Machine,
    private readonly plan: TrainingPlan,
    private readonly data: DataSet,
    private readonly format: InputFormat,
    private readonly options: SimulationOptions,
  ) {
    const { resume, cacheBytes: limitBytes = defaultCacheBytes } = options;
    this.pause = slices(options.signal);
    this.judge = judgeOf(machine, plan, format);
    this.caches = options.caches ?? simulationCaches(machine, plan, data, { limitBytes });
    this.results = [...(resume?.epochs ?? [])];
    this.before = resume?.before;
    this.samplesDone = resume?.samplesDone ?? 0;
    this.lossSum = resume?.lossSum ?? 0;
    this.recognised = resume?.recognised ?? 0;
    this.trainingMs = resume?.trainingMs ?? 0;
    if (resume !== undefined) machine.learned().set(resume.learned);
  }

  async run(): Promise<SimulationReport> {
    const { epochs, seed } = this.options;
    if (this.data.train.length === 0) throw new RangeError('no samples to train on');
    if (this.before === undefined) {
      this.before = this.latest = await this.test(0);
      if (this.before === undefined) return this.report(true);
    }
    const orders = epochOrders(this.data.train.length, seed);
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const order = orders.next().value;
      if (epoch <= this.results.length) continue;
      if (!(await this.epoch(epoch, order))) {
        this.saveState();
        return this.report(true);
      }
      this.saveState();
    }
    if (this.latest === undefined) this.latest = await this.test(this.results.length);
    return this.report(this.latest === undefined);
  }

  /** False where cancelled. */
  private async epoch(epoch: number, order: readonly number[]): Promise<boolean> {
    const start = performance.now();
    this.timed = { samples: 0, ms: 0 };
    if (!(await this.train(epoch, order))) return false;
    const samples = order.length;
    const evaluation = await this.test(epoch);
    if (evaluation === undefined) return false;
    this.latest = evaluation;
    const result: EpochResult = {
      loss: this.lossSum / samples,
      trainAccuracy: this.judge.autoencoder ? Number.NaN : this.recognised / samples,
      testAccuracy: evaluation.accuracy,
      testLoss: evaluation.loss,
      seconds: (performance.now() - start) / 1000,
    };
    this.results.push(result);
    this.tell(epoch, 'training', samples, { result, evaluation });
    [this.samplesDone, this.lossSum, this.recognised] = [0, 0, 0];
    return true;
  }

  private async train(epoch: number, order: readonly number[]): Promise<boolean> {
    let since = performance.now();
    const account = (): void => {
      const now = performance.now();
      this.trainingMs += now - since;
      this.timed.ms += now - since;
      since = now;
    };
    for (; this.samplesDone < order.length; ) {
      this.step(epoch, order[this.samplesDone] ?? -1);
      this.samplesDone++;
      this.timed.samples++;
      if (!this.pause.due()) continue;
      account();
      this.tell(epoch, 'training', this.samplesDone);
      if (performance.now() - this.stateAt >= (this.options.stateEveryMs ?? defaultStateMs)) this.saveState();
      if (await this.pause.take()) return false;
      since = performance.now();
    }
    account();
    return true;
  }

  private step(epoch: number, position: number): void {
    const { machine, plan, format, caches } = this;
    const original = this.data.train[position];
    if (original === undefined) throw new RangeError(`no sample ${position}`);
    const sample = shownSample(original, plan, format, { seed: this.options.seed, epoch: epoch - 1, position });
    const prefix = cachedPrefix(caches.train, position, machine, sample.input);
    const loss =
      prefix === undefined
        ? machine.trainStep(sample.input, sample.label)
        : machine.trainStepFrom(prefix, sample.label);
    this.lossSum += loss;
    this.recent.sum += loss;
    this.recent.count++;
    const recognised = machine.prediction() === sample.label;
    if (recognised) this.recognised++;
    this.options.onStep?.(loss, recognised);
  }

  private async test(epoch: number): Promise<Evaluation | undefined> {
    const start = performance.now();
    const evaluation = await evaluate(this.machine, this.data, {
      judge: this.judge,
      cache: this.caches.test,
      pause: this.pause,
      onProgress: (done) => this.tell(epoch, 'testing', done),
    });
    this.testMs = performance.now() - start;
    if (evaluation !== undefined) this.options.onTested?.(epoch, evaluation);
    return evaluation;
  }

  private tell(
    epoch: number,
    phase: SimulationProgress['phase'],
    samplesDone: number,
    complete: Pick<SimulationProgress, 'result' | 'evaluation'> = {},
  ): void {
    const { onProgress, epochs } = this.options;
    if (onProgress === undefined) return;
    const { train, test } = this.data;
    const sampleMs = this.timed.samples === 0 ? Number.NaN : this.timed.ms / this.timed.samples;
    const epochsLeft = epochs - epoch;
    const trainingLeft = epochsLeft * train.length + (phase === 'training' ? train.length - samplesDone : 0);
    const testsLeft = epochsLeft + (complete.result === undefined ? 1 : 0);
    onProgress({
      ...{ epoch, epochs, samplesDone, phase },
      samples: phase === 'training' ? train.length : test.length,
      loss: this.samplesDone === 0 ? Number.NaN : this.lossSum / this.samplesDone,
      step: Math.max(0, epoch - 1) * train.length + this.samplesDone,
      recentLoss: this.recent.count === 0 ? Number.NaN : this.recent.sum / this.recent.count,
      samplesPerSecond: this.timed.samples === 0 ? 0 : 1000 / sampleMs,
      secondsLeft: (trainingLeft * sampleMs + testsLeft * this.testMs) / 1000,
      ...complete,
    });
    this.recent = { sum: 0, count: 0 };
  }

  private saveState(): void {
    this.stateAt = performance.now();
    const { before } = this;
    if (before === undefined) return;
    this.options.onState?.({
      seed: this.options.seed,
      before: { accuracy: before.accuracy, loss: before.loss },
      epochs: [...this.results],
      samplesDone: this.samplesDone,
      lossSum: this.lossSum,
      recognised: this.recognised,
      trainingMs: this.trainingMs,
      learned: this.machine.learned().slice(),
    });
  }

  private report(cancelled: boolean): SimulationReport {
    const { train, test, classes } = this.data;
    const trained = this.results.length * train.length + this.samplesDone;
    const { confusion = [], perClass = [], wrong = [] } = this.latest ?? {};
    return {
      seed: this.options.seed,
      before: { testAccuracy: this.before?.accuracy ?? Number.NaN, testLoss: this.before?.loss ?? Number.NaN },
      epochs: this.results,
      samplesPerSecond: this.trainingMs === 0 ? 0 : (1000 * trained) / this.trainingMs,
      classes,
      trainSamples: train.length,
      testSamples: test.length,
      confusion,
      perClass,
      wrong: wrong.map((each) => ({ ...each, name: test[each.index]?.name ?? '' })),
      cacheBytes: this.caches.train.bytes.length + this.caches.test.bytes.length,
      ...(cancelled ? { cancelled: true } : {}),
    };
  }
}
