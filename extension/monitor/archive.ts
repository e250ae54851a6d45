/** Runs outlive the window: what the monitor shows of them, in the workspace's storage. */

import type { RunPicture } from '../../webview/messages.ts';
import type { Run } from './run.ts';
import type { RestoredRun, RunStore } from './runStore.ts';

const version = 1;

/** Without pictures, which are many, and what was learned, which only their engine could use. */
export function archiveText(store: RunStore): string {
  return JSON.stringify({ version, runs: store.all.map((run) => archived(store, run)) }, finite);
}

/** Empty where the text is damaged or of another version: old runs are not worth a question. */
export function archivedRuns(text: string): readonly RestoredRun[] {
  try {
    const archive: { readonly version?: unknown; readonly runs?: unknown } = JSON.parse(text);
    return archive.version === version && Array.isArray(archive.runs) ? archive.runs : [];
  } catch {
    return [];
  }
}

function archived(store: RunStore, run: Run): RestoredRun {
  const { planUri } = run.start;
  const { test } = run;
  return {
    picture: past(store.picture(run), planUri !== undefined),
    ...(planUri === undefined ? {} : { planUri }),
    losses: run.losses.tail(undefined) ?? { stride: 1, from: 0, steps: [], losses: [] },
    ...(test === undefined ? {} : { test: { ...test, wrong: test.wrong.map(({ picture, ...example }) => example) } }),
  };
}

/** As it is shown after the window was closed. */
function past({ remaining, progress, ...picture }: RunPicture, canRunAgain: boolean): RunPicture {
  const { state, problems } = picture;
  const interrupted = state === 'running' || state === 'starting';
  const note = {
    severity: 'information',
    code: 'window-closed',
    message: 'the window was closed while it ran',
    remedy: canRunAgain ? 'run it again' : 'start it again',
  } as const;
  return {
    ...picture,
    state: interrupted ? 'cancelled' : state,
    problems: interrupted ? [...problems, note] : problems,
    ...{ canCancel: false, canContinue: false, canRunAgain, learnedBytes: 0 },
  };
}

/** JSON has no NaN; what is no number is left out. */
function finite(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? undefined : value;
}
