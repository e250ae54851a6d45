/** The extension in a browser: the language server is a worker; nothing can be run. */

import { type ExtensionContext, Uri } from 'vscode';
import { startEngine } from './engine/start.browser.ts';
import { clientName } from './languageClient.ts';
import { registerExtension } from './register.ts';

export function activate(context: ExtensionContext): void {
  const inDist = (file: string): string => Uri.joinPath(context.extensionUri, 'dist', file).toString(true);
  registerExtension(context, {
    runsTasks: false,
    // In this bundle: a web extension's host loads one file.
    createClient: async (options) => {
      const { LanguageClient } = await import('vscode-languageclient/browser.js');
      return new LanguageClient('firmtune', clientName, options, new Worker(inDist('server.worker.js')));
    },
    startEngine: () => startEngine(inDist('engine.worker.js')),
  });
}
