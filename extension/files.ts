/** Files as the editor sees them: on a disk, in a virtual workspace, or not saved yet. */

import { Uri, workspace } from 'vscode';

/** A plan that is not saved yet names its model as if it stood in its folder already. */
export function stored(uri: Uri): Uri {
  if (uri.scheme !== 'untitled') return uri;
  const { scheme, authority } = workspace.workspaceFolders?.[0]?.uri ?? Uri.file('/');
  return uri.with({ scheme, authority });
}

export function basename(uri: Uri): string {
  return uri.path.replace(/^.*\//, '');
}

/** Undefined where there is no such file or it cannot be read. */
export async function readIfThere(uri: Uri): Promise<Uint8Array | undefined> {
  try {
    return await workspace.fs.readFile(stored(uri));
  } catch {
    return undefined;
  }
}
