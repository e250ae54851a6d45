import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FromFitPage, ToFitPage } from '../../webview/messages.ts';
import { measured } from '../extension/engine/fitted.ts';
import { type FitScene, fitScene, type OpenedFit, openFit, openFound, settings } from './fitPage.ts';
import { type Bundle, bundlePage, chromiumPath, launch, type OpenOptions } from './harness.ts';
import { themeNames } from './themes.ts';

const budget = 20 * 1024;

describe.skipIf(chromiumPath() === undefined)('the page of Fit to Budget (skipped: needs Chromium)', () => {
  let browser: Browser;
  let bundle: Bundle;
  let scene: FitScene;
  beforeAll(async () => {
    [browser, bundle, scene] = await Promise.all([launch(), bundlePage('fit'), fitScene(measured, budget)]);
  });
  afterAll(() => browser?.close());

  type Open = typeof openFound;

  async function withPage(
    run: (fit: OpenedFit) => Promise<void>,
    { open = openFound, ...options }: OpenOptions & { open?: Open } = {},
  ): Promise<void> {
    const fit = await open(browser, bundle, scene, options);
    try {
      await run(fit);
      expect(fit.problems).toEqual([]);
    } finally {
      await fit.page.close();
    }
  }

  const sendAll = async (fit: OpenedFit, ...messages: readonly ToFitPage[]): Promise<readonly FromFitPage[]> => {
    for (const message of messages) await fit.send(message);
    return fit.exchanged();
  };
  /** All that is exchanged until the page sends one of these. */
  const exchangedUntil = async (fit: OpenedFit, type: FromFitPage['type']): Promise<readonly FromFitPage[]> => {
    const all: FromFitPage[] = [];
    await expect
      .poll(async () => {
        all.push(...(await fit.exchanged()));
        return all.map((message) => message.type);
      })
      .toContain(type);
    return all;
  };
  const chart = (fit: OpenedFit) => fit.page.getByRole('slider', { name: 'Choices by SRAM and score' });
  const bytes = (value: number | undefined): string => `${value?.toLocaleString('en')} B`;
  const point = (index: number) => scene.points.points.at(index);
  const best = () => scene.points.points.find(({ id }) => id === scene.found.best);

  it('asks for the budget of the plan first, shows how far the search is, and stops it', () =>
    withPage(
      async (fit) => {
        const asked = await sendAll(fit, ...scene.opening);
        expect(asked.at(-1)).toEqual({ type: 'search', budgetBytes: expect.any(Number) });
        await sendAll(fit, { type: 'searching', budgetBytes: budget, evaluations: 700, ofEvaluations: 4000 });
        expect(await fit.page.locator('.progress-text').innerText()).toBe(
          'Searching: 700 of at most 4,000 choices compiled',
        );
        expect(await fit.page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('700');
        await fit.page.getByRole('button', { name: 'Stop' }).click();
        expect(await fit.exchanged()).toEqual([{ type: 'stop' }]);
      },
      { open: openFit },
    ));

  it('shows the best within the budget while the search goes on', () =>
    withPage(
      async (fit) => {
        await sendAll(fit, ...scene.opening);
        await sendAll(fit, { type: 'searching', budgetBytes: budget, evaluations: 30, ofEvaluations: 4000 });
        const { points } = scene.points;
        const within = points.findLast(({ sramBytes }) => sramBytes <= budget);
        await fit.page.getByLabel('Budget in KB').fill('20');
        await fit.page.getByLabel('Budget in KB').press('Enter');
        await exchangedUntil(fit, 'search');
        expect(await sendAll(fit, scene.points)).toContainEqual({ type: 'choose', id: within?.id });
        expect(await fit.page.locator('.figures').innerText()).toContain(bytes(within?.sramBytes));
      },
      { open: openFit },
    ));

  it('says what was found, how sure that is, and what it rests on', () =>
    withPage(async ({ page }) => {
      expect(await page.locator('.progress-text').innerText()).toContain('No choice scores higher: this is proven.');
      expect(await page.locator('.evidence').innerText()).toContain('Measured. Scores are sums of gains');
      expect(await page.getByRole('row', { name: /^Peak SRAM/ }).innerText()).toContain(bytes(best()?.sramBytes));
      expect(await page.getByRole('row', { name: /^last_conv/ }).innerText()).toMatch(
        /bias, weights all\s+4\.0 of 4\.0\s+all weights: 4\.0 points for/,
      );
      expect(await page.locator('.diff .added').first().innerText()).toContain('block');
    }));

  it('says plainly that nothing was measured, and how to', async () => {
    const guessed = await fitScene(undefined, 64 * 1024, 40);
    const fit = await openFound(browser, bundle, guessed);
    expect(await fit.page.locator('.evidence').innerText()).toContain('Not measured. Scores are guesses');
    expect(await fit.page.getByRole('columnheader', { name: 'Guessed gain of weights' }).count()).toBe(1);
    await fit.page.getByRole('button', { name: 'Measure contributions' }).click();
    await fit.page.getByRole('button', { name: 'Copy the command' }).click();
    await fit.page.getByRole('button', { name: 'Choose a file…' }).click();
    expect(await fit.exchanged()).toEqual([
      { type: 'measure', copy: false },
      { type: 'measure', copy: true },
      { type: 'contributions', use: 'file' },
    ]);
    await fit.page.close();
  });

  it('searches anew where the slider comes to rest, once', () =>
    withPage(async (fit) => {
      const slider = fit.page.getByRole('slider', { name: 'Budget of SRAM' });
      // Within one turn of the page: on a slow machine the slider would rest in between.
      await slider.evaluate((element: HTMLInputElement) => {
        for (const value of ['9', '10', '11']) {
          element.value = value;
          element.dispatchEvent(new Event('input', { bubbles: true }));
        }
      });
      const sent = [...(await exchangedUntil(fit, 'search'))];
      await fit.page.waitForTimeout(400);
      sent.push(...(await fit.exchanged()));
      expect(sent.filter(({ type }) => type === 'search')).toEqual([{ type: 'search', budgetBytes: 11 * 1024 }]);
    }));

  it('chooses a point by keys, by click and in the table', () =>
    withPage(async (fit) => {
      await chart(fit).press('Home');
      expect(await fit.exchanged()).toEqual([{ type: 'choose', id: point(0)?.id }]);
      expect(await chart(fit).getAttribute('aria-valuetext')).toContain(bytes(point(0)?.sramBytes));
      await chart(fit).press('ArrowRight');
      expect(await fit.exchanged()).toEqual([{ type: 'choose', id: point(1)?.id }]);
      expect(await fit.page.getByRole('row', { name: /^Peak SRAM/ }).innerText()).toContain(bytes(point(1)?.sramBytes));

      // The most expensive one is at the upper right, where no other is near.
      const box = await fit.page.locator('.plot canvas').boundingBox();
      await fit.page.mouse.click((box?.x ?? 0) + (box?.width ?? 0) - 30, (box?.y ?? 0) + 30);
      expect(await fit.exchanged()).toEqual([{ type: 'choose', id: point(-1)?.id }]);

      await fit.page.getByRole('button', { name: 'Show as table' }).click();
      await fit.page.getByRole('button', { name: `Choose ${bytes(point(0)?.sramBytes)} of SRAM` }).click();
      expect(await fit.exchanged()).toEqual([{ type: 'choose', id: point(0)?.id }]);
      const row = fit.page.locator('#pareto-table tr', { hasText: 'this plan' });
      expect(await row.innerText()).toContain('at least 8.0');

      await fit.page.getByRole('button', { name: 'Best within the budget' }).click();
      expect(await fit.exchanged()).toEqual([{ type: 'choose', id: scene.found.best }]);
    }));

  it('applies the choice that it shows, and says so', () =>
    withPage(async (fit) => {
      await fit.page.locator('vscode-button', { hasText: 'Apply to the plan' }).click();
      expect(await fit.exchanged()).toEqual([{ type: 'apply', id: scene.found.best }]);
      const shown = scene.choice(scene.found.best);
      if (shown.type !== 'choice') throw new Error('no choice');
      await sendAll(fit, { type: 'applied' }, { type: 'choice', choice: { ...shown.choice, diff: [] } });
      expect(await fit.page.locator('.apply-state').innerText()).toBe('Applied. Undo in the plan takes it back.');
      await fit.page.locator('vscode-button', { hasText: 'Apply to the plan' }).click();
      expect(await fit.exchanged()).toEqual([]);
    }));

  it('warns of a choice above the budget that the plan states', () =>
    withPage(async (fit) => {
      const plan = scene.opening.find((message) => message.type === 'plan')?.plan;
      if (plan === undefined) throw new Error('no plan');
      await sendAll(fit, { type: 'plan', isNew: false, plan: { ...plan, budgetBytes: 8 * 1024 } });
      expect(await fit.page.locator('.warnings').innerText()).toContain('more than the budget of 8 KB');
    }));

  it('cannot change a plan that is read-only', () =>
    withPage(async (fit) => {
      await sendAll(fit, { ...settings, canEdit: false } as ToFitPage);
      await fit.page.locator('vscode-button', { hasText: 'Apply to the plan' }).click();
      expect(await fit.exchanged()).toEqual([]);
      expect(await fit.page.locator('.apply-state').innerText()).toBe('The plan is read-only.');
    }));

  it('says why nothing fits, and why there is nothing to choose from', () =>
    withPage(async (fit) => {
      const problem = { message: 'nothing fits within 1000 B', remedy: 'raise the budget' };
      await sendAll(fit, { type: 'failed', budgetBytes: 1000, problem });
      expect(await fit.page.getByRole('alert').innerText()).toBe('nothing fits within 1000 B. raise the budget');
      await sendAll(fit, {
        type: 'problems',
        problems: [{ message: 'no layer last_conf', remedy: 'write last_conv' }],
      });
      expect(await fit.page.locator('.state').innerText()).toContain('no layer last_conf: write last_conv');
      await fit.page.getByRole('button', { name: 'Show the plan' }).click();
      expect(await fit.exchanged()).toEqual([{ type: 'openPlan' }]);
    }));

  it('comes back as it was hidden', async () => {
    let state: unknown;
    await withPage(async (fit) => {
      await fit.page.getByRole('button', { name: 'Show as table' }).click();
      await fit.page.getByLabel('Budget in KB').fill('19.5');
      await fit.page.getByLabel('Budget in KB').press('Enter');
      await exchangedUntil(fit, 'search');
      await chart(fit).press('Home');
      state = await fit.page.evaluate('window.savedState');
      expect(state).toMatchObject({ plan: 'file:///sample/garments.trainplan', budgetBytes: 19.5 * 1024 });
    });
    await withPage(
      async (fit) => {
        // The host still has all that was found.
        const kept = scene.opening.map((each) => (each.type === 'plan' ? { ...each, isNew: false } : each));
        const asked = await sendAll(fit, ...kept, scene.points, scene.found);
        expect(asked.filter(({ type }) => type === 'search')).toEqual([]);
        expect(await fit.page.getByLabel('Budget in KB').inputValue()).toBe('19.5');
        expect(await fit.page.locator('#pareto-table').isVisible()).toBe(true);
        expect(await chart(fit).getAttribute('aria-valuenow')).toBe('0');
      },
      { open: openFit, state },
    );
  });

  it('speaks the language that the host sends', () =>
    withPage(
      async (fit) => {
        await sendAll(fit, { ...settings, texts: { 'The choice': 'Die Auswahl' } } as ToFitPage);
        await sendAll(fit, ...scene.opening.slice(1));
        expect(await fit.page.locator('#choice-title').innerText()).toBe('DIE AUSWAHL');
      },
      { open: openFit },
    ));

  it('leaves axe-core nothing to find in any theme, and its parts no wider than the page', async () => {
    for (const theme of themeNames) {
      await withPage(
        async (fit) => {
          await fit.page.getByRole('button', { name: 'Show as table' }).click();
          expect(await fit.axe(), theme).toEqual([]);
          const width = await fit.page.evaluate(() => document.documentElement.scrollWidth);
          expect(width).toBeLessThanOrEqual(480);
        },
        { theme, width: 480 },
      );
    }
  });

  it('is at most 600 KB', () => {
    expect(bundle.script.length + bundle.style.length).toBeLessThanOrEqual(600 * 1024);
  });
});
