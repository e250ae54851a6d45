/** The page of Fit to Budget with the engine behind it, as the extension plays it. */
import type { Browser } from 'playwright-core';
import { type FitInput, stopFit } from '../../extension/engine/fit.ts';
import { Front } from '../../extension/fit/front.ts';
import type { FromFitPage, ToFitPage } from '../../webview/messages.ts';
import { described, sampleInput, sampleText, searched, worded } from '../extension/engine/fitted.ts';
import { type Bundle, type Opened, type OpenOptions, openPage } from './harness.ts';

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
  /** Messages without their times; `choose` is answered. */
  exchanged(): Promise<readonly FromFitPage[]>;
}

export async function openFit(
  browser: Browser,
  bundle: Bundle,
  scene: FitScene,
  options: OpenOptions = {},
): Promise<OpenedFit> {
  const opened = await openPage<ToFitPage, FromFitPage>(browser, bundle, options);
  return {
    ...opened,
    async exchanged() {
      await opened.drawn();
      const all = (await opened.received()).map((message) => {
        const { at: _, ...rest } = message as FromFitPage & { at: number };
        return rest as FromFitPage;
      });
      for (const message of all) if (message.type === 'choose') await opened.send(scene.choice(message.id));
      await opened.drawn();
      return all;
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
