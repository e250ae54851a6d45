/** The sample firmware in a workbench, for journeys and pictures. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const patience = { timeout: 120_000 };

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

/** Answers the question for the folder, which is empty, and opens the copy in the window. @returns the copy's folder */
export async function chooseSampleFolder(page, parent) {
  const dialog = page.locator('.quick-input-widget', { hasText: 'Where is the sample to be copied to?' });
  await dialog.waitFor(patience);
  const input = dialog.locator('input.input');
  const rows = dialog.locator('.monaco-list-row');
  // The dialog begins with the home folder, and puts it in place of what is typed before it has read that; afterwards it
  // completes what is typed, once it has read the folder. Of an empty folder it lists the way back and nothing else.
  await rows.filter({ hasText: '..' }).first().waitFor(patience);
  const shows = async () => (await input.inputValue()) === `${parent}/` && (await rows.allInnerTexts()).join() === '..';
  for (const end = Date.now() + patience.timeout; !(await shows()); ) {
    if (Date.now() > end) throw new Error(`the dialog does not come to ${parent}`);
    await input.fill(`${parent}/`);
    for (let turn = 0; turn < 20 && !(await shows()); turn++) await page.waitForTimeout(100);
  }
  await dialog.getByRole('button', { name: 'Copy Here' }).click();
  await page.locator('.notification-toast').getByRole('button', { name: 'Open Folder' }).click(patience);
  await fileRow(page, 'garments.trainplan').waitFor(patience);
  const folder = join(parent, 'firmtune-sample');
  if (!existsSync(folder)) throw new Error(`the sample was not copied to ${parent}`);
  return folder;
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
