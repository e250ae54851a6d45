/** Plans to compare with: those of the workspace, as they are in the editor. */

import { type Uri, workspace } from 'vscode';
import type { PlanText } from '../engine/plans.ts';
import { basename, readIfThere } from '../files.ts';
import { planTextOf } from '../plan/planTextOf.ts';

/** Each is compiled, if it is of the same model. */
const mostOthers = 8;

export async function otherPlans(plan: Uri): Promise<readonly (PlanText & { readonly name: string })[]> {
  const found = await workspace.findFiles('**/*.trainplan', '**/node_modules/**');
  const folder = (uri: Uri): string => uri.path.replace(/[^/]*$/, '');
  const distance = (uri: Uri): number => Number(folder(uri) !== folder(plan));
  const others = found
    .filter((uri) => uri.toString() !== plan.toString())
    .sort((a, b) => distance(a) - distance(b) || a.path.localeCompare(b.path))
    .slice(0, mostOthers);
  const texts = await Promise.all(
    others.map(async (uri) => {
      const open = workspace.textDocuments.find((each) => each.uri.toString() === uri.toString());
      const bytes = open === undefined ? await readIfThere(uri) : undefined;
      const text = open?.getText() ?? (bytes && new TextDecoder().decode(bytes));
      const name = basename(uri).replace(/\.trainplan$/, '');
      return text === undefined ? undefined : { ...planTextOf(uri, text), name };
    }),
  );
  return texts.filter((each) => each !== undefined);
}
