/** Files and folders for the paths of `model` and `data`. */

import { type FileSystemProvider, type URI, UriUtils } from 'langium';
import type { CompletionItem } from 'vscode-languageserver-protocol';
import { besidePlan } from './analysis.ts';

/** The protocol's numbers. */
const fileKind = 17 as const;
const folderKind = 19 as const;

/** A workspace may be huge: what is deeper or further is found step by step while typing. */
const deepest = 4;
const most = 200;

/**
 * For `data`: folders and tables of the folder that is typed so far. For `model`: also all models below the plan's folder, so
 * that the first completion mostly has what is wanted. `typed` is what the quotes hold.
 */
export async function pathItems(
  files: FileSystemProvider,
  plan: URI,
  typed: string,
  wanted: 'model' | 'data',
): Promise<CompletionItem[]> {
  const stem = typed.replace(/[^/]*$/, '');
  const folder = besidePlan(plan, stem === '' ? '.' : stem);
  const found =
    wanted === 'model'
      ? await modelsBelow(files, folder, stem, deepest)
      : (await filesIn(files, folder, '.csv')).map((name) => stem + name);
  const folders = await foldersIn(files, folder);
  return [
    ...found.slice(0, most).map((label) => ({ label, kind: fileKind })),
    ...folders.map((name) => ({ label: `${stem}${name}/`, kind: folderKind })),
    ...(/^(\.\.\/)*$/.test(stem) ? [{ label: `${stem}../`, kind: folderKind }] : []),
  ];
}

async function list(files: FileSystemProvider, folder: URI) {
  try {
    const entries = await files.readDirectory(folder);
    return entries.filter(({ uri }) => !/^\.|^node_modules$/.test(UriUtils.basename(uri)));
  } catch {
    return [];
  }
}

async function filesIn(files: FileSystemProvider, folder: URI, ending: string): Promise<string[]> {
  const entries = await list(files, folder);
  return entries
    .filter(({ isFile, uri }) => isFile && uri.path.endsWith(ending))
    .map(({ uri }) => UriUtils.basename(uri))
    .sort();
}

async function foldersIn(files: FileSystemProvider, folder: URI): Promise<string[]> {
  const entries = await list(files, folder);
  return entries
    .filter(({ isDirectory }) => isDirectory)
    .map(({ uri }) => UriUtils.basename(uri))
    .sort();
}

async function modelsBelow(files: FileSystemProvider, folder: URI, stem: string, depth: number): Promise<string[]> {
  const entries = await list(files, folder);
  const models = entries.flatMap(({ uri, isFile }) => {
    const name = UriUtils.basename(uri);
    return isFile && name.endsWith('.tflite') ? [stem + name] : [];
  });
  if (depth === 0) return models.sort();
  const deeper = await Promise.all(
    entries
      .filter(({ isDirectory }) => isDirectory)
      .map(({ uri }) => modelsBelow(files, uri, `${stem}${UriUtils.basename(uri)}/`, depth - 1)),
  );
  return [...models.sort(), ...deeper.flat()];
}
