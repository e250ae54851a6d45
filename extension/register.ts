/** What the extension adds wherever it runs. Registers only: models, engines and the language server load when needed. */

import { commands, type ExtensionContext, type LogOutputChannel, l10n, window } from 'vscode';
import type { EngineClient } from './engine/channel.ts';
import type { Engine } from './engine/handlers.ts';
import type { Urgency } from './engine/urgency.ts';
import { type ClientFactory, PlanLanguageClient } from './languageClient.ts';
import type { MonitorFeed } from './monitor/feed.ts';
import { registerMonitor } from './monitor/register.ts';
import { newTrainingPlan } from './newPlan.ts';
import { createEngines } from './plan/engines.ts';
import { registerPlans } from './plan/register.ts';
import { PlanStatusItem } from './statusItem.ts';
import { registerTraces } from './trace/register.ts';
import { registerModelViews } from './views/modelView.ts';

/** What differs between a computer and a browser. */
export interface Platform {
  /** Programs can be run here, once the workspace is trusted. */
  readonly runsTasks: boolean;
  readonly createClient: ClientFactory;
  /** Starts the worker with the first call. */
  startEngine(urgency?: Urgency): EngineClient<Engine>;
}

export interface Registered {
  readonly log: LogOutputChannel;
  /** For those who run firmware. */
  readonly feed: MonitorFeed;
}

export function registerExtension(context: ExtensionContext, platform: Platform): Registered {
  const log = window.createOutputChannel('Firmtune', { log: true });
  const status = new PlanStatusItem();
  const client = new PlanLanguageClient(platform.createClient, log, (uri, lenses) => status.showLenses(uri, lenses));
  const engines = createEngines((urgency) => platform.startEngine(urgency));
  const { runsTasks } = platform;
  const monitor = registerMonitor(context, { log, startEngine: () => platform.startEngine(), runsTasks });
  context.subscriptions.push(
    log,
    status,
    client,
    engines,
    monitor,
    registerModelViews(context, log, () => platform.startEngine()),
    registerTraces(),
    registerPlans(context, { engines, log, status, runsTasks }),
    commands.registerCommand('firmtune.newTrainingPlan', (model?: unknown) => newTrainingPlan(engines.quick, model)),
    commands.registerCommand('firmtune.showLog', () => log.show()),
    commands.registerCommand('firmtune.restartLanguageServer', async () => {
      await client.restart();
      window.setStatusBarMessage(l10n.t('Firmtune: the language server was restarted.'), 5000);
    }),
  );
  client.startWithFirstPlan();
  return { log, feed: monitor.feed };
}
