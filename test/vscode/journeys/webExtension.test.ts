/** The extension as a browser alone has it: without Node, in the host of web extensions. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  followsFile,
  openPlanView,
  openWorkbench,
  planFrame,
  shownPeak,
  shownText,
  type Workbench,
} from '../planView.mjs';
import { runCommand } from '../workbench.mjs';
import { tellOfFailures } from './failure.ts';
import { until } from './until.ts';

const folder = mkdtempSync(join(tmpdir(), 'firmtune-journey-'));
const extension = join(folder, 'extension');
const workspace = join(folder, 'workspace');
const plan = join(workspace, 'garments.trainplan');
let workbench: Workbench;

beforeAll(async () => {
  cpSync('extension/samples/garments', workspace, { recursive: true });
  mkdirSync(extension);
  // With `main` it would be run by Node, wherever there is one.
  const { main: _, type: __, ...manifest } = JSON.parse(readFileSync('package.json', 'utf8'));
  writeFileSync(join(extension, 'package.json'), JSON.stringify(manifest));
  for (const path of ['dist', 'l10n', 'package.nls.json', 'extension/icons', 'extension/walkthrough']) {
    cpSync(path, join(extension, path), { recursive: true, filter: (file) => !file.endsWith('.map') });
  }
  for (const file of ['language-configuration.json', 'snippets.json', 'trainplan.tmLanguage.json']) {
    cpSync(join('language', file), join(extension, 'language', file));
  }
  workbench = await openWorkbench({ folder: workspace, open: plan, extension });
  await workbench.page.locator('.monaco-editor .view-line').first().waitFor();
});

afterAll(async () => {
  await workbench?.close();
  rmSync(folder, { recursive: true, force: true });
});

tellOfFailures(() => workbench);

describe('the web extension', () => {
  it('has a language server', async () => {
    await workbench.page.locator('.codelens-decoration', { hasText: 'trained' }).first().waitFor();
  });

  it('shows and changes plans, and says why nothing can be run', async () => {
    const view = await openPlanView(workbench.page);
    await followsFile(workbench.page, plan);
    const before = await shownPeak(view);
    await view.getByPlaceholder('Filter layers').fill('last_conv');
    await view.locator('[data-layer="last_conv"] [data-switch="1/2"]').click();
    await until(
      'a new peak',
      () => shownPeak(view),
      (peak) => peak < before,
    );
    await until(
      'the switch in the text',
      () => shownText(workbench.page),
      (text) => text.includes('last_conv: weights 1/2'),
    );
    await view.locator('.plan-header', { hasText: 'not in a browser' }).waitFor();
    expect(workbench.problems).toEqual([]);
  });

  it('says whether the code in the workspace is that of the plan as it is in the editor', async () => {
    const view = planFrame(workbench.page);
    await view.locator('.code-tile', { hasText: 'not generated' }).waitFor();
    // As it was generated on a computer.
    const sha256 = createHash('sha256').update(readFileSync(plan)).digest('hex');
    const models = { garments: { plan: '../garments.trainplan', sha256 } };
    mkdirSync(join(workspace, 'firmtune'));
    writeFileSync(
      join(workspace, 'firmtune/firmtune.json'),
      JSON.stringify({ version: 1, project: null, models, files: {} }),
    );
    await view.locator('.code-tile', { hasText: /older than the plan\s*in firmtune/ }).waitFor();
    await runCommand(workbench.page, 'View: Focus First Editor Group');
    await workbench.page.keyboard.press('Control+z');
    await view.locator('.code-tile', { hasText: /up to date\s*in firmtune/ }).waitFor();
    expect(workbench.problems).toEqual([]);
  });
});
