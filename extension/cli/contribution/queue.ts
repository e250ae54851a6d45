/**
 * Contribution jobs on more than one machine: a BullMQ queue in Redis. Workers read the same plan file at the same path, and
 * refuse jobs whose plan, model or data are not the same there. A job that a worker leaves unfinished, killed or cut off,
 * goes back to the queue once its lock runs out. Jobs are named by their content: asking twice for one runs it once.
 *
 * BullMQ is loaded only here, and only when asked for: it is no part of the bundle, which it would make larger by more than a
 * megabyte for something that few need.
 */
import { resolve } from 'node:path';
import type { Job, Queue, QueueEvents } from 'bullmq';
import * as v from 'valibot';
import { type Diagnostic, failure, type Result, success } from '../../../compiler/diagnostics.ts';
import {
  type ContributionJob,
  type ContributionRecipe,
  type Measured,
  measure,
} from '../../../compiler/search/contribution.ts';
import { toolMissing } from '../board/tools.ts';
import type { Io } from '../command.ts';
import { errorText } from '../files/read.ts';
import { jobText } from './analysis.ts';
import { measuredSchema } from './cache.ts';
import { type ContributionContext, jobKey, openContext } from './context.ts';
import type { Runner } from './pool.ts';

const queueName = 'firmtune-contributions';
/** For how long a job stays with a worker that is not heard of. */
const lockMs = 6000;
/** A worker that dies takes its job down with it, that is no fault of the job. */
const mostStalls = 100;
/** Results stay for a coordinator that was restarted. */
const keepSeconds = 24 * 3600;
const connectMs = 5000;

interface Payload {
  /** Absolute. */
  readonly planFile: string;
  readonly recipe: ContributionRecipe;
  readonly job: ContributionJob;
  readonly digest: string;
}

type BullMq = typeof import('bullmq');

export interface OpenQueue {
  readonly url: string;
  readonly bullmq: BullMq;
}

export async function openQueue(url: string): Promise<Result<OpenQueue>> {
  let bullmq: BullMq;
  try {
    bullmq = await import('bullmq');
  } catch {
    return failure({
      severity: 'error',
      code: toolMissing,
      message: 'BullMQ, which runs jobs on Redis, is not installed',
      remedy: 'run `npm ci` in the Firmtune repository, or `npm install bullmq ioredis` beside dist/firmtune.js',
    });
  }
  const problem = await connectionProblem(url);
  if (problem === undefined) return success({ url, bullmq });
  return failure({
    severity: 'error',
    code: 'redis-unreachable',
    message: `${url} cannot be reached: ${problem}`,
    remedy: 'start redis-server there, or correct the address: redis://HOST:PORT',
  });
}

/** One attempt: BullMQ itself would try for ever. */
async function connectionProblem(url: string): Promise<string | undefined> {
  const { Redis } = await import('ioredis');
  let redis: InstanceType<typeof Redis> | undefined;
  try {
    redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: connectMs });
    redis.on('error', () => {});
    await redis.connect();
    await redis.ping();
    return undefined;
  } catch (error) {
    return errorText(error);
  } finally {
    redis?.disconnect();
  }
}

function connectionTo(url: string): { url: string; maxRetriesPerRequest: null } {
  return { url, maxRetriesPerRequest: null };
}

export interface QueueOptions {
  readonly planFile: string;
  readonly signal?: AbortSignal | undefined;
}

/** Puts the jobs into the queue and waits for their results. */
export function queueRunner({ url, bullmq }: OpenQueue, context: ContributionContext, options: QueueOptions): Runner {
  const { recipe, digest } = context;
  const { signal } = options;
  const planFile = resolve(options.planFile);
  return async (jobs, onResult) => {
    const queue: Queue<Payload, Measured> = new bullmq.Queue(queueName, { connection: connectionTo(url) });
    const events = new bullmq.QueueEvents(queueName, { connection: connectionTo(url) });
    // Each job waits for its own end.
    for (const emitter of [queue, events]) emitter.setMaxListeners(0);
    try {
      await events.waitUntilReady();
      const queued = await Promise.all(
        jobs.map(async (job) => {
          const payload = { planFile, recipe, job, digest };
          return { job, entry: await addAnew(queue, jobKey(digest, job), payload) };
        }),
      );
      const failed: Diagnostic[] = [];
      // Results are taken one after the other, though they come in any order.
      let last: Promise<void> = Promise.resolve();
      await Promise.all(
        queued.map(async ({ job, entry }) => {
          const result = await resultOf(entry, events, signal);
          if (result === undefined) return;
          if (typeof result === 'string') failed.push(jobFailed(job, result));
          else {
            last = last.then(async () => await onResult(job, result));
            await last;
          }
        }),
      );
      if (signal?.aborted === true) {
        await Promise.all(queued.map(async ({ entry }) => await entry.remove().catch(() => undefined)));
      }
      return failed;
    } finally {
      await events.close();
      await queue.close();
    }
  };
}

/** A job of this name that failed before is run again; one that waits, runs or is done is taken as it is. */
async function addAnew(
  queue: Queue<Payload, Measured>,
  jobId: string,
  payload: Payload,
): Promise<Job<Payload, Measured>> {
  const known = await queue.getJob(jobId);
  if (known !== undefined && (await known.isFailed())) await known.remove();
  return await queue.add('measure', payload, { jobId, removeOnComplete: { age: keepSeconds }, removeOnFail: false });
}

/** Text where it failed; undefined where it was cancelled. */
async function resultOf(
  entry: Job<Payload, Measured>,
  events: QueueEvents,
  signal: AbortSignal | undefined,
): Promise<Measured | string | undefined> {
  const aborted = new Promise<undefined>((done) => {
    if (signal?.aborted === true) done(undefined);
    signal?.addEventListener('abort', () => done(undefined), { once: true });
  });
  const finished = entry.waitUntilFinished(events).then(
    (value): Measured | string => {
      const parsed = v.safeParse(measuredSchema, value);
      return parsed.success ? parsed.output : 'a worker sent a result of another form';
    },
    (error: unknown) => errorText(error),
  );
  return await Promise.race([aborted, finished]);
}

function jobFailed(job: ContributionJob, message: string): Diagnostic {
  return {
    severity: 'error',
    code: 'job-failed',
    message: `the run "${jobText(job)}" failed on a worker: ${message}`,
    remedy: 'see what the worker says; then start again: what is done is not repeated',
  };
}

/** Takes jobs until the signal aborts; then the job under way goes back to the queue. */
export async function serveQueue({ url, bullmq }: OpenQueue, io: Io): Promise<void> {
  let current: { readonly key: string; readonly opened: ReturnType<typeof openContext> } | undefined;
  const contextOf = async ({ planFile, recipe, digest }: Payload): Promise<ContributionContext> => {
    const key = JSON.stringify({ planFile, recipe, digest });
    if (current?.key !== key) current = { key, opened: openContext(planFile, recipe) };
    const opened = await current.opened;
    if (!opened.ok) throw new Error(opened.diagnostics.map(({ message }) => message).join('; '));
    if (opened.value.digest === digest) return opened.value;
    // It may have changed since; the next job looks again.
    current = undefined;
    throw new Error(`plan, model or data of ${planFile} are not the same here`);
  };
  const stop = new AbortController();
  const worker = new bullmq.Worker<Payload, Measured>(
    queueName,
    async ({ data: payload }) => {
      const context = await contextOf(payload);
      const measured = await measure(context, payload.job, stop.signal);
      if (measured === undefined) throw new Error('the worker was stopped');
      io.err(`${jobText(payload.job)}: ${(100 * measured.accuracy).toFixed(1)} %\n`);
      return measured;
    },
    {
      connection: connectionTo(url),
      concurrency: 1,
      lockDuration: lockMs,
      stalledInterval: lockMs / 2,
      maxStalledCount: mostStalls,
    },
  );
  worker.on('error', (error) => io.err(`${errorText(error)}\n`));
  worker.on('failed', (job, error) =>
    io.err(`${job === undefined ? 'a job' : jobText(job.data.job)}: ${error.message}\n`),
  );
  io.err(`waiting for jobs on ${url}\n`);
  await new Promise<void>((done) => {
    if (io.signal === undefined || io.signal.aborted) done();
    io.signal?.addEventListener('abort', () => done(), { once: true });
  });
  // Closing by force leaves the job under way to its lock, so it stalls and goes to another worker.
  await worker.close(true);
  stop.abort();
}
