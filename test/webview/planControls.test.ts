import { describe, expect, it } from 'vitest';
import { patienceMilliseconds } from '../../webview/plan/pending.ts';
import { chromiumPath } from './harness.ts';
import { error, type PlanPage, sent, textOf, usePlanPage } from './planFixture.ts';
import { themeNames } from './themes.ts';

describe.skipIf(chromiumPath() === undefined)('the plan view in use (skipped: needs Chromium)', () => {
  const plan = usePlanPage();
  const active = (opened: PlanPage): Promise<string> =>
    opened.page.evaluate(
      () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
    );

  const centreOf = async (opened: PlanPage, selector: string): Promise<[number, number]> => {
    const box = await opened.page.locator(selector).boundingBox();
    return box === null ? [0, 0] : [box.x + box.width / 2, box.y + box.height / 2];
  };

  describe('switches', () => {
    const layer = 'block2.pointwise1';
    const row = (opened: PlanPage) => opened.page.locator(`.layer[data-layer="${layer}"]`);

    it('tell their price before the click', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        const half = row(opened).locator('[data-switch="1/2"]');
        expect(await half.innerText()).toContain('…');
        await opened.send({ type: 'prices', version: 1, prices: plan.garments.prices, done: true });
        const price =
          plan.garments.prices.find((each) => each.layer === layer && each.change.weights === '1/2')?.sramBytes ?? 0;
        const text = `+${price.toLocaleString('en')}`;
        await expect.poll(() => half.innerText()).toContain(text);
        expect(await half.getAttribute('aria-label')).toBe(`weights 1/2, ${text} B of SRAM`);
        // Prices of an older text say nothing about this one.
        await plan.show(opened, 2);
        await opened.send({ type: 'prices', version: 1, prices: plan.garments.prices, done: true });
        expect(await half.innerText()).toContain('…');
      }));

    it('show the new position at once, and send one edit', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        await opened.received();
        // Its patience is of its own clock, which stands.
        await opened.page.clock.install();
        await opened.page.clock.pauseAt(Date.now() + 60_000);
        await row(opened).locator('[data-switch="1/2"]').click();
        expect(await row(opened).locator('[aria-checked="true"]').last().innerText()).toContain('1/2');
        expect(await sent(opened)).toEqual([{ type: 'toggle', toggles: [{ layer, change: { weights: '1/2' } }] }]);
        // A picture that was under way does not take it back, but in the end the picture has the last word.
        const { picture } = plan.garments;
        await opened.send({ type: 'picture', version: 2, picture, diagnostics: [] });
        await opened.page.clock.runFor(patienceMilliseconds / 2);
        await opened.painted(2);
        const half = row(opened).locator('[data-switch="1/2"]');
        expect(await half.getAttribute('aria-checked')).toBe('true');
        await opened.page.clock.runFor(patienceMilliseconds / 2 + 100);
        expect(await half.getAttribute('aria-checked')).toBe('false');
      }));

    it('change several layers in one edit', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        await opened.page.getByRole('spinbutton').fill('3');
        await opened.page.getByRole('button', { name: 'Select the last' }).click();
        await opened.received();
        await opened.page.locator('.bulk').getByRole('button', { name: '1/4', exact: true }).click();
        const [message] = await sent(opened);
        expect(message).toMatchObject({ type: 'toggle' });
        const able = plan.garments.picture.layers.filter(({ switchable }) => switchable).slice(-3);
        expect(message).toEqual({
          type: 'toggle',
          toggles: able.map(({ name }) => ({ layer: name, change: { weights: '1/4' } })),
        });
      }));

    it('offer the change that saves most where something is alive at the peak', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        await opened.send({ type: 'prices', version: 1, prices: plan.garments.prices, done: true });
        const offer = opened.page.locator('.alive .change button').first();
        await offer.waitFor();
        await opened.received();
        await offer.click();
        const [message] = await sent(opened);
        if (message?.type !== 'toggle') throw new Error('no toggle');
        const [{ layer: name, change } = { layer: '', change: {} }] = message.toggles;
        const price = plan.garments.prices.find(
          (each) => each.layer === name && each.change.weights === change.weights && each.change.bias === change.bias,
        );
        expect(price?.sramBytes).toBeLessThan(0);
      }));

    it('say so where no change lowers the peak, and offer what saves most elsewhere', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        const [first] = plan.garments.prices;
        if (first === undefined) throw new Error('no prices');
        const prices = [{ ...first, sramBytes: -64, arenaBytes: 0 }];
        await opened.send({ type: 'prices', version: 1, prices, done: true });
        await expect.poll(() => textOf(opened, '.advice')).toContain('No single change lowers this peak');
        await opened.received();
        await opened.page.locator('.advice button').click();
        expect(await sent(opened)).toEqual([
          { type: 'toggle', toggles: [{ layer: first.layer, change: first.change }] },
        ]);
      }));

    it('keep the focus in the table while prices come in', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        await opened.page.locator('.alive tbody .link').nth(2).focus();
        const before = await active(opened);
        await opened.send({ type: 'prices', version: 1, prices: [], done: true });
        await opened.page.locator('.advice').waitFor();
        expect(await active(opened)).toBe(before);
      }));

    it('do nothing where the plan cannot be edited', () =>
      plan.withPage(async (opened) => {
        await opened.send({ type: 'settings', canRunTasks: true, canEdit: false });
        await plan.show(opened, 2);
        await opened.received();
        await row(opened).locator('[data-switch="1/2"]').click({ force: true });
        expect((await sent(opened)).filter(({ type }) => type === 'toggle')).toEqual([]);
      }));
  });

  describe('with a mouse', () => {
    it('says what is alive in the step below the pointer, and chooses it by a click', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        const plot = opened.page.locator('.timeline .plot');
        const box = await plot.boundingBox();
        if (box === null) throw new Error('no plot');
        const [x, y] = [box.x + box.width * 0.7, box.y + box.height / 2];
        await opened.page.mouse.move(x, y);
        const hover = await textOf(opened, '.timeline .hover');
        const [, number = ''] = /^Step (\d+): /.exec(hover) ?? [];
        const step = plan.garments.picture.steps[Number(number)];
        expect(hover).toContain(`Step ${number}: ${step?.layer}, ${step?.phase}`);
        await opened.received();
        await opened.page.mouse.click(x, y);
        expect(await textOf(opened, '#alive-title')).toBe(`ALIVE IN STEP ${number}`);
        expect(await sent(opened)).toEqual([{ type: 'select', layer: step?.layer }]);
      }));

    it('zooms both charts by the wheel, about the pointer', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        const { page } = opened;
        const saved = (): Promise<{ stepRange: { min: number; max: number } | null }> =>
          page.evaluate('window.savedState');
        await page.locator('.timeline .plot').hover();
        await page.mouse.wheel(0, -100);
        await page.mouse.wheel(0, -100);
        await expect
          .poll(async () => (await saved()).stepRange?.max)
          .toBeLessThan(plan.garments.picture.steps.length - 1);
        await page.mouse.dblclick(...(await centreOf(opened, '.timeline .plot')));
        await expect.poll(async () => (await saved()).stepRange).toBeNull();
        await page.locator('.arena .plot').hover();
        await page.mouse.wheel(0, -100);
        await page.locator('.arena').getByRole('button', { name: 'Reset zoom' }).click();
        await expect.poll(saved).toMatchObject({ stepRange: null, addressRange: null });
      }));
  });

  describe('without a mouse', () => {
    it('reaches every part by Tab', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        await opened.send({ type: 'prices', version: 1, prices: plan.garments.prices, done: true });
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
      plan.withPage(async (opened) => {
        await plan.show(opened);
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
        await plan.show(opened, 2);
        expect(await active(opened)).toContain('weights all');
        await page.keyboard.press('Control+End');
        expect(await page.evaluate(() => document.activeElement?.closest<HTMLElement>('.layer')?.dataset.layer)).toBe(
          plan.garments.picture.layers.at(-1)?.name,
        );
      }));

    it('chooses a range with Shift, and all with Ctrl+A', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        const { page } = opened;
        await page.locator('.layer .name').first().click();
        await page.keyboard.press('Shift+ArrowDown');
        await page.keyboard.press('Shift+ArrowDown');
        expect(await textOf(opened, '.bulk')).toContain('3 selected');
        await page.keyboard.press('Control+a');
        expect(await textOf(opened, '.bulk')).toContain(`${plan.garments.picture.layers.length} selected`);
        await page.keyboard.press('Escape');
        expect(await page.locator('.bulk').isVisible()).toBe(false);
      }));

    it('walks through the steps, and says what it is at', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        const { steps, peak } = plan.garments.picture;
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
      plan.withPage(async (opened) => {
        await plan.show(opened);
        const slider = opened.page.getByRole('slider', { name: 'Arena map: buffer' });
        await slider.press('End');
        const last = [...plan.garments.picture.buffers].sort((a, b) => a.first - b.first || a.offset - b.offset).at(-1);
        expect(await slider.getAttribute('aria-valuetext')).toContain(`${last?.layer}: `);
        await opened.received();
        await slider.press('Enter');
        expect(await sent(opened)).toContainEqual({ type: 'select', layer: last?.layer });
      }));

    it('opens the menu of exports, and sends the chosen one', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        await opened.page.getByRole('button', { name: 'Export' }).focus();
        await opened.received();
        await opened.page.keyboard.press('ArrowDown');
        await opened.page.keyboard.press('ArrowDown');
        await opened.page.keyboard.press('Enter');
        const [message] = await sent(opened);
        expect(message).toMatchObject({ type: 'export', format: 'svg' });
      }));
  });

  describe('access', () => {
    it.each(themeNames)('has nothing that axe complains of in %s', (theme) =>
      plan.withPage(
        async (opened) => {
          await plan.show(opened);
          await opened.send({ type: 'prices', version: 1, prices: plan.garments.prices, done: true });
          await opened.page.locator('.alive .change button').first().waitFor();
          expect(await opened.axe()).toEqual([]);
          for (const toggle of await opened.page.getByRole('button', { name: 'Show as table' }).all())
            await toggle.click();
          await opened.page.getByRole('button', { name: 'Select the last' }).click();
          await opened.send({ type: 'stale', version: 2, diagnostics: [error] });
          await opened.page.locator('.banner').waitFor();
          expect(await opened.axe()).toEqual([]);
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
        await plan.withPage(
          async (opened) => {
            await plan.show(opened);
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
      plan.withPage(async (opened) => {
        await plan.show(opened);
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
