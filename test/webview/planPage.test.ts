import { describe, expect, it } from 'vitest';
import { freshState } from '../../webview/plan/saved.ts';
import { chromiumPath } from './harness.ts';
import { bytes, error, sent, settings, textOf, usePlanPage } from './planFixture.ts';

describe.skipIf(chromiumPath() === undefined)('the page of the plan view (skipped: needs Chromium)', () => {
  const plan = usePlanPage();

  describe('states', () => {
    it('says that it loads, then shows the plan', () =>
      plan.withPage(async (opened) => {
        await opened.send(settings);
        await opened.send({ type: 'loading', title: 'garments.trainplan' });
        expect(await textOf(opened, '.state')).toContain('Compiling garments.trainplan');
        await plan.show(opened, 2);
        expect(await opened.page.locator('.state').isVisible()).toBe(false);
        expect(await textOf(opened, 'h1')).toBe('garments');
      }));

    it('lists errors where there is no picture yet, and opens the text at one', () =>
      plan.withPage(async (opened) => {
        await opened.send(settings);
        await opened.send({ type: 'stale', version: 1, diagnostics: [error] });
        expect(await textOf(opened, '.state')).toContain('write block4');
        await opened.received();
        await opened.page.getByRole('button', { name: error.message }).click();
        expect(await sent(opened)).toEqual([{ type: 'openText', line: 28 }]);
      }));

    it('keeps the last picture, marked, while the text has errors', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        await opened.send({ type: 'stale', version: 2, diagnostics: [error] });
        expect(await textOf(opened, '.banner')).toContain('no layer block9');
        expect(await opened.page.locator('.plan.stale').count()).toBe(1);
        expect(await textOf(opened, '.figures')).toContain(bytes(plan.garments.picture.totals.sramBytes));
        await plan.show(opened, 3);
        expect(await opened.page.locator('.banner').isVisible()).toBe(false);
      }));

    it('says what a model without int8 weights lacks', () =>
      plan.withPage(async (opened) => {
        await opened.send(settings);
        await opened.send({
          type: 'picture',
          version: 1,
          picture: { ...plan.garments.picture, layers: [] },
          diagnostics: [],
        });
        expect(await textOf(opened, '.state')).toContain('garments.tflite has no layer with int8 weights');
      }));

    it('says why tasks cannot run, and runs none', () =>
      plan.withPage(async (opened) => {
        await opened.send({
          type: 'settings',
          canRunTasks: false,
          canEdit: true,
          cannotRunReason: 'Not in a trusted workspace.',
        });
        await opened.send({ type: 'picture', version: 1, picture: plan.garments.picture, diagnostics: [] });
        await opened.painted(1);
        expect(await textOf(opened, '.reason-line')).toBe('Not in a trusted workspace.');
        await opened.received();
        await opened.page.locator('vscode-button', { hasText: 'Simulate' }).click();
        expect(await sent(opened)).toEqual([]);
        // A search is no task.
        await opened.page.locator('vscode-button', { hasText: 'Fit to budget' }).click();
        expect(await sent(opened)).toEqual([{ type: 'run', command: 'fit' }]);
      }));

    it('speaks the language that the host sends', () =>
      plan.withPage(async (opened) => {
        await opened.send({ ...settings, texts: { Layers: 'Schichten', 'Peak SRAM': 'SRAM-Spitze' } });
        await opened.send({ type: 'picture', version: 1, picture: plan.garments.picture, diagnostics: [] });
        expect(await textOf(opened, '#layers-title')).toBe('SCHICHTEN');
        expect(await textOf(opened, '.figures')).toContain('SRAM-Spitze');
      }));

    it('comes back as it was hidden', async () => {
      let state: unknown;
      await plan.withPage(async (opened) => {
        await plan.show(opened);
        await opened.page.getByRole('searchbox', { name: 'Filter layers' }).fill('block3');
        await opened.page.locator('.layer .name').first().click();
        await opened.page.getByRole('slider', { name: 'Memory timeline: step' }).press('Home');
        await opened.page.locator('.arena').getByRole('button', { name: 'Show as table' }).click();
        state = await opened.page.evaluate('window.savedState');
      });
      await plan.withPage(
        async (opened) => {
          await plan.show(opened);
          expect(await opened.page.locator('.layer').count()).toBe(3);
          expect(await opened.page.locator('.layer[aria-selected="true"]').count()).toBe(1);
          expect(await textOf(opened, '#alive-title')).toBe('ALIVE IN STEP 0');
          expect(await opened.page.locator('.arena table').isVisible()).toBe(true);
        },
        { state },
      );
    });

    it('asks again for what it was compared with', () =>
      plan.withPage(
        async (opened) => {
          await plan.show(opened);
          expect(await sent(opened)).toContainEqual({ type: 'compare', kind: 'full-update' });
          const { steps, totals } = plan.garments.picture;
          await opened.send({ type: 'ghost', ghost: null });
          await opened.send({ type: 'ghost', ghost: { kind: 'full-update', title: 'full update', steps, totals } });
          expect(await textOf(opened, '.legend')).toContain('full update');
        },
        { state: { ...freshState, compare: 'full-update' } },
      ));

    it('compares with nothing where no other plan was chosen', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        const dropdown = opened.page.locator('#compare');
        await dropdown.evaluate((element) => {
          (element as HTMLElement & { value: string }).value = 'plan';
          element.dispatchEvent(new Event('change'));
        });
        await opened.send({ type: 'ghost', ghost: null });
        await expect
          .poll(() => dropdown.evaluate((element) => (element as HTMLElement & { value: string }).value))
          .toBe('');
      }));

    it('ignores a state of another version of itself', () =>
      plan.withPage(async (opened) => plan.show(opened), { state: { filter: 3, unknown: true } }));
  });

  describe('figures', () => {
    it('are those of the picture', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        const { totals, peak, layers } = plan.garments.picture;
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

    it('estimate the time of a step where the clock is known, else its instructions, else count what it multiplies', () =>
      plan.withPage(async (opened) => {
        const { picture } = plan.garments;
        const instructions = { forward: 20_000_000, backward: 30_000_000, update: 4_000_000 };
        const macs = { forward: 1_000_000, backward: 2_000_000, update: 3_000_000 };
        const totals = { ...picture.totals, macs, estimatedInstructions: instructions };
        const { clockHz: _, ...target } = picture.target;
        const tile = opened.page.locator('.tile', { hasText: 'Training step' });
        await plan.show(opened, 1, { ...picture, target, totals });
        expect(await tile.innerText()).toMatch(/≈ 54M instructions\s+on cortex-m7, 6M MACs/);
        const clocked = { ...target, clockHz: 216e6 };
        await plan.show(opened, 2, { ...picture, target: clocked, totals });
        expect(await tile.innerText()).toMatch(/≈ 250 ms\s+54M instructions at 216 MHz, 6M MACs/);
        expect(await tile.getAttribute('title')).toContain('forward 20M, backward 30M, update 4M');
        const less = { ...totals, sramBytes: totals.sramBytes - 100 };
        const faster = { ...less, estimatedInstructions: { ...instructions, backward: 24_600_000 } };
        await plan.show(opened, 3, { ...picture, target: clocked, totals: faster });
        expect(await tile.innerText()).toContain('−10%');
        const { estimatedInstructions: __, ...unknown } = totals;
        await plan.show(opened, 4, { ...picture, target: clocked, totals: unknown });
        expect(await tile.innerText()).toMatch(/6M MACs\s+forward 1M, backward 2M, update 3M/);
      }));

    it('stand in the table twins too', () =>
      plan.withPage(async (opened) => {
        await plan.show(opened);
        const { steps, buffers, totals } = plan.garments.picture;
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
      plan.withPage(async (opened) => {
        await plan.show(opened);
        const { picture } = plan.garments;
        const [first, ...others] = picture.layers;
        if (first === undefined) throw new Error('no layers');
        const totals = { ...picture.totals, sramBytes: picture.totals.sramBytes - 2304 };
        await plan.show(opened, 2, { ...picture, totals, layers: [{ ...first, bias: true }, ...others] });
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

  it('answers each request for an export with its content', () =>
    plan.withPage(async (opened) => {
      await plan.show(opened);
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
      expect(contents.get('svg')).toContain(`Peak ${bytes(plan.garments.picture.totals.sramBytes)} in step`);
      expect(contents.get('svg')).not.toMatch(/NaN|undefined|var\(/);
    }));

  it('stays usable with 1,000 layers', () =>
    plan.withPage(async (opened) => {
      const { picture } = plan.garments;
      const layers = Array.from({ length: 1000 }, (_, index) => {
        const layer = picture.layers[index % (picture.layers.length - 1)];
        if (layer === undefined) throw new Error('no layers');
        return { ...layer, name: `layer${index}` };
      });
      const steps = Array.from({ length: 3000 }, (_, index) => picture.steps[index % picture.steps.length]).filter(
        (each) => each !== undefined,
      );
      await plan.show(opened, 1, { ...picture, layers, steps });
      expect(await opened.page.locator('.layer').count()).toBeLessThan(60);
      await opened.send({ type: 'reveal', layers: ['layer777'] });
      await opened.page.locator('.layer[data-layer="layer777"]').waitFor();
      expect(await opened.page.locator('.layer[data-layer="layer777"]').getAttribute('aria-rowindex')).toBe('779');
      await opened.page.getByRole('searchbox', { name: 'Filter layers' }).fill('layer99');
      await expect.poll(() => opened.page.locator('.layers-grid').getAttribute('aria-rowcount')).toBe('12');
    }));
});
