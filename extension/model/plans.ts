/** The workspace's plans that name a model. */

import { Uri, workspace } from 'vscode';
import type { ModelPlanChoice } from '../../webview/messages.ts';
import { basename, readIfThere, stored } from '../files.ts';
import type { ModelDocument } from './document.ts';

/** A workspace may be huge. */
const mostPlans = 500;

/** As the editor has it, saved or not. */
export async function textOfPlan(plan: Uri): Promise<string | undefined> {
  const open = workspace.textDocuments.find(({ uri }) => uri.toString() === plan.toString());
  if (open !== undefined) return open.getText();
  const bytes = await readIfThere(plan);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** By name; those that are not saved yet count too. */
export async function plansFor(model: ModelDocument): Promise<readonly ModelPlanChoice[]> {
  const saved = await workspace.findFiles('**/*.trainplan', '**/node_modules/**', mostPlans);
  const unsaved = workspace.textDocuments.filter(
    ({ uri, languageId }) => languageId === 'trainplan' && uri.scheme === 'untitled',
  );
  const plans = [...saved, ...unsaved.map(({ uri }) => uri)];
  const found = await Promise.all(plans.map(async (plan) => ((await names(plan, model)) ? [plan] : [])));
  return found
    .flat()
    .map((uri) => ({ uri: uri.toString(), name: workspace.asRelativePath(uri) }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

async function names(plan: Uri, model: ModelDocument): Promise<boolean> {
  const text = await textOfPlan(plan);
  // Most plans of a workspace are about other models: those are not parsed.
  if (text === undefined || !text.includes(basename(model.uri))) return false;
  const path = await model.modelOfPlan(text);
  if (path === undefined) return false;
  return Uri.joinPath(stored(plan), '..', path.replaceAll('\\', '/')).path === model.uri.path;
}
