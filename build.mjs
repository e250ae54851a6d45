/** Builds everything: the kernels as WebAssembly, the plan language's parser, and the bundles in dist/. */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(dirname(fileURLToPath(import.meta.url)));

/** CommonJS packages in an ES module bundle (langium's) call `require` for Node's own modules. */
const requireForModules =
  "import { createRequire as moduleRequire } from 'node:module'; const require = moduleRequire(import.meta.url);";

/** Each does nothing if its sources have not changed. */
const generators = ['compiler/kernels/build.mjs', 'language/generate.mjs'];
const programs = {
  firmtune: 'extension/cli/main.ts',
  'simulation-worker': 'extension/cli/simulation/worker.ts',
  demo: 'extension/cli/demo.ts',
  bench: 'test/bench/main.ts',
};

for (const generator of generators) {
  const { status } = spawnSync(process.execPath, [generator], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`${generator} failed`);
    process.exit(1);
  }
}

const shared = {
  absWorkingDir: process.cwd(),
  outdir: 'dist',
  bundle: true,
  mainFields: ['module', 'main'],
  loader: { '.c': 'text', '.h': 'text', '.ld': 'text' },
  sourcemap: 'linked',
  legalComments: 'linked',
  logLevel: 'warning',
};

await build({
  ...shared,
  entryPoints: programs,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // The bench that measures typing bundles the language server. BullMQ is for those who run jobs on Redis.
  external: ['esbuild', 'bullmq', 'ioredis'],
  banner: { js: `#!/usr/bin/env node\n${requireForModules}` },
  minify: true,
});

// The extension and the language server, on a computer and in a browser.
const editor = { ...shared, format: 'cjs', minify: true };
await build({
  ...editor,
  entryPoints: {
    extension: 'extension/extension.ts',
    client: 'extension/client/node.ts',
    server: 'extension/server/node.ts',
    engine: 'extension/engine/node.ts',
    prices: 'extension/server/prices.node.ts',
  },
  outExtension: { '.js': '.cjs' },
  platform: 'node',
  target: 'node20',
  external: ['vscode'],
});
await build({
  ...editor,
  entryPoints: {
    'extension.browser': 'extension/extension.browser.ts',
    'client.browser': 'extension/client/browser.ts',
  },
  platform: 'browser',
  target: 'es2022',
  mainFields: ['browser', 'module', 'main'],
  external: ['vscode'],
});
await build({
  ...editor,
  entryPoints: {
    'server.worker': 'extension/server/browser.ts',
    'prices.worker': 'extension/server/prices.browser.ts',
    'engine.worker': 'extension/engine/browser.ts',
  },
  platform: 'browser',
  target: 'es2022',
  format: 'iife',
  mainFields: ['browser', 'module', 'main'],
});

// The pages: one script and one style sheet each.
await build({
  ...editor,
  entryPoints: Object.fromEntries(['plan', 'fit', 'monitor', 'model'].map((page) => [page, `webview/${page}/main.ts`])),
  outdir: 'dist/webview',
  platform: 'browser',
  target: 'es2022',
  format: 'iife',
  mainFields: ['browser', 'module', 'main'],
});
