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

await build({
  entryPoints: programs,
  absWorkingDir: process.cwd(),
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  mainFields: ['module', 'main'],
  // The bench that measures typing bundles the language server.
  external: ['esbuild'],
  loader: { '.c': 'text', '.h': 'text', '.ld': 'text' },
  banner: { js: `#!/usr/bin/env node\n${requireForModules}` },
  minifySyntax: true,
  sourcemap: 'linked',
  legalComments: 'linked',
  logLevel: 'warning',
});
