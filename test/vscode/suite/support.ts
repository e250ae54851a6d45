/** What the tests in the editor share. */

import { strict as assert } from 'node:assert';
import { commands, type Diagnostic, languages, type Position, type TextDocument, Uri, window, workspace } from 'vscode';

const pollMs = 50;
const patienceMs = 60_000;

export function folder(): Uri {
  const [first] = workspace.workspaceFolders ?? [];
  assert.ok(first, 'a folder is open');
  return first.uri;
}

export function sample(path: string): Uri {
  return Uri.joinPath(folder(), path);
}

/** Writes a plan into the workspace and shows it. */
export async function showPlan(name: string, text: string): Promise<TextDocument> {
  const uri = sample(name);
  await workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  const document = await workspace.openTextDocument(uri);
  await window.showTextDocument(document);
  return document;
}

/** Asks again until there is an answer: the language server works beside the tests. */
export async function eventually<Answer>(
  what: string,
  ask: () => Answer | PromiseLike<Answer>,
  patience = patienceMs,
): Promise<NonNullable<Answer>> {
  const end = Date.now() + patience;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) assert.fail(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** VS Code's own watcher of files starts some seconds after the window, and tells nothing of what was before. */
export async function watcherRuns(): Promise<void> {
  const probe = sample('.watched');
  let heard = false;
  const watcher = workspace.createFileSystemWatcher('**/.watched');
  const listener = watcher.onDidChange(() => {
    heard = true;
  });
  try {
    await eventually('word of a changed file', async () => {
      await workspace.fs.writeFile(probe, new TextEncoder().encode(`${Date.now()}`));
      return heard;
    });
  } finally {
    listener.dispose();
    watcher.dispose();
    await workspace.fs.delete(probe);
  }
}

export function codesOf(uri: Uri): readonly string[] {
  return languages.getDiagnostics(uri).map(({ code }) => String(code));
}

export function diagnosticWith(uri: Uri, code: string): Promise<Diagnostic> {
  return eventually(`a diagnostic ${code}`, () => languages.getDiagnostics(uri).find((each) => each.code === code));
}

/** The place of a word in a document. */
export function placeOf(document: TextDocument, word: string): Position {
  const offset = document.getText().indexOf(word);
  assert.notEqual(offset, -1, `${word} is in the text`);
  return document.positionAt(offset);
}

export async function closeEditors(): Promise<void> {
  await commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  await commands.executeCommand('workbench.action.closeAllEditors');
}
