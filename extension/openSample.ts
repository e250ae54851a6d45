/** The command "Open Sample Firmware": a copy of the bundled sample that the user may change and build. */

import { commands, FileType, l10n, Uri, window, workspace } from 'vscode';
import { basename } from './files.ts';

/** Laid over each other: a model with its plan and data, and a firmware around it. */
const parts = ['garments', 'firmware'];
/** How the model was made is of no use in a firmware. */
const leftOut = 'make';
const folderName = 'firmtune-sample';
const planName = 'garments.trainplan';

/** @param parent the folder in which the sample gets its own; asked for where it is not given */
export async function openSample(extensionUri: Uri, parent?: Uri): Promise<Uri | undefined> {
  const into = parent ?? (await askForFolder());
  if (into === undefined) return undefined;
  const folder = await freeFolder(into);
  for (const part of parts) await copyFolder(Uri.joinPath(extensionUri, 'extension/samples', part), folder);
  void offerToOpen(folder);
  return folder;
}

async function askForFolder(): Promise<Uri | undefined> {
  const [chosen] =
    (await window.showOpenDialog({
      title: l10n.t('Where is the sample to be copied to?'),
      openLabel: l10n.t('Copy Here'),
      canSelectFiles: false,
      canSelectFolders: true,
    })) ?? [];
  return chosen;
}

async function freeFolder(parent: Uri): Promise<Uri> {
  const taken = new Set((await workspace.fs.readDirectory(parent)).map(([name]) => name));
  let name = folderName;
  for (let number = 2; taken.has(name); number++) name = `${folderName}-${number}`;
  return Uri.joinPath(parent, name);
}

async function copyFolder(source: Uri, target: Uri): Promise<void> {
  await workspace.fs.createDirectory(target);
  for (const [name, type] of await workspace.fs.readDirectory(source)) {
    if (name === leftOut) continue;
    const [from, to] = [Uri.joinPath(source, name), Uri.joinPath(target, name)];
    if ((type & FileType.Directory) !== 0) await copyFolder(from, to);
    else await workspace.fs.writeFile(to, await workspace.fs.readFile(from));
  }
}

async function offerToOpen(folder: Uri): Promise<void> {
  const [here, newWindow] = [l10n.t('Open Folder'), l10n.t('Open in New Window')];
  const question = l10n.t('The sample is in {0}.', basename(folder));
  // In a folder that is open already, the sample's plan is enough.
  if (workspace.getWorkspaceFolder(folder) !== undefined) {
    const plan = Uri.joinPath(folder, planName);
    const openPlan = l10n.t('Open Plan');
    if ((await window.showInformationMessage(question, openPlan)) === openPlan) {
      await commands.executeCommand('vscode.open', plan);
    }
    return;
  }
  const hasFolder = workspace.workspaceFolders !== undefined;
  const choice = await window.showInformationMessage(question, ...(hasFolder ? [newWindow, here] : [here]));
  if (choice === undefined) return;
  await commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: choice === newWindow });
}
