/** The extension in a browser: the language server is a worker; nothing can be run. */

import { type ExtensionContext, Uri } from 'vscode';
import { clientName } from './languageClient.ts';
import { registerExtension } from './register.ts';

export function activate(context: ExtensionContext): void {
  registerExtension(context, async (options) => {
    const { LanguageClient } = await import('vscode-languageclient/browser.js');
    const worker = new Worker(Uri.joinPath(context.extensionUri, 'dist/server.worker.js').toString(true));
    return new LanguageClient('firmtune', clientName, options, worker);
  });
}
