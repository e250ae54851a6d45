/** Plans as points among the choices of a search. */

import type { Choice, SearchSpace, WeightOption } from '../../compiler/search/space.ts';
import { selectedCount } from '../../compiler/training/channels.ts';
import { frozen, type LayerUpdate } from '../../compiler/training/plan.ts';

export interface Rated {
  /** The largest choice that trains nothing but what the update trains. */
  readonly choice: Choice;
  /** The choice trains all of the update. */
  readonly exact: boolean;
}

/** `channels`: how many of each layer's can be chosen. */
export function ratedUpdate(
  { layers }: SearchSpace,
  update: ReadonlyMap<string, LayerUpdate>,
  channels: ReadonlyMap<string, number>,
): Rated {
  const updates = layers.map(({ name }) => update.get(name) ?? frozen);
  const from = updates.findLastIndex(({ bias }) => !bias) + 1;
  let exact = !updates.slice(0, from).some(({ bias }) => bias);
  const options = layers.map(({ name, options: known }, index) => {
    const weights = updates[index]?.weights ?? frozen.weights;
    const all = channels.get(name) ?? 0;
    const count = selectedCount(weights, all);
    const sizes = known.map(({ selection }: WeightOption) => selectedCount(selection, all));
    const option = sizes.findLastIndex((size) => size <= count);
    if ((sizes[option] ?? 0) !== count) exact = false;
    return option;
  });
  return { choice: { from, options }, exact };
}

/** All that has a gain. */
export function mostUseful({ layers }: SearchSpace): Choice {
  const gains = layers.map(({ biasGain }) => biasGain);
  const most = Math.max(0, ...gains);
  return {
    from: most > 0 ? gains.indexOf(most) : layers.length,
    options: layers.map(({ options }) => {
      const best = Math.max(0, ...options.map(({ gain }) => gain));
      return options.findIndex(({ gain }) => gain === best && gain > 0);
    }),
  };
}
