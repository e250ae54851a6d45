/** The extension on a computer: the language server is a process, and there are tasks and Doctor. */

import { type ExtensionContext, Uri } from 'vscode';
import { registerDoctor } from './doctor.ts';
import { startEngine } from './engine/start.node.ts';
import { clientName } from './languageClient.ts';
import { registerWatchBoard } from './monitor/watchBoard.ts';
import { registerExtension } from './register.ts';
import { registerTasks } from './tasks.ts';

export function activate(context: ExtensionContext): void {
  const inDist = (file: string): string => Uri.joinPath(context.extensionUri, 'dist', file).fsPath;
  const { log, feed } = registerExtension(context, {
    runsTasks: true,
    createClient: async (options) => {
      const { createClient }: typeof import('./client/node.ts') = require(inDist('client.cjs'));
      return createClient(clientName, inDist('server.cjs'), options);
    },
    startEngine: (urgency) => startEngine(inDist('engine.cjs'), urgency),
  });
  context.subscriptions.push(
    registerTasks({ commandLine: inDist('firmtune.js'), feed }),
    registerDoctor(context, log),
    registerWatchBoard(feed),
  );
}
