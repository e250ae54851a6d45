/** Runs training jobs on worker threads, one run a thread at a time. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type JobData, type JobEvents, type JobResult, runJob, type SimulationJob, shareData } from './job.ts';
import type { WorkerMessage, WorkerStart } from './worker.ts';

export interface PoolOptions {
  /** Default: as many as the machine has cores. */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The worker's script; undefined: in this thread. Default: the one beside this bundle, if there is one. */
  readonly script?: URL | undefined;
}

/** Beside the bundle; not there where the sources run as they are. */
export function bundledWorker(): URL | undefined {
  const script = new URL('./simulation-worker.js', import.meta.url);
  return existsSync(fileURLToPath(script)) ? script : undefined;
}

/**
 * The results in the order of the jobs; those that a cancellation kept from starting are left out. Events carry the
 * job's number. Results do not depend on the number of workers.
 * @throws Error of a job that fails, after all workers have ended
 */
export async function runJobs(
  jobs: readonly SimulationJob[],
  data: JobData,
  options: PoolOptions,
  events: (job: number) => JobEvents,
): Promise<readonly JobResult[]> {
  const { signal } = options;
  const script = 'script' in options ? options.script : bundledWorker();
  const count = Math.min(jobs.length, options.workers ?? availableParallelism());
  const results: (JobResult | undefined)[] = jobs.map(() => undefined);
  let next = 0;
  const work = async (perform: (job: SimulationJob, events: JobEvents) => Promise<JobResult>): Promise<void> => {
    while (next < jobs.length && signal?.aborted !== true) {
      const number = next++;
      const job = jobs[number];
      if (job !== undefined) results[number] = await perform(job, events(number));
    }
  };
  if (script === undefined || count <= 1) {
    await work(async (job, listeners) => await runJob(job, data, listeners, signal));
  } else {
    const cancel = new Int32Array(new SharedArrayBuffer(4));
    const abort = (): void => void Atomics.store(cancel, 0, 1);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    const workerData: WorkerStart = { shared: shareData(data), cancel };
    const workers = Array.from({ length: count }, () => new Worker(script, { workerData }));
    try {
      await Promise.all(workers.map(async (worker) => await work(async (job, on) => await perform(worker, job, on))));
    } finally {
      abort();
      signal?.removeEventListener('abort', abort);
      await Promise.all(workers.map(async (worker) => await worker.terminate()));
    }
  }
  return results.filter((result) => result !== undefined);
}

function perform(worker: Worker, job: SimulationJob, events: JobEvents): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
    };
    const onError = (error: unknown): void => {
      end();
      reject(error);
    };
    const onExit = (code: number): void => onError(new Error(`a worker ended with code ${code}`));
    const onMessage = (message: WorkerMessage): void => {
      if (message.kind === 'progress') events.onProgress?.(message.progress);
      if (message.kind === 'state') events.onState?.(message.state);
      if (message.kind === 'failed') onError(message.error);
      if (message.kind !== 'result') return;
      end();
      resolve(message.result);
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.postMessage(job);
  });
}
