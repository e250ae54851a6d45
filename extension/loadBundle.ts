/** Further bundles for the host of web extensions, which loads one file, blocks `importScripts`, and starts no workers from afar. */

import * as vscode from 'vscode';

/**
 * Runs a CommonJS bundle of our own in the way in which the host runs the extension itself.
 * @param uri of a bundle that needs nothing but `vscode`
 */
export async function loadBundle(uri: vscode.Uri): Promise<unknown> {
  const module = { exports: {} };
  const requireModule = (name: string): unknown => {
    if (name === 'vscode') return vscode;
    throw new Error(`there is no module ${name} in a browser`);
  };
  const source = `${await sourceOf(uri)}\n//# sourceURL=${uri.toString(true)}`;
  new Function('module', 'exports', 'require', source)(module, module.exports, requireModule);
  return module.exports;
}

/** Its source is read by the editor: an extension may lie where workers cannot be started from. */
export async function loadWorker(uri: vscode.Uri): Promise<Worker> {
  const url = URL.createObjectURL(new Blob([await sourceOf(uri)], { type: 'text/javascript' }));
  return new Worker(url);
}

async function sourceOf(uri: vscode.Uri): Promise<string> {
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}
