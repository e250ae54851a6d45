/** A worker thread: one training run after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { type JobData, type JobResult, runJob, type SimulationJob } from './job.ts';

export interface WorkerStart {
  readonly shared: JobData;
  /** Set to 1 to cancel. */
  readonly cancel: Int32Array;
}

export type WorkerMessage =
  | { readonly kind: 'progress'; readonly progress: Parameters<ProgressEvent>[0] }
  | { readonly kind: 'state'; readonly state: Parameters<StateEvent>[0] }
  | { readonly kind: 'result'; readonly result: JobResult }
  | { readonly kind: 'failed'; readonly error: unknown };

type Events = Required<Parameters<typeof runJob>[2]>;
type ProgressEvent = NonNullable<Events['onProgress']>;
type StateEvent = NonNullable<Events['onState']>;

const { shared, cancel }: WorkerStart = workerData;
const port = parentPort;
const post = (message: WorkerMessage): void => port?.postMessage(message);
const signal = {
  get aborted(): boolean {
    return Atomics.load(cancel, 0) !== 0;
  },
};

port?.on('message', async (job: SimulationJob) => {
  try {
    const onProgress: ProgressEvent = (progress) => post({ kind: 'progress', progress });
    const onState: StateEvent = (state) => post({ kind: 'state', state });
    post({ kind: 'result', result: await runJob(job, shared, { onProgress, onState }, signal) });
  } catch (error) {
    post({ kind: 'failed', error });
  }
});
