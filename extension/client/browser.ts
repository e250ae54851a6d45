/** The client's library for a browser, in a bundle of its own as on a computer. */

import type { BaseLanguageClient, LanguageClientOptions } from 'vscode-languageclient';
import { LanguageClient } from 'vscode-languageclient/browser.js';

export function createClient(name: string, server: Worker, options: LanguageClientOptions): BaseLanguageClient {
  return new LanguageClient('firmtune', name, options, server);
}
