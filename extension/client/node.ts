/** The client's library, in a bundle of its own: it is most of the extension, and only plans need it. */

import type { BaseLanguageClient, LanguageClientOptions } from 'vscode-languageclient';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node.js';

export function createClient(name: string, server: string, options: LanguageClientOptions): BaseLanguageClient {
  return new LanguageClient('firmtune', name, { module: server, transport: TransportKind.ipc }, options);
}
