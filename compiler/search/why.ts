/** Why a choice was made, in words: what each part gives and takes, and what was left out. */
import type { Oracle, Planned } from './costs.ts';
import { type Choice, type SearchSpace, scoreOf } from './space.ts';

export interface Reason {
  /** Absent where it is about the choice as a whole. */
  readonly layer?: string;
  readonly text: string;
}

/** How many of what was left out are worth a word. */
const mentioned = 3;

/** First what the gains are, then the biases, the weights in order of their gain, and the best of what was left out. */
export function reasonsFor(space: SearchSpace, best: Planned, oracle: Oracle): readonly Reason[] {
  const { choice, totals } = best;
  const origin =
    space.source === 'measured'
      ? 'Gains were measured by short fine-tuning runs, and are assumed to add up.'
      : 'Nothing was measured: gains are guessed from published experience (later layers matter more, the first 1x1 layer of a block most, biases everywhere). Run `firmtune contribution` for gains of your data.';
  const reasons: Reason[] = [{ text: origin }];
  const first = space.layers[choice.from];
  const count = space.layers.length - choice.from;
  reasons.push(
    first === undefined
      ? { text: 'Only the head trains: there is no room for more.' }
      : {
          layer: first.name,
          text: `biases of the last ${count} layers, from ${first.name} on: ${points(first.biasGain)}`,
        },
  );
  const layers = space.layers.map((layer, index) => ({ ...layer, index, option: choice.options[index] ?? -1 }));
  const chosen = layers
    .flatMap((layer) => {
      const option = layer.options[layer.option];
      return option === undefined ? [] : [{ ...layer, gain: option.gain, share: shareText(option.selection) }];
    })
    .sort((a, b) => b.gain - a.gain);
  for (const { name, gain, share, index, option, options } of chosen) {
    const without = oracle.plan(withOption(choice, index, -1))?.totals.sramBytes;
    const price = without === undefined ? '' : ` for ${(totals.sramBytes - without).toLocaleString('en')} B`;
    const more = options[option + 1];
    const rest = more === undefined ? '' : `; ${shareText(more.selection)} would give ${points(more.gain - gain)} more`;
    reasons.push({ layer: name, text: `${share}: ${points(gain)}${price}${rest}` });
  }
  const left = layers
    .filter(({ option }) => option < 0)
    .flatMap((layer) => layer.options.map((option) => ({ name: layer.name, index: layer.index, ...option })))
    .sort((a, b) => b.gain - a.gain)
    .filter(({ gain }, index, all) => gain > 0 && all.findIndex((each) => each.name === all[index]?.name) === index)
    .slice(0, mentioned);
  for (const { name, gain, selection, index } of left) {
    const deeper = index < choice.from ? ', but gradients would have to reach deeper' : '';
    reasons.push({
      layer: name,
      text: `left frozen: ${shareText(selection)} would give ${points(gain)}${deeper}, for bytes that give more elsewhere`,
    });
  }
  reasons.push({ text: `In all ${points(scoreOf(space, choice))} over the head alone.` });
  return reasons;
}

function withOption({ from, options }: Choice, layer: number, option: number): Choice {
  return { from, options: options.with(layer, option) };
}

function points(gain: number): string {
  return `${gain.toFixed(1)} points`;
}

function shareText(selection: SearchSpace['layers'][number]['options'][number]['selection']): string {
  if (selection.kind !== 'fraction') return 'weights';
  return selection.numerator === selection.denominator
    ? 'all weights'
    : `weights ${selection.numerator}/${selection.denominator}`;
}
