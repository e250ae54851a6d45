/** Which plan a command means that was given none. */

import { TabInputCustom, TabInputText, type Uri, window } from 'vscode';

/** The plan in the active tab, be it text or a view. */
export function activePlan(): Uri | undefined {
  const input = window.tabGroups.activeTabGroup.activeTab?.input;
  const shown = input instanceof TabInputText || input instanceof TabInputCustom ? input.uri : undefined;
  const uri = shown ?? window.activeTextEditor?.document.uri;
  return uri?.path.endsWith('.trainplan') === true ? uri : undefined;
}
