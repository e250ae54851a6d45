/** A workbench with a plan view, for tests, measurements and pictures. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser, runCommand, startServer, workbenchUrl } from './workbench.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** For whatever is waited for: a machine may be slow. */
const patience = { timeout: 120_000 };
/** Published plans and their models; not part of the repository. */
export const sharedData = join(root, '../shared/data');
export const hasSharedData = existsSync(sharedData);

/**
 * Opens a folder in the workbench, with the extension as it is in this folder (`dist/` must be built).
 * @param {{ folder?: string, open?: string, vsix?: string, extension?: string, settings?: Record<string, unknown>, path?: string, trust?: boolean, viewport?: { width: number, height: number } }} options
 * `extension`: its folder, if not this one; `vsix`: the extension is installed from this package, and messages are shown;
 * `path`: instead of the PATH of this process; `trust`: false for restricted mode
 */
export async function openWorkbench({
  folder,
  open,
  vsix,
  extension = vsix === undefined ? root : undefined,
  settings,
  path,
  trust,
  viewport = { width: 1600, height: 900 },
}) {
  const server = await startServer({ testDriver: vsix === undefined, settings, extension: vsix, path, trust });
  const browser = await openBrowser();
  const problems = [];
  const close = async () => {
    await browser.close();
    await server.stop();
  };
  try {
    const context = await browser.newContext({ viewport });
    context.setDefaultTimeout(patience.timeout);
    const page = await context.newPage();
    page.on('console', (message) => {
      // VS Code itself complains of much; what comes of our pages, and every breach of their policy, is ours.
      const ours = message.location().url.startsWith('firmtune-');
      const isProblem = ['error', 'warning'].includes(message.type()) && ours;
      if (isProblem || /Content Security Policy/.test(message.text())) problems.push(message.text());
    });
    await page.goto(workbenchUrl(server.port, { folder, open, extension }));
    await page.locator('.monaco-workbench').waitFor(patience);
    // Without a file to open, a window has the editors that it had before.
    const url = workbenchUrl(server.port, { folder, extension });
    return { page, url, backups: server.backups, problems, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Until the window hears of files that others change: VS Code's watcher of the folder starts some seconds after the window, and
 * tells nothing of what was before. Seen in the text of a plan whose view is open and active: of a text that is active
 * itself VS Code watches the file besides.
 */
export async function followsFile(page, file) {
  const text = readFileSync(file, 'utf8');
  const shows = async (first) => {
    for (const end = Date.now() + 3000; Date.now() < end; await page.waitForTimeout(100))
      if ((await shownText(page)).startsWith(first)) return true;
    return false;
  };
  const end = Date.now() + patience.timeout;
  for (let turn = 0, follows = false; !follows; turn++) {
    if (Date.now() > end) throw new Error(`the editor does not follow ${file}`);
    const first = `// turn ${turn}\n`;
    writeFileSync(file, first + text);
    follows = await shows(first);
    writeFileSync(file, text);
    follows &&= await shows(text.slice(0, text.indexOf('\n') + 1));
  }
}

/** The plan view of the plan in the active editor, once its picture is there. */
export async function openPlanView(page) {
  await runCommand(page, 'Firmtune: Open Plan View');
  const view = planFrame(page);
  await view.locator('[data-layer]').first().waitFor(patience);
  return view;
}

/** The page in a tab or panel whose heading is this; there may be several pages. */
export async function frameWith(page, heading, timeout = patience.timeout) {
  const end = Date.now() + timeout;
  for (;;) {
    for (const frame of page.frames()) {
      const found = frame.locator('h1', { hasText: heading });
      if (await found.isVisible().catch(() => false)) return frame;
    }
    if (Date.now() > end) throw new Error(`no page with the heading ${heading}`);
    await page.waitForTimeout(100);
  }
}

export function planFrame(page) {
  return page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
}

/** What is seen of the text in the first text editor, line by line; lenses are no lines. */
export async function shownText(page) {
  const lines = await page.locator('.editor-group-container .monaco-editor .view-line').evaluateAll((elements) =>
    elements
      .map((element) => ({ top: Number.parseFloat(element.style.top), text: element.textContent ?? '' }))
      .sort((a, b) => a.top - b.top)
      // The editor shows blanks as no-break spaces.
      .map(({ text }) => text.replaceAll('\u00a0', ' ')),
  );
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** What a window shows, in words: for the log of a test that failed on a machine that nobody sees. */
export async function shownWindow(page) {
  const texts = async (what, selector) => {
    const found = await page.locator(selector).allInnerTexts();
    return found.map((text) => `${what}: ${text.replace(/\s+/g, ' ').slice(0, 200)}`);
  };
  const frames = page.frames().map(async (frame) => {
    const text = await frame.evaluate(() => document.body?.innerText ?? '');
    return `frame ${frame.url().slice(0, 40)}: ${text.replace(/\s+/g, ' ').slice(0, 200)}`;
  });
  const parts = [
    texts('tab', '.tab'),
    texts('message', '.notification-toast, .monaco-dialog-box, .quick-input-widget'),
    ...frames,
  ];
  const shown = await Promise.allSettled(parts);
  return [page.url(), ...shown.flatMap(({ value = [] }) => value)].join('\n');
}

/** In bytes, as the header of the view says it, once it has a picture. */
export async function shownPeak(view) {
  const text = await view.locator('.plan-header', { hasText: /Peak SRAM\s*[\d,]+ B/ }).innerText();
  const [, figure] = /Peak SRAM\s+([\d,]+) B/.exec(text) ?? [];
  if (figure === undefined) throw new Error(`no peak in the header: ${text}`);
  return Number(figure.replaceAll(',', ''));
}
