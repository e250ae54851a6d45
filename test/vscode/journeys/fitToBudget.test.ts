/** From the plan view to a plan that fits its budget, in a real workbench. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterEach, expect, it } from 'vitest';
import { compilePlanFile } from '../../../extension/cli/compilation.ts';
import { frameWith, openPlanView, openWorkbench, shownPeak, shownText, type Workbench } from '../planView.mjs';
import { tellOfFailures } from './failure.ts';
import { until } from './until.ts';

const folders: string[] = [];
let workbench: Workbench | undefined;

afterEach(async () => {
  await workbench?.close();
  workbench = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
// Before it is closed: what is said last is done first.
tellOfFailures(() => workbench);

function newSample(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-journey-'));
  folders.push(folder);
  cpSync('extension/samples/garments', folder, { recursive: true });
  return folder;
}

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

/** Of the choice that is looked at, once it is worded. */
function chosenBytes(fit: Frame): Promise<number> {
  return fit
    .locator('.choice:not(.old)')
    .getByRole('row', { name: /^Peak SRAM/ })
    .getByRole('cell')
    .nth(1)
    .innerText()
    .then((text) => Number(text.replace(/\D/g, '')));
}

/** As the command line sees it, in a folder that the workbench does not see. */
async function bytesOfText(folder: string, text: string): Promise<number | undefined> {
  const file = join(folder, 'shown.trainplan');
  writeFileSync(file, text);
  const compiled = await compilePlanFile(file);
  return compiled.ok ? compiled.value.memory.sramBytes : undefined;
}

it('Fit to budget: a budget, a choice with its reasons, one edit, and undo', async () => {
  const [folder, own] = [newSample(), newSample()];
  writeFileSync(join(folder, 'garments.contributions.json'), JSON.stringify(contributions));
  workbench = await openWorkbench({ folder, open: join(folder, 'garments.trainplan') });
  const { page, problems } = workbench;
  await page.locator('.view-line', { hasText: 'weights all' }).first().waitFor();
  await openPlanView(page);
  const plan = await frameWith(page, 'garments');
  const view = page.frameLocator('iframe.webview.ready').first().frameLocator('iframe#active-frame');
  await plan.locator('.has-contribution').waitFor();
  // The text editor draws line by line.
  const before = await until(
    'the text and its peak',
    async () => {
      const text = await shownText(page);
      return { text, peak: await shownPeak(view), expected: await bytesOfText(own, text) };
    },
    ({ peak, expected }) => peak === expected,
  );
  expect(before.peak).toBeGreaterThan(budget * 1024);

  await plan.locator('vscode-button', { hasText: 'Fit to budget' }).click();
  const fit = await frameWith(page, 'Fit garments to a budget');
  const proven = fit.locator('.progress-text', { hasText: 'this is proven.' });
  await proven.waitFor();
  expect(await fit.locator('.evidence-text').innerText()).toContain('Measured.');

  await fit.getByRole('slider', { name: 'Budget of SRAM' }).fill(`${budget}`);
  // The search begins where the slider rests; a choice within the budget comes after that.
  const within = () =>
    until(
      'a choice within the budget',
      () => chosenBytes(fit),
      (bytes) => bytes > 0 && bytes <= budget * 1024,
    );
  await within();
  await proven.waitFor();
  const fitting = await within();

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
      return { text: shown, bytes: await bytesOfText(own, shown) };
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
  await until(
    'the old text',
    () => shownText(page),
    (shown) => shown === before.text,
  );
  await fit.getByText('Edit of the plan').waitFor();
  expect(problems).toEqual([]);
});
