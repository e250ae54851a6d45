/** Which file of contributions belongs to a plan: the one that the author chose, or `PLAN.contributions.json` beside it. */

import { type Memento, Uri } from 'vscode';
import { basename } from '../files.ts';
import { contributionsBeside } from '../plan/contributions.ts';

/** Undefined: the author wants none. */
export function contributionsOf(plan: Uri, chosen: Memento): Uri | undefined {
  const uri = chosen.get<string>(keyOf(plan));
  if (uri === '') return undefined;
  return uri === undefined ? contributionsBeside(plan) : Uri.parse(uri);
}

export async function chooseContributions(plan: Uri, file: Uri | undefined, chosen: Memento): Promise<void> {
  await chosen.update(keyOf(plan), file?.toString() ?? '');
}

function keyOf(plan: Uri): string {
  return `firmtune.contributions ${plan.toString()}`;
}

/** What measures them, for a terminal in the plan's folder. */
export function measuringCommand(plan: Uri): string {
  return `firmtune contribution "${basename(plan)}" --out "${basename(contributionsBeside(plan))}"`;
}
