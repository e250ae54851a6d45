/** Zoom on an axis by wheel and keys, on numbers alone; the plugin for it would bring a gesture library. */

import type { Range } from './timelineData.ts';

/** Nothing narrower than this is worth seeing, in units of the axis. */
const leastWidth = { steps: 4, addresses: 256 } as const;

/** `factor` below 1 zooms in, about `centre`. Null: all is in sight again. */
export function zoomed(
  range: Range,
  whole: Range,
  factor: number,
  centre: number,
  axis: keyof typeof leastWidth,
): Range | null {
  const all = whole.max - whole.min;
  const width = Math.max((range.max - range.min) * factor, Math.min(leastWidth[axis], all));
  if (width >= all) return null;
  const share = (centre - range.min) / (range.max - range.min || 1);
  return within({ min: centre - share * width, max: centre + (1 - share) * width }, whole);
}

/** Moved by a part of its own width; as far as there is something to see. */
export function panned(range: Range, whole: Range, share: number): Range {
  const by = (range.max - range.min) * share;
  return within({ min: range.min + by, max: range.max + by }, whole);
}

/** So moved that `value` is in sight. */
export function showing(range: Range, whole: Range, value: number): Range {
  if (value >= range.min && value <= range.max) return range;
  const half = (range.max - range.min) / 2;
  return within({ min: value - half, max: value + half }, whole);
}

function within({ min, max }: Range, whole: Range): Range {
  const width = max - min;
  if (min < whole.min) return { min: whole.min, max: Math.min(whole.min + width, whole.max) };
  if (max > whole.max) return { min: Math.max(whole.max - width, whole.min), max: whole.max };
  return { min, max };
}

/** One notch of a wheel and one press of a key. */
export const zoomStep = 1.25;

export interface WheelZoom {
  zoom(factor: number, event: WheelEvent): void;
  pan(share: number): void;
}

/**
 * Wheel: zoom; with Shift, or sideways: pan. Where the page scrolls, a bare wheel is left to it unless the chart has
 * the focus.
 */
export function onWheel(target: HTMLElement, { zoom, pan }: WheelZoom): void {
  target.addEventListener(
    'wheel',
    (event) => {
      const page = document.scrollingElement;
      const pageScrolls = page !== null && page.scrollHeight > page.clientHeight + 1;
      const meant = event.ctrlKey || event.metaKey || event.shiftKey || target.matches(':focus, :focus-within');
      if (pageScrolls && !meant) return;
      event.preventDefault();
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(Math.sign(sideways) * 0.1);
      else zoom(event.deltaY > 0 ? zoomStep : 1 / zoomStep, event);
    },
    { passive: false },
  );
}
