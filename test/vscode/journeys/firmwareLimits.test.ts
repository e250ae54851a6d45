/** Where firmware cannot be built: without tools, and without trust. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { frameWith, openPlanView, openWorkbench, type Workbench } from '../planView.mjs';
import { fileRow, packExtension } from '../sampleFirmware.mjs';
import { openPalette, runCommand } from '../workbench.mjs';
import { tellOfFailures } from './failure.ts';
import { until } from './until.ts';

const temporary = mkdtempSync(join(tmpdir(), 'firmtune-journey-'));
const vsix = join(temporary, 'firmtune.vsix');
const folder = join(temporary, 'sample');
let workbench: Workbench | undefined;

beforeAll(() => {
  packExtension(vsix);
  const { status } = spawnSync(process.execPath, ['dist/firmtune.js', 'sample', folder]);
  expect(status).toBe(0);
});
afterEach(async () => {
  await workbench?.close();
});
// Before it is closed: what is said last is done first.
tellOfFailures(() => workbench);
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

it('without tools, a message names what is missing and leads to Doctor', async () => {
  workbench = await openWorkbench({ folder, vsix, path: join(temporary, 'empty') });
  const { page } = workbench;
  await runCommand(page, 'Firmtune: Run on Emulator');
  const toast = page.locator('.notification-toast', { hasText: 'qemu-system-arm is needed' });
  await toast.waitFor();
  expect(await toast.innerText()).toContain('apt install qemu-system-arm');
  await toast.getByRole('button', { name: 'Open Doctor' }).click();
  const doctor = page.locator('.quick-input-widget', { hasText: 'Firmtune: Doctor' });
  const row = doctor.locator('.monaco-list-row', { hasText: 'qemu-system-arm' });
  await row.waitFor();
  expect(await row.innerText()).toContain('not found on the PATH');
});

it('without trust, there is no command to build, and the buttons say why', async () => {
  workbench = await openWorkbench({ folder, vsix, trust: false });
  const { page } = workbench;
  await fileRow(page, 'garments.trainplan').dblclick();
  await page.locator('.monaco-editor .view-line').first().waitFor();
  await openPlanView(page);
  const plan = await frameWith(page, 'garments');
  for (const name of ['Build', 'Run on emulator']) {
    const button = plan.locator('vscode-button', { hasText: name }).first();
    await until(
      `${name} disabled`,
      () => button.getAttribute('aria-disabled'),
      (disabled) => disabled === 'true',
    );
  }
  await plan.locator('header', { hasText: 'once you trust this workspace' }).first().waitFor();

  await openPalette(page, '>Firmtune:');
  const commands = page.locator('.quick-input-list .monaco-list-row');
  await commands.filter({ hasText: 'Simulate Training' }).first().waitFor();
  const titles = (await commands.allInnerTexts()).join('\n');
  for (const title of ['Generate C Code', 'Build Firmware', 'Run on Emulator']) expect(titles).not.toContain(title);
});
