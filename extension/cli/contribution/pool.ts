/** Runs jobs on worker threads, one job a thread at a time. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Diagnostic } from '../../../compiler/diagnostics.ts';
import {
  type ContributionJob,
  type ContributionRecipe,
  type Measured,
  measure,
} from '../../../compiler/search/contribution.ts';
import { askThread, bundledScript } from '../threads.ts';
import type { ContributionContext } from './context.ts';
import type { ThreadMessage, ThreadStart } from './thread.ts';

/** Gives the jobs to whoever runs them; calls back with each result as it comes. What comes back are jobs that failed. */
export type Runner = (
  jobs: readonly ContributionJob[],
  onResult: (job: ContributionJob, measured: Measured) => Promise<void>,
) => Promise<readonly Diagnostic[]>;

export interface PoolOptions {
  readonly planFile: string;
  readonly recipe: ContributionRecipe;
  /** Default: as many as the machine has cores. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The thread's script; undefined: in this thread. Default: the program's bundle, if it is here. */
  readonly script?: URL | undefined;
}

/** Ends early where the signal aborts. */
export function threadPool(context: ContributionContext, options: PoolOptions): Runner {
  const { signal, planFile, recipe } = options;
  const script = 'script' in options ? options.script : bundledScript('firmtune.js');
  return async (jobs, onResult) => {
    const count = Math.min(jobs.length, options.threads ?? availableParallelism());
    let next = 0;
    const work = async (perform: (job: ContributionJob) => Promise<Measured | undefined>): Promise<void> => {
      for (let job = jobs[next++]; job !== undefined && signal?.aborted !== true; job = jobs[next++]) {
        const measured = await perform(job);
        if (measured !== undefined) await onResult(job, measured);
      }
    };
    if (script === undefined || count <= 1) {
      await work(async (job) => await measure(context, job, signal));
      return [];
    }
    const workerData: ThreadStart = { planFile, recipe };
    const workers = Array.from({ length: count }, () => new Worker(script, { workerData }));
    const terminate = (): void => {
      for (const worker of workers) void worker.terminate();
    };
    signal?.addEventListener('abort', terminate, { once: true });
    try {
      await Promise.all(workers.map(async (worker) => await work(async (job) => await performOn(worker, job, signal))));
    } finally {
      signal?.removeEventListener('abort', terminate);
      await Promise.all(workers.map(async (worker) => await worker.terminate()));
    }
    return [];
  };
}

/** Undefined where the signal ended the thread. */
function performOn(
  worker: Worker,
  job: ContributionJob,
  signal: AbortSignal | undefined,
): Promise<Measured | undefined> {
  return askThread<ThreadMessage, Measured | undefined>(
    worker,
    job,
    (message, { resolve, reject }) => {
      if (message.kind === 'result') resolve(message.measured);
      else reject(new Error(message.message));
    },
    (code, { resolve, reject }) => {
      if (signal?.aborted === true) resolve(undefined);
      else reject(new Error(`a thread ended with code ${code}`));
    },
  );
}
