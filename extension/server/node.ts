/** The language server as a process: `node dist/server.js --stdio`. */

import type { FileSystemNode, URI } from 'langium';
import { NodeFileSystem } from 'langium/node';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { ClientFiles } from '../../language/server/clientFiles.ts';
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

startTrainplanServer({ connection, files: new Files(connection) });
