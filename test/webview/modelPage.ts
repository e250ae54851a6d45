/** The model view's page in Chromium with the engine of this process behind it, as the extension's host has it. */

import type { Browser, Page } from 'playwright-core';
import { modelHandlers } from '../../extension/engine/model.ts';
import type { FromModelPage, ModelPlanChoice, ModelUpdate, ToModelPage } from '../../webview/messages.ts';
import { type Bundle, type OpenOptions, openPage } from './harness.ts';

export interface ModelPageOptions extends OpenOptions {
  readonly bytes?: Uint8Array;
  readonly name?: string;
  readonly plans?: readonly ModelPlanChoice[];
  readonly update?: ModelUpdate;
}

export interface ModelPage {
  readonly page: Page;
  /** What the page has sent, in order, but for `ready`. */
  readonly sent: readonly FromModelPage[];
  readonly problems: readonly string[];
  send(message: ToModelPage): Promise<void>;
  /** What the page has saved last. */
  saved(): Promise<Record<string, unknown>>;
  /** Until everything that was asked for is on the screen. */
  settled(): Promise<void>;
  /** What axe-core finds, one line each. */
  axe(): Promise<readonly string[]>;
}

let opened = 0;

/** With `bytes` the model is sent as the host does it; without, the test plays the host. */
export async function openModelPage(
  browser: Browser,
  bundle: Bundle,
  options: ModelPageOptions = {},
): Promise<ModelPage> {
  const { bytes, name = 'model.tflite', plans = [], update } = options;
  const key = `${name}-${opened++}`;
  const { page, problems, send, axe } = await openPage<ToModelPage, FromModelPage>(browser, bundle, options);
  const sent: FromModelPage[] = [];
  let answering = 0;
  const answer = async (message: FromModelPage): Promise<void> => {
    if (message.type === 'layout') {
      const { collapsed } = message;
      await send({ type: 'layout', version: 1, collapsed, layout: modelHandlers.layOutModel({ key, ...message }) });
    } else if (message.type === 'details') {
      await send({ type: 'details', version: 1, details: modelHandlers.describeLayer({ key, layer: message.layer }) });
    }
  };
  await page.exposeFunction('hostReceives', async (message: FromModelPage) => {
    sent.push(message);
    if (bytes === undefined) return;
    answering++;
    await answer(message).finally(() => answering--);
  });
  // The harness collects what the page sends; from here on it is answered.
  await page.evaluate(
    `window.messages.push = (message) => { const { at, ...rest } = message; void window.hostReceives(rest); }`,
  );
  if (bytes !== undefined) {
    const model = modelHandlers.openModelView({ key, name, bytes });
    if (model.ok) {
      await send({ type: 'model', version: 1, picture: model.picture });
      await send({ type: 'plans', plans, update: update ?? null });
      await page.locator('#root[data-painted="1"]').waitFor({ state: 'attached' });
    } else {
      await send({ type: 'failed', title: `${name} cannot be shown`, problems: model.diagnostics, canRetry: true });
    }
  }
  const settled = async (): Promise<void> => {
    const frame = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))';
    do await page.evaluate(frame);
    while (answering > 0);
    await page.evaluate(frame);
  };
  await settled();
  return {
    page,
    sent,
    problems,
    send,
    settled,
    saved: () => page.evaluate('window.savedState'),
    axe,
  };
}
