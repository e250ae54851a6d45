/** What all scripts of pictures share: a calm workbench, a dark and a light theme, a folder of its own. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openWorkbench } from './planView.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const pictures = join(root, 'docs/images');
export const failurePicture = join(root, 'build/screenshot-failure.png');
export const themes = { dark: 'Default Dark Modern', light: 'Default Light Modern' };

/** Nothing that moves, and nothing that the pictures are not about. */
export const calm = {
  'editor.cursorBlinking': 'solid',
  'editor.minimap.enabled': false,
  'editor.stickyScroll.enabled': false,
  'workbench.activityBar.location': 'hidden',
  'workbench.layoutControl.enabled': false,
  'window.commandCenter': false,
  'window.menuBarVisibility': 'hidden',
  'breadcrumbs.enabled': false,
  'workbench.reduceMotion': 'on',
};

/** @param {(folder: string) => void} take what is done with a folder that goes afterwards */
export async function withFolder(take) {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-pictures-'));
  try {
    await take(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function copySample(folder) {
  cpSync(join(root, 'extension/samples/garments'), folder, { recursive: true });
}

/**
 * Fails with what our pages wrote to the console, and leaves a picture of the failure.
 * @param {object} options `prepare` fills the folder, and may name a folder in it or a file to open; the others are of `openWorkbench`
 * @param take gets the page, the opened folder, and `shoot(name, milliseconds, element)`, which waits before it takes the picture
 */
export async function photograph({ prepare, settings = {}, viewport, vsix }, take) {
  mkdirSync(pictures, { recursive: true });
  for (const [name, theme] of Object.entries(themes)) {
    await withFolder(async (temporary) => {
      const { folder = temporary, open } = prepare(temporary) ?? {};
      const { page, problems, close } = await openWorkbench({
        ...{ folder, open, vsix, viewport },
        settings: { ...calm, ...settings, 'workbench.colorTheme': theme },
      });
      const shoot = async (what, milliseconds = 1000, element = page) => {
        await page.waitForTimeout(milliseconds);
        await element.screenshot({ path: join(pictures, `${what}-${name}.png`) });
      };
      try {
        await take({ page, folder, shoot });
        if (problems.length > 0) throw new Error(problems.join('\n'));
      } catch (error) {
        await page.screenshot({ path: failurePicture });
        throw error;
      } finally {
        await close();
      }
    });
  }
}

/** The last group of editors begins at `x` from now on. */
export async function moveLastGroup(page, x) {
  const group = await page.locator('.editor-group-container').last().boundingBox();
  await page.mouse.move(group.x, 500);
  await page.mouse.down();
  await page.mouse.move(x, 500, { steps: 4 });
  await page.mouse.up();
}

export async function hideSideBar(page) {
  if (await page.locator('.part.sidebar').isVisible()) await page.keyboard.press('Control+b');
}
