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
  readonly x: number;
  readonly y: number;
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

/** Steps side by side; a step drawn for several is as wide as they are. */
export interface StackedSteps {
  /** One more than steps. */
  readonly edges: readonly number[];
  /** For each of `seriesKeys`: by step, the bytes of it and all below it. */
  readonly tops: readonly (readonly number[])[];
}

export function stackedSteps({ totals, steps }: PlanPicture, range: Range, limit = mostPoints): StackedSteps {
  const shown = visibleSteps(steps, range, limit);
  const tops: number[][] = seriesKeys.map(() => []);
  const edges = shown.map((number, index) => (index === 0 ? number - 0.5 : (number + (shown[index - 1] ?? 0)) / 2));
  edges.push((shown.at(-1) ?? -1) + 0.5);
  for (const number of shown) {
    const step = steps[number];
    if (step === undefined) continue;
    let sum = 0;
    bytesOfStep(totals, step).forEach((bytes, series) => {
      sum += bytes;
      tops[series]?.push(sum);
    });
  }
  return { edges, tops };
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
