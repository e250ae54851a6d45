/** Makes the pictures of docs/training-monitor.md: two plans side by side, all that the sample trains, and less. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copySample, hideSideBar, photograph } from './photograph.mjs';
import { planFrame } from './planView.mjs';
import { runCommand } from './workbench.mjs';

function prepare(folder) {
  copySample(folder);
  const text = readFileSync(join(folder, 'garments.trainplan'), 'utf8');
  writeFileSync(join(folder, 'less.trainplan'), text.replace(/^ {2}block[34]\..*\n/gm, ''));
}

await photograph({ prepare, viewport: { width: 1200, height: 1040 } }, async ({ page, shoot }) => {
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
  await hideSideBar(page);
  await page.mouse.move(600, 1030);
  await shoot('training-monitor', 1500);
});
