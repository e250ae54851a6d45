/** The measured contributions beside a plan, `PLAN.contributions.json`: read when they are there, and whenever they change. */

import { Disposable, RelativePattern, Uri, workspace } from 'vscode';
import { basename, readIfThere, stored } from '../files.ts';
import { contributionsPath } from '../taskArguments.ts';

export function contributionsBeside(plan: Uri): Uri {
  const file = stored(plan);
  return file.with({ path: contributionsPath(file.path) });
}

/** A watcher of this one file, whatever its name has in it. */
export function watchFile(file: Uri, changed: () => void): Disposable {
  const name = basename(file).replace(/[*?[\]{}]/g, '[$&]');
  const watcher = workspace.createFileSystemWatcher(new RelativePattern(Uri.joinPath(file, '..'), name));
  return Disposable.from(
    watcher,
    watcher.onDidChange(changed),
    watcher.onDidCreate(changed),
    watcher.onDidDelete(changed),
  );
}

export class MeasuredContributions extends Disposable {
  /** Undefined: there are none. */
  text: string | undefined;

  /** @param changed called when there is another text, also after the first reading */
  constructor(plan: Uri, changed: () => void) {
    const file = contributionsBeside(plan);
    const read = async (): Promise<void> => {
      const bytes = await readIfThere(file);
      const text = bytes && new TextDecoder().decode(bytes);
      if (text === this.text) return;
      this.text = text;
      changed();
    };
    const watcher = watchFile(file, () => void read());
    super(() => watcher.dispose());
    void read();
  }
}
