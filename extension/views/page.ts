/** A webview's page: its HTML, and typed, checked messages in both directions. */

import { type BaseIssue, type BaseSchema, safeParse } from 'valibot';
import { Disposable, Uri, type Webview, workspace } from 'vscode';
import { packed } from '../../webview/messages.ts';
import { type PageParts, pageHtml } from './pageHtml.ts';

export interface Page<ToPage> extends Disposable {
  /** Dropped until the page is ready: `onReady` then sends all of the state. */
  send(message: ToPage): void;
}

export interface PageOptions<FromPage> {
  /** `plan`, `model` or `monitor`: names dist/webview/NAME.js and .css. */
  readonly name: string;
  /** Shown as the document's title; assistive technology reads it. */
  readonly title: string;
  readonly language: string;
  /** Long messages go as bytes; only for a page whose messages hold no arrays of bytes of their own. */
  readonly packs?: boolean;
  readonly schema: BaseSchema<unknown, FromPage, BaseIssue<unknown>>;
  /** The page is there, or there again after its webview was hidden: send all of its state. */
  onReady(): void;
  onMessage(message: FromPage): void;
  onInvalid(problem: string): void;
}

const readyMessage = 'ready';

export function openPage<ToPage extends { readonly type: string }, FromPage>(
  webview: Webview,
  extensionUri: Uri,
  options: PageOptions<FromPage>,
): Page<ToPage> {
  const dist = Uri.joinPath(extensionUri, 'dist', 'webview');
  // All that the page needs is in its text.
  webview.options = { enableScripts: true, localResourceRoots: [] };
  let isOpen = true;
  let ready = false;
  const received = webview.onDidReceiveMessage((message: unknown) => {
    if ((message as { type?: unknown } | null)?.type === readyMessage) {
      ready = true;
      options.onReady();
      return;
    }
    const parsed = safeParse(options.schema, message);
    if (parsed.success) options.onMessage(parsed.output);
    else options.onInvalid(parsed.issues.map(({ message: text }) => text).join('; '));
  });
  const close = (): void => {
    isOpen = false;
    received.dispose();
  };
  readParts(dist, options.name).then(
    (parts) => {
      if (isOpen) webview.html = pageHtml(parts, options);
    },
    (error: unknown) => options.onInvalid(String(error)),
  );
  return Object.assign(new Disposable(close), {
    send(message: ToPage): void {
      if (ready) void webview.postMessage(options.packs === true ? packed(message) : message);
    },
  });
}

async function readParts(dist: Uri, name: string): Promise<PageParts> {
  const read = async (extension: string): Promise<string> => {
    const bytes = await workspace.fs.readFile(Uri.joinPath(dist, `${name}.${extension}`));
    // The maps are not where the page is.
    return new TextDecoder().decode(bytes).replace(/\n(\/\/|\/\*)# sourceMappingURL=.*\s*$/, '\n');
  };
  const [script, style] = await Promise.all([read('js'), read('css')]);
  // By this name the console and the debugger know it.
  return { script: `${script}//# sourceURL=firmtune-${name}.js`, style };
}
