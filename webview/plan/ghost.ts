/** Another plan's timeline laid over this one: the same layer in the same phase at the same place. */

import type { GhostPicture, PictureStep, PlanPicture } from './messages.ts';
import { staticBytes } from './series.ts';
import { mostPoints, type Point, visibleSteps, wholeRange } from './timelineData.ts';

type Place = Pick<PictureStep, 'layer' | 'phase'>;

/** The picture before the last change, as something to compare with. */
export function ghostOf({ steps, totals }: PlanPicture, title: string): GhostPicture {
  return {
    kind: 'previous',
    title,
    steps: steps.map(({ layer, phase, liveBytes }) => ({ layer, phase, liveBytes })),
    totals,
  };
}

/**
 * For each step of `other` its place among `steps`. Steps of the same layer and phase meet; what only the other
 * schedule has is spread between its neighbours. Never falls.
 */
export function alignedSteps(other: readonly Place[], steps: readonly Place[]): readonly number[] {
  const meetings = meetingsOf(other, steps);
  const places: number[] = [];
  let from = { other: -1, own: -1 };
  for (const to of [...meetings, { other: other.length, own: steps.length }]) {
    const width = to.other - from.other;
    for (let step = from.other + 1; step < to.other; step++) {
      places[step] = from.own + ((step - from.other) * (to.own - from.own)) / width;
    }
    if (to.other < other.length) places[to.other] = to.own;
    from = to;
  }
  return places;
}

interface Meeting {
  readonly other: number;
  readonly own: number;
}

/** The longest rising sequence of pairs of equal steps: the n-th of a layer and phase meets the n-th. */
function meetingsOf(other: readonly Place[], steps: readonly Place[]): readonly Meeting[] {
  const own = new Map(numbered(steps).map((key, index) => [key, index]));
  const pairs = numbered(other).flatMap((key, index): Meeting[] => {
    const match = own.get(key);
    return match === undefined ? [] : [{ other: index, own: match }];
  });
  // Patience sorting: `ends[n]` is the pair with the lowest place that ends a rising sequence of n + 1.
  const ends: number[] = [];
  const before: number[] = [];
  pairs.forEach((pair, index) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[ends[middle] ?? 0]?.own ?? 0) < pair.own) low = middle + 1;
      else high = middle;
    }
    before[index] = low === 0 ? -1 : (ends[low - 1] ?? -1);
    ends[low] = index;
  });
  const rising: Meeting[] = [];
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index] ?? -1) {
    const pair = pairs[index];
    if (pair !== undefined) rising.push(pair);
  }
  return rising.reverse();
}

function numbered(steps: readonly Place[]): readonly string[] {
  const seen = new Map<string, number>();
  return steps.map(({ layer, phase }) => {
    const key = `${phase} ${layer}`;
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    return `${key} ${count}`;
  });
}

/** The ghost line, in total SRAM like the stack it is laid over. */
export function ghostPoints(ghost: GhostPicture, steps: readonly Place[]): Point[] {
  const places = alignedSteps(ghost.steps, steps);
  const below = staticBytes(ghost.totals);
  const points = visibleSteps(ghost.steps, wholeRange(ghost.steps.length), mostPoints).map((step) => ({
    x: places[step] ?? step,
    y: below + (ghost.steps[step]?.liveBytes ?? 0),
  }));
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return [];
  return [{ x: -0.5, y: first.y }, ...points, { x: steps.length - 0.5, y: last.y }];
}
