import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FromPlanPage, PlanPicture, ToPlanPage } from '../../webview/messages.ts';
import { type Bundle, bundlePage, chromiumPath, launch, type Opened, type OpenOptions, openPage } from './harness.ts';
import { type Compiled, compiledPlan, garmentsPlan } from './pictures.ts';
import { themeNames } from './themes.ts';

const settings: ToPlanPage = { type: 'settings', canRunTasks: true, canEdit: true };
const error = { severity: 'error', message: 'no layer block9', remedy: 'write block4', line: 28, column: 3 } as const;

type PlanPage = Opened<ToPlanPage, FromPlanPage>;

describe.skipIf(chromiumPath() === undefined)('the page of the plan view (skipped: needs Chromium)', () => {
  let browser: Browser;
  let bundle: Bundle;
  let garments: Compiled;
  beforeAll(async () => {
    [browser, bundle, garments] = await Promise.all([launch(), bundlePage('plan'), compiledPlan(garmentsPlan)]);
  }, 120_000);
  afterAll(() => browser?.close());

  async function withPage(run: (opened: PlanPage) => Promise<void>, options: OpenOptions = {}): Promise<void> {
    const opened = await openPage<ToPlanPage, FromPlanPage>(browser, bundle, options);
    try {
      await run(opened);
      expect(opened.problems).toEqual([]);
    } finally {
      await opened.page.close();
    }
  }

  async function show(opened: PlanPage, version = 1, picture: PlanPicture = garments.picture): Promise<void> {
    if (version === 1) await opened.send(settings);
    await opened.send({ type: 'picture', version, picture, diagnostics: [] });
    await opened.painted(version);
  }

  const bytes = (value: number): string => `${value.toLocaleString('en')} B`;
  const textOf = (opened: PlanPage, selector: string): Promise<string> => opened.page.locator(selector).innerText();
  const sent = async (opened: PlanPage): Promise<readonly FromPlanPage[]> =>
    (await opened.received()).map((message) => {
      const { at: _, ...rest } = message as FromPlanPage & { at: number };
      return rest as FromPlanPage;
    });
  const active = (opened: PlanPage): Promise<string> =>
    opened.page.evaluate(
      () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
    );

  describe('states', () => {
    it('says that it loads, then shows the plan', () =>
      withPage(async (opened) => {
        await opened.send(settings);
        await opened.send({ type: 'loading', title: 'garments.trainplan' });
        expect(await textOf(opened, '.state')).toContain('Compiling garments.trainplan');
        await show(opened, 2);
        expect(await opened.page.locator('.state').isVisible()).toBe(false);
        expect(await textOf(opened, 'h1')).toBe('garments');
      }));

    it('lists errors where there is no picture yet, and opens the text at one', () =>
      withPage(async (opened) => {
        await opened.send(settings);
        await opened.send({ type: 'stale', version: 1, diagnostics: [error] });
        expect(await textOf(opened, '.state')).toContain('write block4');
        await opened.received();
        await opened.page.getByRole('button', { name: error.message }).click();
        expect(await sent(opened)).toEqual([{ type: 'openText', line: 28 }]);
      }));

    it('keeps the last picture, marked, while the text has errors', () =>
      withPage(async (opened) => {
        await show(opened);
        await opened.send({ type: 'stale', version: 2, diagnostics: [error] });
        expect(await textOf(opened, '.banner')).toContain('no layer block9');
        expect(await opened.page.locator('.plan.stale').count()).toBe(1);
        expect(await textOf(opened, '.figures')).toContain(bytes(garments.picture.totals.sramBytes));
        await show(opened, 3);
        expect(await opened.page.locator('.banner').isVisible()).toBe(false);
      }));

    it('says what a model without int8 weights lacks', () =>
      withPage(async (opened) => {
        await opened.send(settings);
        await opened.send({
          type: 'picture',
          version: 1,
          picture: { ...garments.picture, layers: [] },
          diagnostics: [],
        });
        expect(await textOf(opened, '.state')).toContain('garments.tflite has no layer with int8 weights');
      }));

    it('says why tasks cannot run, and runs none', () =>
      withPage(async (opened) => {
        await opened.send({
          type: 'settings',
          canRunTasks: false,
          canEdit: true,
          cannotRunReason: 'Not in a trusted workspace.',
        });
        await opened.send({ type: 'picture', version: 1, picture: garments.picture, diagnostics: [] });
        await opened.painted(1);
        expect(await textOf(opened, '.reason-line')).toBe('Not in a trusted workspace.');
        await opened.received();
        await opened.page.locator('vscode-button', { hasText: 'Simulate' }).click();
        expect(await sent(opened)).toEqual([]);
      }));

    it('speaks the language that the host sends', () =>
      withPage(async (opened) => {
        await opened.send({ ...settings, texts: { Layers: 'Schichten', 'Peak SRAM': 'SRAM-Spitze' } });
        await opened.send({ type: 'picture', version: 1, picture: garments.picture, diagnostics: [] });
        expect(await textOf(opened, '#layers-title')).toBe('SCHICHTEN');
        expect(await textOf(opened, '.figures')).toContain('SRAM-Spitze');
      }));

    it('comes back as it was hidden', async () => {
      let state: unknown;
      await withPage(async (opened) => {
        await show(opened);
        await opened.page.getByRole('searchbox', { name: 'Filter layers' }).fill('block3');
        await opened.page.locator('.layer .name').first().click();
        await opened.page.getByRole('slider', { name: 'Memory timeline: step' }).press('Home');
        await opened.page.locator('.arena').getByRole('button', { name: 'Show as table' }).click();
        state = await opened.page.evaluate('window.savedState');
      });
      await withPage(
        async (opened) => {
          await show(opened);
          expect(await opened.page.locator('.layer').count()).toBe(3);
          expect(await opened.page.locator('.layer[aria-selected="true"]').count()).toBe(1);
          expect(await textOf(opened, '#alive-title')).toBe('ALIVE IN STEP 0');
          expect(await opened.page.locator('.arena table').isVisible()).toBe(true);
        },
        { state },
      );
    });

    it('ignores a state of another version of itself', () =>
      withPage(async (opened) => show(opened), { state: { filter: 3, unknown: true } }));
  });

  describe('figures', () => {
    it('are those of the picture', () =>
      withPage(async (opened) => {
        await show(opened);
        const { totals, peak, layers } = garments.picture;
        const figure = (value: number): string => value.toLocaleString('en');
        const header = await textOf(opened, '.figures');
        for (const bytes of [totals.sramBytes, totals.flashBytes, totals.arenaBytes])
          expect(header).toContain(`${figure(bytes)} B`);
        expect(header).toContain('proven the least possible');
        expect(await textOf(opened, '.timeline .section-note')).toBe(
          `Peak ${figure(totals.sramBytes)} B in step ${peak.step}: ${peak.layer}, ${peak.phase}`,
        );
        const alive = await opened.page
          .locator('.alive tbody tr')
          .evaluateAll((rows) => rows.map((row) => row.firstElementChild?.textContent));
        expect(alive).toEqual(peak.alive.map(({ bytes }) => figure(bytes)));
        const names = await opened.page
          .locator('.layer')
          .evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.layer));
        expect(layers.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
      }));

    it('stand in the table twins too', () =>
      withPage(async (opened) => {
        await show(opened);
        const { steps, buffers, totals } = garments.picture;
        await opened.page.locator('.timeline').getByRole('button', { name: 'Show as table' }).click();
        await opened.page.locator('.arena').getByRole('button', { name: 'Show as table' }).click();
        const cells = (part: string): Promise<string[][]> =>
          opened.page
            .locator(`.${part} tbody tr`)
            .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? '')));
        const timeline = await cells('timeline');
        const below = totals.trainableBytes + totals.stateBytes + totals.stackBytes;
        expect(timeline.map((row) => row[3])).toEqual(
          steps.map(({ liveBytes }) => (below + liveBytes).toLocaleString('en')),
        );
        expect((await cells('arena')).map((row) => row[0]).sort()).toEqual(buffers.map(({ name }) => name).sort());
      }));

    it('come with the difference to what they are compared with', () =>
      withPage(async (opened) => {
        await show(opened);
        const { picture } = garments;
        const [first, ...others] = picture.layers;
        if (first === undefined) throw new Error('no layers');
        const totals = { ...picture.totals, sramBytes: picture.totals.sramBytes - 2304 };
        await show(opened, 2, { ...picture, totals, layers: [{ ...first, bias: true }, ...others] });
        expect(await textOf(opened, '.difference:visible')).toBe('−2,304 B');
        expect(await opened.page.locator('[role="status"]').textContent()).toBe(
          `Peak SRAM ${bytes(totals.sramBytes)}, 2,304 B less`,
        );
        expect(await textOf(opened, '.legend')).toContain('the previous plan');
        await opened.page.locator('#compare').evaluate((dropdown) => {
          (dropdown as HTMLElement & { value: string }).value = 'inference';
          dropdown.dispatchEvent(new Event('change'));
        });
        expect(await sent(opened)).toContainEqual({ type: 'compare', kind: 'inference' });
        expect(await textOf(opened, '.legend')).not.toContain('the previous plan');
        const ghost = {
          kind: 'inference',
          title: 'inference only',
          steps: picture.steps.slice(0, 20),
          totals,
        } as const;
        await opened.send({ type: 'ghost', ghost });
        expect(await textOf(opened, '.legend')).toContain('inference only');
      }));
  });

  describe('switches', () => {
    const layer = 'block2.pointwise1';
    const row = (opened: PlanPage) => opened.page.locator(`.layer[data-layer="${layer}"]`);

    it('tell their price before the click', () =>
      withPage(async (opened) => {
        await show(opened);
        const half = row(opened).locator('[data-switch="1/2"]');
        expect(await half.innerText()).toContain('…');
        await opened.send({ type: 'prices', version: 1, prices: garments.prices, done: true });
        const price =
          garments.prices.find((each) => each.layer === layer && each.change.weights === '1/2')?.sramBytes ?? 0;
        const text = `+${price.toLocaleString('en')}`;
        await expect.poll(() => half.innerText()).toContain(text);
        expect(await half.getAttribute('aria-label')).toBe(`weights 1/2, ${text} B of SRAM`);
        // Prices of an older text say nothing about this one.
        await show(opened, 2);
        await opened.send({ type: 'prices', version: 1, prices: garments.prices, done: true });
        expect(await half.innerText()).toContain('…');
      }));

    it('show the new position at once, and send one edit', () =>
      withPage(async (opened) => {
        await show(opened);
        await opened.received();
        await row(opened).locator('[data-switch="1/2"]').click();
        expect(await row(opened).locator('[aria-checked="true"]').last().innerText()).toContain('1/2');
        expect(await sent(opened)).toEqual([{ type: 'toggle', toggles: [{ layer, change: { weights: '1/2' } }] }]);
        // The picture has the last word.
        await show(opened, 2);
        expect(await row(opened).locator('[data-switch="1/2"]').getAttribute('aria-checked')).toBe('false');
      }));

    it('change several layers in one edit', () =>
      withPage(async (opened) => {
        await show(opened);
        await opened.page.getByRole('spinbutton').fill('3');
        await opened.page.getByRole('button', { name: 'Select the last' }).click();
        await opened.received();
        await opened.page.locator('.bulk').getByRole('button', { name: '1/4', exact: true }).click();
        const [message] = await sent(opened);
        expect(message).toMatchObject({ type: 'toggle' });
        const able = garments.picture.layers.filter(({ switchable }) => switchable).slice(-3);
        expect(message).toEqual({
          type: 'toggle',
          toggles: able.map(({ name }) => ({ layer: name, change: { weights: '1/4' } })),
        });
      }));

    it('offer the change that saves most where something is alive at the peak', () =>
      withPage(async (opened) => {
        await show(opened);
        await opened.send({ type: 'prices', version: 1, prices: garments.prices, done: true });
        const offer = opened.page.locator('.alive .change button').first();
        await offer.waitFor();
        await opened.received();
        await offer.click();
        const [message] = await sent(opened);
        if (message?.type !== 'toggle') throw new Error('no toggle');
        const [{ layer: name, change } = { layer: '', change: {} }] = message.toggles;
        const price = garments.prices.find(
          (each) => each.layer === name && each.change.weights === change.weights && each.change.bias === change.bias,
        );
        expect(price?.sramBytes).toBeLessThan(0);
      }));

    it('do nothing where the plan cannot be edited', () =>
      withPage(async (opened) => {
        await opened.send({ type: 'settings', canRunTasks: true, canEdit: false });
        await show(opened, 2);
        await opened.received();
        await row(opened).locator('[data-switch="1/2"]').click({ force: true });
        expect((await sent(opened)).filter(({ type }) => type === 'toggle')).toEqual([]);
      }));
  });

  describe('without a mouse', () => {
    it('reaches every part by Tab', () =>
      withPage(async (opened) => {
        await show(opened);
        await opened.send({ type: 'prices', version: 1, prices: garments.prices, done: true });
        const seen: string[] = [];
        for (let presses = 0; presses < 60; presses++) {
          await opened.page.keyboard.press('Tab');
          seen.push(
            await opened.page.evaluate(() => document.activeElement?.closest('section, header')?.className ?? ''),
          );
        }
        for (const part of ['plan-header', 'timeline section', 'arena section', 'layers section', 'alive section'])
          expect(seen).toContain(part);
      }));

    it('walks through rows and switches by arrows, and switches by Space', () =>
      withPage(async (opened) => {
        await show(opened);
        const { page } = opened;
        await page.getByRole('searchbox', { name: 'Filter layers' }).focus();
        for (let presses = 0; presses < 5; presses++) {
          await page.keyboard.press('Tab');
          if (await page.evaluate(() => document.activeElement?.classList.contains('layer'))) break;
        }
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowRight');
        expect(await active(opened)).toContain('bias of block0.depthwise');
        await page.keyboard.press('End');
        await opened.received();
        await page.keyboard.press('Space');
        expect(await sent(opened)).toEqual([
          { type: 'toggle', toggles: [{ layer: 'block0.depthwise', change: { weights: 'all' } }] },
        ]);
        // The focus outlives the redraw.
        await show(opened, 2);
        expect(await active(opened)).toContain('weights all');
        await page.keyboard.press('Control+End');
        expect(await page.evaluate(() => document.activeElement?.closest<HTMLElement>('.layer')?.dataset.layer)).toBe(
          garments.picture.layers.at(-1)?.name,
        );
      }));

    it('chooses a range with Shift, and all with Ctrl+A', () =>
      withPage(async (opened) => {
        await show(opened);
        const { page } = opened;
        await page.locator('.layer .name').first().click();
        await page.keyboard.press('Shift+ArrowDown');
        await page.keyboard.press('Shift+ArrowDown');
        expect(await textOf(opened, '.bulk')).toContain('3 selected');
        await page.keyboard.press('Control+a');
        expect(await textOf(opened, '.bulk')).toContain(`${garments.picture.layers.length} selected`);
        await page.keyboard.press('Escape');
        expect(await page.locator('.bulk').isVisible()).toBe(false);
      }));

    it('walks through the steps, and says what it is at', () =>
      withPage(async (opened) => {
        await show(opened);
        const { steps, peak } = garments.picture;
        const slider = opened.page.getByRole('slider', { name: 'Memory timeline: step' });
        await slider.press('ArrowRight');
        const next = steps[peak.step + 1];
        expect(await slider.getAttribute('aria-valuetext')).toContain(
          `Step ${peak.step + 1}: ${next?.layer}, ${next?.phase}`,
        );
        expect(await textOf(opened, '#alive-title')).toBe(`ALIVE IN STEP ${peak.step + 1}`);
        expect(await sent(opened)).toContainEqual({ type: 'select', layer: next?.layer });
        for (let presses = 0; presses < 4; presses++) await slider.press('+');
        expect(await opened.page.locator('.timeline').getByRole('button', { name: 'Reset zoom' }).isVisible()).toBe(
          true,
        );
        await slider.press('0');
        expect(await opened.page.locator('.timeline').getByRole('button', { name: 'Reset zoom' }).isVisible()).toBe(
          false,
        );
        await slider.press('Escape');
        expect(await textOf(opened, '#alive-title')).toBe('ALIVE AT THE PEAK');
      }));

    it('walks through the buffers of the arena', () =>
      withPage(async (opened) => {
        await show(opened);
        const slider = opened.page.getByRole('slider', { name: 'Arena map: buffer' });
        await slider.press('End');
        const last = [...garments.picture.buffers].sort((a, b) => a.first - b.first || a.offset - b.offset).at(-1);
        expect(await slider.getAttribute('aria-valuetext')).toContain(`${last?.layer}: `);
        await opened.received();
        await slider.press('Enter');
        expect(await sent(opened)).toContainEqual({ type: 'select', layer: last?.layer });
      }));

    it('opens the menu of exports, and sends the chosen one', () =>
      withPage(async (opened) => {
        await show(opened);
        await opened.page.getByRole('button', { name: 'Export' }).focus();
        await opened.received();
        await opened.page.keyboard.press('ArrowDown');
        await opened.page.keyboard.press('ArrowDown');
        await opened.page.keyboard.press('Enter');
        const [message] = await sent(opened);
        expect(message).toMatchObject({ type: 'export', format: 'svg' });
      }));
  });

  it('answers each request for an export with its content', () =>
    withPage(async (opened) => {
      await show(opened);
      await opened.received();
      for (const format of ['png', 'svg', 'csv', 'tracealloc'] as const) await opened.send({ type: 'export', format });
      const contents = new Map<string, string>();
      await expect
        .poll(async () => {
          for (const message of await sent(opened))
            if (message.type === 'export') contents.set(message.format, message.content);
          return contents.size;
        })
        .toBe(4);
      expect(
        Buffer.from(contents.get('png') ?? '', 'base64')
          .subarray(1, 4)
          .toString('latin1'),
      ).toBe('PNG');
      expect(contents.get('svg')).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
      expect(contents.get('svg')).toContain(`Peak ${bytes(garments.picture.totals.sramBytes)} in step`);
      expect(contents.get('svg')).not.toMatch(/NaN|undefined|var\(/);
    }));

  it('stays usable with 1,000 layers', () =>
    withPage(async (opened) => {
      const { picture } = garments;
      const layers = Array.from({ length: 1000 }, (_, index) => {
        const layer = picture.layers[index % (picture.layers.length - 1)];
        if (layer === undefined) throw new Error('no layers');
        return { ...layer, name: `layer${index}` };
      });
      const steps = Array.from({ length: 3000 }, (_, index) => picture.steps[index % picture.steps.length]).filter(
        (each) => each !== undefined,
      );
      await show(opened, 1, { ...picture, layers, steps });
      expect(await opened.page.locator('.layer').count()).toBeLessThan(60);
      await opened.send({ type: 'reveal', layers: ['layer777'] });
      await opened.page.locator('.layer[data-layer="layer777"]').waitFor();
      expect(await opened.page.locator('.layer[data-layer="layer777"]').getAttribute('aria-rowindex')).toBe('779');
      await opened.page.getByRole('searchbox', { name: 'Filter layers' }).fill('layer99');
      await expect.poll(() => opened.page.locator('.layers-grid').getAttribute('aria-rowcount')).toBe('12');
    }));

  describe('access', () => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const complaints = async (opened: PlanPage): Promise<readonly string[]> => {
      await opened.page.evaluate(axe);
      return opened.page.evaluate(async () => {
        const { violations } = await (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run();
        return violations.flatMap(({ id, nodes }) =>
          nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
        );
      });
    };

    it.each(themeNames)('has nothing that axe complains of in %s', (theme) =>
      withPage(
        async (opened) => {
          await show(opened);
          await opened.send({ type: 'prices', version: 1, prices: garments.prices, done: true });
          await opened.page.locator('.alive .change button').first().waitFor();
          expect(await complaints(opened)).toEqual([]);
          for (const toggle of await opened.page.getByRole('button', { name: 'Show as table' }).all())
            await toggle.click();
          await opened.page.getByRole('button', { name: 'Select the last' }).click();
          await opened.send({ type: 'stale', version: 2, diagnostics: [error] });
          await opened.page.locator('.banner').waitFor();
          expect(await complaints(opened)).toEqual([]);
        },
        { theme },
      ),
    );

    it('needs no sideways scrolling at 500 pixels, nor at a zoom of 200 %', async () => {
      for (const [width, height] of [
        [500, 800],
        [640, 430],
        [1600, 900],
      ] as const) {
        await withPage(
          async (opened) => {
            await show(opened);
            const overflow = await opened.page.evaluate(() => {
              const plan = document.querySelector('.plan');
              return plan === null ? 1 : plan.scrollWidth - plan.clientWidth;
            });
            expect(overflow).toBe(0);
          },
          { width, height },
        );
      }
    });

    it('takes the colours of a new theme at once', () =>
      withPage(async (opened) => {
        await show(opened);
        const swatch = () =>
          opened.page
            .locator('.legend .swatch')
            .first()
            .evaluate((mark) => getComputedStyle(mark).backgroundColor);
        const dark = await swatch();
        await opened.setTheme('light');
        await expect.poll(swatch).not.toBe(dark);
      }));
  });
});
