/** Makes the pictures of docs/plan-view.md and of the walkthrough: the plan view on mcunet-5fps or on the sample, dark and light. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasSharedData, openPlanView, openWorkbench, sharedData } from './planView.mjs';

const pictures = join(dirname(fileURLToPath(import.meta.url)), '../../docs/images');
const themes = { dark: 'Default Dark Modern', light: 'Default Light Modern' };
const settings = {
  'editor.fontSize': 14,
  'editor.minimap.enabled': false,
  'editor.stickyScroll.enabled': false,
  'editor.cursorBlinking': 'solid',
  'workbench.activityBar.location': 'hidden',
  'workbench.layoutControl.enabled': false,
  'window.commandCenter': false,
  'window.menuBarVisibility': 'hidden',
  'breadcrumbs.enabled': false,
  'workbench.reduceMotion': 'on',
};
const layer = hasSharedData ? 'block8.pointwise1' : 'block4.pointwise1';

mkdirSync(pictures, { recursive: true });
for (const [name, theme] of Object.entries(themes)) await photograph(name, theme);

async function photograph(name, theme) {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-pictures-'));
  const plans = join(folder, 'plans');
  let plan = 'garments.trainplan';
  if (hasSharedData) {
    plan = 'mcunet-5fps-49kb.trainplan';
    cpSync(join(sharedData, 'plans', plan), join(plans, plan));
    cpSync(join(sharedData, 'models/mcunetv3/mcunet-5fps.tflite'), join(folder, 'models/mcunetv3/mcunet-5fps.tflite'));
  } else {
    cpSync(join(pictures, '../../extension/samples/garments'), plans, { recursive: true });
  }
  const workbench = await openWorkbench({
    folder,
    open: join(plans, plan),
    settings: { ...settings, 'workbench.colorTheme': theme },
    viewport: { width: 1680, height: 1050 },
  });
  try {
    const { page } = workbench;
    const shoot = async (what) => {
      // Until notes of the window have gone and the last frame is painted.
      await page.waitForTimeout(1500);
      await page.screenshot({ path: join(pictures, `plan-view-${what}-${name}.png`) });
    };
    await page.locator('.monaco-editor .view-line').first().waitFor({ timeout: 60_000 });
    if (await page.locator('.part.sidebar').isVisible()) await page.keyboard.press('Control+b');
    const view = await openPlanView(page);
    // The text needs less room than the view: its group gives some of it up.
    const group = await page.locator('.editor-group-container').last().boundingBox();
    await page.mouse.move(group.x, 500);
    await page.mouse.down();
    await page.mouse.move(520, 500, { steps: 4 });
    await page.mouse.up();
    // The prices of all switches.
    await page.waitForTimeout(12_000);
    await shoot('before');
    await view.getByPlaceholder('Filter layers').fill(layer);
    await view.locator(`[data-layer="${layer}"] [data-switch="none"]`).click();
    await page.waitForTimeout(8000);
    await shoot('after');
  } finally {
    await workbench.close();
    rmSync(folder, { recursive: true });
  }
}
