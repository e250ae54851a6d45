import type { Frame, Locator, Page } from 'playwright-core';

export function missingTools(): readonly string[];
export function packExtension(vsix: string): void;
export function chooseSampleFolder(page: Page, parent: string): Promise<string>;
export function fileRow(page: Page, name: string): Locator;
export function lossesInTable(
  monitor: Frame,
): Promise<{ readonly first: number; readonly last: number; readonly rows: number }>;
