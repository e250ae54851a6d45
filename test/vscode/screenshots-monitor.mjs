/** Makes the pictures of docs/training-monitor.md in a workbench; `dist/` must be built. `node test/vscode/screenshots-monitor.mjs` */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openWorkbench, planFrame } from './planView.mjs';
import { runCommand } from './workbench.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const themes = { light: 'Default Light Modern', dark: 'Default Dark Modern' };
const quiet = {
  'workbench.activityBar.location': 'hidden',
  'workbench.layoutControl.enabled': false,
  'window.commandCenter': false,
  'window.menuBarVisibility': 'hidden',
  'workbench.reduceMotion': 'on',
};

for (const [name, theme] of Object.entries(themes)) await photograph(name, theme);

/** Two plans side by side: all that the sample trains, and less. */
async function photograph(name, theme) {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-pictures-'));
  cpSync(join(root, 'extension/samples/garments'), folder, { recursive: true });
  const text = readFileSync(join(folder, 'garments.trainplan'), 'utf8');
  const less = text.replace(/^ {2}block[34]\..*\n/gm, '');
  writeFileSync(join(folder, 'less.trainplan'), less);
  const settings = { ...quiet, 'workbench.colorTheme': theme };
  const viewport = { width: 1200, height: 1040 };
  const { page, problems, close } = await openWorkbench({ folder, settings, viewport });
  try {
    await page
      .locator('.explorer-folders-view .monaco-list-row', { hasText: 'less.trainplan' })
      .waitFor({ timeout: 60_000 });
    const view = planFrame(page);
    for (const [count, plan] of ['less.trainplan', 'garments.trainplan'].entries()) {
      await runCommand(page, 'Firmtune: Simulate Training');
      await page.locator('.quick-input-widget:visible input.input[placeholder="Which plan?"]').fill(plan);
      await page.keyboard.press('Enter');
      await view.locator('.runs tbody tr', { hasText: 'finished' }).nth(count).waitFor({ timeout: 90_000 });
    }
    await page.keyboard.press('Control+b');
    await page.mouse.move(600, 1030);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: join(root, `docs/images/training-monitor-${name}.png`) });
    if (problems.length > 0) throw new Error(problems.join('\n'));
  } catch (error) {
    await page.screenshot({ path: join(root, 'build/screenshot-failure.png') });
    throw error;
  } finally {
    await close();
    rmSync(folder, { recursive: true });
  }
}
