/** Files as the editor has them: the only way in a browser, and for folders that are not on this disk. */

import { EmptyFileSystemProvider, type FileSystemNode, URI } from 'langium';
import type { Connection } from 'vscode-languageserver';

/** Requests from server to client. */
export const readFileRequest = 'firmtune/readFile';
export const readDirectoryRequest = 'firmtune/readDirectory';

/** Base64, since messages are JSON. */
export interface ReadFileResult {
  readonly base64: string;
}

export interface DirectoryEntry {
  readonly uri: string;
  readonly isDirectory: boolean;
}

export class ClientFiles extends EmptyFileSystemProvider {
  constructor(private readonly connection: Connection) {
    super();
  }

  override async readBinary(uri?: URI): Promise<Uint8Array> {
    const { base64 } = await this.connection.sendRequest<ReadFileResult>(readFileRequest, { uri: uri?.toString() });
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  }

  override async readDirectory(uri?: URI): Promise<FileSystemNode[]> {
    const entries = await this.connection.sendRequest<DirectoryEntry[]>(readDirectoryRequest, { uri: uri?.toString() });
    return entries.map((entry) => ({
      uri: URI.parse(entry.uri),
      isDirectory: entry.isDirectory,
      isFile: !entry.isDirectory,
    }));
  }
}
