/**
 * `npm run bench -- click [PLAN] [--toggles N] [--at-once]`: the plan view in a real workbench, from the click to the painted picture.
 * Runs test/vscode/clicks.mjs, which needs the workbench of `node test/vscode/install.mjs` and Chromium.
 */

import { spawnSync } from 'node:child_process';
import process from 'node:process';

export interface ClickTimes {
  readonly toggles: number;
  /** Milliseconds from the click on a switch until the frame with the new peak and timeline was painted. */
  readonly p50: number;
  readonly p95: number;
  readonly most: number;
  /** The view is opened while VS Code still starts, not after it has come to rest. */
  readonly atOnce: boolean;
  /** Milliseconds from the click on the button in the title bar until the frame with the first picture was painted. */
  readonly firstPaint: number;
  /** Milliseconds as VS Code states them: loading and activating the extension. */
  readonly activation: number;
  readonly cores: number;
  /** What else the machine did: runnable processes, averaged over a minute. */
  readonly load: number;
  /** What the pages wrote to the console, and breaches of their policy. */
  readonly problems: number;
}

export function runClicks(args: readonly string[]): ClickTimes {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['test/vscode/clicks.mjs', ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
