/**
 * Runs test/vscode/suite in the extension host of a real VS Code, on a copy of the bundled sample. Writes mocha's
 * results and what failed to build/vscode.json. FIRMTUNE_TEST_ONLY=plans runs suite/plans.test.ts alone.
 * With FIRMTUNE_VSCODE=download it is the desktop VS Code, which it downloads.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const report = join(root, 'build/vscode.json');
const workspace = mkdtempSync(join(tmpdir(), 'firmtune-workspace-'));
const tests = join(root, 'build/vscode-tests.cjs');

rmSync(report, { force: true });
cpSync(join(root, 'extension/samples/garments'), workspace, { recursive: true });
await build({
  entryPoints: [join(here, 'suite/index.ts')],
  outfile: tests,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  external: ['vscode', 'mocha'],
  sourcemap: 'inline',
  logLevel: 'warning',
});
try {
  process.exitCode = await runTests({
    ...(process.env.FIRMTUNE_VSCODE === 'download' ? {} : { vscodeExecutablePath: join(here, 'executable.mjs') }),
    extensionDevelopmentPath: root,
    extensionTestsPath: tests,
    launchArgs: [workspace],
    extensionTestsEnv: { FIRMTUNE_TEST_REPORT: report, FIRMTUNE_TEST_ONLY: process.env.FIRMTUNE_TEST_ONLY },
  });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(workspace, { recursive: true, force: true });
}
