/** The plans and layers in the activity bar, in a real workbench. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PictureLayer, PlanPicture } from '../../../webview/messages.ts';
import { compiledPlan, garmentsPlan } from '../../webview/pictures.ts';
import { followsFile, openPlanView, openWorkbench, type Workbench } from '../planView.mjs';
import { runCommand } from '../workbench.mjs';
import { tellOfFailures } from './failure.ts';
import { until } from './until.ts';

const text = readFileSync(garmentsPlan, 'utf8');
const folders: string[] = [];
let workbench: Workbench | undefined;
let page: Page;
let rows: Locator;

function newSample(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-journey-'));
  folders.push(folder);
  cpSync('extension/samples/garments', folder, { recursive: true });
  return folder;
}

async function openTree(folder: string, open?: string): Promise<void> {
  // All rows in sight: others are not drawn.
  const viewport = { width: 1600, height: 1500 };
  workbench = await openWorkbench({ folder, viewport, ...(open === undefined ? {} : { open }) });
  ({ page } = workbench);
  rows = page.locator('.sidebar .monaco-list-row');
  await runCommand(page, 'View: Show Firmtune');
}

interface Row {
  readonly label: string;
  readonly description: string;
  /** A codicon. */
  readonly icon: string;
}

function shownRows(): Promise<Row[]> {
  return rows.evaluateAll((elements) =>
    elements
      .sort((a, b) => Number(a.dataset.index) - Number(b.dataset.index))
      .map((element) => ({
        label: element.querySelector('.label-name')?.textContent ?? '',
        description: element.querySelector('.label-description')?.textContent ?? '',
        icon:
          /codicon-(?!colored)([\w-]+)/.exec(
            element.querySelector('.custom-view-tree-node-item-icon')?.className ?? '',
          )?.[1] ?? '',
      })),
  );
}

const rowOf = (label: string): Locator => rows.filter({ has: page.getByText(label, { exact: true }) }).first();

const shows = (label: string, what: string, isThere: (row: Row | undefined) => boolean): Promise<Row | undefined> =>
  until(`${label} ${what}`, async () => (await shownRows()).find((row) => row.label === label), isThere);

async function expand(label: string): Promise<void> {
  await rowOf(label).locator('.monaco-tl-twistie').click();
}

const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;

function peakText({ totals, budgetBytes }: PlanPicture): string {
  return `${kilobytes(totals.sramBytes)} of ${kilobytes(budgetBytes)}`;
}

async function pictureOf(content: string): Promise<PlanPicture> {
  const file = join(newSample(), 'garments.trainplan');
  writeFileSync(file, content);
  return (await compiledPlan(file, false)).picture;
}

/** In the words of docs/plan-view.md. */
function layerRow({ name, bias, weights, trainableBytes }: PictureLayer): Row {
  const bytes = trainableBytes < 10 * 1024 ? `${trainableBytes.toLocaleString('en')} B` : kilobytes(trainableBytes);
  const parts = [...(bias === true ? ['bias'] : []), ...(weights === 'weights none' ? [] : [weights])];
  const icon =
    weights === 'weights all'
      ? 'circle-large-filled'
      : weights !== 'weights none'
        ? 'circle-filled'
        : bias === true
          ? 'circle-small-filled'
          : 'circle-outline';
  const description = parts.length === 0 ? 'frozen' : `${parts.join(', ')}, ${bytes}`;
  return { label: name, description, icon };
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

tellOfFailures(() => workbench);

describe('the tree of plans', () => {
  const folder = newSample();
  const plan = join(folder, 'garments.trainplan');
  const all = text.replace(/ {2}block3\.pointwise1: .*/, '  block3.pointwise1: weights all');

  beforeAll(async () => {
    mkdirSync(join(folder, 'tries'));
    const write = (name: string, content: string) => writeFileSync(join(folder, name), content);
    write('tries/all.trainplan', all.replace('garments.tflite', '../garments.tflite'));
    write('large.trainplan', text.replace('budget 32 KB', 'budget 16 KB'));
    write('mistaken.trainplan', text.replace('last_conv', 'lost_conv'));
    write('board.trainplan', text.replace(/target \{[^}]*\}/, 'target wardrobe'));
    await openTree(folder, plan);
  });
  afterAll(() => workbench?.close());

  it('names them in order, with their peak of the budget, or that they have errors', async () => {
    const [own, other, large] = await Promise.all(
      [text, all, text.replace('budget 32 KB', 'budget 16 KB')].map(pictureOf),
    );
    if (own === undefined || other === undefined || large === undefined) throw new Error('three pictures');
    expect(peakText(other)).not.toBe(peakText(own));
    const error = { description: 'has errors', icon: 'error' };
    const expected: readonly Row[] = [
      { label: 'all.trainplan', description: peakText(other), icon: 'circuit-board' },
      { label: 'board.trainplan', ...error },
      { label: 'garments.trainplan', description: peakText(own), icon: 'circuit-board' },
      // It compiles, but does not fit.
      { label: 'large.trainplan', description: peakText(large), icon: 'warning' },
      { label: 'mistaken.trainplan', ...error },
    ];
    await until('all plans', shownRows, (shown) => JSON.stringify(shown) === JSON.stringify(expected));
  });

  it('says more to those who point or listen: where the plan is, what is wrong, how much trains', async () => {
    const tooltip = (label: string) => rowOf(label).locator('.custom-view-tree-node-item-resourceLabel');
    expect(await tooltip('garments.trainplan').getAttribute('aria-label')).toBe(
      'garments.trainplan\n10 of 17 layers train',
    );
    expect(await tooltip('all.trainplan').getAttribute('aria-label')).toMatch(/^tries\/all\.trainplan\n/);
    expect(await tooltip('mistaken.trainplan').getAttribute('aria-label')).toContain('lost_conv');
    expect(await tooltip('large.trainplan').getAttribute('aria-label')).toContain('budget');
    expect(await rowOf('all.trainplan').getAttribute('aria-label')).toMatch(
      /^all\.trainplan, [\d.]+ KB of 32\.0 KB, tries$/,
    );
  });

  it('shows the layers of a plan in the order of execution: what of each trains, in words and by a shape', async () => {
    const { layers } = await pictureOf(text);
    const expected = layers.map(layerRow);
    expect(new Set(expected.map(({ icon }) => icon)).size).toBe(4);
    await expand('garments.trainplan');
    await until('the layers', shownRows, (shown) => {
      const at = shown.findIndex(({ label }) => label === 'garments.trainplan') + 1;
      return JSON.stringify(shown.slice(at, at + layers.length)) === JSON.stringify(expected);
    });
  });

  it('has no layers where a plan has errors', async () => {
    const before = await rows.count();
    await expand('mistaken.trainplan');
    await until(
      'an answer',
      () => rowOf('mistaken.trainplan').locator('.monaco-tl-twistie').getAttribute('class'),
      (classes) => !/codicon-tree-item-loading/.test(classes ?? ''),
    );
    expect(await rows.count()).toBe(before);
  });

  it('leads from a layer to its row in the plan view', async () => {
    await rowOf('last_conv').click();
    const view = page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
    await view.locator('[data-layer="last_conv"][aria-selected="true"]').waitFor();
    await runCommand(page, 'View: Close Editor');
  });

  it('follows what is typed before it is saved, and errors that come and go', async () => {
    await rowOf('garments.trainplan').click();
    await page.locator('.view-line', { hasText: 'last_conv' }).first().click();
    await page.keyboard.press('End');
    for (let letter = 0; letter < 'all'.length; letter++) await page.keyboard.press('Backspace');
    await shows(
      'garments.trainplan',
      'with errors',
      (row) => row?.icon === 'error' && row.description === 'has errors',
    );
    await page.keyboard.type('1/2');
    const { layers, ...picture } = await pictureOf(text.replace('last_conv: weights all', 'last_conv: weights 1/2'));
    await shows('garments.trainplan', 'after', (row) => row?.description === peakText({ layers, ...picture }));
    const layer = layers.find(({ name }) => name === 'last_conv');
    if (layer === undefined) throw new Error('no last_conv');
    const expected = JSON.stringify(layerRow(layer));
    await shows('last_conv', 'with half its weights', (row) => JSON.stringify(row) === expected);
    expect(readFileSync(plan, 'utf8')).toBe(text);
    await runCommand(page, 'File: Revert File');
    await shows('last_conv', 'as it was', (row) => row?.icon === 'circle-large-filled');
  });

  it('follows the settings for boards', async () => {
    mkdirSync(join(folder, '.vscode'));
    const boards = { wardrobe: { core: 'cortex-m7', sram: '256 KB', flash: '1 MB' } };
    writeFileSync(join(folder, '.vscode/settings.json'), JSON.stringify({ 'firmtune.boards': boards }));
    await shows('board.trainplan', 'with a peak', (row) => / of 32\.0 KB$/.test(row?.description ?? ''));
  });

  it('follows files that come, change and go', async () => {
    const file = join(folder, 'new.trainplan');
    await openPlanView(page);
    await followsFile(page, plan);
    writeFileSync(file, text);
    const peak = peakText(await pictureOf(text));
    await shows('new.trainplan', 'with its peak', (row) => row?.description === peak);
    writeFileSync(file, all);
    const other = peakText(await pictureOf(all));
    await shows('new.trainplan', 'with another peak', (row) => row?.description === other);
    rmSync(file);
    await shows('new.trainplan', 'gone', (row) => row === undefined);
    const model = join(folder, 'garments.tflite');
    renameSync(model, `${model}.away`);
    await shows('large.trainplan', 'without a model', (row) => row?.icon === 'error');
    renameSync(`${model}.away`, model);
    await shows('large.trainplan', 'with its model', (row) => row?.icon === 'warning');
  });

  it('is current when it is shown again after it was hidden', async () => {
    await runCommand(page, 'View: Show Explorer');
    writeFileSync(join(folder, 'large.trainplan'), text);
    // As long as the tree waits for an author to stop typing, and more.
    await page.waitForTimeout(2000);
    await runCommand(page, 'View: Show Firmtune');
    await shows('large.trainplan', 'that fits now', (row) => row?.icon === 'circuit-board');
  });

  it('breaks no rule of the policy and complains of nothing', () => {
    expect(workbench?.problems).toEqual([]);
  });
});

describe('a tree of very many plans', () => {
  afterAll(() => workbench?.close());

  it('computes the first fifty, and others when somebody opens them', async () => {
    const folder = newSample();
    rmSync(join(folder, 'garments.trainplan'));
    const names = Array.from({ length: 53 }, (_, number) => `plan${10 + number}.trainplan`);
    for (const name of names) writeFileSync(join(folder, name), text);
    await openTree(folder);
    const peak = peakText(await pictureOf(text));
    const rest = names.slice(50);
    await shows('plan59.trainplan', 'with its peak', (row) => row?.description === peak);
    const shown = await shownRows();
    expect(shown.map(({ label }) => label)).toEqual(names);
    expect(shown.filter(({ description }) => description === peak)).toHaveLength(50);
    expect(shown.slice(-3)).toEqual(rest.map((label) => ({ label, description: '', icon: 'circuit-board' })));
    await expand('plan61.trainplan');
    await shows('first_conv', 'of the plan', (row) => row !== undefined);
    await shows('plan61.trainplan', 'with its peak', (row) => row?.description === peak);
    expect(await shownRows()).toContainEqual({ label: 'plan60.trainplan', description: '', icon: 'circuit-board' });
  });
});
