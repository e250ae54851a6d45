/** What the extension adds wherever it runs. Registers only: models and the language server load when needed. */

import { commands, type ExtensionContext, type LogOutputChannel, l10n, window } from 'vscode';
import { type ClientFactory, PlanLanguageClient } from './languageClient.ts';
import { newTrainingPlan } from './newPlan.ts';
import { PlanStatusItem } from './statusItem.ts';

export function registerExtension(context: ExtensionContext, createClient: ClientFactory): LogOutputChannel {
  const log = window.createOutputChannel('Firmtune', { log: true });
  const status = new PlanStatusItem();
  const client = new PlanLanguageClient(createClient, log, (uri, lenses) => status.show(uri, lenses));
  context.subscriptions.push(
    log,
    status,
    client,
    commands.registerCommand('firmtune.newTrainingPlan', newTrainingPlan),
    commands.registerCommand('firmtune.showLog', () => log.show()),
    commands.registerCommand('firmtune.restartLanguageServer', async () => {
      await client.restart();
      window.setStatusBarMessage(l10n.t('Firmtune: the language server was restarted.'), 5000);
    }),
  );
  client.startWithFirstPlan();
  return log;
}
