/**
 * The texts that users see, for translators: l10n/bundle.l10n.json. Usage: node .ci/texts.mjs [--write]
 *
 * English is the key. The extension says `l10n.t('…')`, the pages say `t('…')`; both are given by their first argument.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bundle = join(root, 'l10n/bundle.l10n.json');

/** In the order of the files, each text once. */
function textsOfSources() {
  const sources = [
    { folder: 'extension', pattern: /\bl10n\.t\(\s*(['"])((?:(?!\1)[^\\\n]|\\.)*)\1/g },
    { folder: 'webview', pattern: /(?<![\w.])t\(\s*(['"])((?:(?!\1)[^\\\n]|\\.)*)\1/g },
  ];
  const texts = new Set();
  for (const { folder, pattern } of sources) {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .sort();
    for (const file of files) {
      for (const [, , text] of readFileSync(join(root, folder, file), 'utf8').matchAll(pattern)) {
        texts.add(text.replace(/\\(.)/g, '$1'));
      }
    }
  }
  return [...texts];
}

const wanted = textsOfSources();
if (process.argv.includes('--write')) {
  writeFileSync(bundle, `${JSON.stringify(Object.fromEntries(wanted.map((text) => [text, text])), undefined, 2)}\n`);
} else {
  const known = Object.keys(JSON.parse(readFileSync(bundle, 'utf8')));
  const missing = wanted.filter((text) => !known.includes(text));
  const unused = known.filter((text) => !wanted.includes(text));
  for (const text of missing) console.error(`l10n/bundle.l10n.json lacks: ${text}`);
  for (const text of unused) console.error(`l10n/bundle.l10n.json has what nothing says: ${text}`);
  if (missing.length + unused.length > 0) {
    console.error('write it anew: node .ci/texts.mjs --write');
    process.exit(1);
  }
}
