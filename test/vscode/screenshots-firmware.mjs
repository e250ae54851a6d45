/** Makes the pictures of docs/firmware.md with the packed extension; the tools that the sample firmware needs must be there. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { hideSideBar, photograph, root, withFolder } from './photograph.mjs';
import { frameWith } from './planView.mjs';
import { fileRow, packExtension } from './sampleFirmware.mjs';
import { runCommand } from './workbench.mjs';

const settings = { 'terminal.integrated.gpuAcceleration': 'off', 'terminal.integrated.tabs.enabled': false };
const viewport = { width: 1300, height: 820 };
const patience = { timeout: 120_000 };

function prepare(temporary) {
  const folder = join(temporary, 'firmtune-sample');
  const { status } = spawnSync(process.execPath, [join(root, 'dist/firmtune.js'), 'sample', folder]);
  if (status !== 0) throw new Error('no sample');
  return { folder };
}

await withFolder(async (temporary) => {
  const vsix = join(temporary, 'firmtune.vsix');
  packExtension(vsix);
  await photograph({ prepare, settings, viewport, vsix }, async ({ page, folder, shoot }) => {
    await fileRow(page, 'garments.trainplan').dblclick(patience);
    await page.locator('.codelens-decoration', { hasText: 'peak' }).waitFor(patience);
    await hideSideBar(page);
    await runCommand(page, 'Firmtune: Run on Emulator');
    const monitor = await frameWith(page, 'Training Monitor', patience.timeout);
    await monitor.locator('tr', { hasText: /running: (?:[89]\d\d|1,\d\d\d) steps/ }).waitFor(patience);
    await page.mouse.move(640, 815);
    await shoot('firmware-run');
    await page.locator('.xterm-rows', { hasText: 'step=1200' }).waitFor(patience);

    const source = join(folder, 'src/main.c');
    writeFileSync(source, readFileSync(source, 'utf8').replace('report_begin("start")', 'report_begin(strat)'));
    await runCommand(page, 'Firmtune: Build Firmware');
    await page.locator('.xterm-rows', { hasText: 'did not build' }).waitFor(patience);
    await runCommand(page, 'Problems: Focus on Problems View');
    await page.locator('.markers-panel .monaco-list-row', { hasText: 'strat' }).first().dblclick(patience);
    await page.locator('.squiggly-error').waitFor(patience);
    await page.mouse.move(640, 815);
    await shoot('firmware-problem');
  });
});
