/** The HTML of a webview's page, and its policy: it loads nothing. */

export interface PageParts {
  /** Neither ends its own element: see test/ci/webview.test.ts. */
  readonly script: string;
  readonly style: string;
}

export interface PageWords {
  readonly title: string;
  readonly language: string;
}

/**
 * Script and style are part of the page: a webview fetches each file by way of its window and the extension's host, one
 * after the other, which took a fifth of the time until the first paint (docs/benchmarks.md).
 */
export function pageHtml({ script, style }: PageParts, { title, language }: PageWords): string {
  const nonce = newNonce();
  // Styles: the toolkit adopts style sheets, which no policy governs; charts set no inline styles but through the DOM.
  // The toolkit's probe for `:focus-visible` is a style element: it takes its nonce from the page's head.
  const styleNonce = newNonce();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${styleNonce}'`,
    'img-src data:',
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${styleNonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style nonce="${styleNonce}">${style}</style>
</head>
<body>
<div id="root"></div>
<script nonce="${nonce}">${script}</script>
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
