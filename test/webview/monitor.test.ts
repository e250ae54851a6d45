import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunStore } from '../../extension/monitor/runStore.ts';
import type { ToMonitorPage } from '../../webview/messages.ts';
import { sampleSimulation, sampleText } from '../support/simulation.ts';
import { type Bundle, bundlePage, chromiumPath, launch, type OpenOptions } from './harness.ts';
import { messagesOf, openMonitor, settings } from './monitorPage.ts';
import { themeNames } from './themes.ts';

const none = chromiumPath() === undefined;

describe.skipIf(none)(`the page of the training monitor${none ? ' (skipped: needs chromium)' : ''}`, () => {
  let browser: Browser;
  let bundle: Bundle;
  /** Two finished runs of the sample, one of them on another plan; one that failed. */
  let real: readonly ToMonitorPage[];

  beforeAll(async () => {
    [browser, bundle] = await Promise.all([launch(), bundlePage('monitor')]);
    const store = new RunStore();
    await sampleSimulation(store, { epochs: 2 }).train();
    await sampleSimulation(store, { epochs: 2, name: 'faster', text: sampleText().replace('0.015', '0.03') }).train();
    await sampleSimulation(store, { name: 'no data', text: sampleText().replace('data "data"', '') }).train();
    real = messagesOf(store);
  });
  afterAll(() => browser?.close());

  const open = async (messages: readonly ToMonitorPage[], options: OpenOptions = {}) => {
    const monitor = await openMonitor(browser, bundle, options);
    await monitor.show(messages);
    return monitor;
  };

  it('is empty at first, with the two ways to begin', async () => {
    const { page, received } = await open([settings, { type: 'runs', runs: [] }]);
    expect(await page.locator('.state').textContent()).toContain('No run yet');
    await received();
    await page.locator('.state').getByRole('button', { name: 'Simulate Training' }).click();
    await page.locator('.state').getByRole('button', { name: 'Watch a Board' }).click();
    expect(await received()).toMatchObject([{ type: 'simulate' }, { type: 'watchBoard' }]);
    await page.close();
  });

  it('says why no board can be watched', async () => {
    const { page } = await open([
      { type: 'settings', texts: {}, noProcesses: 'not in a browser' },
      { type: 'runs', runs: [] },
    ]);
    expect(await page.locator('.state').textContent()).toContain('not in a browser');
    expect(await page.getByRole('button', { name: 'Watch a Board' }).count()).toBe(0);
    await page.close();
  });

  it('shows a run that goes on: how far, how fast, how long; and stops it', async () => {
    const { page, show, received } = await open([settings, ...started]);
    const row = page.locator('.runs tbody tr');
    expect(await row.textContent()).toMatch(/running: epoch 2 of 5, training 25 %, 312 steps\/s.*0:07 \(0:14 left\)/);
    await show([{ type: 'run', run: { ...running, steps: 4 }, loss: tail(3, [0.4]) }]);
    expect(await page.locator('#loss .reading').textContent()).toContain('Step 4');
    await received();
    await page.getByRole('button', { name: 'Stop: garments' }).click();
    expect(await received()).toMatchObject([{ type: 'cancel', id: 1 }]);
    await page.close();
  });

  it('offers to continue a run that was stopped, and says that nothing is lost', async () => {
    const run = { ...running, state: 'cancelled', canCancel: false, canContinue: true, learnedBytes: 6200 } as const;
    const { page, received } = await open([settings, { type: 'runs', runs: [run] }]);
    expect(await page.locator('.notes').textContent()).toContain('what it has learned is kept (6.1 KB)');
    await received();
    await page.getByRole('button', { name: 'Continue: garments' }).click();
    expect(await received()).toMatchObject([{ type: 'continue', id: 1 }]);
    await page.close();
  });

  it('says what a failed run lacks and what to do, and leads to the line', async () => {
    const { page, received } = await open(real);
    const notes = await page.locator('.notes').textContent();
    expect(notes).toContain('The plan names no data');
    expect(notes).toContain('Add a line `data "folder"`');
    await received();
    await page.locator('.notes').getByRole('button').click();
    expect(await received()).toMatchObject([{ type: 'openPlan', id: 3, line: expect.any(Number) }]);
    await page.close();
  });

  it('warns of a loss that is not a number', async () => {
    const run = { ...running, divergedAt: 3 };
    const { page } = await open([
      settings,
      { type: 'runs', runs: [run] },
      { type: 'run', run, loss: tail(0, [1, 2, null]) },
    ]);
    expect(await page.locator('.notes').textContent()).toMatch(/not a number from step 3 on.*Lower the learning rate/);
    expect(await page.locator('#loss .reading').textContent()).toContain('not a number');
    await page.close();
  });

  it('shows the confusion and the mistakes of the selected run; a cell chooses its mistakes', async () => {
    const { page, drawn } = await open(real);
    await page.getByRole('button', { name: 'garments', exact: true }).click();
    await drawn();
    const test = real.find((message) => message.type === 'test')?.test;
    const cells = await page.locator('.matrix .count').allTextContents();
    expect(cells.map((text) => (text === '·' ? 0 : Number(text)))).toEqual(test?.confusion.flat());
    expect(await page.locator('.examples li').count()).toBe(test?.wrong.length);
    const cell = page.locator('.matrix .count[title]').first();
    const [count, pair] = [await cell.textContent(), (await cell.getAttribute('title')) ?? ''];
    await cell.click();
    expect(await page.locator('.examples li').count()).toBeLessThanOrEqual(Number(count));
    const [label, prediction] = pair.split(' taken for ');
    for (const caption of await page.locator('.examples li').allTextContents()) {
      expect(caption).toBe(`taken for ${prediction}is ${label}`);
    }
    const painted = await page
      .locator('.examples canvas')
      .first()
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
        return new Set(data).size;
      });
    expect(painted).toBeGreaterThan(10);
    await page.close();
  });

  it('compares the runs that are shown, setting by setting', async () => {
    const { page, drawn } = await open(real);
    await page.getByLabel('Show no data in the charts').uncheck();
    await drawn();
    const rows = await page.locator('[aria-labelledby="differences-title"] tbody tr').allTextContents();
    expect(rows[0]).toBe('learning-rate0.0150.03');
    expect(rows.at(-1)).toMatch(/^best test accuracy[\d.]+ %[\d.]+ %$/);
    await page.getByLabel('Show faster in the charts').uncheck();
    await drawn();
    expect(await page.locator('[aria-labelledby="differences-title"]').isVisible()).toBe(false);
    await page.close();
  });

  it('gives every chart as a table', async () => {
    const { page } = await open(real);
    await page.getByRole('button', { name: 'Table: Epochs' }).click();
    const rows = await page.locator('#epochs tbody tr').allTextContents();
    expect(rows).toHaveLength(3);
    expect(rows[2]).toMatch(/^20\.\d{4}\d+\.\d %\d+\.\d %/);
    await page.getByRole('button', { name: 'Table: Loss per step' }).click();
    expect(await page.locator('#loss tbody tr').count()).toBe(50);
    await page.close();
  });

  it('can be used by keys alone: select, hide, rename, read a chart', async () => {
    const { page, received, drawn } = await open(real);
    const name = page.getByRole('button', { name: 'faster', exact: true });
    await name.focus();
    await page.keyboard.press('Enter');
    await drawn();
    expect(await name.getAttribute('aria-current')).toBe('true');
    await page.keyboard.press('F2');
    await page.keyboard.type('rate 0.03');
    await received();
    await page.keyboard.press('Enter');
    expect(await received()).toMatchObject([{ type: 'rename', id: 2, name: 'rate 0.03' }]);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('faster');
    const plot = page.getByRole('slider', { name: 'Epochs' });
    await plot.focus();
    await page.keyboard.press('Home');
    expect(await plot.getAttribute('aria-valuetext')).toMatch(/^Before training · garments test \d/);
    await page.keyboard.press('ArrowRight');
    expect(await plot.getAttribute('aria-valuetext')).toMatch(/^Epoch 1 · garments test .*training .* · faster test/);
    await page.keyboard.press('Escape');
    expect(await plot.getAttribute('aria-valuetext')).toMatch(/^Best test accuracy/);
    await page.close();
  });

  it('remembers what the user chose when it is hidden and shown again', async () => {
    const first = await open(real);
    await first.page.getByLabel('Show faster in the charts').uncheck();
    await first.page.getByRole('button', { name: 'garments', exact: true }).click();
    await first.page.getByLabel('Smoothing of the loss').selectOption({ label: 'as reported' });
    const state = await first.page.evaluate('window.savedState');
    await first.page.close();
    const second = await open(real, { state });
    expect(await second.page.getByLabel('Show faster in the charts').isChecked()).toBe(false);
    expect(await second.page.locator('.runs .selected th').textContent()).toBe('garments');
    expect(await second.page.getByLabel('Smoothing of the loss').inputValue()).toBe('0');
    await second.page.close();
  });

  it('tells the end of an epoch to assistive technology, not every step', async () => {
    const { page, show } = await open([settings, ...started]);
    const said = () => page.locator('[role="status"]').textContent();
    const before = await said();
    await show([{ type: 'run', run: { ...running, steps: 4 }, loss: tail(3, [0.4]) }]);
    expect(await said()).toBe(before);
    await show([{ type: 'run', run: { ...running, results: [{ epoch: 1, steps: 4, loss: 0.5, testAccuracy: 0.8 }] } }]);
    expect(await said()).toBe('Run garments: running, epoch 1, mean loss 0.5000, test accuracy 80.0 %');
    await page.close();
  });

  it.each(themeNames)('has nothing for axe-core to find, and no complaint in the console, in %s', async (theme) => {
    const { page, axe, drawn, problems } = await open(real, { theme });
    await page.getByRole('button', { name: 'garments', exact: true }).click();
    await drawn();
    await page.getByRole('button', { name: 'Table: Epochs' }).click();
    expect(await axe()).toEqual([]);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('fits a narrow column', async () => {
    const { page } = await open(real, { width: 360 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.close();
  });
});

const running = {
  id: 1,
  name: 'garments',
  source: 'simulation',
  plan: 'garments.trainplan',
  planHash: '01234567',
  settings: [],
  seed: 1,
  state: 'running',
  startedAt: 0,
  elapsed: 7000,
  remaining: 14_000,
  stepsPerSecond: 312,
  epochs: 5,
  steps: 3,
  progress: { epoch: 2, phase: 'training', done: 150, of: 600 },
  results: [],
  problems: [],
  canCancel: true,
  canRunAgain: false,
  canContinue: false,
  learnedBytes: 0,
} as const;

const tail = (from: number, losses: readonly (number | null)[]) => ({
  stride: 1,
  from,
  steps: losses.map((_, index) => from + index + 1),
  losses,
});

const started: readonly ToMonitorPage[] = [
  { type: 'runs', runs: [running] },
  { type: 'run', run: running, loss: tail(0, [1.6, 1.2, 0.9]) },
];
