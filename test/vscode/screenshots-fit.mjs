/** Makes the pictures of docs/search.md: Fit to Budget beside the plan view. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { copySample, hideSideBar, moveLastGroup, photograph, root } from './photograph.mjs';
import { frameWith, openPlanView } from './planView.mjs';
import { runCommand } from './workbench.mjs';

function prepare(folder) {
  copySample(folder);
  measureContributions(folder);
  return { open: join(folder, 'garments.trainplan') };
}

await photograph({ prepare, viewport: { width: 1680, height: 1050 } }, async ({ page, shoot }) => {
  await page.locator('.monaco-editor .view-line').first().waitFor({ timeout: 60_000 });
  await hideSideBar(page);
  await openPlanView(page);
  const plan = await frameWith(page, 'garments');
  await plan.locator('vscode-button', { hasText: 'Fit to budget' }).click();
  const fit = await frameWith(page, 'Fit garments to a budget');
  // The text makes room for both.
  await page.locator('.editor-group-container .tab', { hasText: 'garments.trainplan' }).first().click();
  await runCommand(page, 'View: Close Editor');
  await moveLastGroup(page, 600);
  const ended = fit
    .locator('.progress-text', { hasText: 'choices compiled' })
    .and(fit.locator(':not(:has-text("Searching"))'));
  await ended.waitFor({ timeout: 240_000 });
  await fit.locator('.layers').waitFor();
  // Until notes of the window have gone, and all prices are there.
  await shoot('fit', 6000);
  await shoot('fit-why', 0, fit.locator('section.card', { has: fit.locator('.layers') }));
});

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
