/** Saves what the plan's page exports as a file that the author chooses. */

import { commands, l10n, type QuickPickItem, Uri, window } from 'vscode';
import type { FromPlanPage } from '../../webview/messages.ts';
import { basename, stored } from '../files.ts';
import { saveAs } from '../saveAs.ts';

export type PlanExport = Extract<FromPlanPage, { type: 'export' }>;
export type ExportFormat = PlanExport['format'];

const extensions: Readonly<Record<ExportFormat, string>> = {
  png: 'png',
  svg: 'svg',
  csv: 'csv',
  tracealloc: 'tracealloc.json',
};

export async function askForFormat(): Promise<ExportFormat | undefined> {
  const formats: readonly (QuickPickItem & { readonly format: ExportFormat })[] = [
    { format: 'png', label: 'PNG', description: l10n.t('a picture of the memory timeline') },
    { format: 'svg', label: 'SVG', description: l10n.t('the same as a drawing that can be scaled') },
    { format: 'csv', label: 'CSV', description: l10n.t('bytes by step and role, for a spreadsheet') },
    { format: 'tracealloc', label: 'tracealloc.json', description: l10n.t('the arena, for other viewers of memory') },
  ];
  const chosen = await window.showQuickPick(formats, { title: l10n.t('Export Timeline') });
  return chosen?.format;
}

/** @returns where it was written; undefined if the author did not want it, or it could not be */
export async function saveExport(plan: Uri, { format, content }: PlanExport): Promise<Uri | undefined> {
  const name = `${basename(plan).replace(/\.trainplan$/, '')}-timeline.${extensions[format]}`;
  const question = {
    title: l10n.t('Export Timeline'),
    proposal: Uri.joinPath(stored(plan), '..', name),
    ending: extensions[format].replace(/^.*\./, ''),
  };
  const target = await saveAs(question, format === 'png' ? bytesOf(content) : new TextEncoder().encode(content));
  if (target !== undefined) void offerToOpen(target);
  return target;
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

async function offerToOpen(target: Uri): Promise<void> {
  const open = l10n.t('Open');
  const choice = await window.showInformationMessage(l10n.t('Exported {0}.', basename(target)), open);
  if (choice === open) await commands.executeCommand('vscode.open', target);
}
