import { describe, expect, it } from 'vitest';
import {
  contributionJobs,
  contributionsOf,
  gainsOf,
  holdOut,
  type MeasuringContext,
  measure,
} from '../../../compiler/search/contribution.ts';
import { sharedPrefixes } from '../../../compiler/search/prefixes.ts';
import { proxiesOf, proxyKey } from '../../../compiler/search/proxy.ts';
import { rankCorrelation } from '../../../compiler/search/rank.ts';
import type { Sample } from '../../../compiler/simulate/data.ts';
import { prefixCaches } from '../../../compiler/simulate/prefixCache.ts';
import { randomSource } from '../../../compiler/simulate/random.ts';
import { graph } from '../../support/graph-builder.ts';
import { planFor } from '../../support/random-network.ts';

const builder = graph(5).input([1, 12, 12, 3]).conv({ channels: 8, stride: 2, name: 'stem' });
for (const block of [1, 2, 3, 4]) {
  builder
    .conv({ channels: 24, kernel: 1, activation: 'relu6', name: `expand${block}` })
    .depthwise({ activation: 'relu6', name: `depthwise${block}` })
    .conv({ channels: 8, kernel: 1, name: `project${block}` });
}
const network = builder.averagePool().dense({ units: 4, name: 'classifier' }).build();
const plan = planFor(new Map(), { classes: 3, learningRate: 0.05 });
const format = { width: 12, height: 12, channels: 3, dtype: 'int8', scale: 1 / 64, zeroPoint: 0 } as const;

/** Each class is a bright third of the picture. */
const samples: readonly Sample[] = Array.from({ length: 48 }, (_, index) => {
  const random = randomSource(index);
  const label = index % 3;
  const input = Uint8Array.from({ length: 432 }, (_, position) => {
    const row = Math.floor(position / 36);
    return (random.below(60) + (Math.floor(row / 4) === label ? 60 : -60)) & 255;
  });
  return { input, label };
});
const data = holdOut({ classes: ['top', 'middle', 'bottom'], train: samples, test: [] }, 8);

function context(prefixes = sharedPrefixes()): MeasuringContext {
  return { graph: network, plan, recipe: { perClass: 8, epochs: 2, seeds: 1 }, data, format, prefixes };
}

describe('holding samples out', () => {
  it('divides each class, and takes nothing of the test part', () => {
    expect(data.train).toHaveLength(24);
    expect(data.test).toHaveLength(24);
    for (const label of [0, 1, 2]) expect(data.test.filter((each) => each.label === label)).toHaveLength(8);
    expect(data.train.filter((each) => data.test.includes(each))).toEqual([]);
  });

  it('divides a small class in halves', () => {
    const few = holdOut(
      { classes: ['a'], train: samples.slice(0, 5).map((each) => ({ ...each, label: 0 })), test: [] },
      9,
    );
    expect([few.train.length, few.test.length]).toEqual([3, 2]);
  });
});

describe('contribution jobs', () => {
  const jobs = contributionJobs(network, plan);

  it('are the head, biases at the block ends, first 1x1 layers at four shares and others as a whole', () => {
    expect(jobs[0]).toEqual({ kind: 'head' });
    const biases = jobs.flatMap((job) => (job.kind === 'biases' ? [job.from] : []));
    expect([...biases].sort()).toEqual(['expand1', 'expand2', 'expand3', 'expand4']);
    const shares = (name: string): readonly number[] =>
      jobs.flatMap((job) => (job.kind === 'weights' && job.layer === name ? [job.denominator] : []));
    expect(shares('expand3')).toEqual([8, 4, 2, 1]);
    expect(shares('depthwise3')).toEqual([1]);
    expect(shares('project1')).toEqual([1]);
  });

  it('each build on a run that is a job too', () => {
    const biases = new Set(jobs.flatMap((job) => (job.kind === 'biases' ? [job.from] : [])));
    for (const job of jobs) if (job.kind === 'weights') expect(biases).toContain(job.from);
  });

  it('leave out what exceeds the target', () => {
    const small = { ...plan, target: { ...plan.target, sramBytes: 0 } };
    expect(contributionJobs(network, small)).toEqual([{ kind: 'head' }]);
  });
});

describe('measuring', () => {
  it('gives the same whatever ran before: prefixes are shared only where they are the same', async () => {
    const shared = context();
    for (const job of contributionJobs(network, plan).filter((_, index) => index % 3 === 0)) {
      const uncached = context({
        cachesFor: ({ prefix }) => prefixCaches({ prefix, trainSamples: 0, testSamples: 0, limitBytes: 0 }),
      });
      expect(await measure(shared, job)).toEqual(await measure(uncached, job));
    }
  });

  it('stops when it is cancelled', async () => {
    const long = { ...context(), recipe: { perClass: 8, epochs: 100_000, seeds: 1 } };
    expect(await measure(long, { kind: 'biases', from: 'stem' }, { aborted: true })).toBeUndefined();
  });
});

describe('gains', () => {
  const run = (accuracy: number, loss: number) => ({ accuracy, loss });

  it('are those of the loss, in points by the line through all runs', () => {
    const gains = gainsOf([
      { job: { kind: 'head' }, measured: run(0.5, 1) },
      { job: { kind: 'biases', from: 'expand2' }, measured: run(0.7, 0.6) },
      { job: { kind: 'weights', from: 'expand2', layer: 'project3', denominator: 1 }, measured: run(0.8, 0.4) },
    ]);
    expect(gains.map(({ gain }) => gain)).toEqual([expect.closeTo(20, 9), expect.closeTo(10, 9)]);
    expect(contributionsOf(gains)).toEqual({
      source: 'measured',
      biases: [{ from: 'expand2', gain: expect.closeTo(20, 9) }],
      weights: [{ layer: 'project3', fraction: { numerator: 1, denominator: 1 }, gain: expect.closeTo(10, 9) }],
    });
  });

  it('wait for the run that they are measured against', () => {
    const job = { kind: 'weights', from: 'expand2', layer: 'project3', denominator: 1 } as const;
    expect(gainsOf([{ job, measured: run(0.8, 0.4) }])).toEqual([]);
  });
});

describe('the proxies', () => {
  it('are there for every job of weights, and grow with the share', async () => {
    const jobs = contributionJobs(network, plan);
    const proxies = await proxiesOf(context(), jobs);
    if (proxies === undefined) throw new Error('cancelled');
    for (const job of jobs) {
      if (job.kind !== 'weights') continue;
      const proxy = proxies.get(proxyKey(job.layer, job.denominator));
      // The mean of squares is no less than the square of the mean.
      expect(proxy?.fisher).toBeGreaterThanOrEqual(proxy?.gradientNorm ?? Number.NaN);
      expect(proxy?.fisher).toBeGreaterThan(0);
      const whole = proxies.get(proxyKey(job.layer, 1));
      expect(proxy?.fisher).toBeLessThanOrEqual(whole?.fisher ?? Number.NaN);
    }
  });
});

describe('the rank correlation', () => {
  it('is that of the order alone, with the mean rank for ties', () => {
    expect(rankCorrelation([1, 2, 3], [10, 100, 1000])).toBeCloseTo(1, 12);
    expect(rankCorrelation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
    // Ranks 0, 1.5, 1.5, 3 and 0, 2, 1, 3.
    expect(rankCorrelation([1, 2, 2, 5], [1, 3, 2, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
  });

  it('is none of a constant', () => {
    expect(rankCorrelation([1, 1], [1, 2])).toBeNaN();
  });
});
