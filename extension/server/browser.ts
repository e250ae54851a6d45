/// <reference lib="webworker" />
/** The language server as a worker of a browser. */

import { BrowserMessageReader, BrowserMessageWriter, createConnection } from 'vscode-languageserver/browser';
import { ClientFiles } from '../../language/server/clientFiles.ts';
import { startTrainplanServer } from '../../language/server/start.ts';

declare const self: DedicatedWorkerGlobalScope;

const connection = createConnection(new BrowserMessageReader(self), new BrowserMessageWriter(self));

startTrainplanServer({ connection, files: new ClientFiles(connection) });
