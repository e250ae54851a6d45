/** What the extension adds for plans: the view, its commands, and the tree. */

import { safeParse } from 'valibot';
import {
  commands,
  Disposable,
  type ExtensionContext,
  ExtensionMode,
  type LogOutputChannel,
  l10n,
  Uri,
  window,
  workspace,
} from 'vscode';
import { layerSwitch } from '../../webview/messages.ts';
import { openSample } from '../openSample.ts';
import type { PlanStatusItem } from '../statusItem.ts';
import { FitViews, fitViewType } from '../views/fitView.ts';
import { type LayerNode, PlanTree } from '../views/planTree.ts';
import { PlanViews, planViewType } from '../views/planView.ts';
import { activePlan } from './activePlan.ts';
import type { Engines } from './engines.ts';
import { askForFormat } from './exportTimeline.ts';
import { PlanFigures } from './figures.ts';
import { GeneratedCode } from './generatedCode.ts';
import { openModel } from './openModel.ts';
import type { PlanState } from './session.ts';
import { PlanSessions } from './sessions.ts';
import { taskRefusal } from './taskGuard.ts';
import { toggleLayer } from './toggleLayer.ts';
import { EngineWarmUp } from './warmUp.ts';
import { bytesText } from './words.ts';

export interface PlanServices {
  readonly engines: Engines;
  readonly log: LogOutputChannel;
  readonly status: PlanStatusItem;
  readonly runsTasks: boolean;
}

export function registerPlans(
  context: ExtensionContext,
  { engines, log, status, runsTasks }: PlanServices,
): Disposable {
  const { extensionUri } = context;
  const sessions = new PlanSessions(engines, log, (plan, state) => status.show(plan, peakOf(state)));
  const code = new GeneratedCode();
  const views = new PlanViews({
    ...{ extensionUri, sessions, code, log },
    whyNoTasks: (plan) => whyNoTasks(runsTasks, plan),
  });
  const fits = new FitViews({
    ...{ extensionUri, sessions, log },
    chosen: context.workspaceState,
    canMeasure: (plan) => plan.scheme === 'file' && whyNoTasks(runsTasks, plan) === undefined,
    showPlan: (plan) => views.show(plan),
  });
  const figures = new PlanFigures(sessions);
  const tree = new PlanTree(figures);
  /** Runs the action for the plan that the command was given, or else for the one in the active tab. */
  const forPlan = <Rest extends readonly unknown[]>(action: (plan: Uri, ...rest: Rest) => unknown) => {
    return (plan: unknown, ...rest: Rest): unknown => {
      const uri = planIn(plan) ?? activePlan();
      if (uri !== undefined) return action(uri, ...rest);
      return void window.showInformationMessage(l10n.t('Open a training plan first.'));
    };
  };
  const show = forPlan((plan, layers: unknown) => views.show(plan, namesIn(layers)));
  const probe =
    context.extensionMode === ExtensionMode.Test
      ? [commands.registerCommand('_firmtune.planViewState', (plan: Uri) => views.probe(plan))]
      : [];
  return Disposable.from(
    ...probe,
    sessions,
    code,
    fits,
    figures,
    tree,
    new EngineWarmUp(engines.quick),
    window.registerCustomEditorProvider(planViewType, views),
    commands.registerCommand('firmtune.openPlanView', (plan: unknown) => show(plan, undefined)),
    commands.registerCommand('firmtune.showPlan', (plan: unknown) => show(plan, undefined)),
    commands.registerCommand('firmtune.showLayers', show),
    commands.registerCommand('firmtune.refreshPlans', () => tree.refresh()),
    commands.registerCommand('firmtune.toggleLayer', (plan: unknown, layer: unknown, change: unknown) => {
      const node = layerNodeIn(plan);
      const wanted = safeParse(layerSwitch, change);
      const name = node?.layer.name ?? (typeof layer === 'string' ? layer : undefined);
      return forPlan(async (uri) => {
        const document = await workspace.openTextDocument(uri);
        return toggleLayer(sessions, document, name, wanted.success ? wanted.output : undefined);
      })(node?.plan ?? plan);
    }),
    commands.registerCommand(
      'firmtune.exportTimeline',
      forPlan(async (plan) => {
        const format = await askForFormat();
        if (format !== undefined) await views.requestExport(plan, format);
      }),
    ),
    commands.registerCommand(
      'firmtune.fitToBudget',
      forPlan((plan) => fits.show(plan)),
    ),
    window.registerWebviewPanelSerializer(fitViewType, {
      deserializeWebviewPanel: async (panel, state: unknown) => {
        const plan = planIn((state as { plan?: unknown } | undefined)?.plan);
        if (plan === undefined) panel.dispose();
        else await fits.adopt(panel, plan);
      },
    }),
    commands.registerCommand('firmtune.openModel', (model: unknown, layer: unknown) =>
      openModel(sessions, model, layer),
    ),
    commands.registerCommand('firmtune.openSample', (parent: unknown) =>
      openSample(extensionUri, parent instanceof Uri ? parent : undefined),
    ),
    workspace.onDidGrantWorkspaceTrust(() => {
      views.refreshSettings();
      fits.refreshSettings();
    }),
  );
}

/** Undefined where programs may be run. */
function whyNoTasks(runsTasks: boolean, { scheme }: Uri): string | undefined {
  switch (taskRefusal({ runsTasks, isTrusted: workspace.isTrusted, scheme })) {
    case 'browser':
      return l10n.t('Programs can only be run on a computer, not in a browser.');
    case 'not-on-disk':
      return l10n.t('Programs can only be run on files of a disk.');
    case 'untrusted':
      return l10n.t('Programs are run once you trust this workspace.');
    case undefined:
      return undefined;
  }
}

/** In the words of the lens over the budget. */
function peakOf({ picture, stale }: PlanState): { readonly text: string; readonly tooltip: string } | undefined {
  if (picture === undefined || stale) return undefined;
  const { totals, budgetBytes, target } = picture;
  const text = l10n.t('peak {0} of {1}', bytesText(totals.sramBytes), bytesText(budgetBytes));
  const flash = l10n.t('flash {0} of {1}', bytesText(totals.flashBytes), bytesText(target.flashBytes));
  return { text, tooltip: `${text}, ${flash}` };
}

/** Menus give a URI, lenses its text. */
function planIn(value: unknown): Uri | undefined {
  if (value instanceof Uri) return value;
  return typeof value === 'string' && value !== '' ? Uri.parse(value) : undefined;
}

function namesIn(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined;
}

function layerNodeIn(value: unknown): LayerNode | undefined {
  const node = typeof value === 'object' && value !== null ? (value as Partial<LayerNode>) : {};
  return node.plan instanceof Uri && node.layer !== undefined ? { plan: node.plan, layer: node.layer } : undefined;
}
