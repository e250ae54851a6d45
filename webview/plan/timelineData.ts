/** The timeline's figures, free of any drawing. */

import type { PictureBuffer, PictureStep, PlanPicture } from './messages.ts';
import { bytesOfStep, seriesKeys, staticBytes } from './series.ts';

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Steps lie at whole numbers; each is as wide as one. */
export function wholeRange(steps: number): Range {
  return { min: -0.5, max: Math.max(steps, 1) - 0.5 };
}

export interface Point {
  x: number;
  y: number;
}

/** More points than these nobody can tell apart. */
export const mostPoints = 300;

/**
 * The numbers of the steps to draw: all within the range, or of each run of several the one with the most live bytes,
 * so that no peak is lost. The first and last are always of them.
 */
export function visibleSteps(
  steps: readonly Pick<PictureStep, 'liveBytes'>[],
  range: Range,
  limit = mostPoints,
): number[] {
  const first = Math.max(0, Math.floor(range.min));
  const last = Math.min(steps.length - 1, Math.ceil(range.max));
  const count = last - first + 1;
  if (count <= limit) return Array.from({ length: Math.max(count, 0) }, (_, index) => first + index);
  const inner = limit - 2;
  const chosen = [first];
  for (let run = 0; run < inner; run++) {
    const from = first + 1 + Math.floor((run * (count - 2)) / inner);
    const to = first + 1 + Math.floor(((run + 1) * (count - 2)) / inner);
    let best = from;
    for (let step = from; step < to; step++) {
      if ((steps[step]?.liveBytes ?? 0) > (steps[best]?.liveBytes ?? 0)) best = step;
    }
    chosen.push(best);
  }
  chosen.push(last);
  return chosen;
}

/**
 * Fills `series` (one list of points for each of `seriesKeys`) in place: arrays and points that fit are kept, so that
 * a redraw allocates next to nothing. Edges are repeated half a step outside, where the first and last step end.
 */
export function fillSeries(series: Point[][], { totals, steps }: PlanPicture, range: Range, limit = mostPoints): void {
  const shown = visibleSteps(steps, range, limit);
  const count = shown.length === 0 ? 0 : shown.length + 2;
  for (const points of series) {
    while (points.length < count) points.push({ x: 0, y: 0 });
    points.length = count;
  }
  const write = (index: number, x: number, bytes: readonly number[]): void => {
    seriesKeys.forEach((_, key) => {
      const point = series[key]?.[index];
      if (point === undefined) return;
      point.x = x;
      point.y = bytes[key] ?? 0;
    });
  };
  shown.forEach((number, index) => {
    const step = steps[number];
    if (step === undefined) return;
    const bytes = bytesOfStep(totals, step);
    write(index + 1, number, bytes);
    if (index === 0) write(0, number - 0.5, bytes);
    if (index === shown.length - 1) write(index + 2, number + 0.5, bytes);
  });
}

export function heightAt({ totals, steps }: PlanPicture, step: number): number {
  return staticBytes(totals) + (steps[step]?.liveBytes ?? 0);
}

/** A run of steps with one heading. Updates are made in between of backward steps, so both are one. */
export interface Band {
  readonly phase: 'forward' | 'loss' | 'backward';
  readonly first: number;
  readonly last: number;
}

export function bandsOf(steps: readonly Pick<PictureStep, 'phase'>[]): readonly Band[] {
  const bands: { phase: Band['phase']; first: number; last: number }[] = [];
  steps.forEach(({ phase }, number) => {
    const known = phase === 'update' ? 'backward' : phase;
    const band = bands.at(-1);
    if (band?.phase === known) band.last = number;
    else bands.push({ phase: known, first: number, last: number });
  });
  return bands;
}

/** Largest first. */
export function aliveAt(buffers: readonly PictureBuffer[], step: number): readonly PictureBuffer[] {
  return buffers.filter(({ first, last }) => first <= step && last >= step).sort((a, b) => b.bytes - a.bytes);
}

/**
 * The top of the y axis: the budget where it is in sight of the highest step, else a little above that step, and the
 * budget is told in words.
 */
export function topOf(picture: PlanPicture, ghostBytes = 0): { readonly bytes: number; readonly showsBudget: boolean } {
  const highest = Math.max(picture.totals.sramBytes, ghostBytes, 1);
  const showsBudget = picture.budgetBytes <= highest * 2;
  return { bytes: Math.max(highest, showsBudget ? picture.budgetBytes : 0) * 1.08, showsBudget };
}
