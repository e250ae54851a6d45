/** Saves a plan's timeline or arena as a file that the author chooses. */

import { commands, l10n, type QuickPickItem, Uri, window, workspace } from 'vscode';
import type { FromPlanPage, PlanPicture } from '../../webview/messages.ts';
import { basename, stored } from '../files.ts';
import type { PlanViews } from '../views/planView.ts';
import { allocationTrace, timelineCsv } from './exportText.ts';
import type { PlanSessions } from './sessions.ts';

export type ExportFormat = Extract<FromPlanPage, { type: 'export' }>['format'];

const extensions: Readonly<Record<ExportFormat, string>> = {
  png: 'png',
  svg: 'svg',
  csv: 'csv',
  tracealloc: 'tracealloc.json',
};

/** What the page draws is asked of it, and comes back as a message; the rest is text of the picture. */
export async function exportTimeline(sessions: PlanSessions, views: PlanViews, plan: Uri): Promise<void> {
  const formats: readonly (QuickPickItem & { readonly format: ExportFormat })[] = [
    { format: 'png', label: 'PNG', description: l10n.t('a picture of the memory timeline') },
    { format: 'svg', label: 'SVG', description: l10n.t('the same as a drawing that can be scaled') },
    { format: 'csv', label: 'CSV', description: l10n.t('bytes by step and role, for a spreadsheet') },
    { format: 'tracealloc', label: 'tracealloc.json', description: l10n.t('the arena, for other viewers of memory') },
  ];
  const chosen = await window.showQuickPick(formats, { title: l10n.t('Export Timeline') });
  if (chosen === undefined) return;
  if (chosen.format === 'png' || chosen.format === 'svg') {
    await views.requestExport(plan, chosen.format);
    return;
  }
  const use = sessions.use(await workspace.openTextDocument(plan));
  try {
    const state = await use.session.newest();
    await saveExport(plan, chosen.format, undefined, state?.picture);
  } finally {
    use.dispose();
  }
}

/** @param drawn what the page drew: base64 of a PNG, or the text of an SVG */
export async function saveExport(
  plan: Uri,
  format: ExportFormat,
  drawn: string | undefined,
  picture: PlanPicture | undefined,
): Promise<void> {
  const content = contentOf(format, drawn, picture);
  if (content === undefined) {
    void window.showErrorMessage(l10n.t('There is no timeline to export: the plan has errors.'));
    return;
  }
  const extension = extensions[format];
  const stem = basename(plan).replace(/\.trainplan$/, '');
  const target = await window.showSaveDialog({
    title: l10n.t('Export Timeline'),
    defaultUri: Uri.joinPath(stored(plan), '..', `${stem}-timeline.${extension}`),
    filters: { [extension.toUpperCase()]: [extension] },
  });
  if (target === undefined) return;
  await writeWhole(target, content);
  const open = l10n.t('Open');
  const choice = await window.showInformationMessage(l10n.t('Exported {0}.', basename(target)), open);
  if (choice === open) await commands.executeCommand('vscode.open', target);
}

function contentOf(
  format: ExportFormat,
  drawn: string | undefined,
  picture: PlanPicture | undefined,
): Uint8Array | undefined {
  const encode = (text: string | undefined) => (text === undefined ? undefined : new TextEncoder().encode(text));
  switch (format) {
    case 'png':
      return drawn === undefined ? undefined : bytesOf(drawn);
    case 'svg':
      return encode(drawn);
    case 'csv':
      return encode(picture && timelineCsv(picture));
    case 'tracealloc':
      return encode(picture && allocationTrace(picture));
  }
}

/** With or without the head of a data URL. */
function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64.replace(/^data:[^,]*,/, '')), (character) => character.charCodeAt(0));
}

/** Beside the target first: a write that fails half-way leaves what was there. */
async function writeWhole(target: Uri, content: Uint8Array): Promise<void> {
  const draft = target.with({ path: `${target.path}.part` });
  await workspace.fs.writeFile(draft, content);
  try {
    await workspace.fs.rename(draft, target, { overwrite: true });
  } catch (error) {
    await workspace.fs.delete(draft);
    throw error;
  }
}
