/** The language server as a process: `node dist/server.cjs --stdio`, with `prices.cjs` beside it. */

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FileSystemNode, URI } from 'langium';
import { NodeFileSystem } from 'langium/node';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { ClientFiles } from '../../language/server/clientFiles.ts';
import { pricesFrom } from '../../language/server/pricePort.ts';
import { startTrainplanServer } from '../../language/server/start.ts';

const connection = createConnection(ProposedFeatures.all);
const disk = NodeFileSystem.fileSystemProvider();

/** This disk for files on it, the editor for all others. */
class Files extends ClientFiles {
  override readBinary(uri: URI): Promise<Uint8Array> {
    return uri.scheme === 'file' ? disk.readBinary(uri) : super.readBinary(uri);
  }

  override readDirectory(uri: URI): Promise<FileSystemNode[]> {
    return uri.scheme === 'file' ? disk.readDirectory(uri) : super.readDirectory(uri);
  }
}

// Compiling takes long enough to be felt while typing: it has a thread of its own.
const compiler = new Worker(join(__dirname, 'prices.cjs'));
compiler.unref();
compiler.on('error', (error) => connection.console.error(`prices: ${error.message}`));
const prices = pricesFrom({
  post: (message) => compiler.postMessage(message),
  listen: (receive, fail) => compiler.on('message', receive).on('exit', fail),
});

startTrainplanServer({ connection, files: new Files(connection), prices });
