/** What the colours and bars of the nodes mean. */

import { element } from '../dom.ts';
import { t } from '../text.ts';
import type { ModelFamily, ModelPicture } from './messages.ts';
import { modelFamilies } from './messages.ts';
import type { Tint } from './state.ts';

export function legend(picture: ModelPicture, tint: Tint): HTMLElement {
  if (tint === 'kind') {
    const names: Readonly<Record<ModelFamily, string>> = {
      convolution: t('convolution'),
      depthwise: t('depthwise'),
      dense: t('dense'),
      pool: t('pool'),
      merge: t('merge'),
      shape: t('shape'),
      activation: t('activation'),
    };
    const present = modelFamilies.filter((family) => picture.layers.some((layer) => layer.family === family));
    return element(
      'ul',
      { class: 'legend', 'aria-label': t('Colours') },
      ...present.map((family) =>
        element('li', {}, element('span', { class: `swatch family-${family}`, 'aria-hidden': 'true' }), names[family]),
      ),
    );
  }
  const texts: Readonly<Record<Exclude<Tint, 'kind'>, string>> = {
    activations: t(
      'Bar: bytes of all activations alive while the layer runs, of the most anywhere. Whole tensors, nothing streamed or in place: the plan view has the exact peak.',
    ),
    macs: t('Bar: multiply-accumulates of one inference, of the most in any layer.'),
    weights: t('Bar: bytes of weights and biases, of the most in any layer.'),
    update: t('Bar: part of the layer’s weights that the plan trains.'),
  };
  return element('p', { class: 'legend' }, texts[tint]);
}
