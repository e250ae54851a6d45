/** From the plan view to a plan that fits its budget, in a real workbench. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterEach, expect, it } from 'vitest';
import { compilePlanFile } from '../../../extension/cli/compilation.ts';
import { frameWith, openPlanView, openWorkbench, shownPeak, shownText, type Workbench } from '../planView.mjs';
import { until } from './until.ts';

const folders: string[] = [];
let workbench: Workbench | undefined;

afterEach(async () => {
  await workbench?.close();
  workbench = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Few choices, so that a search ends within seconds. */
const contributions = {
  biases: [{ from: 'block3.pointwise1', gain: 3 }],
  weights: [
    { layer: 'block3.pointwise1', weights: 'all', gain: 2.5 },
    { layer: 'block4.pointwise1', weights: '1/2', gain: 1.5 },
    { layer: 'last_conv', weights: 'all', gain: 4 },
  ],
};

/** In KB, as the slider has it. */
const budget = 18;

function chosenBytes(fit: Frame): Promise<number> {
  return fit
    .getByRole('row', { name: /^Peak SRAM/ })
    .getByRole('cell')
    .nth(1)
    .innerText()
    .then((text) => Number(text.replace(/\D/g, '')));
}

/** As the command line sees it. */
async function bytesOfText(folder: string, text: string): Promise<number | undefined> {
  const file = join(folder, 'shown.trainplan');
  writeFileSync(file, text);
  const compiled = await compilePlanFile(file);
  return compiled.ok ? compiled.value.memory.sramBytes : undefined;
}

it('Fit to budget: a budget, a choice with its reasons, one edit, and undo', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-journey-'));
  folders.push(folder);
  cpSync('extension/samples/garments', folder, { recursive: true });
  writeFileSync(join(folder, 'garments.contributions.json'), JSON.stringify(contributions));
  workbench = await openWorkbench({ folder, open: join(folder, 'garments.trainplan') });
  const { page, problems } = workbench;
  await page.locator('.view-line', { hasText: 'weights all' }).first().waitFor({ timeout: 60_000 });
  await openPlanView(page);
  const plan = await frameWith(page, 'garments');
  const view = page.frameLocator('iframe.webview.ready').first().frameLocator('iframe#active-frame');
  await plan.locator('.has-contribution').waitFor();
  const before = { text: await shownText(page), peak: await shownPeak(view) };
  expect(before.peak).toBeGreaterThan(budget * 1024);

  await plan.locator('vscode-button', { hasText: 'Fit to budget' }).click();
  const fit = await frameWith(page, 'Fit garments to a budget');
  await fit.locator('.progress-text', { hasText: 'this is proven.' }).waitFor({ timeout: 60_000 });
  expect(await fit.locator('.evidence-text').innerText()).toContain('Measured.');

  await fit.getByRole('slider', { name: 'Budget of SRAM' }).fill(`${budget}`);
  const fitting = await until(
    'a choice within the budget',
    () => chosenBytes(fit),
    (bytes) => bytes > 0 && bytes <= budget * 1024,
  );
  await fit.locator('.progress-text', { hasText: 'this is proven.' }).waitFor({ timeout: 60_000 });

  // The chart by keys: the next cheaper choice.
  const chart = fit.getByRole('slider', { name: 'Choices by SRAM and score' });
  await chart.press('ArrowLeft');
  const cheaper = await until(
    'a cheaper choice',
    () => chosenBytes(fit),
    (bytes) => bytes < fitting,
  );
  expect(await fit.locator('.diff').innerText()).toContain('update {');
  expect(await fit.locator('.layers').innerText()).toContain('points for');

  await fit.locator('vscode-button', { hasText: 'Apply to the plan' }).click();
  await until(
    'the plan view with the choice',
    () => shownPeak(view),
    (peak) => peak === cheaper,
  );
  // The text editor draws line by line.
  const { text } = await until(
    'the text of the choice',
    async () => {
      const shown = await shownText(page);
      return { text: shown, bytes: await bytesOfText(folder, shown) };
    },
    ({ bytes }) => bytes === cheaper,
  );
  const outside = (each: string): string => each.slice(0, each.indexOf('update {'));
  expect(outside(text)).toBe(outside(before.text));
  await fit.locator('.apply-state', { hasText: 'Applied.' }).waitFor();

  await plan.getByRole('button', { name: 'Undo' }).click();
  await until(
    'the old peak',
    () => shownPeak(view),
    (peak) => peak === before.peak,
  );
  expect(await shownText(page)).toBe(before.text);
  await fit.getByText('Edit of the plan').waitFor();
  expect(problems).toEqual([]);
}, 240_000);
