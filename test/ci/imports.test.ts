import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** What the checker says of a project with these files; empty: nothing. */
function complaintsAbout(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'firmtune-imports-'));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const result = spawnSync(process.execPath, ['.ci/imports.mjs', root], { encoding: 'utf8' });
  expect(result.status).toBe(result.stderr === '' ? 0 : 1);
  return result.stderr;
}

describe('import rules', () => {
  it.each([
    ['compiler/model/tflite.ts', '../diagnostics.ts'],
    ['compiler/model/tflite.ts', 'flatbuffers'],
    ['language/parse.ts', '../compiler/training/plan.ts'],
    ['language/server.ts', 'vscode-languageserver/browser.js'],
    ['extension/extension.ts', 'vscode'],
    ['extension/extension.ts', '../webview/messages.ts'],
    ['extension/tasks.ts', './cli/board/build.ts'],
    ['extension/cli/main.ts', 'node:fs'],
    ['extension/cli/main.ts', '../data/load.ts'],
    ['extension/engine/simulate.ts', '../data/load.ts'],
    ['extension/data/load.ts', '../../compiler/diagnostics.ts'],
    ['webview/ui.ts', '@vscode/webview-ui-toolkit/dist/toolkit.js'],
    ['webview/plan/chart.ts', '../messages.ts'],
  ])('let %s import %s', (file, specifier) => {
    expect(complaintsAbout({ [file]: `import { x } from '${specifier}';\n` })).toBe('');
  });

  it.each([
    ['compiler/compile.ts', '../language/parse.ts'],
    ['compiler/compile.ts', 'node:fs'],
    ['compiler/compile.ts', 'fs'],
    ['compiler/compile.ts', 'langium'],
    ['language/parse.ts', 'node:path'],
    ['language/parse.ts', '../extension/cli/main.ts'],
    ['extension/cli/main.ts', 'vscode'],
    ['extension/data/load.ts', 'node:fs'],
    ['extension/data/load.ts', 'vscode'],
    ['extension/data/load.ts', '../cli/run.ts'],
    ['extension/cli/main.ts', '../extension.ts'],
    ['extension/extension.ts', '../webview/ui.ts'],
    ['webview/ui.ts', '../compiler/program.ts'],
    ['webview/ui.ts', 'vscode'],
  ])('keep %s from importing %s', (file, specifier) => {
    expect(complaintsAbout({ [file]: `\nimport { x } from '${specifier}';\n` })).toContain(
      `${file}:2: ${/^extension\/(cli|data)/.exec(file)?.[0] ?? dirname(file)}/ must not import '${specifier}'`,
    );
  });

  it.each([
    "import type { Stats } from 'node:fs';",
    "import 'node:fs';",
    "import {\n  readFileSync,\n} from 'node:fs';",
    "export * from 'node:fs';",
    "const fs = await import('node:fs');",
    "type Stats = import('node:fs').Stats;",
    "const fs = require('node:fs');",
  ])('see %j', (text) => {
    expect(complaintsAbout({ 'compiler/compile.ts': text })).toContain("must not import 'node:fs'");
  });

  it('do not read comments', () => {
    expect(complaintsAbout({ 'compiler/compile.ts': "/* import 'node:fs'; */\n// import 'node:fs';\n" })).toBe('');
  });
});
