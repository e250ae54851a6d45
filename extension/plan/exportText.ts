/** The timeline for other programs. */

import { type PlanPicture, roles } from '../../webview/messages.ts';

/** One row for each step; bytes of the arena in all and by role. */
export function timelineCsv({ steps }: PlanPicture): string {
  const head = ['step', 'layer', 'phase', 'kernel', 'macs', 'live_bytes', ...roles.map((role) => `${role}_bytes`)];
  const rows = steps.map(({ layer, phase, kernel, macs, liveBytes, byRole }, step) => [
    ...[step, layer, phase, kernel, macs, liveBytes],
    ...byRole,
  ]);
  return [head, ...rows].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/** RFC 4180. */
function csvCell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The arena in the form that Samsung ONE's allocation viewer opens. Time is counted in steps; `alive_till` is the
 * first step without the buffer. Releases of the viewer differ in how they call a segment's name, so both are there.
 */
export function allocationTrace({ name, totals, buffers }: PlanPicture): string {
  const title = `${name} arena`;
  const allocations = buffers.map(({ name: origin, bytes, offset, first, last }) => ({
    origin,
    offset,
    size: bytes,
    alive_from: first,
    alive_till: last + 1,
  }));
  const segments = [{ title, name: title, size: totals.arenaBytes, allocations }];
  return `${JSON.stringify({ schema_version: 1, segments }, undefined, 2)}\n`;
}
