/** The page of Fit to Budget with the engine behind it, as the extension plays it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { type FitInput, stopFit } from '../../extension/engine/fit.ts';
import { Front } from '../../extension/fit/front.ts';
import type { FromFitPage, ToFitPage } from '../../webview/messages.ts';
import { described, sampleInput, sampleText, searched, worded } from '../extension/engine/fitted.ts';
import { type Bundle, type Opened, type OpenOptions, openPage } from './harness.ts';

const require = createRequire(import.meta.url);

export const settings: ToFitPage = {
  type: 'settings',
  plan: 'file:///sample/garments.trainplan',
  title: 'garments.trainplan',
  canEdit: true,
};

/** What the host sends of one plan, and its answers to what is chosen. */
export interface FitScene {
  readonly opening: readonly ToFitPage[];
  readonly points: Extract<ToFitPage, { type: 'points' }>;
  readonly found: Extract<ToFitPage, { type: 'found' }>;
  choice(id: number): ToFitPage;
}

/** `evaluations`: the search is stopped after so many. */
export async function fitScene(
  contributions: object | undefined,
  budgetBytes: number,
  evaluations = Number.POSITIVE_INFINITY,
): Promise<FitScene> {
  const input: FitInput = sampleInput(contributions);
  const other = { uri: 'file:///sample/head.trainplan', name: 'head-only', boards: '{}' };
  const headOnly = sampleText.replace(/update \{[^}]*\}/, 'update {\n  block4.pointwise1 .. classifier: bias\n}');
  const { plan } = described(input, [{ ...other, text: headOnly }]);
  if (plan === undefined) throw new Error('the sample has errors');
  const result = await searched(input, budgetBytes, (progress, call) => {
    if (progress.evaluations > evaluations) stopFit({ call });
  });
  if (result.kind === 'failed') throw new Error(result.problem.message);
  const front = new Front();
  front.add([...result.front, result.best]);
  const evidence = {
    file: input.contributions?.file ?? null,
    canMeasure: true,
    command: 'firmtune contribution "garments.trainplan" --out "garments.contributions.json"',
  };
  return {
    opening: [settings, { type: 'evidence', evidence }, { type: 'plan', plan, isNew: true }],
    points: { type: 'points', points: front.points },
    found: { type: 'found', budgetBytes, best: front.numbered(result.best).id, end: result.end },
    choice(id) {
      const update = front.find(id)?.update;
      if (update === undefined) throw new Error(`no point ${id}`);
      return { type: 'choice', choice: { id, ...worded(input, update) } };
    },
  };
}

export interface OpenedFit extends Opened<ToFitPage, FromFitPage> {
  drawn(): Promise<void>;
  /** Messages without their times; `choose` is answered. */
  exchanged(): Promise<readonly FromFitPage[]>;
  /** What axe-core finds, one line each. */
  axe(): Promise<readonly string[]>;
}

export async function openFit(
  browser: Browser,
  bundle: Bundle,
  scene: FitScene,
  options: OpenOptions = {},
): Promise<OpenedFit> {
  const opened = await openPage<ToFitPage, FromFitPage>(browser, bundle, options);
  const { page } = opened;
  const drawn = async (): Promise<void> => {
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  };
  return {
    ...opened,
    drawn,
    async exchanged() {
      await drawn();
      const all = (await opened.received()).map((message) => {
        const { at: _, ...rest } = message as FromFitPage & { at: number };
        return rest as FromFitPage;
      });
      for (const message of all) if (message.type === 'choose') await opened.send(scene.choice(message.id));
      await drawn();
      return all;
    },
    async axe() {
      // By the debugger, past the page's policy.
      await page.evaluate(readFileSync(require.resolve('axe-core'), 'utf8'));
      return page.evaluate(async () => {
        const { axe } = globalThis as unknown as {
          axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> };
        };
        const { violations } = await axe.run();
        return violations.flatMap(({ id, nodes }) =>
          nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
        );
      });
    },
  };
}

/** With all that a search has found. */
export async function openFound(
  browser: Browser,
  bundle: Bundle,
  scene: FitScene,
  options: OpenOptions = {},
): Promise<OpenedFit> {
  const opened = await openFit(browser, bundle, scene, options);
  for (const message of [...scene.opening, scene.points, scene.found]) await opened.send(message);
  await opened.exchanged();
  return opened;
}
