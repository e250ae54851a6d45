import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const KB = 1024;
const script = 'dist/webview/plan.js';

describe.skipIf(!existsSync(script))('the pages (skipped: needs node build.mjs)', () => {
  it.each(['plan', 'fit', 'monitor', 'model'])('%s can be written into HTML', (page) => {
    // What would end its element, or keep the end from being seen.
    expect(readFileSync(`dist/webview/${page}.js`, 'utf8')).not.toMatch(/<\/?script/i);
    expect(readFileSync(`dist/webview/${page}.css`, 'utf8')).not.toMatch(/<\/style/i);
  });
});

describe.skipIf(!existsSync(script))('the page of the plan view (skipped: needs node build.mjs)', () => {
  it('is small: 600 KB, 180 KB compressed', () => {
    const bytes = readFileSync(script);
    expect(bytes.length).toBeLessThanOrEqual(600 * KB);
    expect(gzipSync(bytes).length).toBeLessThanOrEqual(180 * KB);
  });

  it('has a style sheet that loads nothing', () => {
    expect(readFileSync('dist/webview/plan.css', 'utf8')).not.toMatch(/@import|url\(/);
  });
});
