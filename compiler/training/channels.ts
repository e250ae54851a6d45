/** Which channels train (numerics.md 8 and 11). */
import { perObject } from '../model/memo.ts';
import type { WeightedLayer } from '../operators/weighted.ts';
import type { WeightSelection } from './plan.ts';

/** Channels whose weight scale is below 1e-3 of the layer's median are dead: neither weights nor bias change. */
export const deadChannels = perObject((scales: readonly number[]): readonly boolean[] => {
  const threshold = 1e-3 * median(scales);
  return scales.map((scale) => scale < threshold);
});

/** The mean of the two middle values where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** How many channels a selection takes of a layer that has `channels` of them. */
export function selectedCount(selection: WeightSelection, channels: number): number {
  switch (selection.kind) {
    case 'none':
      return 0;
    case 'fraction':
      return Math.floor((channels * selection.numerator) / selection.denominator);
    case 'channels':
      return selection.count;
  }
}

/** Channels that a selection counts: input channels; a depthwise layer's own. */
export function selectableChannels(data: WeightedLayer): number {
  return data.depthwise ? data.outputs : data.inputs;
}

/** The chosen channels, ascending: the first ones, or those with the largest integer sum of squares of their codes. */
export function chooseChannels(data: WeightedLayer, selection: WeightSelection): readonly number[] {
  const channels = selectableChannels(data);
  const count = selectedCount(selection, channels);
  const all = Array.from({ length: channels }, (_, index) => index);
  if (count >= channels) return all;
  if (selection.kind !== 'none' && selection.first) return all.slice(0, count);
  return rankedChannels(data)
    .slice(0, count)
    .sort((a, b) => a - b);
}

/** All of them, most energy first. */
const rankedChannels = perObject((data: WeightedLayer): readonly number[] => {
  const channels = selectableChannels(data);
  const energy = new Array<number>(channels).fill(0);
  data.weights.forEach((code, index) => {
    const channel = index % channels;
    energy[channel] = (energy[channel] ?? 0) + code * code;
  });
  return energy.map((_, channel) => channel).sort((a, b) => (energy[b] ?? 0) - (energy[a] ?? 0) || a - b);
});
