/** The timeline and the arena as files for other programs. Plain data in, text out. */

import type { PlanPicture } from './messages.ts';
import { bytesOfStep, seriesKeys, staticBytes } from './series.ts';

/**
 * One line for each step: its number, phase, layer, kernel, multiply-accumulates; bytes of SRAM in all, bytes alive in
 * the arena, and the bytes of each part, which add up to the SRAM in all. RFC 4180.
 */
export function timelineCsv(picture: PlanPicture): string {
  const below = staticBytes(picture.totals);
  const header = ['step', 'phase', 'layer', 'kernel', 'macs', 'sram_bytes', 'arena_live_bytes'];
  const rows = picture.steps.map((step, number) => [
    ...[number, step.phase, step.layer, step.kernel, step.macs, below + step.liveBytes, step.liveBytes],
    ...bytesOfStep(picture.totals, step),
  ]);
  const lines = [[...header, ...seriesKeys.map((key) => `${key}_bytes`)], ...rows];
  return lines.map((line) => `${line.map(csvField).join(',')}\r\n`).join('');
}

function csvField(value: string | number): string {
  const text = `${value}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The arena in the format of the allocation viewer of Samsung's ONE: one segment with every buffer's offset and size in
 * bytes, and its life in steps; `alive_till` is the step after its last. The segment's name is `title` in the format's
 * description and `name` in its viewer, so it has both.
 */
export function traceAllocation({ name, totals, buffers }: PlanPicture): string {
  const title = `${name}: arena`;
  const allocations = buffers.map(({ name: origin, layer, role, bytes, offset, first, last }) => ({
    offset,
    size: bytes,
    alive_from: first,
    alive_till: last + 1,
    origin: `${layer}: ${origin} (${role})`,
  }));
  const segments = [{ title, name: title, size: totals.arenaBytes, allocations }];
  return `${JSON.stringify({ schema_version: 1, segments }, undefined, 2)}\n`;
}
