/** What the extension adds for training runs: the monitor, its commands, and the feed for those who run firmware. */

import {
  commands,
  Disposable,
  type ExtensionContext,
  type LogOutputChannel,
  l10n,
  Range,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { FromMonitorPage, RunPicture } from '../../webview/messages.ts';
import type { EngineClient } from '../engine/channel.ts';
import type { Engine } from '../engine/handlers.ts';
import { activePlan } from '../plan/activePlan.ts';
import { saveAs } from '../saveAs.ts';
import { MonitorView, monitorViewType } from '../views/monitorView.ts';
import { runsCsv } from './csv.ts';
import { Feed, type MonitorFeed } from './feed.ts';
import { keepRuns } from './keeping.ts';
import type { Run } from './run.ts';
import { RunStore } from './runStore.ts';
import { Simulations } from './simulations.ts';

export interface MonitorServices {
  readonly log: LogOutputChannel;
  /** A worker for each simulation. */
  readonly startEngine: () => EngineClient<Engine>;
  readonly runsTasks: boolean;
}

export interface Monitor extends Disposable {
  /** For tasks, emulators and boards. */
  readonly feed: MonitorFeed;
}

const mostPlans = 50;

export function registerMonitor(
  { extensionUri, storageUri }: ExtensionContext,
  { log, startEngine, runsTasks }: MonitorServices,
): Monitor {
  const store = new RunStore();
  const kept = keepRuns(store, storageUri, log);
  const onStart = (run: Run): void => {
    void kept.load();
    view.show(run);
  };
  const simulations = new Simulations(store, startEngine, onStart);
  const feed = new Feed(store, onStart);
  const cancel = (run: Run): void => {
    simulations.stop(run);
    feed.cancel(run);
  };
  const view = new MonitorView(extensionUri, store, log, {
    whyNoProcesses: () => whyNoProcesses(runsTasks),
    perform: (message) => perform(message),
  });
  const simulate = async (plan: unknown): Promise<RunPicture | undefined> => {
    await kept.load();
    const uri = plan instanceof Uri ? plan : (activePlan() ?? (await askForPlan()));
    return uri === undefined ? undefined : simulations.start(uri);
  };
  const perform = (message: FromMonitorPage): unknown => {
    if (message.type === 'simulate') return commands.executeCommand('firmtune.simulate');
    if (message.type === 'watchBoard') return commands.executeCommand('firmtune.watchBoard');
    if (message.type === 'exportCsv') {
      return exportCsv(
        store,
        message.ids.map((id) => store.find(id)).filter((run) => run !== undefined),
      );
    }
    const run = store.find(message.id);
    if (run === undefined) return undefined;
    switch (message.type) {
      case 'cancel':
        return cancel(run);
      case 'continue':
        return simulations.goOn(run);
      case 'again':
        return simulations.again(run, message.newSeed);
      case 'rename':
        return store.rename(run, message.name);
      case 'remove':
        return run.isActive ? undefined : store.remove(run);
      case 'openPlan':
        return openPlan(simulations.planOf(run) ?? inWorkspace(run.start.plan), message.line);
    }
  };
  const followed = store.onChange(() => {
    void setTraining(store.all.some(({ isActive }) => isActive));
  });
  const parts = Disposable.from(
    view,
    kept,
    new Disposable(followed),
    new Disposable(() => store.all.filter(({ isActive }) => isActive).forEach(cancel)),
    window.registerWebviewPanelSerializer(monitorViewType, {
      deserializeWebviewPanel: async (panel) => {
        await kept.load();
        view.adopt(panel);
      },
    }),
    commands.registerCommand('firmtune.simulate', simulate),
    commands.registerCommand('firmtune.openMonitor', async () => {
      await kept.load();
      view.show();
    }),
    commands.registerCommand('firmtune.stopTraining', () =>
      store.all.filter(({ isActive }) => isActive).forEach(cancel),
    ),
    workspace.onDidGrantWorkspaceTrust(() => view.sendSettings()),
  );
  return Object.assign(parts, { feed });
}

let training = false;

/** For the `when` of commands. */
async function setTraining(now: boolean): Promise<void> {
  if (now === training) return;
  training = now;
  await commands.executeCommand('setContext', 'firmtune.training', now);
}

function whyNoProcesses(runsTasks: boolean): string | undefined {
  if (!runsTasks) return l10n.t('Programs can only be run on a computer, not in a browser.');
  return workspace.isTrusted ? undefined : l10n.t('Programs are run once you trust this workspace.');
}

async function askForPlan(): Promise<Uri | undefined> {
  const plans = await workspace.findFiles('**/*.trainplan', '**/node_modules/**', mostPlans);
  if (plans.length === 0) {
    void window.showInformationMessage(
      l10n.t('There is no training plan in this folder. Make one with New Training Plan.'),
    );
  }
  if (plans.length < 2) return plans[0];
  const items = plans.map((uri) => ({ label: workspace.asRelativePath(uri), uri }));
  items.sort((a, b) => a.label.localeCompare(b.label));
  const choice = await window.showQuickPick(items, {
    title: l10n.t('Simulate Training'),
    placeHolder: l10n.t('Which plan?'),
  });
  return choice?.uri;
}

function inWorkspace(path: string | undefined): Uri | undefined {
  const [folder] = workspace.workspaceFolders ?? [];
  return folder === undefined || path === undefined ? undefined : Uri.joinPath(folder.uri, path);
}

/** @param line from 1 */
async function openPlan(plan: Uri | undefined, line = 1): Promise<void> {
  if (plan === undefined) return;
  const start = new Range(line - 1, 0, line - 1, 0);
  await window.showTextDocument(plan, { selection: start, preview: false });
}

async function exportCsv(store: RunStore, runs: readonly Run[]): Promise<void> {
  const [folder] = workspace.workspaceFolders ?? [];
  const proposal = folder === undefined ? undefined : Uri.joinPath(folder.uri, 'runs.csv');
  const content = new TextEncoder().encode(runsCsv(store, runs));
  await saveAs({ title: l10n.t('Export Runs'), proposal, ending: 'csv' }, content);
}
