/** The model view's page in Chromium, without VS Code: the engine answers from this process. */

import type { BrowserContext, Page } from 'playwright-core';
import { modelHandlers } from '../../extension/engine/model.ts';
import type { FromModelPage, ModelPlanChoice, ModelUpdate, ToModelPage } from '../../webview/messages.ts';
import type { Bundle } from './monitorHarness.ts';
import { type ThemeName, themes } from './themes.ts';

const origin = 'http://page.test';

export interface ModelPageOptions {
  readonly bytes?: Uint8Array;
  readonly name?: string;
  readonly theme?: ThemeName;
  readonly plans?: readonly ModelPlanChoice[];
  readonly update?: ModelUpdate;
  /** What the page had saved before. */
  readonly state?: unknown;
}

export interface ModelPage {
  readonly page: Page;
  /** What the page has sent, in order. */
  readonly sent: FromModelPage[];
  /** What the page has saved last. */
  saved(): Promise<Record<string, unknown>>;
  /** Errors and policy violations of the console. */
  readonly complaints: string[];
  send(message: ToModelPage): Promise<void>;
  /** Until the layout that was asked for last is on the screen. */
  settled(): Promise<void>;
}

let opened = 0;

/** Opens the page; with `bytes` the model is sent as the host would do it. */
export async function openModelPage(
  context: BrowserContext,
  files: Bundle,
  options: ModelPageOptions = {},
): Promise<ModelPage> {
  const { bytes, name = 'model.tflite', theme = 'dark', plans = [], update, state } = options;
  const key = `${name}-${opened++}`;
  const page = await context.newPage();
  const sent: FromModelPage[] = [];
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.route(`${origin}/**`, (route) =>
    route.fulfill(answer(new URL(route.request().url()).pathname, files, theme)),
  );
  let layouts = 0;
  const send = async (message: ToModelPage): Promise<void> => {
    await page.evaluate((data) => window.postMessage(data, '*'), message);
  };
  const start = async (): Promise<void> => {
    if (bytes === undefined) return;
    const model = modelHandlers.openModelView({ key, name, bytes });
    if (!model.ok) {
      await send({ type: 'failed', title: `${name} cannot be shown`, problems: model.diagnostics, canRetry: true });
      return;
    }
    await send({ type: 'model', version: 1, picture: model.picture });
    await send({ type: 'plans', plans, update: update ?? null });
  };
  const respond = async (message: FromModelPage | { readonly type: 'ready' }): Promise<void> => {
    if (message.type === 'ready') return start();
    sent.push(message);
    if (message.type === 'layout') {
      layouts++;
      const { collapsed } = message;
      await send({ type: 'layout', version: 1, collapsed, layout: modelHandlers.layOutModel({ key, ...message }) });
      layouts--;
    } else if (message.type === 'details') {
      await send({ type: 'details', version: 1, details: modelHandlers.describeLayer({ key, layer: message.layer }) });
    }
  };
  await page.exposeFunction('hostReceives', respond);
  await page.addInitScript(stub, state);
  await page.goto(`${origin}/`);
  const settled = async (): Promise<void> => {
    await page.waitForTimeout(60);
    while (layouts > 0) await page.waitForTimeout(20);
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(undefined)))),
    );
  };
  if (bytes !== undefined) await page.waitForSelector('#root[data-painted], .state[role="alert"]', { timeout: 20_000 });
  await settled();
  const saved = (): Promise<Record<string, unknown>> => page.evaluate(() => Reflect.get(window, 'savedState'));
  return { page, sent, saved, complaints, send, settled };
}

function stub(state: unknown): void {
  Reflect.set(window, 'savedState', state);
  Reflect.set(window, 'acquireVsCodeApi', () => ({
    postMessage: (message: unknown) => void Reflect.get(window, 'hostReceives')(message),
    getState: () => Reflect.get(window, 'savedState'),
    setState: (next: unknown) => Reflect.set(window, 'savedState', structuredClone(next)),
  }));
}

/** The policy is that of the extension's page. */
function answer(path: string, { script, style }: Bundle, theme: ThemeName): { contentType: string; body: string } {
  if (path === '/model.js') return { contentType: 'text/javascript', body: script };
  if (path === '/model.css') return { contentType: 'text/css', body: style };
  if (path === '/theme.css') return { contentType: 'text/css', body: themeStyle(theme) };
  const policy = `default-src 'none'; script-src 'nonce-n'; style-src ${origin}; font-src ${origin}; img-src ${origin} data: blob:`;
  return {
    contentType: 'text/html',
    body: `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="/theme.css"><link rel="stylesheet" href="/model.css">
<title>Model</title></head>
<body class="vscode-${theme}"><div id="root"></div><script nonce="n" src="/model.js"></script></body></html>`,
  };
}

function themeStyle(theme: ThemeName): string {
  const lines = Object.entries(themes[theme].colours).map(([name, value]) => `--vscode-${name}: ${value};`);
  return `:root { ${lines.join(' ')} }`;
}
