/** Makes the pictures of docs/model-view.md. */
import { copySample, hideSideBar, photograph } from './photograph.mjs';
import { planFrame } from './planView.mjs';
import { runCommand } from './workbench.mjs';

await photograph({ prepare: copySample, viewport: { width: 1300, height: 780 } }, async ({ page, shoot }) => {
  const view = planFrame(page);
  // The command waits for the extension; a file that was opened before it would come as text.
  await runCommand(page, 'Firmtune: Open Model View');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'garments.tflite' }).click();
  await view.locator('.node').first().waitFor({ timeout: 60_000 });
  await hideSideBar(page);
  await view.locator('.toolbar select').first().selectOption('update');
  await view.locator('.node[aria-label^="last_conv,"]').click();
  await view.getByText('Codes of the weights').waitFor();
  await page.mouse.move(620, 770);
  await shoot('model-view');
});
