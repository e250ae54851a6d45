/** A VS Code workbench in Chromium: starts the server, opens the page, runs commands of the palette. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { chromium } from 'playwright-core';
import { node, server as serverFolder } from './install.mjs';

/** Nothing that asks, greets, updates or reports. */
const quietSettings = {
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'task.allowAutomaticTasks': 'off',
  // As on a desktop; a workbench in a browser saves after a second.
  'files.autoSave': 'off',
};

/** The folder is not trusted, and nobody asks. */
const restricted = {
  'security.workspace.trust.enabled': true,
  'security.workspace.trust.startupPrompt': 'never',
  'security.workspace.trust.banner': 'never',
};

export function chromiumPath() {
  const candidates = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'];
  for (const name of candidates) {
    if (name === undefined) continue;
    const { status, stdout } = spawnSync('which', [name], { encoding: 'utf8' });
    if (status === 0) return stdout.trim();
  }
  return undefined;
}

/**
 * Starts the VS Code server with folders of its own, which go when it stops.
 * `testDriver`: development and test extensions in the URL are only heard with it; it switches toasts off.
 * `extension`: a .vsix that is installed first. `path`: instead of the PATH. `trust`: false for restricted mode.
 */
export async function startServer({ settings = {}, testDriver = false, port, extension, path, trust = true } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-vscode-'));
  const data = join(folder, 'data');
  for (const scope of ['User', 'Machine']) {
    mkdirSync(join(data, scope), { recursive: true });
    writeFileSync(
      join(data, scope, 'settings.json'),
      JSON.stringify({ ...quietSettings, ...(trust ? {} : restricted), ...settings }),
    );
  }
  const chosenPort = port ?? (await freePort());
  const program = join(serverFolder, 'out/server-main.js');
  const folders = [
    ...['--extensions-dir', join(folder, 'extensions'), '--user-data-dir', data],
    ...['--server-data-dir', join(folder, 'server')],
  ];
  const args = [
    program,
    ...folders,
    ...['--host', '127.0.0.1', '--port', String(chosenPort), '--without-connection-token'],
    ...['--accept-server-license-terms', '--telemetry-level', 'off'],
    ...(trust ? ['--disable-workspace-trust'] : []),
    '--disable-getting-started-override',
    // Else the PATH of the user's shell comes back.
    ...(path === undefined ? [] : ['--force-disable-user-env']),
    ...(testDriver ? ['--enable-smoke-test-driver'] : []),
  ];
  // Of another VS Code, in whose terminal this may run.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VSCODE|ELECTRON)_/.test(name));
  const env = Object.fromEntries(inherited);
  if (extension !== undefined) installExtension([program, ...folders, '--install-extension', extension], env);
  if (path !== undefined) env.PATH = path;
  const child = spawn(node, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(timer);
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  try {
    await listening(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port: chosenPort, backups: join(data, 'User/Backups'), stop };
}

function installExtension(args, env) {
  const { status, stdout, stderr } = spawnSync(node, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the extension was not installed\n${stdout}${stderr}`);
}

function listening(child) {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk) => {
      output += chunk;
      if (output.includes('Extension host agent started')) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => reject(new Error(`the VS Code server ended with ${code}\n${output}`)));
    setTimeout(() => reject(new Error(`the VS Code server did not start\n${output}`)), 120_000).unref();
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export function openBrowser() {
  return chromium.launch({
    executablePath: chromiumPath(),
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      // Whatever VS Code wants from outside fails at once.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
    ],
  });
}

/** All are paths; without a folder the window is empty. `extension` and `tests` need a server with the test driver. `open`: a file to begin with. */
export function workbenchUrl(port, { folder, open, extension, tests }) {
  const url = new URL(`http://localhost:${port}/`);
  if (folder === undefined) url.searchParams.set('ew', 'true');
  else url.searchParams.set('folder', folder);
  // As the workbench itself names its files: under another authority a file is another file, without diagnostics.
  const remote = (path) => `vscode-remote://localhost:${port}${path}`;
  const payload = [];
  if (open !== undefined) payload.push(['openFile', remote(open)]);
  if (extension !== undefined) payload.push(['extensionDevelopmentPath', remote(extension)]);
  if (tests !== undefined) payload.push(['extensionTestsPath', remote(tests)]);
  if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
}

/**
 * Opens the palette with this text. A key is lost while the focus is on its way into a page or out of it, and a page that
 * takes the focus closes the palette.
 */
export async function openPalette(page, text, timeout = 120_000) {
  const input = paletteInput(page);
  const soon = { timeout: 5000 };
  for (const end = Date.now() + timeout; ; ) {
    await page.keyboard.press('F1');
    const isFilled = await input
      .waitFor(soon)
      .then(() => input.fill(text, soon))
      .then(
        () => true,
        () => false,
      );
    if (isFilled) return;
    if (Date.now() > end) throw new Error('the palette does not open');
  }
}

/** Runs a command by its title. The palette's list is made when its text changes, so it asks until extensions are there. */
export async function runCommand(page, title, timeout = 120_000) {
  const end = Date.now() + timeout;
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first();
  for (;;) {
    try {
      await openPalette(page, `>${title}`);
      await row.waitFor({ timeout: 3000 });
      await row.click({ timeout: 10_000 });
      if (await hasLeftPalette(page, `>${title}`)) return;
    } catch (error) {
      if (Date.now() > end) throw new Error(`no command ${title} in the palette`, { cause: error });
    }
    await page.keyboard.press('Escape');
  }
}

/** Whether a click was taken: on a row that was just being drawn anew it is not. The command may ask something itself. */
async function hasLeftPalette(page, text) {
  const input = paletteInput(page);
  for (const end = Date.now() + 5000; Date.now() < end; await page.waitForTimeout(50)) {
    if (!(await input.isVisible())) return true;
    if ((await input.inputValue({ timeout: 1000 }).catch(() => text)) !== text) return true;
  }
  return false;
}

function paletteInput(page) {
  return page.locator('.quick-input-widget input.input');
}
