/** The extension on a computer: the language server is a process, and there are tasks and Doctor. */

import { type ExtensionContext, Uri } from 'vscode';
import { registerDoctor } from './doctor.ts';
import { clientName } from './languageClient.ts';
import { registerExtension } from './register.ts';
import { registerTasks } from './tasks.ts';

export function activate(context: ExtensionContext): void {
  const inDist = (file: string): string => Uri.joinPath(context.extensionUri, 'dist', file).fsPath;
  const log = registerExtension(context, async (options) => {
    const { LanguageClient, TransportKind } = await import('vscode-languageclient/node.js');
    const server = { module: inDist('server.cjs'), transport: TransportKind.ipc };
    return new LanguageClient('firmtune', clientName, server, options);
  });
  context.subscriptions.push(registerTasks(inDist('firmtune.js')), registerDoctor(context, log));
}
