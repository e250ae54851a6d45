import { afterEach } from 'vitest';
import { shownWindow, type Workbench } from '../planView.mjs';

/** A test that fails leaves a picture in build/, and in the log what the window showed. To be called once in a file. */
export function tellOfFailures(opened: () => Workbench | undefined): void {
  afterEach(async ({ task }) => {
    const page = opened()?.page;
    if (task.result?.state !== 'fail' || page === undefined) return;
    console.error(`${task.name}: the window shows\n${await shownWindow(page)}`);
    await page.screenshot({ path: 'build/journey-failure.png' });
  });
}
