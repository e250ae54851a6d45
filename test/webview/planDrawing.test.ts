/**
 * The charts of a fixed plan against pictures of them. Both are made small first, so that fonts and smoothing of
 * another machine do not count, and what does is where the colours are. To accept a new look: UPDATE_BASELINES=1.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { decode, encode } from 'fast-png';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FromPlanPage, ToPlanPage } from '../../webview/messages.ts';
import { type Bundle, bundlePage, chromiumPath, launch, type Opened, openPage } from './harness.ts';
import { type Compiled, compiledPlan, garmentsPlan } from './pictures.ts';
import type { ThemeName } from './themes.ts';

const folder = 'test/webview/baselines';
const size = { width: 96, height: 48 };
/** Mean difference of a channel, of 255. */
const tolerance = 7;

type Pixels = ArrayLike<number>;

function difference(a: Pixels, b: Pixels): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += Math.abs((a[index] ?? 0) - (b[index] ?? 0));
  return sum / a.length;
}

function turnedOver(pixels: Pixels): Pixels {
  const row = size.width * 4;
  const turned = new Uint8Array(pixels.length);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < row; x++) turned[(size.height - 1 - y) * row + x] = pixels[y * row + x] ?? 0;
  }
  return turned;
}

describe.skipIf(chromiumPath() === undefined)('the charts of the garments plan (skipped: needs Chromium)', () => {
  let browser: Browser;
  let bundle: Bundle;
  let garments: Compiled;
  beforeAll(async () => {
    [browser, bundle, garments] = await Promise.all([launch(), bundlePage('plan'), compiledPlan(garmentsPlan, false)]);
  });
  afterAll(() => browser?.close());

  async function open(theme: ThemeName): Promise<Opened<ToPlanPage, FromPlanPage>> {
    const opened = await openPage<ToPlanPage, FromPlanPage>(browser, bundle, { theme, width: 1280, height: 900 });
    await opened.send({ type: 'settings', canRunTasks: true, canEdit: true });
    await opened.send({ type: 'picture', version: 1, picture: garments.picture, diagnostics: [] });
    await opened.painted(1);
    return opened;
  }

  function drawn({ page }: Opened<ToPlanPage, FromPlanPage>, chart: string): Promise<readonly number[]> {
    return page.evaluate(
      ([selector, { width, height }]) => {
        const canvas = document.querySelector<HTMLCanvasElement>(`.${selector} canvas`);
        const small = Object.assign(document.createElement('canvas'), { width, height });
        const context = small.getContext('2d');
        if (canvas === null || context === null) return [];
        context.fillStyle = getComputedStyle(document.body).backgroundColor;
        context.fillRect(0, 0, width, height);
        context.imageSmoothingQuality = 'high';
        context.drawImage(canvas, 0, 0, width, height);
        return [...context.getImageData(0, 0, width, height).data];
      },
      [chart, size] as const,
    );
  }

  it.each([
    ['timeline', 'dark'],
    ['timeline', 'light'],
    ['timeline', 'high-contrast'],
    ['arena', 'dark'],
    ['arena', 'light'],
    ['arena', 'high-contrast'],
  ] as const)('%s in %s looks as it did', async (chart, theme) => {
    const opened = await open(theme);
    const file = `${folder}/${chart}-${theme}.png`;
    if (process.env.UPDATE_BASELINES !== undefined) {
      await opened.page.waitForTimeout(2000);
      const pixels = await drawn(opened, chart);
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, encode({ ...size, data: Uint8Array.from(pixels), channels: 4 }));
    }
    const baseline = decode(readFileSync(file)).data;
    expect(baseline).toHaveLength(size.width * size.height * 4);
    // The arena map follows the paint that the page tells of.
    await expect.poll(async () => difference(baseline, await drawn(opened, chart))).toBeLessThan(tolerance);
    // The comparison sees what the matrix controller's own defaults would do.
    expect(difference(turnedOver(baseline), await drawn(opened, chart))).toBeGreaterThan(tolerance * 1.5);
    await opened.page.close();
  });
});
