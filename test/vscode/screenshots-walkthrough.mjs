/**
 * Draws extension/walkthrough/*.svg: parts of the real product as shapes, in the colours of the reader's own theme.
 * `node test/vscode/screenshots-walkthrough.mjs view toggle` draws some of them.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { shapesOf } from './drawing.mjs';
import { svgOf } from './drawnSvg.mjs';
import { calm, copySample, failurePicture, root, withFolder } from './photograph.mjs';
import { frameWith, openPlanView, openWorkbench } from './planView.mjs';
import { recordCanvases } from './recordCanvas.mjs';
import { fileRow } from './sampleFirmware.mjs';
import { markedColours, themeColour } from './themeColours.mjs';
import { runCommand } from './workbench.mjs';

const folderOfPictures = join(root, 'extension/walkthrough');
const margin = 10;
const editorText = '.editor-container .lines-content .view-lines, .editor-container .lines-content .contentWidgets';
const patience = { timeout: 120_000 };
const settings = {
  ...calm,
  ...markedColours,
  'editor.lineNumbers': 'off',
  'editor.folding': false,
  'editor.glyphMargin': false,
  'editor.renderLineHighlight': 'none',
  'editor.guides.indentation': false,
  'editor.occurrencesHighlight': 'off',
  'editor.matchBrackets': 'never',
  'editor.bracketPairColorization.enabled': false,
  'editor.links': false,
  'editor.renderWhitespace': 'none',
  'files.exclude': { LICENSE: true, '.gitignore': true, '**/*.json': true },
};

/** Short enough to be seen whole. */
const plan = `// Learns five new kinds of clothes.
model "garments.tflite"
target stm32f401
budget 24 KB
data "data"

train {
  classes 5
  learning-rate 0.015
}

update {
  block2.depthwise .. classifier: bias
  block4.pointwise2: weights 1/2
  last_conv: weights all
}
`;

function cli(...args) {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/firmtune.js'), ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
}

/**
 * `take` brings the page there and gives what is drawn, elements of one frame; `size`: of the picture at most, from the
 * corner of the first element.
 */
const scenes = {
  sample: {
    title: 'The sample firmware in the explorer, and its main loop, which trains on a label',
    viewport: { width: 680, height: 560 },
    size: { width: 630, height: 425 },
    prepare: (folder) => {
      const sample = join(folder, 'firmtune-sample');
      cli('sample', sample);
      return { folder: sample, open: join(sample, 'src/main.c') };
    },
    async take(page) {
      await fileRow(page, 'main.c').waitFor(patience);
      await textIs(page, 'include');
      await goToLine(page, 107, 'garments_train_begin');
      return {
        part: page.locator(`.part.sidebar > .content, ${editorText}`),
        frame: page.locator('.part.sidebar > .content'),
      };
    },
  },
  plan: {
    title: 'A training plan: model, target, budget, data, and which layers train, with prices above the lines',
    viewport: { width: 560, height: 640 },
    size: { width: 470, height: 395 },
    prepare: (folder) => {
      copySample(folder);
      writeFileSync(join(folder, 'garments.trainplan'), plan);
      return { open: join(folder, 'garments.trainplan') };
    },
    async take(page) {
      await textIs(page, 'last_conv');
      await page.locator('.codelens-decoration', { hasText: 'peak' }).waitFor(patience);
      await page.locator('.codelens-decoration', { hasText: 'trained' }).nth(2).waitFor(patience);
      await hideSideBar(page);
      return { part: page.locator(editorText), frame: page.locator('.editor-container .overflow-guard') };
    },
  },
  view: {
    title: 'The plan view: peak, flash, arena, and the memory of each step of training, with the budget and the peak',
    viewport: { width: 590, height: 900 },
    size: { height: 612 },
    prepare: openSamplePlan,
    async take(page) {
      const view = await openLonePlanView(page);
      return { part: view.locator('.plan-header, .timeline') };
    },
  },
  toggle: {
    title: 'Layers in the plan view: switches for bias and weights, with the change of the memory under each position',
    viewport: { width: 630, height: 1800 },
    size: { height: 340 },
    prepare: openSamplePlan,
    async take(page) {
      const view = await openLonePlanView(page);
      await view.locator('.layers-viewport').evaluate((element) => element.scrollTo(0, element.scrollHeight));
      return { part: view.locator('.layers.section') };
    },
  },
  simulate: {
    title: 'The training monitor: accuracy after each epoch, and which classes are taken for which',
    viewport: { width: 560, height: 1800 },
    size: { height: 600 },
    prepare: openSamplePlan,
    async take(page) {
      await textIs(page, 'last_conv');
      await runCommand(page, 'Firmtune: Simulate Training');
      const monitor = await frameWith(page, 'Training Monitor');
      await monitor.locator('.runs tbody tr', { hasText: 'finished' }).waitFor(patience);
      await page.locator('.tab', { hasText: 'Training Monitor' }).click();
      await onlyThisGroup(page);
      // In another group the page is another.
      const alone = await frameWith(page, 'Training Monitor');
      await alone.locator('.runs tbody tr', { hasText: 'finished' }).waitFor(patience);
      return { part: alone.locator('section', { hasText: /^(Epochs|Confusion)/ }) };
    },
  },
  generate: {
    title: 'Generated C: the functions of garments.h',
    viewport: { width: 640, height: 640 },
    size: { width: 540, height: 460 },
    prepare: (folder) => {
      copySample(folder);
      cli('generate', join(folder, 'garments.trainplan'), '--out', join(folder, 'firmtune'));
      return { open: join(folder, 'firmtune/garments.h') };
    },
    async take(page) {
      await textIs(page, 'Generated by Firmtune');
      await hideSideBar(page);
      await goToLine(page, 76, 'garments_train_step');
      return { part: page.locator(editorText), frame: page.locator('.editor-container .overflow-guard') };
    },
  },
};

function openSamplePlan(folder) {
  copySample(folder);
  return { open: join(folder, 'garments.trainplan') };
}

/** Without the text beside it. */
async function openLonePlanView(page) {
  await textIs(page, 'last_conv');
  await hideSideBar(page);
  const view = await openPlanView(page);
  await onlyThisGroup(page);
  // Until all prices are there.
  await page.waitForTimeout(12_000);
  return view;
}

async function onlyThisGroup(page) {
  await runCommand(page, 'View: Close Editors in Other Groups');
  await hideSideBar(page);
}

async function goToLine(page, line, word) {
  await runCommand(page, 'Go to Line/Column...');
  await page.keyboard.type(`${line}`);
  await page.keyboard.press('Enter');
  await textIs(page, word);
}

async function textIs(page, word) {
  await page.locator('.monaco-editor .view-line', { hasText: word }).first().waitFor(patience);
}

async function hideSideBar(page) {
  const sideBar = page.locator('.part.sidebar');
  if (await sideBar.isVisible()) await page.keyboard.press('Control+b');
  await sideBar.waitFor({ state: 'hidden' });
}

async function draw(name, { prepare, viewport, size, title, take }) {
  await withFolder(async (temporary) => {
    const { folder = temporary, open } = prepare(temporary) ?? {};
    const { page, close } = await openWorkbench({ folder, open, viewport, settings });
    try {
      await page.context().addInitScript(recordCanvases);
      const { part, frame = part } = await take(page);
      await page.waitForTimeout(1500);
      await page.screenshot({ path: join(root, `build/walkthrough-${name}.png`) });
      const { x, y, width } = await frame.first().evaluate((element) => element.getBoundingClientRect().toJSON());
      const crop = { x: x - margin, y: y - margin, width: size.width ?? width + 2 * margin, height: size.height };
      const shapes = await part.evaluateAll(shapesOf);
      writeFileSync(join(folderOfPictures, `${name}.svg`), svgOf(shapes, crop, { title, colour: themeColour }));
    } catch (error) {
      await page.screenshot({ path: failurePicture });
      throw error;
    } finally {
      await close();
    }
  });
}

const chosen = process.argv.slice(2).filter((name) => name in scenes);
for (const name of chosen.length > 0 ? chosen : Object.keys(scenes)) await draw(name, scenes[name]);
