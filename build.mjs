/** Builds everything: the kernels as WebAssembly, the plan language's parser, and the bundles in dist/. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(dirname(fileURLToPath(import.meta.url)));

/** Each does nothing if its sources have not changed. */
const generators = ['compiler/kernels/build.mjs', 'language/generate.mjs'];
const programs = { firmtune: 'extension/cli/main.ts', demo: 'extension/cli/demo.ts' };

for (const generator of generators.filter(isThere)) {
  const { status } = spawnSync(process.execPath, [generator], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`${generator} failed`);
    process.exit(1);
  }
}

await build({
  entryPoints: Object.fromEntries(Object.entries(programs).filter(([, source]) => isThere(source))),
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  mainFields: ['module', 'main'],
  loader: { '.c': 'text', '.h': 'text', '.ld': 'text' },
  banner: { js: '#!/usr/bin/env node' },
  minifySyntax: true,
  sourcemap: 'linked',
  legalComments: 'linked',
  logLevel: 'warning',
});

function isThere(path) {
  if (existsSync(path)) return true;
  console.warn(`${path} is not there: left out`);
  return false;
}
