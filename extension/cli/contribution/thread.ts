/** A thread of the contribution pool: reads plan and data itself, then runs the jobs that it is sent. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  type ContributionJob,
  type ContributionRecipe,
  type Measured,
  measure,
} from '../../../compiler/search/contribution.ts';
import { openContext } from './context.ts';

export interface ThreadStart {
  readonly planFile: string;
  readonly recipe: ContributionRecipe;
}

export type ThreadMessage =
  | { readonly kind: 'result'; readonly measured: Measured | undefined }
  | { readonly kind: 'failed'; readonly message: string };

/** Runs in a thread whose data is a `ThreadStart`. */
export function serveJobs(): void {
  const { planFile, recipe }: ThreadStart = workerData;
  const opening = openContext(planFile, recipe);
  const post = (message: ThreadMessage): void => parentPort?.postMessage(message);

  parentPort?.on('message', async (job: ContributionJob) => {
    try {
      const context = await opening;
      if (!context.ok) post({ kind: 'failed', message: context.diagnostics[0]?.message ?? 'the plan cannot be read' });
      else post({ kind: 'result', measured: await measure(context.value, job) });
    } catch (error) {
      post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  });
}
