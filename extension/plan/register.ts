/** What the extension adds for plans: the view, its commands, and the tree. */

import { safeParse } from 'valibot';
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
import { layerSwitch } from '../../webview/messages.ts';
import { PlanViews, planViewType } from '../views/planView.ts';
import { activePlan } from './activePlan.ts';
import type { Engines } from './engines.ts';
import { PlanSessions } from './sessions.ts';
import { toggleLayer } from './toggleLayer.ts';

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
    else askToOpen();
  };
  return Disposable.from(
    sessions,
    window.registerCustomEditorProvider(planViewType, views),
    commands.registerCommand('firmtune.openPlanView', (plan) => show(plan)),
    commands.registerCommand('firmtune.showPlan', (plan) => show(plan)),
    commands.registerCommand('firmtune.showLayers', show),
    commands.registerCommand('firmtune.toggleLayer', async (plan?: unknown, layer?: unknown, change?: unknown) => {
      const uri = planIn(plan) ?? activePlan();
      if (uri === undefined) return askToOpen();
      const wanted = safeParse(layerSwitch, change);
      return toggleLayer(
        sessions,
        await workspace.openTextDocument(uri),
        typeof layer === 'string' ? layer : undefined,
        wanted.success ? wanted.output : undefined,
      );
    }),
    workspace.onDidGrantWorkspaceTrust(() => views.refreshSettings()),
  );
}

function askToOpen(): void {
  void window.showInformationMessage(l10n.t('Open a training plan first.'));
}

/** Menus give a URI, lenses its text. */
function planIn(value: unknown): Uri | undefined {
  if (value instanceof Uri) return value;
  return typeof value === 'string' && value !== '' ? Uri.parse(value) : undefined;
}

function namesIn(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined;
}
