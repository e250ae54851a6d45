/** What a user does in the plan view, in a real workbench. */
import { copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { FrameLocator } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { compilePlanFile } from '../../../extension/cli/compilation.ts';
import {
  hasSharedData,
  openPlanView,
  openWorkbench,
  sharedData,
  shownPeak,
  shownText,
  type Workbench,
} from '../planView.mjs';
import { runCommand } from '../workbench.mjs';
import { tellOfFailures } from './failure.ts';
import { until } from './until.ts';

const folders: string[] = [];
let workbench: Workbench | undefined;

afterEach(async () => {
  await workbench?.close();
  workbench = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
// Before it is closed: what is said last is done first.
tellOfFailures(() => workbench);

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firmtune-journey-'));
  folders.push(folder);
  return folder;
}

async function peakOfText(folder: string, text: string): Promise<number> {
  const file = join(folder, 'as-the-command-line-sees-it.trainplan');
  writeFileSync(file, text);
  const compiled = await compilePlanFile(file);
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
  return compiled.value.memory.sramBytes;
}

interface Seen {
  readonly text: string;
  readonly peak: number;
  readonly timeline: string;
  /** Of the text, as the command line has it. */
  readonly expected: number;
}

/** What the timeline says of itself. */
function timelineSummary(view: FrameLocator): Promise<string> {
  return view
    .getByText(/^Peak [\d,]+ B in step/)
    .first()
    .innerText();
}

describe('from the palette to a switched layer', () => {
  const name = hasSharedData ? 'mcunet-5fps' : 'garments';
  const layer = hasSharedData ? 'block8.pointwise1' : 'block4.pointwise1';

  it(`${name}: a click changes one place of the text, the peak and the timeline; undo restores them`, async () => {
    const folder = newFolder();
    if (hasSharedData)
      copyFileSync(join(sharedData, 'models/mcunetv3/mcunet-5fps.tflite'), join(folder, 'mcunet-5fps.tflite'));
    else cpSync('extension/samples/garments', folder, { recursive: true });
    workbench = await openWorkbench({ folder });
    const { page, problems } = workbench;

    await runCommand(page, 'Firmtune: New Training Plan');
    const input = page.locator('.quick-input-widget input.input');
    const choice = page.locator('.quick-input-list .monaco-list-row');
    await choice
      .filter({ hasText: `${name}.tflite` })
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    await choice.filter({ hasText: 'stm32f746' }).first().waitFor();
    await input.fill('stm32f746');
    await page.keyboard.press('Enter');
    await page.locator('.view-line', { hasText: 'weights all' }).first().waitFor();

    const view = await openPlanView(page);
    const seen = async (): Promise<Seen> => {
      const text = await shownText(page);
      const figures = { peak: await shownPeak(view), timeline: await timelineSummary(view) };
      return { text, ...figures, expected: await peakOfText(folder, text) };
    };
    // The text editor draws line by line.
    const before = await until('the text and its peak', seen, ({ peak, expected }) => peak === expected);

    await view.getByPlaceholder('Filter layers').fill(layer);
    await view.locator(`[data-layer="${layer}"]`).locator('[data-switch="1/2"]').click();
    const { peak, text } = await until(
      'a new text, and its peak and timeline',
      seen,
      (now) => now.peak === now.expected && now.peak !== before.peak && now.timeline !== before.timeline,
    );
    const [lines, linesBefore] = [text.split('\n'), before.text.split('\n')];
    const added = lines.filter((line) => !linesBefore.includes(line));
    expect(added).toEqual([`  ${layer}: weights 1/2`]);
    expect(lines.filter((line) => !added.includes(line))).toEqual(linesBefore);

    // With the focus in the view, as after the click.
    await page.keyboard.press('Control+z');
    await until('the old peak, text and timeline', seen, (now) => isDeepStrictEqual(now, before));
    await page.keyboard.press('Control+Shift+z');
    await until(
      'the new peak again',
      () => shownPeak(view),
      (figure) => figure === peak,
    );
    await view.getByRole('button', { name: 'Undo' }).click();
    await until(
      'the old peak again',
      () => shownPeak(view),
      (figure) => figure === before.peak,
    );
    expect(problems).toEqual([]);
  });
});
