/** From the sample to firmware that learns on the emulator, in a real workbench with the packed extension. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frameWith, openPlanView, openWorkbench, type Workbench } from '../planView.mjs';
import { chooseSampleFolder, fileRow, lossesInTable, missingTools, packExtension } from '../sampleFirmware.mjs';
import { runCommand } from '../workbench.mjs';
import { tellOfFailures } from './failure.ts';
import { until } from './until.ts';

const missing = missingTools();
const title =
  missing.length === 0 ? 'the sample firmware' : `the sample firmware (skipped: needs ${missing.join(', ')})`;
const buildPatienceMs = 300_000;
const image = 'build/mps2-an500/firmware.elf';
const settings = { 'terminal.integrated.gpuAcceleration': 'off', 'task.problemMatchers.neverPrompt': true };

describe.skipIf(missing.length > 0)(title, () => {
  const temporary = mkdtempSync(join(tmpdir(), 'firmtune-journey-'));
  let workbench: Workbench;
  let page: Page;
  let folder: string;

  beforeAll(async () => {
    const vsix = join(temporary, 'firmtune.vsix');
    packExtension(vsix);
    workbench = await openWorkbench({ vsix, settings });
    ({ page } = workbench);
  });

  afterAll(async () => {
    await workbench?.close();
    rmSync(temporary, { recursive: true, force: true });
  });

  tellOfFailures(() => workbench);

  const newFolder = (name: string): string => {
    const made = join(temporary, name);
    mkdirSync(made);
    return made;
  };
  const appears = (file: string) =>
    until(
      file,
      async () => existsSync(join(folder, file)),
      (isThere) => isThere,
      buildPatienceMs,
    );
  const terminalShows = (text: string) =>
    page.locator('.xterm-rows', { hasText: text }).first().waitFor({ timeout: buildPatienceMs });

  it('is opened, generated, built and run by commands of the palette; the monitor shows how its loss falls', async () => {
    await runCommand(page, 'Firmtune: Open Sample Firmware');
    folder = await chooseSampleFolder(page, newFolder('by-palette'));
    await fileRow(page, 'garments.trainplan').dblclick();
    await page.locator('.monaco-editor .view-line').first().waitFor();

    await runCommand(page, 'Firmtune: Generate C Code');
    await appears('firmtune/firmtune.json');
    await runCommand(page, 'Firmtune: Build Firmware');
    await appears(image);
    await terminalShows(image);
    await runCommand(page, 'Firmtune: Run on Emulator');
    await terminalShows('firmtune: step=');
    await expectFallingLoss(await frameWith(page, 'Training Monitor'));
  });

  it('shows a mistake in C at its line among the problems, until it is mended', async () => {
    const source = join(folder, 'src/main.c');
    const text = readFileSync(source, 'utf8');
    const broken = text.replace('report_begin("start")', 'report_begin(strat)');
    const line = 1 + broken.split('\n').findIndex((each) => each.includes('(strat)'));
    writeFileSync(source, broken);
    await runCommand(page, 'Firmtune: Build Firmware');
    // The terminal comes forward when a build starts.
    await terminalShows('did not build the firmware');
    await runCommand(page, 'Problems: Focus on Problems View');
    const problem = page.locator('.markers-panel .monaco-list-row', { hasText: 'strat' }).first();
    await problem.waitFor({ timeout: buildPatienceMs });
    expect(await problem.innerText()).toMatch(new RegExp(`strat.? undeclared[^]*gcc[^]*Ln ${line}, Col \\d+`));
    await problem.dblclick();
    await page.locator('.tab.active', { hasText: 'main.c' }).waitFor();
    await page.locator('.statusbar-item', { hasText: `Ln ${line},` }).waitFor();

    writeFileSync(source, text);
    // From C code, the command means the only plan there is.
    await runCommand(page, 'Firmtune: Build Firmware');
    await terminalShows('(cmake,');
    await runCommand(page, 'Problems: Focus on Problems View');
    await page
      .locator('.markers-panel', { hasText: 'No problems have been detected' })
      .waitFor({ timeout: buildPatienceMs });
  });

  it('is opened, generated, built, run and stopped by buttons', async () => {
    await page.goto(workbench.url);
    await page.locator('.activitybar .action-label[aria-label^="Firmtune"]').click();
    await page.locator('.welcome-view').getByRole('button', { name: 'Open Sample Firmware' }).click();
    folder = await chooseSampleFolder(page, newFolder('by-buttons'));
    // Else it may be at its end before it is stopped.
    const source = join(folder, 'src/main.c');
    writeFileSync(source, readFileSync(source, 'utf8').replace('#define ROUNDS 4\n', '#define ROUNDS 4000\n'));

    await page.locator('.activitybar .action-label[aria-label^="Firmtune"]').click();
    const row = page.locator('.pane-body .monaco-list-row', { hasText: 'garments.trainplan' }).first();
    await row.waitFor();
    await row.hover();
    await row.locator('.action-label[aria-label^="Generate C Code"]').click();
    await appears('firmtune/firmtune.json');

    await row.click();
    await page.locator('.monaco-editor .view-line').first().waitFor();
    await openPlanView(page);
    const plan = await frameWith(page, 'garments');
    await plan.locator('.code-tile', { hasText: /up to date\s*in firmtune/ }).waitFor();
    await plan.locator('vscode-button', { hasText: 'Build' }).click();
    await appears(image);
    await terminalShows(image);
    await plan.locator('vscode-button', { hasText: 'Run on emulator' }).click();
    const monitor = await frameWith(page, 'Training Monitor');
    const run = monitor.locator('tr', { hasText: 'garments, emulator' });
    await run.filter({ hasText: /running: \d+ steps/ }).waitFor({ timeout: buildPatienceMs });
    await monitor.getByRole('button', { name: 'Stop' }).click();
    await run.filter({ hasText: 'stopped' }).waitFor();
    await terminalShows('stopped');
    expect(workbench.problems).toEqual([]);
  });
});

/** To the end of the sample's 1200 steps. */
async function expectFallingLoss(monitor: Frame): Promise<void> {
  const run = monitor.locator('tr', { hasText: 'garments, emulator' });
  await run.filter({ hasText: 'finished' }).waitFor({ timeout: buildPatienceMs });
  const { first, last, rows } = await lossesInTable(monitor);
  expect(rows).toBeGreaterThan(10);
  // Five classes: without knowledge, the loss is log 5.
  expect(first).toBeCloseTo(Math.log(5), 0);
  expect(last).toBeLessThan(0.5 * first);
}
