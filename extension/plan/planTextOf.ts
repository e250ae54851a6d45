import { type Uri, workspace } from 'vscode';
import type { PlanText } from '../engine/plans.ts';

/** A plan as engines take it: with the user's own boards, as JSON. */
export function planTextOf(plan: Uri, text: string): PlanText {
  const boards = workspace.getConfiguration('firmtune', plan).get('boards') ?? {};
  return { uri: plan.toString(), text, boards: JSON.stringify(boards) };
}
