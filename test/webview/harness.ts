/** A page of the extension in a bare Chromium: VS Code's side is played by the test. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { pageHtml } from '../../extension/views/pageHtml.ts';
import { chromiumPath } from '../vscode/workbench.mjs';
import { type ThemeName, themeVariables } from './themes.ts';

export { chromiumPath };

export function launch(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('no Chromium: see `describe.skipIf`');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--no-first-run'] });
}

export interface Bundle {
  readonly script: string;
  readonly style: string;
}

/** As build.mjs makes it. */
export async function bundlePage(name: string): Promise<Bundle> {
  const { outputFiles } = await build({
    entryPoints: { [name]: `webview/${name}/main.ts` },
    outdir: 'dist/webview',
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    mainFields: ['browser', 'module', 'main'],
    legalComments: 'none',
  });
  const textOf = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return { script: textOf('.js'), style: textOf('.css') };
}

export interface Opened<ToPage, FromPage> {
  readonly page: Page;
  /** What the browser and the page complained of; violations of the policy are here. */
  readonly problems: readonly string[];
  /** Until the page has it. */
  send(message: ToPage): Promise<void>;
  /** All messages since the last call. */
  received(): Promise<readonly FromPage[]>;
  setTheme(theme: ThemeName): Promise<void>;
  /** Waits until the page is said to have painted this version. */
  painted(version: number): Promise<void>;
  /** Waits until what was sent is on the screen. */
  drawn(): Promise<void>;
  /** What axe-core finds, one line each. */
  axe(): Promise<readonly string[]>;
}

export interface OpenOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** What `getState` answers: a webview that was hidden before. */
  readonly state?: unknown;
  readonly reducedMotion?: boolean;
}

const origin = 'http://page.invalid';
const patienceMs = 60_000;
const axeCore = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

async function axeComplaints(page: Page): Promise<readonly string[]> {
  // By the debugger, past the page's policy.
  await page.evaluate(readFileSync(axeCore, 'utf8'));
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
  });
}

export async function openPage<ToPage, FromPage>(
  browser: Browser,
  bundle: Bundle,
  { theme = 'dark', width = 1280, height = 860, state, reducedMotion = false }: OpenOptions = {},
): Promise<Opened<ToPage, FromPage>> {
  const page = await browser.newPage({
    viewport: { width, height },
    reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
  });
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  const bridge = `
    window.messages = [];
    let state = ${JSON.stringify(state ?? null) ?? 'null'} ?? undefined;
    window.acquireVsCodeApi = () => ({
      postMessage: (message) => window.messages.push({ ...message, at: performance.now() }),
      getState: () => state,
      setState: (next) => { state = next; window.savedState = next; },
    });`;
  // VS Code's side goes first, under the page's own policy.
  const html = pageHtml(bundle, { title: 'page', language: 'en' }).replace(
    /<script nonce="\w+">/,
    (start) => `${start}${bridge}</script>${start}`,
  );
  await page.route(`${origin}/**`, (route) => {
    const isPage = new URL(route.request().url()).pathname === '/';
    return isPage ? route.fulfill({ contentType: 'text/html', body: html }) : route.fulfill({ status: 404 });
  });
  const setTheme = async (name: ThemeName): Promise<void> => {
    await page.evaluate(
      ([kind, variables]) => {
        const { style } = document.documentElement;
        for (const old of [...style]) style.removeProperty(old);
        for (const [key, value] of Object.entries(variables)) style.setProperty(key, value);
        const contrast = kind.startsWith('high-contrast') ? ' vscode-high-contrast' : '';
        document.body.className = kind === 'high-contrast-light' ? `vscode-${kind}${contrast}` : `vscode-${kind}`;
        document.body.dataset.vscodeThemeKind = `vscode-${kind}`;
      },
      [name, themeVariables(name)] as const,
    );
  };
  await page.addInitScript(
    ([kind, variables]) => {
      const apply = (): boolean => {
        if (document.body === null) return false;
        for (const [key, value] of Object.entries(variables)) document.documentElement.style.setProperty(key, value);
        document.body.className = `vscode-${kind}`;
        return true;
      };
      new MutationObserver((_, observer) => apply() && observer.disconnect()).observe(document, {
        childList: true,
        subtree: true,
      });
    },
    [theme, themeVariables(theme)] as const,
  );
  page.setDefaultTimeout(patienceMs);
  await page.goto(`${origin}/`);
  let taken = 0;
  return {
    page,
    problems,
    setTheme,
    axe: () => axeComplaints(page),
    async drawn() {
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    },
    send: (message) =>
      page.evaluate(
        (data) =>
          new Promise<void>((received) => {
            // After the page's own listener.
            window.addEventListener('message', () => received(), { once: true });
            window.postMessage(data, '*');
          }),
        message as object,
      ),
    async received() {
      const all = (await page.evaluate('window.messages')) as FromPage[];
      const fresh = all.slice(taken);
      taken = all.length;
      return fresh;
    },
    async painted(version) {
      // Not `waitForFunction`: its own polling is an eval, which the policy forbids.
      for (const end = Date.now() + patienceMs; Date.now() < end; ) {
        const messages = (await page.evaluate('window.messages')) as readonly { type: string; version?: number }[];
        if (messages.some((message) => message.type === 'painted' && message.version === version)) return;
        await page.waitForTimeout(10);
      }
      throw new Error(`version ${version} was not painted: ${problems.join('; ')}`);
    },
  };
}
