/** Keeps the runs of the monitor in the workspace's storage, and brings them back in the next window. */

import { Disposable, type LogOutputChannel, Uri, workspace } from 'vscode';
import { readIfThere } from '../files.ts';
import { writeWhole } from '../saveAs.ts';
import { archivedRuns, archiveText } from './archive.ts';
import type { RunStore } from './runStore.ts';

/** A run that goes on changes all the time. */
const saveEveryMs = 5000;

export interface Keeping extends Disposable {
  /** Once, before the first run or the first page. */
  load(): Promise<void>;
}

/** @param storage undefined without a folder: then nothing is kept */
export function keepRuns(store: RunStore, storage: Uri | undefined, log: LogOutputChannel): Keeping {
  const file = storage === undefined ? undefined : Uri.joinPath(storage, 'runs.json');
  let loaded: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const load = async (): Promise<void> => {
    const bytes = file === undefined ? undefined : await readIfThere(file);
    if (bytes !== undefined) store.restore(archivedRuns(new TextDecoder().decode(bytes)));
  };
  const save = async (): Promise<void> => {
    timer = undefined;
    if (storage === undefined || file === undefined) return;
    try {
      await workspace.fs.createDirectory(storage);
      await writeWhole(file, new TextEncoder().encode(archiveText(store)));
    } catch (error) {
      log.warn(`the runs were not kept: ${error}`);
    }
  };
  const followed = store.onChange(() => {
    // Not before what is there was read.
    if (loaded !== undefined) timer ??= setTimeout(() => void loaded?.then(save), saveEveryMs);
  });
  const stop = new Disposable(() => {
    followed();
    clearTimeout(timer);
  });
  return Object.assign(stop, {
    load: () => {
      loaded ??= load();
      return loaded;
    },
  });
}
