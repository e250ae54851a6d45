import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const KB = 1024;
const MB = 1024 * KB;

interface Entry {
  readonly name: string;
  readonly bytes: number;
}

/** The central directory of a zip file. */
function entriesOf(zip: Buffer): readonly Entry[] {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const entries: Entry[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
    const name = zip.toString('utf8', at + 46, at + 46 + (nameLength ?? 0));
    entries.push({ name, bytes: zip.readUInt32LE(at + 24) });
    at += 46 + (nameLength ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return entries;
}

describe.skipIf(!existsSync('dist/extension.cjs'))('the packaged extension (skipped: needs node build.mjs)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vsix-'));
  const file = join(folder, 'firmtune.vsix');
  let entries: readonly Entry[] = [];
  const bytesOf = (name: string) => entries.find((entry) => entry.name === `extension/${name}`)?.bytes ?? Number.NaN;

  beforeAll(() => {
    execFileSync(process.execPath, ['.ci/package.mjs', file], { stdio: 'ignore' });
    entries = entriesOf(readFileSync(file));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('holds what it needs and nothing else', () => {
    const samples = 'extension/extension/samples/';
    expect(
      entries
        .map(({ name }) => name)
        .filter((name) => !name.startsWith(samples))
        .sort(),
    ).toEqual([
      '[Content_Types].xml',
      'extension.vsixmanifest',
      'extension/LICENSE.txt',
      'extension/changelog.md',
      'extension/dist/client.browser.js',
      'extension/dist/client.cjs',
      'extension/dist/engine.cjs',
      'extension/dist/engine.cjs.LEGAL.txt',
      'extension/dist/engine.worker.js',
      'extension/dist/engine.worker.js.LEGAL.txt',
      'extension/dist/extension.browser.js',
      'extension/dist/extension.cjs',
      'extension/dist/firmtune.js',
      'extension/dist/firmtune.js.LEGAL.txt',
      'extension/dist/prices.cjs',
      'extension/dist/prices.worker.js',
      'extension/dist/server.cjs',
      'extension/dist/server.cjs.LEGAL.txt',
      'extension/dist/server.worker.js',
      'extension/dist/server.worker.js.LEGAL.txt',
      'extension/dist/simulation-worker.js',
      'extension/dist/webview/fit.css',
      'extension/dist/webview/fit.js',
      'extension/dist/webview/fit.js.LEGAL.txt',
      'extension/dist/webview/model.css',
      'extension/dist/webview/model.js',
      'extension/dist/webview/model.js.LEGAL.txt',
      'extension/dist/webview/monitor.css',
      'extension/dist/webview/monitor.js',
      'extension/dist/webview/monitor.js.LEGAL.txt',
      'extension/dist/webview/plan.css',
      'extension/dist/webview/plan.js',
      'extension/dist/webview/plan.js.LEGAL.txt',
      'extension/extension/icons/activity.svg',
      'extension/extension/icons/firmtune.png',
      'extension/extension/icons/trainplan-dark.svg',
      'extension/extension/icons/trainplan-light.svg',
      'extension/extension/walkthrough/generate.svg',
      'extension/extension/walkthrough/plan.svg',
      'extension/extension/walkthrough/sample.svg',
      'extension/extension/walkthrough/simulate.svg',
      'extension/extension/walkthrough/toggle.svg',
      'extension/extension/walkthrough/view.svg',
      'extension/l10n/bundle.l10n.json',
      'extension/language/language-configuration.json',
      'extension/language/snippets.json',
      'extension/language/trainplan.tmLanguage.json',
      'extension/package.json',
      'extension/package.nls.json',
      'extension/readme.md',
    ]);
  });

  it('holds every picture that the walkthrough names', () => {
    const { walkthroughs } = JSON.parse(readFileSync('package.json', 'utf8')).contributes;
    const media: readonly { svg: string }[] = walkthroughs[0].steps.map((step: { media: unknown }) => step.media);
    expect(media.length).toBeGreaterThan(0);
    for (const { svg } of media) expect(bytesOf(svg), svg).toBeGreaterThan(0);
  });

  it('is small: 3 MB in all, 400 KB for each host, 600 KB for a page', () => {
    expect(statSync(file).size).toBeLessThanOrEqual(3 * MB);
    // Without the language client, which has bundles of its own, there is room.
    for (const host of ['extension.cjs', 'extension.browser.js', 'client.cjs', 'client.browser.js']) {
      expect(bytesOf(`dist/${host}`)).toBeLessThanOrEqual(400 * KB);
    }
    for (const { name, bytes } of entries)
      if (name.includes('dist/webview/')) expect(bytes).toBeLessThanOrEqual(600 * KB);
  });
});
