/** Runs training jobs on worker threads, one run a thread at a time. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { askThread, bundledScript } from '../threads.ts';
import { type JobData, type JobEvents, type JobResult, runJob, type SimulationJob, shareData } from './job.ts';
import type { WorkerMessage, WorkerStart } from './worker.ts';

export interface PoolOptions {
  /** Default: as many as the machine has cores. */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The worker's script; undefined: in this thread. Default: the one beside this bundle, if there is one. */
  readonly script?: URL | undefined;
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
  const script = 'script' in options ? options.script : bundledScript('simulation-worker.js');
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
  return askThread<WorkerMessage, JobResult>(worker, job, (message, { resolve, reject }) => {
    switch (message.kind) {
      case 'progress':
        return events.onProgress?.(message.progress);
      case 'state':
        return events.onState?.(message.state);
      case 'failed':
        return reject(message.error);
      case 'result':
        return resolve(message.result);
    }
  });
}
