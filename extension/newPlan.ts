/** The command "New Training Plan": asks for model and board, and opens a text that nobody has saved yet. */

import { FileType, l10n, type QuickPickItem, Uri, window, workspace } from 'vscode';
import { type Board, boards, boardsFromSettings } from '../language/boards.ts';
import type { EngineClient } from './engine/channel.ts';
import type { Engine } from './engine/handlers.ts';
import { basename } from './files.ts';
import type { NewPlan } from './planText.ts';

/** A workspace may hold a zoo. */
const mostModels = 500;

/** @param model from the explorer's menu, or as an argument of another command */
export async function newTrainingPlan(engine: EngineClient<Engine>, model?: unknown): Promise<void> {
  const uri = model instanceof Uri ? model : await askForModel();
  if (uri === undefined || !(await readModel(engine, uri))) return;
  const board = await askForBoard();
  if (board === undefined) return;
  const folder = Uri.joinPath(uri, '..');
  const stem = basename(uri).replace(/\.tflite$/i, '');
  const data = await dataIn(folder);
  const { text } = await engine.call('newPlan', {
    model: uri.toString(),
    modelPath: basename(uri),
    board: board.name,
    sramBytes: board.sramBytes,
    data,
  });
  if (text === undefined) {
    void window.showErrorMessage(l10n.t('{0} has no layer with int8 weights: nothing in it can train.', basename(uri)));
    return;
  }
  await openUnsaved(await freeName(folder, stem), text);
}

async function askForModel(): Promise<Uri | undefined> {
  const found = await workspace.findFiles('**/*.tflite', '**/node_modules/**', mostModels);
  const models = found
    .map((uri) => ({ label: basename(uri), description: workspace.asRelativePath(Uri.joinPath(uri, '..')), uri }))
    .sort((a, b) => a.label.localeCompare(b.label) || a.description.localeCompare(b.description));
  const browse: QuickPickItem & { readonly uri?: Uri } = { label: `$(folder-opened) ${l10n.t('Browse…')}` };
  if (models.length === 0) return browseForModel();
  const choice = await window.showQuickPick([...models, browse], {
    title: l10n.t('New Training Plan'),
    placeHolder: l10n.t('Which model is to be trained?'),
    matchOnDescription: true,
  });
  return choice === browse ? browseForModel() : choice?.uri;
}

async function browseForModel(): Promise<Uri | undefined> {
  const chosen = await window.showOpenDialog({
    title: l10n.t('Which model is to be trained?'),
    filters: { [l10n.t('TensorFlow Lite models')]: ['tflite'] },
  });
  return chosen?.[0];
}

/** False for a file that is no model, after saying so. */
async function readModel(engine: EngineClient<Engine>, uri: Uri): Promise<boolean> {
  const bytes = await workspace.fs.readFile(uri);
  const { diagnostics } = await engine.call('openModel', { uri: uri.toString(), bytes });
  const error = diagnostics.find(({ severity }) => severity === 'error');
  if (error === undefined) return true;
  void window.showErrorMessage(`${basename(uri)}: ${error.message}; ${error.remedy}`);
  return false;
}

async function askForBoard(): Promise<(Board & { readonly name: string }) | undefined> {
  const own = boardsFromSettings(workspace.getConfiguration('firmtune').get('boards')).boards;
  const items = Object.entries({ ...own, ...boards }).map(([name, board]) => ({
    label: name,
    description: `${board.core}, ${sizeText(board.sramBytes)} SRAM, ${sizeText(board.flashBytes)} flash`,
    board: { ...board, name },
  }));
  const choice = await window.showQuickPick(items, {
    title: l10n.t('New Training Plan'),
    placeHolder: l10n.t('Which board is it to train on?'),
    matchOnDescription: true,
  });
  return choice?.board;
}

function sizeText(bytes: number): string {
  return bytes < 1024 * 1024 ? `${bytes / 1024} KB` : `${bytes / 1024 / 1024} MB`;
}

/** A folder `data` beside the model, in one of the forms that the command line reads. */
async function dataIn(folder: Uri): Promise<NewPlan['data']> {
  const data = Uri.joinPath(folder, 'data');
  try {
    const names = (await workspace.fs.readDirectory(data)).map(([name]) => name);
    if (names.includes('train-images.u8')) return { path: 'data', classes: await indexedClasses(data) };
    if (!names.includes('train')) return undefined;
    const entries = await workspace.fs.readDirectory(Uri.joinPath(data, 'train'));
    return { path: 'data', classes: entries.filter(([, type]) => (type & FileType.Directory) !== 0).length };
  } catch {
    return undefined;
  }
}

async function indexedClasses(data: Uri): Promise<number> {
  const bytes = await workspace.fs.readFile(Uri.joinPath(data, 'index.json'));
  const index: { readonly classes?: unknown } = JSON.parse(new TextDecoder().decode(bytes));
  return Array.isArray(index.classes) ? index.classes.length : 0;
}

async function freeName(folder: Uri, stem: string): Promise<Uri> {
  const taken = new Set((await workspace.fs.readDirectory(folder)).map(([name]) => name));
  for (const { uri } of workspace.textDocuments) taken.add(basename(uri));
  let name = `${stem}.trainplan`;
  for (let number = 2; taken.has(name); number++) name = `${stem}-${number}.trainplan`;
  return Uri.joinPath(folder, name);
}

/** It has its name and its folder, so that the model is found, but is not written until the author saves. */
async function openUnsaved(uri: Uri, text: string): Promise<void> {
  const document = await workspace.openTextDocument(uri.with({ scheme: 'untitled' }));
  const editor = await window.showTextDocument(document);
  await editor.edit((edit) => edit.insert(document.positionAt(0), text));
}
