/** Makes the pictures of docs/search.md: Fit to Budget beside the plan view. `node test/vscode/screenshots-fit.mjs`; `dist/` must be built. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { frameWith, openPlanView, openWorkbench } from './planView.mjs';
import { runCommand } from './workbench.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const themes = { dark: 'Default Dark Modern', light: 'Default Light Modern' };
const quiet = {
  'workbench.activityBar.location': 'hidden',
  'workbench.layoutControl.enabled': false,
  'window.commandCenter': false,
  'window.menuBarVisibility': 'hidden',
  'breadcrumbs.enabled': false,
  'workbench.reduceMotion': 'on',
};

for (const [name, theme] of Object.entries(themes)) await photograph(name, theme);

async function photograph(name, theme) {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-pictures-'));
  cpSync(join(root, 'extension/samples/garments'), folder, { recursive: true });
  measureContributions(folder);
  const { page, problems, close } = await openWorkbench({
    folder,
    open: join(folder, 'garments.trainplan'),
    settings: { ...quiet, 'workbench.colorTheme': theme },
    viewport: { width: 1680, height: 1050 },
  });
  try {
    await page.locator('.monaco-editor .view-line').first().waitFor({ timeout: 60_000 });
    if (await page.locator('.part.sidebar').isVisible()) await page.keyboard.press('Control+b');
    await openPlanView(page);
    const plan = await frameWith(page, 'garments');
    await plan.locator('vscode-button', { hasText: 'Fit to budget' }).click();
    const fit = await frameWith(page, 'Fit garments to a budget');
    // The text makes room for both.
    await page.locator('.editor-group-container .tab', { hasText: 'garments.trainplan' }).first().click();
    await runCommand(page, 'View: Close Editor');
    // The plan view needs less room.
    const group = await page.locator('.editor-group-container').last().boundingBox();
    await page.mouse.move(group.x, 500);
    await page.mouse.down();
    await page.mouse.move(600, 500, { steps: 4 });
    await page.mouse.up();
    const ended = fit
      .locator('.progress-text', { hasText: 'choices compiled' })
      .and(fit.locator(':not(:has-text("Searching"))'));
    await ended.waitFor({ timeout: 240_000 });
    await fit.locator('.layers').waitFor();
    // Until notes of the window have gone, and all prices are there.
    await page.waitForTimeout(6000);
    await page.screenshot({ path: join(root, `docs/images/fit-${name}.png`) });
    const why = fit.locator('section.card', { has: fit.locator('.layers') });
    await why.screenshot({ path: join(root, `docs/images/fit-why-${name}.png`) });
    if (problems.length > 0) throw new Error(problems.join('\n'));
  } catch (error) {
    await page.screenshot({ path: join(root, 'build/screenshot-failure.png') });
    throw error;
  } finally {
    await close();
    rmSync(folder, { recursive: true });
  }
}

/** A quick measurement: these are pictures. */
function measureContributions(folder) {
  const sizes = ['--per-class', '60', '--epochs', '2', '--threads', '1'];
  const args = ['contribution', 'garments.trainplan', '--out', 'garments.contributions.json', ...sizes];
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/firmtune.js'), ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
}
