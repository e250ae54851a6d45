import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const root = resolvePath(import.meta.dirname, '../../..');
const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** Bundled for the browser, by the name that the page asks for. */
async function bundles(): Promise<Map<string, Uint8Array>> {
  const entries = {
    'server.worker': 'extension/server/browser.ts',
    'prices.worker': 'extension/server/prices.browser.ts',
    page: 'test/language/server/page.ts',
  };
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: '/',
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    loader: { '.c': 'text', '.h': 'text' },
    logLevel: 'error',
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [path, contents]));
  files.set('/', new TextEncoder().encode('<!doctype html><script src="page.js"></script>'));
  files.set('/garments.tflite', readFileSync(join(root, 'extension/samples/garments/garments.tflite')));
  return files;
}

it.skipIf(chromium === undefined)('serves the language in a browser worker (skipped: needs chromium)', async () => {
  const files = await bundles();
  const folder = mkdtempSync(join(tmpdir(), 'chromium-'));
  const types: Record<string, string> = { '/': 'text/html' };
  let tell: (result: string) => void = () => undefined;
  const answer = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const http = createServer((request, response) => {
    const url = request.url ?? '';
    if (url === '/result') {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk)).on('end', () => tell(Buffer.concat(chunks).toString()));
    }
    const file = files.get(url);
    response.writeHead(file === undefined ? 404 : 200, { 'content-type': types[url] ?? 'text/javascript' });
    response.end(file);
  });
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  const { port } = http.address() as AddressInfo;
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${folder}`];
  const browser = spawn(chromium ?? '', [...flags, `http://127.0.0.1:${port}/`], { stdio: 'ignore', detached: true });
  try {
    const result = JSON.parse(await answer);
    expect(result).toMatchObject({
      wrong: ['unknown-layer'],
      right: [],
      lenses: ['20 B trained', expect.stringMatching(/^peak .* of 320\.0 KB/)],
      hover: expect.stringContaining('**classifier**'),
      completion: ['garments.tflite', '../'],
    });
  } finally {
    const closed = new Promise((done) => browser.once('close', done));
    // Its helper processes write into the folder as long as they live.
    if (browser.pid !== undefined) process.kill(-browser.pid);
    await closed;
    http.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
});
