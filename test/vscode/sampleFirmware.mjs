/** The sample firmware in a workbench, for journeys and pictures. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const patience = { timeout: 60_000 };

/** What is not on the PATH of what builds and runs it. */
export function missingTools() {
  const tools = ['cmake', 'make', 'arm-none-eabi-gcc', 'qemu-system-arm'];
  return tools.filter((tool) => spawnSync('which', [tool]).status !== 0);
}

/** Packs the extension as users install it; `dist/` must be built. */
export function packExtension(vsix) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, '.ci/package.mjs'), vsix], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${stdout}${stderr}`);
}

/** Answers the question for the folder, and opens the copy in the window. @returns the copy's folder */
export async function chooseSampleFolder(page, parent) {
  const dialog = page.locator('.quick-input-widget', { hasText: 'Where is the sample to be copied to?' });
  await dialog.waitFor(patience);
  const input = dialog.locator('input.input');
  const parentRow = dialog.locator('.monaco-list-row', { hasText: '..' }).first();
  // The dialog begins with the home folder, and puts it in place of what is typed before it has read that; afterwards it
  // completes what is typed, once it has read the folder.
  await parentRow.waitFor(patience);
  for (let attempt = 0; attempt < 20; attempt++) {
    await input.fill(`${parent}/`);
    await page.waitForTimeout(500);
    await parentRow.waitFor(patience);
    if ((await input.inputValue()) === `${parent}/`) break;
  }
  await dialog.getByRole('button', { name: 'Copy Here' }).click();
  await page.locator('.notification-toast').getByRole('button', { name: 'Open Folder' }).click(patience);
  await fileRow(page, 'garments.trainplan').waitFor(patience);
  return join(parent, 'firmtune-sample');
}

export function fileRow(page, name) {
  return page.locator('.explorer-folders-view .monaco-list-row', { hasText: name });
}

/** The loss at the first and the last step that the monitor's table lists. */
export async function lossesInTable(monitor) {
  const card = monitor.locator('section', { hasText: 'Loss per step' }).first();
  const toggle = card.getByRole('button', { name: 'Table' });
  if ((await toggle.getAttribute('aria-expanded')) !== 'true') await toggle.click();
  const rows = await card.locator('table.data-table tbody tr').allInnerTexts();
  const losses = rows.map((row) => Number(row.split(/\s+/).at(-1)));
  return { first: losses[0] ?? Number.NaN, last: losses.at(-1) ?? Number.NaN, rows: rows.length };
}
