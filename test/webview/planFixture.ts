/** What the tests of the plan view's page share: a browser, the page, the garments plan. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import type { FromPlanPage, PlanPicture, ToPlanPage } from '../../webview/messages.ts';
import { type Bundle, bundlePage, launch, type Opened, type OpenOptions, openPage } from './harness.ts';
import { type Compiled, compiledPlan, garmentsPlan } from './pictures.ts';

export type PlanPage = Opened<ToPlanPage, FromPlanPage>;

export const settings = { type: 'settings', canRunTasks: true, canEdit: true } as const satisfies ToPlanPage;
export const error = {
  severity: 'error',
  message: 'no layer block9',
  remedy: 'write block4',
  line: 28,
  column: 3,
} as const;

export interface PlanFixture {
  readonly garments: Compiled;
  /** Opens a page, and closes it; no error may stand in its console. */
  withPage(run: (opened: PlanPage) => Promise<void>, options?: OpenOptions): Promise<void>;
  show(opened: PlanPage, version?: number, picture?: PlanPicture): Promise<void>;
}

/** To be called inside of a `describe` that is skipped without Chromium. */
export function usePlanPage(): PlanFixture {
  let browser: Browser;
  let bundle: Bundle;
  let garments: Compiled;
  beforeAll(async () => {
    [browser, bundle, garments] = await Promise.all([launch(), bundlePage('plan'), compiledPlan(garmentsPlan)]);
  }, 120_000);
  afterAll(() => browser?.close());
  return {
    get garments() {
      return garments;
    },
    async withPage(run, options = {}) {
      const opened = await openPage<ToPlanPage, FromPlanPage>(browser, bundle, options);
      try {
        await run(opened);
        expect(opened.problems).toEqual([]);
      } finally {
        await opened.page.close();
      }
    },
    async show(opened, version = 1, picture = garments.picture) {
      if (version === 1) await opened.send(settings);
      await opened.send({ type: 'picture', version, picture, diagnostics: [] });
      await opened.painted(version);
    },
  };
}

/** All messages since the last call, without the time at which they were sent. */
export async function sent(opened: PlanPage): Promise<readonly FromPlanPage[]> {
  return (await opened.received()).map((message) => {
    const { at: _, ...rest } = message as FromPlanPage & { at: number };
    return rest as FromPlanPage;
  });
}

export function textOf(opened: PlanPage, selector: string): Promise<string> {
  return opened.page.locator(selector).innerText();
}

/** As the view writes it. */
export function bytes(value: number): string {
  return `${value.toLocaleString('en')} B`;
}
