/** Makes the pictures of docs/editor.md, with the packed extension. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { calm, copySample, failurePicture, pictures, root, themes, withFolder } from './photograph.mjs';
import { packExtension } from './sampleFirmware.mjs';
import { openBrowser, startServer, workbenchUrl } from './workbench.mjs';

const size = { width: 1000, height: 520 };

/** Large and calm: text that is legible in a document. */
const settings = {
  ...calm,
  'editor.fontSize': 15,
  'editor.codeLensFontSize': 13,
  'editor.scrollbar.vertical': 'hidden',
  'editor.overviewRulerBorder': false,
  'editor.hideCursorInOverviewRuler': true,
  'editor.renderLineHighlight': 'none',
  'editor.guides.indentation': false,
};

/** Short enough to be seen whole. */
const plan = `// The camera in the wardrobe learns what its owner wears.
model "garments.tflite"
target stm32f401
budget 24 KB
data "data"

train {
  classes 5  // sandal, shirt, sneaker, bag, ankle boot
  learning-rate 0.015
}

update {
  block2.depthwise .. classifier: bias
  block4.pointwise1: weights 1/4
  block4.pointwise2: weights 1/2
  last_conv: weights all
}
`;
const vsix = join(root, 'build/firmtune.vsix');
packExtension(vsix);
mkdirSync(pictures, { recursive: true });
for (const [name, theme] of Object.entries(themes)) {
  await withFolder((folder) => photographEditor(folder, name, theme));
}

async function photographEditor(folder, name, theme) {
  copySample(folder);
  const write = (file, text) => writeFileSync(join(folder, file), text);
  write('wardrobe.trainplan', plan);
  write('mistake.trainplan', plan.replace('block4.pointwise2', 'block4.pointwize2'));
  const tooLittle = Math.floor((peakBytes(join(folder, 'wardrobe.trainplan')) * 0.985) / 100) * 100;
  write('large.trainplan', plan.replace('budget 24 KB', `budget ${tooLittle} B`));
  const server = await startServer({
    settings: { ...settings, 'workbench.colorTheme': theme },
    extension: vsix,
  });
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: size, deviceScaleFactor: 1.5 });
    const shoot = async (what) => {
      // Until hovers have faded in and their buttons have come.
      await page.waitForTimeout(1000);
      await page.screenshot({ path: join(pictures, `plan-${what}-${name}.png`) });
    };
    const open = async (file) => {
      await page.goto(workbenchUrl(server.port, { folder, open: join(folder, file) }));
      await page.locator('.monaco-editor .view-line').first().waitFor({ timeout: 60_000 });
      await page
        .locator('.monaco-editor .codelens-decoration', { hasText: 'trained' })
        .first()
        .waitFor({ timeout: 60_000 });
      const sideBar = page.locator('.part.sidebar');
      if (await sideBar.isVisible()) await page.keyboard.press('Control+b');
      await sideBar.waitFor({ state: 'hidden' });
    };
    await open('wardrobe.trainplan');
    await page.locator('.codelens-decoration', { hasText: 'peak' }).waitFor({ timeout: 30_000 });
    await shoot('lenses');
    await page.getByText('last_conv', { exact: true }).hover();
    await page.locator('.monaco-hover:not(.hidden) .hover-row').first().waitFor({ timeout: 10_000 });
    await shoot('hover');
    await open('mistake.trainplan');
    await page.locator('.squiggly-error').first().waitFor({ timeout: 30_000 });
    await page.getByText('pointwize2').hover();
    await page.locator('.monaco-hover .marker', { hasText: 'unknown-layer' }).waitFor({ timeout: 10_000 });
    await shoot('error');
    await openQuickFixes(page, 'pointwize2', 'pointwise2');
    await shoot('quick-fix');
    await open('large.trainplan');
    await page.locator('.squiggly-error').first().waitFor({ timeout: 30_000 });
    await openQuickFixes(page, 'budget', 'fits');
    await shoot('budget');
  } catch (error) {
    await browser.contexts()[0]?.pages()[0]?.screenshot({ path: failurePicture });
    throw error;
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** The editor closes the menu when lenses or prices come in meanwhile: then it is opened again. */
async function openQuickFixes(page, word, fix) {
  const menu = page.locator('.action-widget', { hasText: fix });
  await page.locator('.view-line').getByText(word).first().click();
  await page.locator('[class*="lightbulb"]:visible').first().waitFor({ timeout: 20_000 });
  for (let attempt = 0; attempt < 5 && !(await menu.isVisible()); attempt++) {
    await page.keyboard.press('Control+.');
    await menu.waitFor({ timeout: 4000 }).catch(() => undefined);
  }
  if (!(await menu.isVisible())) throw new Error(`no quick fix with ${fix}`);
}

/** What the plan takes, as the command line has it. */
function peakBytes(file) {
  const program = join(root, 'dist/firmtune.js');
  const { stdout } = spawnSync(process.execPath, [program, 'plan', file, '--json'], { encoding: 'utf8' });
  return JSON.parse(stdout).sramBytes;
}
