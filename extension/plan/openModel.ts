/** The command "Open Model View": a `.tflite` file, or the model of the plan in the active tab. */

import { commands, l10n, TabInputCustom, Uri, window, workspace } from 'vscode';
import { activePlan } from './activePlan.ts';
import type { PlanSessions } from './sessions.ts';

export const modelViewType = 'firmtune.modelView';

/** @param layer to show at once */
export async function openModel(sessions: PlanSessions, model: unknown, layer: unknown): Promise<void> {
  const uri = model instanceof Uri ? model : await currentModel(sessions);
  if (uri === undefined) return;
  await commands.executeCommand('vscode.openWith', uri, modelViewType);
  const known = await commands.getCommands(true);
  if (typeof layer === 'string' && known.includes('firmtune.revealInModel')) {
    await commands.executeCommand('firmtune.revealInModel', uri, layer);
  }
}

async function currentModel(sessions: PlanSessions): Promise<Uri | undefined> {
  const input = window.tabGroups.activeTabGroup.activeTab?.input;
  if (input instanceof TabInputCustom && input.uri.path.endsWith('.tflite')) return input.uri;
  const plan = activePlan();
  return plan === undefined ? askForModel() : modelOf(sessions, plan);
}

async function modelOf(sessions: PlanSessions, plan: Uri): Promise<Uri | undefined> {
  const use = sessions.use(await workspace.openTextDocument(plan));
  try {
    return (await use.session.newest())?.model ?? (await askForModel());
  } finally {
    use.dispose();
  }
}

async function askForModel(): Promise<Uri | undefined> {
  const found = await workspace.findFiles('**/*.tflite', '**/node_modules/**');
  const items = found
    .map((uri) => ({ label: workspace.asRelativePath(uri), uri }))
    .sort((a, b) => a.label.localeCompare(b.label));
  if (items.length === 0) {
    void window.showInformationMessage(l10n.t('There is no .tflite model in this workspace.'));
    return undefined;
  }
  return (await window.showQuickPick(items, { title: l10n.t('Open Model View') }))?.uri;
}
