import { type Uri, workspace } from 'vscode';

/** The user's own boards as the engine takes them. */
export function boardsSetting(plan: Uri): string {
  return JSON.stringify(workspace.getConfiguration('firmtune', plan).get('boards') ?? {});
}
