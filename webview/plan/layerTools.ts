/** What stands above the layers: a filter, a way to choose the last ones, and what can be done with those chosen. */

import { button, element, setText } from '../dom.ts';
import { figure, t } from '../text.ts';
import { positionTitle } from './layerRow.ts';
import { type LayerSwitch, type PictureLayer, type PlanPicture, weightPositions } from './messages.ts';

export interface LayerToolsEvents {
  onFilter(filter: string): void;
  onLast(count: number): void;
  onChange(change: LayerSwitch): void;
  onClear(): void;
}

export interface LayerTools {
  readonly header: HTMLElement;
  readonly bulk: HTMLElement;
  setFilter(filter: string): void;
  update(picture: PlanPicture, chosen: number, canEdit: boolean): void;
}

export function createLayerTools({ onFilter, onLast, onChange, onClear }: LayerToolsEvents): LayerTools {
  const count = element('span', { class: 'section-note muted figure' });
  const filter = element('input', {
    ...{ type: 'search', class: 'input filter', placeholder: t('Filter layers'), 'aria-label': t('Filter layers') },
  });
  filter.addEventListener('input', () => onFilter(filter.value));
  const last = element('input', {
    ...{ type: 'number', min: 1, value: 6, class: 'input last-count', 'aria-label': t('How many of the last layers') },
  });
  const chooseLast = button(t('Select the last'), () => onLast(Math.max(1, Math.round(Number(last.value)) || 1)), {
    class: 'action',
  });
  const note = element('span', { class: 'figure' });
  const bulk = element(
    'div',
    { class: 'bulk', role: 'toolbar', 'aria-label': t('Change the selected layers'), hidden: true },
    note,
    element('span', { class: 'muted' }, t('bias')),
    button(t('train'), () => onChange({ bias: true }), { class: 'action' }),
    button(t('freeze'), () => onChange({ bias: false }), { class: 'action' }),
    element('span', { class: 'muted' }, t('weights')),
    ...weightPositions.map((weights) =>
      button(positionTitle(weights), () => onChange({ weights }), { class: 'action figure' }),
    ),
    button(t('Clear selection'), onClear, { class: 'action' }),
  );
  const title = element('h2', { class: 'section-title', id: 'layers-title' }, t('Layers'));
  return {
    header: element('header', { class: 'section-header' }, title, count, filter, chooseLast, last),
    bulk,
    setFilter(text) {
      filter.value = text;
    },
    update({ layers }, chosen, canEdit) {
      setText(count, t('{0} of {1} train', figure(layers.filter(trains).length), figure(layers.length)));
      bulk.hidden = chosen < 2 || !canEdit;
      setText(note, t('{0} selected:', figure(chosen)));
    },
  };
}

function trains({ bias, trainedChannels }: PictureLayer): boolean {
  return bias === true || trainedChannels > 0;
}
