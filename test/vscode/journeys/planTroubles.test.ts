/** What can go wrong around an open plan view, in a real workbench. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  followsFile,
  openPlanView,
  openWorkbench,
  planFrame,
  shownPeak,
  shownText,
  type Workbench,
} from '../planView.mjs';
import { runCommand } from '../workbench.mjs';
import { tellOfFailures } from './failure.ts';
import { until } from './until.ts';

const folder = mkdtempSync(join(tmpdir(), 'firmtune-journey-'));
const plan = join(folder, 'garments.trainplan');
const model = join(folder, 'garments.tflite');
let workbench: Workbench;
let page: Page;
/** The address of a window with the plan's text. */
let opened: string;
let view: FrameLocator;

beforeAll(async () => {
  cpSync('extension/samples/garments', folder, { recursive: true });
  workbench = await openWorkbench({ folder, open: plan });
  ({ page } = workbench);
  opened = page.url();
  await page.locator('.monaco-editor .view-line').first().waitFor();
  view = await openPlanView(page);
  await followsFile(page, plan);
});

afterAll(async () => {
  await workbench?.close();
  rmSync(folder, { recursive: true, force: true });
});

const shows = (what: string, isThere: (peak: number) => boolean) => until(what, () => shownPeak(view), isThere);

async function clickSwitch(layer: string, position: string): Promise<void> {
  await view.getByPlaceholder('Filter layers').fill(layer);
  await view.locator(`[data-layer="${layer}"] [data-switch="${position}"]`).click();
}

/** What the workbench keeps of editors that are not saved. */
function backups(): readonly string[] {
  if (!existsSync(workbench.backups)) return [];
  const entries = readdirSync(workbench.backups, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'));
}

/** With the focus in the view, whose page may be drawn anew: a key that is lost is pressed again. */
function save(expected: string): Promise<string> {
  return until(
    `${expected} in the file`,
    async () => {
      await page.keyboard.press('Control+s');
      await page.waitForTimeout(500);
      return readFileSync(plan, 'utf8');
    },
    (text) => text.includes(expected),
  );
}

tellOfFailures(() => workbench);

describe('a plan view in trouble', () => {
  const switched = 'block4.pointwise1: weights all';

  it('keeps the last picture, marked as old, while the text has errors', async () => {
    const peak = await shownPeak(view);
    await page.locator('.view-line', { hasText: 'budget' }).first().click();
    await page.keyboard.press('End');
    await page.keyboard.type(' nonsense');
    await view.locator('.plan.stale').waitFor();
    expect(await view.locator('.banner').innerText()).toContain('errors');
    expect(await shownPeak(view)).toBe(peak);
    for (let letter = 0; letter < ' nonsense'.length; letter++) await page.keyboard.press('Backspace');
    await view.locator('.plan:not(.stale)').waitFor();
    await until(
      'the text as it was',
      () => shownText(page),
      (text) => text.includes('budget 32 KB\n'),
    );
  });

  it('says that the model is gone, and goes on when it is back', async () => {
    renameSync(model, `${model}.away`);
    await view.locator('.plan.stale').waitFor();
    expect(await view.locator('.banner').innerText()).toContain('garments.tflite');
    renameSync(`${model}.away`, model);
    await view.locator('.plan:not(.stale)').waitFor();
  });

  it('is there again after it was hidden', async () => {
    const peak = await shownPeak(view);
    const tab = page.locator('.editor-group-container').last().locator('.tab').first();
    await tab.click();
    await runCommand(page, 'File: New Untitled Text File');
    await until(
      'the view hidden',
      () => page.locator('iframe.webview.ready:visible').count(),
      (count) => count === 0,
    );
    await runCommand(page, 'View: Close Editor');
    await tab.click();
    await shows('the picture again', (figure) => figure === peak);
  });

  it('keeps what was not saved when the window is reloaded', async () => {
    const before = await shownPeak(view);
    await clickSwitch('block4.pointwise1', 'all');
    const peak = await shows('a new peak', (figure) => figure !== before);
    const text = await until(
      'the switch in the text',
      () => shownText(page),
      (shown) => shown.includes(switched),
    );
    expect(readFileSync(plan, 'utf8')).not.toContain(switched);
    await until(
      'a backup of what is dirty',
      async () => backups(),
      (contents) => contents.some((content) => content.includes(switched)),
    );
    await page.goto(workbench.url);
    view = planFrame(page);
    await view.locator('[data-layer]').first().waitFor();
    await shows('the same peak', (figure) => figure === peak);
    await until(
      'the same text',
      () => shownText(page),
      (shown) => shown === text,
    );
  });

  it('agrees with a second window on the plan, once it is saved', async () => {
    // A window with changes of its own would keep them.
    await save(switched);
    await until(
      'nothing kept that is not saved',
      async () => backups().length,
      (count) => count === 0,
    );
    const other = await page.context().newPage();
    await other.goto(opened);
    await other.locator('.monaco-editor .view-line').first().waitFor();
    const otherView = await openPlanView(other);
    await followsFile(other, plan);
    await page.bringToFront();
    const before = await shownPeak(view);
    await clickSwitch('block3.pointwise1', '1/2');
    await until(
      'the switch in the text',
      () => shownText(page),
      (text) => text.includes('block3.pointwise1: weights 1/2'),
    );
    await save('block3.pointwise1: weights 1/2');
    // The view of a text that is saved may still be that of the text before.
    const peak = await shows('the peak of the switch', (figure) => figure !== before);
    await other.bringToFront();
    await until(
      'the same peak in both',
      () => shownPeak(otherView),
      (figure) => figure === peak,
    );
    await other.close();
  });

  it('breaks no rule of its policy and complains of nothing', () => {
    expect(workbench.problems).toEqual([]);
  });
});
