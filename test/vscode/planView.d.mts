import type { Frame, FrameLocator, Page } from 'playwright-core';

export const sharedData: string;
export const hasSharedData: boolean;

export interface Workbench {
  readonly page: Page;
  /** Of the same window without a file to open: it restores what it had. */
  readonly url: string;
  /** The folder for what is not saved. */
  readonly backups: string;
  /** Breaches of the policy, and what our pages wrote to the console. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}

export function openWorkbench(options: {
  readonly folder?: string;
  /** The path of a file. */
  readonly open?: string;
  /** Installs the extension from this package, instead of running it from this folder; messages are shown then. */
  readonly vsix?: string;
  /** The folder of the extension, if not this one. */
  readonly extension?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Instead of the PATH of this process. */
  readonly path?: string;
  /** False for restricted mode. */
  readonly trust?: boolean;
  readonly viewport?: { readonly width: number; readonly height: number };
}): Promise<Workbench>;
/** Until the first text editor, of this file, shows what others write into it; the file is as it was afterwards. */
export function followsFile(page: Page, file: string): Promise<void>;
export function openPlanView(page: Page): Promise<FrameLocator>;
export function frameWith(page: Page, heading: string, timeout?: number): Promise<Frame>;
export function planFrame(page: Page): FrameLocator;
export function shownWindow(page: Page): Promise<string>;
export function shownText(page: Page): Promise<string>;
export function shownPeak(view: FrameLocator): Promise<number>;
