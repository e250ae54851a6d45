/** The timeline as files, from the palette to the disk, in a real workbench. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanPicture } from '../../../webview/messages.ts';
import { timelineCsv, traceAllocation } from '../../../webview/plan/export.ts';
import { compiledPlan, garmentsPlan } from '../../webview/pictures.ts';
import { openPlanView, openWorkbench, type Workbench } from '../planView.mjs';
import { runCommand } from '../workbench.mjs';
import { tellOfFailures } from './failure.ts';
import { until } from './until.ts';

const folder = mkdtempSync(join(tmpdir(), 'firmtune-journey-'));
const inFolder = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(inFolder(name), 'utf8');
let workbench: Workbench;
let page: Page;
let dialog: Locator;
/** Of the plan, as the command line has it. */
let picture: PlanPicture;

beforeAll(async () => {
  cpSync('extension/samples/garments', folder, { recursive: true });
  ({ picture } = await compiledPlan(garmentsPlan, false));
  workbench = await openWorkbench({ folder, open: inFolder('garments.trainplan') });
  ({ page } = workbench);
  await page.locator('.monaco-editor .view-line').first().waitFor();
  await openPlanView(page);
  dialog = page.locator('.quick-input-widget:visible', { has: page.getByRole('button', { name: 'OK' }) });
});

afterAll(async () => {
  await workbench?.close();
  rmSync(folder, { recursive: true, force: true });
});

const endings = { PNG: 'png', SVG: 'svg', CSV: 'csv', 'tracealloc.json': 'tracealloc.json' };

async function askFor(format: keyof typeof endings): Promise<void> {
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: format }).first();
  await until(
    `${format} chosen`,
    async () => {
      // The page, which takes the focus after the last export, may close the list.
      await runCommand(page, 'Firmtune: Export Timeline');
      await row.click({ timeout: 5000 });
      return true;
    },
    (isChosen) => isChosen,
  );
  await proposes(format);
}

/** The dialog reads the folder first, and puts its proposal in place of what is typed before. */
async function proposes(format: keyof typeof endings): Promise<void> {
  await dialog.waitFor();
  expect(await dialog.locator('.quick-input-title').innerText()).toBe('Export Timeline');
  const proposed = inFolder(`garments-timeline.${endings[format]}`);
  await until(
    proposed,
    () => dialog.locator('input.input').inputValue(),
    (path) => path === proposed,
  );
}

/** The dialog reads the folder again for what is typed, and hears no key meanwhile. */
async function answer(path: string): Promise<void> {
  await dialog.locator('input.input').fill(path);
  const isOpen = page.locator('.quick-input-widget:visible .quick-input-title', { hasText: 'Export Timeline' });
  await until(
    'the path taken',
    async () => {
      await page.keyboard.press('Enter');
      await page.waitForTimeout(500);
      return isOpen.count();
    },
    (count) => count === 0,
  );
}

async function isWritten(name: string): Promise<void> {
  await until(
    `${name} in the folder`,
    async () => readdirSync(folder),
    (names) => names.includes(name),
  );
  // Drafts are gone as soon as the file is there.
  expect(readdirSync(folder).filter((each) => each.includes('part'))).toEqual([]);
}

/** Toasts are off in a workbench for tests. */
async function notification(text: string): Promise<Locator> {
  await runCommand(page, 'Notifications: Show Notifications');
  const found = page.locator('.notifications-center .notification-list-item', { hasText: text });
  await found.waitFor();
  return found;
}

tellOfFailures(() => workbench);

describe('an export of the timeline', () => {
  it.each([
    ['CSV', 'csv', timelineCsv],
    ['tracealloc.json', 'json', traceAllocation],
  ] as const)('as %s is proposed beside the plan, and holds its figures', async (format, ending, content) => {
    await askFor(format);
    await answer(inFolder(`garments-timeline.${endings[format]}`));
    await isWritten(`garments-timeline.${endings[format]}`);
    expect(read(`garments-timeline.${endings[format]}`)).toBe(content(picture));
    // A name without an ending gets one.
    await askFor(format);
    await answer(inFolder('figures'));
    await isWritten(`figures.${ending}`);
  });

  it('as SVG is a drawing with the peak in its words, and as PNG the same twice as fine', async () => {
    for (const format of ['SVG', 'PNG'] as const) {
      await askFor(format);
      await answer(inFolder('drawing'));
      await isWritten(`drawing.${endings[format]}`);
    }
    const svg = read('drawing.svg');
    const [, width, height] = /^<svg [^>]*\bwidth="(\d+)" height="(\d+)"/.exec(svg) ?? [];
    expect(svg).toContain(picture.totals.sramBytes.toLocaleString('en'));
    const png = decode(readFileSync(inFolder('drawing.png')));
    expect(png).toMatchObject({ width: 2 * Number(width), height: 2 * Number(height) });
    // Not blank.
    expect(new Set(png.data).size).toBeGreaterThan(20);
  });

  it('that is cancelled writes nothing and says nothing', async () => {
    const before = readdirSync(folder);
    await runCommand(page, 'Notifications: Clear All Notifications');
    await askFor('SVG');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await runCommand(page, 'Notifications: Show Notifications');
    await page.locator('.notifications-center', { hasText: 'No new notifications' }).waitFor();
    await page.keyboard.press('Escape');
    expect(readdirSync(folder)).toEqual(before);
  });

  it('takes the place of an older file once the author agrees', async () => {
    writeFileSync(inFolder('old.csv'), 'old');
    await askFor('CSV');
    await answer(inFolder('old.csv'));
    const replace = page.locator('.quick-input-widget:visible', { hasText: 'already exists' });
    await replace.waitFor();
    await page.keyboard.press('Enter');
    await until(
      'the new text',
      async () => read('old.csv'),
      (text) => text !== 'old',
    );
    expect(read('old.csv')).toBe(timelineCsv(picture));
  });

  it('that cannot be written says so, and can go elsewhere', async () => {
    await askFor('CSV');
    // A folder in which nobody can write, whoever the test is.
    await answer('/proc/garments.csv');
    const message = await notification('garments.csv could not be written');
    await message.getByRole('button', { name: 'Save Elsewhere…' }).click();
    await proposes('CSV');
    await answer(inFolder('elsewhere.csv'));
    await isWritten('elsewhere.csv');
    expect(read('elsewhere.csv')).toBe(timelineCsv(picture));
  });

  it('breaks no rule of the policy and complains of nothing', () => {
    expect(workbench.problems).toEqual([]);
  });
});
