/** What the extension adds for plans: the view, its commands, and the tree. */

import {
  commands,
  Disposable,
  type ExtensionContext,
  type LogOutputChannel,
  l10n,
  Uri,
  window,
  workspace,
} from 'vscode';
import { PlanViews, planViewType } from '../views/planView.ts';
import { activePlan } from './activePlan.ts';
import type { Engines } from './engines.ts';
import { PlanSessions } from './sessions.ts';

export interface PlanServices {
  readonly engines: Engines;
  readonly log: LogOutputChannel;
  readonly runsTasks: boolean;
}

export function registerPlans(context: ExtensionContext, { engines, log, runsTasks }: PlanServices): Disposable {
  const sessions = new PlanSessions(engines, log);
  const views = new PlanViews(context.extensionUri, sessions, log, () => runsTasks && workspace.isTrusted);
  const show = async (plan: unknown, layers?: unknown): Promise<void> => {
    const uri = planIn(plan) ?? activePlan();
    if (uri !== undefined) await views.show(uri, namesIn(layers));
    else void window.showInformationMessage(l10n.t('Open a training plan first.'));
  };
  return Disposable.from(
    sessions,
    window.registerCustomEditorProvider(planViewType, views),
    commands.registerCommand('firmtune.openPlanView', (plan) => show(plan)),
    commands.registerCommand('firmtune.showPlan', (plan) => show(plan)),
    commands.registerCommand('firmtune.showLayers', show),
    workspace.onDidGrantWorkspaceTrust(() => views.refreshSettings()),
  );
}

/** Menus give a URI, lenses its text. */
function planIn(value: unknown): Uri | undefined {
  if (value instanceof Uri) return value;
  return typeof value === 'string' && value !== '' ? Uri.parse(value) : undefined;
}

function namesIn(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined;
}
