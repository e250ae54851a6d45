import type { Browser, Page } from 'playwright-core';

export function chromiumPath(): string | undefined;
export function startServer(options?: {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly testDriver?: boolean;
  readonly port?: number;
  readonly extension?: string;
  readonly path?: string | undefined;
  readonly trust?: boolean | undefined;
}): Promise<{ readonly port: number; readonly backups: string; stop(): Promise<void> }>;
export function openBrowser(): Promise<Browser>;
export function workbenchUrl(
  port: number,
  options: {
    readonly folder?: string | undefined;
    readonly open?: string;
    readonly extension?: string;
    readonly tests?: string;
  },
): string;
export function openPalette(page: Page, text: string, timeout?: number): Promise<void>;
export function runCommand(page: Page, title: string, timeout?: number): Promise<void>;
