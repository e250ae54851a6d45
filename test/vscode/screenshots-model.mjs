/** Makes the pictures of docs/model-view.md in a workbench; `dist/` must be built. `node test/vscode/screenshots-model.mjs` */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openWorkbench, planFrame } from './planView.mjs';

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

async function photograph(name, theme) {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-pictures-'));
  cpSync(join(root, 'extension/samples/garments'), folder, { recursive: true });
  const settings = { ...quiet, 'workbench.colorTheme': theme };
  const viewport = { width: 1300, height: 780 };
  const { page, problems, close } = await openWorkbench({ folder, settings, viewport });
  try {
    // Opened with the workbench itself, the file would come before the extension.
    const file = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'garments.tflite' });
    const view = planFrame(page);
    await file.waitFor({ timeout: 60_000 });
    await page
      .first()
      .waitFor({ timeout: 20_000 })
      .catch(() => {});
    await file.dblclick();
    await view.locator('.node').first().waitFor({ timeout: 60_000 });
    await page.keyboard.press('Control+b');
    await view.locator('.toolbar select').first().selectOption('update');
    await view.locator('.node[aria-label^="last_conv,"]').click();
    await view.getByText('Codes of the weights').waitFor();
    await page.mouse.move(620, 770);
    await page.waitForTimeout(1000);
    await page.screenshot({ path: join(root, `docs/images/model-view-${name}.png`) });
    if (problems.length > 0) throw new Error(problems.join('\n'));
  } catch (error) {
    await page.screenshot({ path: join(root, 'build/screenshot-failure.png') });
    throw error;
  } finally {
    await close();
    rmSync(folder, { recursive: true });
  }
}
