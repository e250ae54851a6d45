/**
 * Makes the pictures of docs/firmware.md in a workbench with the packed extension; `dist/` must be built, and the tools that
 * the sample firmware needs must be there. `node test/vscode/screenshots-firmware.mjs`
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { frameWith, openWorkbench } from './planView.mjs';
import { fileRow, packExtension } from './sampleFirmware.mjs';
import { runCommand } from './workbench.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const themes = { light: 'Default Light Modern', dark: 'Default Dark Modern' };
const quiet = {
  'workbench.activityBar.location': 'hidden',
  'workbench.layoutControl.enabled': false,
  'window.commandCenter': false,
  'window.menuBarVisibility': 'hidden',
  'workbench.reduceMotion': 'on',
  'breadcrumbs.enabled': false,
  'editor.minimap.enabled': false,
  'editor.cursorBlinking': 'solid',
  'terminal.integrated.gpuAcceleration': 'off',
  'terminal.integrated.tabs.enabled': false,
};
const patience = { timeout: 120_000 };

const temporary = mkdtempSync(join(tmpdir(), 'firmtune-pictures-'));
const vsix = join(temporary, 'firmtune.vsix');
try {
  packExtension(vsix);
  for (const [name, theme] of Object.entries(themes)) await photograph(name, theme);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

async function photograph(name, theme) {
  const folder = join(temporary, name, 'firmtune-sample');
  const { status } = spawnSync(process.execPath, [join(root, 'dist/firmtune.js'), 'sample', folder]);
  if (status !== 0) throw new Error('no sample');
  const settings = { ...quiet, 'workbench.colorTheme': theme };
  const { page, problems, close } = await openWorkbench({
    folder,
    vsix,
    settings,
    viewport: { width: 1300, height: 820 },
  });
  const shoot = async (what) => {
    await page.mouse.move(640, 815);
    await page.waitForTimeout(1000);
    await page.screenshot({ path: join(root, `docs/images/firmware-${what}-${name}.png`) });
  };
  try {
    await fileRow(page, 'garments.trainplan').dblclick(patience);
    await page.locator('.codelens-decoration', { hasText: 'peak' }).waitFor(patience);
    await page.keyboard.press('Control+b');
    await runCommand(page, 'Firmtune: Run on Emulator');
    const monitor = await frameWith(page, 'Training Monitor', patience.timeout);
    await monitor.locator('tr', { hasText: /running: (?:[89]\d\d|1,\d\d\d) steps/ }).waitFor(patience);
    await shoot('run');
    await page.locator('.xterm-rows', { hasText: 'step=1200' }).waitFor(patience);

    const source = join(folder, 'src/main.c');
    writeFileSync(source, readFileSync(source, 'utf8').replace('report_begin("start")', 'report_begin(strat)'));
    await runCommand(page, 'Firmtune: Build Firmware');
    await page.locator('.xterm-rows', { hasText: 'did not build' }).waitFor(patience);
    await runCommand(page, 'Problems: Focus on Problems View');
    await page.locator('.markers-panel .monaco-list-row', { hasText: 'strat' }).first().dblclick(patience);
    await page.locator('.squiggly-error').waitFor(patience);
    await shoot('problem');
    if (problems.length > 0) throw new Error(problems.join('\n'));
  } catch (error) {
    await page.screenshot({ path: join(root, 'build/screenshot-failure.png') });
    throw error;
  } finally {
    await close();
  }
}
