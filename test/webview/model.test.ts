import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Graph } from '../../compiler/model/graph.ts';
import { writeTflite } from '../../compiler/model/write-tflite.ts';
import { modelHandlers } from '../../extension/engine/model.ts';
import { graph } from '../support/graph-builder.ts';
import { type Bundle, bundlePage, chromiumPath, launch } from './harness.ts';
import { type ModelPage, type ModelPageOptions, openModelPage } from './modelPage.ts';
import { themeNames } from './themes.ts';

const without = chromiumPath() === undefined;

/** stem, then inverted residuals of four layers each, then pool and classifier. */
function network(blocks: number): Graph {
  let builder = graph(5).input([1, 8, 8, 3], { name: 'picture' }).conv({ channels: 8, name: 'stem' });
  let last = 'stem';
  for (let number = 0; number < blocks; number++) {
    builder = builder
      .conv({ channels: 16, kernel: 1, name: `block${number}.expand` })
      .depthwise({ name: `block${number}.depthwise` })
      .conv({ channels: 8, kernel: 1, name: `block${number}.project` })
      .add(last, { name: `block${number}.add` });
    last = `block${number}.add`;
  }
  return builder.averagePool({ name: 'pool' }).dense({ units: 4, name: 'classifier' }).build();
}

const small = writeTflite(network(3));
const plans = [
  { uri: 'file:///a.trainplan', name: 'a.trainplan' },
  { uri: 'file:///b.trainplan', name: 'b.trainplan' },
];

describe.skipIf(without)('the model view (skipped: needs chromium)', () => {
  let browser: Browser;
  let bundle: Bundle;
  const pages: ModelPage[] = [];

  beforeAll(async () => {
    [browser, bundle] = await Promise.all([launch(), bundlePage('model')]);
  });
  afterAll(() => browser?.close());

  async function open(options: ModelPageOptions = {}): Promise<ModelPage> {
    const opened = await openModelPage(browser, bundle, { bytes: small, name: 'net.tflite', ...options });
    pages.push(opened);
    return opened;
  }
  const node = ({ page }: ModelPage, name: string): Locator => page.locator(`.node[aria-label^="${name},"]`);
  const selected = ({ page }: ModelPage): Promise<string | null> =>
    page.locator('.node.selected').getAttribute('aria-label');
  const press = async (view: ModelPage, ...keys: readonly string[]): Promise<void> => {
    for (const key of keys) await view.page.keyboard.press(key);
    await view.settled();
  };

  describe('its states', () => {
    it('loading names the file and what is done, and can be cancelled', async () => {
      const view = await openModelPage(browser, bundle);
      await view.send({ type: 'loading', name: 'big.tflite', fileBytes: 3 * 1024 * 1024, stage: 'checking' });
      await view.page.getByText('big.tflite (3,072 KB)').waitFor();
      await view.page.getByText('Checking every table of the model').waitFor();
      await view.page.locator('vscode-button', { hasText: 'Cancel' }).click();
      await view.settled();
      expect(view.sent).toEqual([{ type: 'cancel' }]);
      expect(await view.axe()).toEqual([]);
      await view.page.close();
    });

    it('an error tells what was found and what to do, and can be tried again', async () => {
      const view = await open({ bytes: small.slice(0, 400) });
      expect(await view.page.locator('h1').textContent()).toBe('net.tflite cannot be shown');
      expect(await view.page.locator('.problems li').count()).toBeGreaterThan(0);
      await view.page.locator('vscode-button', { hasText: 'Read Again' }).click();
      await view.settled();
      expect(view.sent).toContainEqual({ type: 'retry' });
      expect(await view.axe()).toEqual([]);
      await view.page.close();
    });

    it('a layout that takes long can be cancelled: the layers are then a table', async () => {
      const view = await openModelPage(browser, bundle);
      const key = 'slow';
      const model = modelHandlers.openModelView({ key, name: 'slow.tflite', bytes: small });
      if (!model.ok) throw new Error('it is sound');
      await view.send({ type: 'model', version: 1, picture: model.picture });
      await view.page.getByText('Arranging the graph').waitFor();
      await view.page.locator('.arranging vscode-button').click();
      await view.settled();
      expect(view.sent.at(-1)).toEqual({ type: 'cancel' });
      expect(await view.page.locator('.layers tbody tr').count()).toBe(15);
      await view.page.getByRole('button', { name: 'Graph', exact: true }).click();
      await view.settled();
      expect(view.sent.at(-1)).toMatchObject({ type: 'layout', collapsed: [] });
      await view.page.close();
    });

    it('a deleted file leaves the picture, marked', async () => {
      const view = await open();
      await view.send({ type: 'gone' });
      await view.page.getByText('The file was deleted.').waitFor();
      expect(await view.page.locator('.node').count()).toBeGreaterThan(0);
      await view.page.close();
    });

    it('comes back as it was after it was hidden', async () => {
      const first = await open();
      await first.page.fill('.search', 'depthwise');
      await first.page.locator('.toolbar select').first().selectOption('macs');
      await node(first, 'block1.depthwise').click();
      await press(first, '+', '+', 'Shift+ArrowDown');
      await first.page.getByRole('button', { name: 'Collapse All' }).click();
      await first.settled();
      const state = await first.saved();
      const place = (view: ModelPage) => view.page.locator('.graph-picture > g').getAttribute('transform');
      const before = await place(first);
      await first.page.close();
      const second = await open({ state });
      expect(await place(second)).toBe(before);
      expect(await second.page.inputValue('.search')).toBe('depthwise');
      expect(await second.page.locator('.details h2').textContent()).toBe('block1.depthwise');
      expect(await second.page.locator('.frame').count()).toBe(0);
      expect(await second.page.locator('.node.selected').getAttribute('id')).toBe('node-b1');
      await second.page.close();
    });

    it('chooses the plan again that was chosen before', async () => {
      const update = { plan: 'file:///a.trainplan', layers: [] };
      const first = await open({ plans, update: { ...update, plan: 'file:///b.trainplan' } });
      const state = await first.saved();
      await first.page.close();
      const second = await open({ plans, update, state });
      expect(second.sent).toContainEqual({ type: 'choosePlan', uri: 'file:///b.trainplan' });
      await second.page.close();
    });

    it('drops what was saved by another version', async () => {
      const view = await open({ state: { zoom: 'wide' } });
      expect(await view.page.locator('.node').count()).toBe(17);
      await view.page.close();
    });
  });

  describe('the keyboard', () => {
    it('goes along the connections, opens the details and comes back', async () => {
      const view = await open();
      await view.page.focus('.graph');
      await press(view, 'Home');
      expect(await selected(view)).toMatch(/^input, picture/);
      await press(view, 'ArrowDown', 'ArrowDown');
      expect(await selected(view)).toMatch(/^block0\.expand, conv 1×1/);
      const active = await view.page.locator('.graph').getAttribute('aria-activedescendant');
      expect(await view.page.locator('.node.selected').getAttribute('id')).toBe(active);
      expect(await view.page.locator('[aria-live]').textContent()).toMatch(/^block0\.expand/);
      await press(view, 'Enter');
      expect(await view.page.evaluate('document.activeElement.className')).toBe('details');
      await press(view, 'Escape');
      expect(await view.page.locator('.details').isVisible()).toBe(false);
      expect(await view.page.evaluate('document.activeElement.className')).toBe('graph');
      await press(view, 'ArrowUp');
      expect(await selected(view)).toMatch(/^stem/);
      await press(view, 'End');
      expect(await selected(view)).toMatch(/^output/);
      await view.page.close();
    });

    it('collapses and expands the block of the node', async () => {
      const view = await open();
      await node(view, 'block1.depthwise').click();
      await press(view, ' ');
      expect(await node(view, 'block1.depthwise').count()).toBe(0);
      expect(await selected(view)).toMatch(/^block1, inverted residual, collapsed block of 4 layers/);
      await press(view, 'ArrowDown');
      expect(await selected(view)).toMatch(/^block2\.expand/);
      await press(view, 'ArrowUp', ' ');
      expect(await node(view, 'block1.depthwise').count()).toBe(1);
      await view.page.close();
    });

    it('zooms, pans and fits', async () => {
      const view = await open();
      const zoom = async (): Promise<number> => {
        const transform = await view.page.locator('.graph-picture > g').getAttribute('transform');
        return Number(/scale\(([\d.]+)\)/.exec(transform ?? '')?.[1]);
      };
      const fitted = await zoom();
      await view.page.focus('.graph');
      await press(view, '+');
      expect(await zoom()).toBeCloseTo(fitted * 1.25);
      await press(view, '1');
      expect(await zoom()).toBeCloseTo(1);
      await press(view, '-', '0');
      expect(await zoom()).toBeCloseTo(fitted);
      await view.page.close();
    });
  });

  it('keeps the point under the pointer where it is when the wheel zooms', async () => {
    const view = await open();
    const before = await node(view, 'block1.depthwise').boundingBox();
    if (before === null) throw new Error('it is on the screen');
    await view.page.mouse.move(before.x, before.y);
    await view.page.keyboard.down('Control');
    await view.page.mouse.wheel(0, -200);
    await view.page.keyboard.up('Control');
    await view.settled();
    const after = await node(view, 'block1.depthwise').boundingBox();
    expect(after?.width).toBeGreaterThan(1.5 * before.width);
    expect(Math.abs((after?.x ?? 0) - before.x)).toBeLessThan(4);
    expect(Math.abs((after?.y ?? 0) - before.y)).toBeLessThan(4);
    await view.page.close();
  });

  it('pans by dragging without selecting', async () => {
    const view = await open();
    const before = await node(view, 'stem').boundingBox();
    if (before === null) throw new Error('it is on the screen');
    await view.page.mouse.move(before.x + 20, before.y + 10);
    await view.page.mouse.down();
    await view.page.mouse.move(before.x + 60, before.y + 40, { steps: 4 });
    await view.page.mouse.up();
    await view.settled();
    const after = await node(view, 'stem').boundingBox();
    expect((after?.x ?? 0) - before.x).toBeCloseTo(40, 0);
    expect(await view.page.locator('.node.selected').count()).toBe(0);
    await view.page.close();
  });

  it('finds layers by name and operator and goes from one to the next', async () => {
    const view = await open();
    await view.page.fill('.search', 'DEPTHWISE_CONV block');
    await view.settled();
    expect(await view.page.locator('.node.match').count()).toBe(3);
    await view.page.getByText('3 found').waitFor();
    await view.page.focus('.search');
    await press(view, 'Enter', 'Enter');
    expect(await selected(view)).toMatch(/^block1\.depthwise/);
    await view.page.getByText('2 of 3').waitFor();
    await press(view, 'Shift+Enter');
    expect(await selected(view)).toMatch(/^block0\.depthwise/);
    await press(view, 'Escape');
    expect(await view.page.locator('.node.dimmed').count()).toBe(0);
    await view.page.close();
  });

  it('shows the layer that a link names', async () => {
    const view = await open();
    await view.send({ type: 'reveal', layer: 'block2.project' });
    await view.page.locator('.details h2', { hasText: 'block2.project' }).waitFor();
    await view.settled();
    expect(await selected(view)).toMatch(/^block2\.project/);
    await view.send({ type: 'reveal', layer: 'nowhere' });
    await view.page.getByText('This model has no layer nowhere.').waitFor();
    await view.page.close();
  });

  it('shows operands, quantisation and the spread of the weights, with a table beside the bars', async () => {
    const view = await open();
    await node(view, 'block0.expand').click();
    const details = view.page.locator('.details');
    await details.getByText('Codes of the weights').waitFor();
    await details.getByText('(16 channels)').first().waitFor();
    const bars = await details.locator('svg.bars').first().getAttribute('aria-label');
    expect(bars).toMatch(/^Codes of the weights: -?\d+ … \d+, mean/);
    await details.locator('summary').first().click();
    const counts = await details.locator('details').first().locator('tbody td:last-child').allTextContents();
    expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(8 * 16);
    await details.getByRole('button', { name: 'stem' }).click();
    await view.settled();
    expect(await selected(view)).toMatch(/^stem/);
    await view.page.close();
  });

  it('measures nodes in words and bars, not by colour alone', async () => {
    const update = {
      plan: 'file:///a.trainplan',
      layers: [{ layer: 'block1.expand', bias: true, weights: '1/4', share: 0.25 }],
    };
    const view = await open({ plans, update });
    const tint = view.page.getByLabel('Measure nodes by');
    await tint.selectOption('macs');
    await view.settled();
    // 8 x 8 positions, 8 in, 16 out.
    expect(await node(view, 'block1.expand').getAttribute('aria-label')).toContain('8.19K MACs');
    await tint.selectOption('update');
    await view.settled();
    expect(await node(view, 'block1.expand').locator('.what').textContent()).toBe('bias + weights 1/4');
    expect(await node(view, 'block1.project').locator('.what').textContent()).toBe('frozen');
    await view.page.getByLabel('Plan whose update is shown').selectOption('file:///b.trainplan');
    await view.settled();
    expect(view.sent).toContainEqual({ type: 'choosePlan', uri: 'file:///b.trainplan' });
    await view.page.close();
  });

  it('lists every layer as a table, sorted as wanted', async () => {
    const view = await open();
    await view.page.getByRole('button', { name: 'Table', exact: true }).click();
    const rows = view.page.locator('.layers tbody tr');
    expect(await rows.count()).toBe(15);
    await view.page.getByRole('button', { name: 'MACs' }).click();
    expect(await rows.first().locator('th').textContent()).toBe('stem');
    expect(await view.page.locator('th[aria-sort="descending"]').textContent()).toContain('MACs');
    await rows.first().getByRole('button').click();
    await view.settled();
    expect(await view.page.locator('.details h2').textContent()).toBe('stem');
    await view.page.fill('.search', 'add');
    expect(await rows.count()).toBe(3);
    expect(await view.axe()).toEqual([]);
    await view.page.close();
  });

  it('asks the host for a new plan and for the plans that use the model', async () => {
    const view = await open({ plans });
    await view.page.locator('vscode-button', { hasText: 'New Training Plan' }).click();
    await view.page.getByLabel('Open a plan that uses this model').selectOption('file:///b.trainplan');
    await view.settled();
    expect(view.sent).toContainEqual({ type: 'newPlan' });
    expect(view.sent).toContainEqual({ type: 'openPlan', uri: 'file:///b.trainplan' });
    await view.page.close();
  });

  it.each(themeNames)('axe-core finds nothing in the theme %s, nor does the policy', async (theme) => {
    const update = { plan: 'file:///a.trainplan', layers: [{ layer: 'block1.expand', bias: true, share: 0 }] };
    const view = await open({ theme, plans, update });
    expect(await view.axe()).toEqual([]);
    await node(view, 'block1.expand').click();
    await view.page.getByText('Codes of the weights').waitFor();
    await view.page.getByLabel('Measure nodes by').selectOption('update');
    await view.page.fill('.search', 'add');
    await view.settled();
    expect(await view.axe()).toEqual([]);
    expect(view.problems).toEqual([]);
    await view.page.close();
  });

  it('can be used in half the window, as at a zoom of 200 %', async () => {
    const view = await open({ width: 500, height: 400 });
    await view.page.getByRole('button', { name: 'Fit' }).scrollIntoViewIfNeeded();
    const overflow = await view.page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBe(0);
    const graphBox = await view.page.locator('.graph').boundingBox();
    expect(graphBox?.height).toBeGreaterThan(250);
    await view.page.close();
  });

  describe('a model of 1,000 layers', () => {
    const large = writeTflite(network(250));

    it('begins with its blocks collapsed, and never has more in the document than is in the window', async () => {
      const view = await open({ bytes: large });
      const count = (): Promise<number> => view.page.locator('.graph *').count();
      expect(await count()).toBeLessThan(1500);
      await view.page.getByRole('button', { name: 'Expand All' }).click();
      await view.settled();
      expect(await view.page.locator('.overview').count()).toBe(1);
      expect(await count()).toBeLessThan(60);
      await view.page.focus('.graph');
      for (const keys of [['1'], ['Home', 'ArrowDown'], ['End', 'ArrowUp']]) {
        await press(view, ...keys);
        expect(await count()).toBeLessThan(1500);
        expect(await count()).toBeGreaterThan(10);
      }
      expect(await selected(view)).toMatch(/^classifier/);
      await view.page.close();
    });

    it('is searched, and each match can be gone to', async () => {
      const view = await open({ bytes: large });
      await view.page.fill('.search', 'block137.depthwise');
      await view.page.focus('.search');
      await press(view, 'Enter');
      expect(await view.page.locator('.details h2').textContent()).toBe('block137.depthwise');
      expect(await selected(view)).toMatch(/^block137, /);
      await press(view, 'Tab');
      await view.page.focus('.graph');
      await press(view, ' ');
      expect(await node(view, 'block137.depthwise').count()).toBe(1);
      await view.page.close();
    });
  });
});
