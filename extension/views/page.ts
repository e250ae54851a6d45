/** A webview's page: its HTML, and typed, checked messages in both directions. */

import { type BaseIssue, type BaseSchema, safeParse } from 'valibot';
import { Disposable, Uri, type Webview } from 'vscode';
import { packed } from '../../webview/messages.ts';

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
  webview.options = { enableScripts: true, localResourceRoots: [dist] };
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
  webview.html = pageHtml(webview, dist, options);
  return Object.assign(new Disposable(() => received.dispose()), {
    send(message: ToPage): void {
      if (ready) void webview.postMessage(options.packs === true ? packed(message) : message);
    },
  });
}

function pageHtml(
  webview: Webview,
  dist: Uri,
  { name, title, language }: { name: string; title: string; language: string },
): string {
  const file = (extension: string): string =>
    webview.asWebviewUri(Uri.joinPath(dist, `${name}.${extension}`)).toString();
  const nonce = newNonce();
  // Styles: the toolkit adopts style sheets, which no policy governs; charts set no inline styles but through the DOM.
  // Only the toolkit's probe for `:focus-visible` is a style element: it takes its nonce from the page's head.
  const styleNonce = newNonce();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'nonce-${styleNonce}'`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data: blob:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${styleNonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${file('css')}">
<title>${escapeHtml(title)}</title>
</head>
<body>
<div id="root"></div>
<script nonce="${nonce}" src="${file('js')}"></script>
</body>
</html>`;
}

function newNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
