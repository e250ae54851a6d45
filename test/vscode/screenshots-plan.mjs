/** Makes the pictures of docs/plan-view.md: the plan view on mcunet-5fps, or without ../shared on the sample. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { copySample, hideSideBar, moveLastGroup, photograph } from './photograph.mjs';
import { hasSharedData, openPlanView, sharedData } from './planView.mjs';

const layer = hasSharedData ? 'block8.pointwise1' : 'block4.pointwise1';

function prepare(folder) {
  const plans = join(folder, 'plans');
  if (!hasSharedData) {
    copySample(plans);
    return { open: join(plans, 'garments.trainplan') };
  }
  const plan = 'mcunet-5fps-49kb.trainplan';
  cpSync(join(sharedData, 'plans', plan), join(plans, plan));
  cpSync(join(sharedData, 'models/mcunetv3/mcunet-5fps.tflite'), join(folder, 'models/mcunetv3/mcunet-5fps.tflite'));
  return { open: join(plans, plan) };
}

const settings = { 'editor.fontSize': 14 };
await photograph({ prepare, settings, viewport: { width: 1680, height: 1050 } }, async ({ page, shoot }) => {
  await page.locator('.monaco-editor .view-line').first().waitFor({ timeout: 60_000 });
  await hideSideBar(page);
  const view = await openPlanView(page);
  // The text needs less room than the view.
  await moveLastGroup(page, 520);
  // With the prices of all switches.
  await shoot('plan-view-before', 13_500);
  const filter = view.getByPlaceholder('Filter layers');
  await filter.fill(layer);
  await view.locator(`[data-layer="${layer}"] [data-switch="1/2"]`).click();
  // Among the others again, with those that train.
  await filter.fill('');
  await view.locator('[data-layer]').last().scrollIntoViewIfNeeded();
  await view.locator(`[data-layer="${layer}"]`).scrollIntoViewIfNeeded();
  await shoot('plan-view-after', 9500);
});
