/** Files that the author names: asked for, written whole or not at all, and what fails is said. */

import { l10n, type Uri, window, workspace } from 'vscode';
import { basename } from './files.ts';

export interface SaveQuestion {
  readonly title: string;
  /** Where the dialog begins; undefined: where the editor likes. */
  readonly proposal: Uri | undefined;
  /** A name without an ending gets this one. Its last part alone: to the editor's own dialog only that is an ending. */
  readonly ending: string;
}

/** @returns where it was written; undefined if the author did not want it, or it could not be */
export async function saveAs(question: SaveQuestion, content: Uint8Array): Promise<Uri | undefined> {
  const { title, proposal, ending } = question;
  const target = await window.showSaveDialog({
    title,
    ...(proposal === undefined ? {} : { defaultUri: proposal }),
    filters: { [ending.toUpperCase()]: [ending] },
  });
  if (target === undefined) return undefined;
  try {
    await writeWhole(target, content);
    return target;
  } catch (error) {
    return (await wantsAnotherPlace(target, error)) ? saveAs(question, content) : undefined;
  }
}

async function wantsAnotherPlace(target: Uri, error: unknown): Promise<boolean> {
  const why = error instanceof Error ? error.message : String(error);
  const elsewhere = l10n.t('Save Elsewhere…');
  const text = l10n.t('{0} could not be written: {1}', basename(target), why);
  return (await window.showErrorMessage(text, elsewhere)) === elsewhere;
}

/** Beside the target first: a write that fails half-way leaves what was there, and nothing of its own. */
export async function writeWhole(target: Uri, content: Uint8Array): Promise<void> {
  // An ending that nobody else uses: what has this name is ours to replace and to delete.
  const draft = target.with({ path: `${target.path}.firmtune-part` });
  try {
    await workspace.fs.writeFile(draft, content);
    await workspace.fs.rename(draft, target, { overwrite: true });
  } catch (error) {
    // There may be none; the reason is that of the first failure.
    await Promise.resolve(workspace.fs.delete(draft)).catch(() => undefined);
    throw error;
  }
}
