/** Why this choice: for each layer what trains, what it gives of what it could give, and the reason in words. */

import { element, setText } from '../dom.ts';
import { t } from '../text.ts';
import type { FitChoice, FitLayer, FitPlan } from './messages.ts';
import { scoreText } from './words.ts';

export interface LayersCard {
  readonly element: HTMLElement;
  update(choice: FitChoice | undefined, gains: FitPlan['gains']): void;
}

export function createLayers(): LayersCard {
  const note = element('p', { class: 'muted note' });
  const whole = element('div', { class: 'whole' });
  const gainHead = element('th', { scope: 'col', class: 'gain-head' });
  const body = element('tbody');
  const head = (title: string): HTMLElement => element('th', { scope: 'col' }, title);
  const table = element(
    'table',
    { class: 'data-table layers' },
    element('thead', {}, element('tr', {}, head(t('Layer')), head(t('Trains')), gainHead, head(t('Why')))),
    body,
  );
  const scroll = element('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': t('Layers') }, table);
  const root = element(
    'section',
    { class: 'card', 'aria-labelledby': 'layers-title' },
    element('header', {}, element('h2', { class: 'section-title', id: 'layers-title' }, t('Why this choice'))),
    whole,
    note,
    scroll,
  );
  return {
    element: root,
    update(choice, gains) {
      root.hidden = choice === undefined;
      if (choice === undefined) return;
      const measured = gains === 'measured';
      setText(gainHead, measured ? t('Measured gain of weights') : t('Guessed gain of weights'));
      setText(
        note,
        t('A bar is what the weights that train give, in points; its frame is the most that this layer could give.'),
      );
      whole.replaceChildren(...choice.why.map((text) => element('p', {}, text)));
      const most = Math.max(0, ...choice.layers.map(({ mostGain }) => mostGain));
      body.replaceChildren(...choice.layers.map((layer) => row(layer, most, measured)));
    },
  };
}

function row({ name, trains, gain, mostGain, why }: FitLayer, most: number, measured: boolean): HTMLElement {
  const percent = (value: number): string => `${most === 0 ? 0 : (100 * Math.max(0, value)) / most}%`;
  const bar = element('span', { class: measured ? 'bar' : 'bar guessed' });
  bar.style.width = percent(gain);
  const frame = element('span', { class: 'bar-frame' });
  frame.style.width = percent(mostGain);
  frame.hidden = mostGain <= 0;
  const text = mostGain === 0 && gain === 0 ? '–' : t('{0} of {1}', scoreText(gain), scoreText(mostGain));
  return element(
    'tr',
    { class: trains === '' ? 'frozen' : undefined },
    element('th', { scope: 'row' }, name),
    element('td', {}, trains === '' ? t('frozen') : trains),
    element(
      'td',
      { class: 'gain' },
      element('span', { class: 'bar-track', 'aria-hidden': 'true' }, frame, bar),
      element('span', { class: 'figure' }, text),
    ),
    element('td', { class: 'why' }, why ?? ''),
  );
}
