/** The extension in a browser: the language server is a worker; nothing can be run. */

import { type ExtensionContext, Uri } from 'vscode';
import { startEngine } from './engine/start.browser.ts';
import { clientName } from './languageClient.ts';
import { loadBundle, loadWorker } from './loadBundle.ts';
import { registerExtension } from './register.ts';

export function activate(context: ExtensionContext): void {
  const inDist = (file: string): Uri => Uri.joinPath(context.extensionUri, 'dist', file);
  registerExtension(context, {
    runsTasks: false,
    createClient: async (options) => {
      const bundle = await loadBundle(inDist('client.browser.js'));
      const { createClient } = bundle as typeof import('./client/browser.ts');
      return createClient(clientName, await loadWorker(inDist('server.worker.js')), options);
    },
    startEngine: () => startEngine(() => loadWorker(inDist('engine.worker.js'))),
  });
}
