/** What is alive at the peak, or at the step that was chosen: largest first, with why, and what would free it. */

import { button, element, setText } from '../dom.ts';
import { bytesText, differenceText, figure, t } from '../text.ts';
import { onThemeChange, readTheme } from '../theme.ts';
import type { LayerSwitch, PicturePrice, PlanPicture } from './messages.ts';
import type { PriceBook } from './prices.ts';
import { paintsOf, roleTitle, seriesOfRole } from './series.ts';
import { phaseTitle } from './tables.ts';
import { aliveAt } from './timelineData.ts';

export interface PeakEvents {
  onChange(layer: string, change: LayerSwitch): void;
  onLayer(layer: string): void;
  onPeak(): void;
}

export interface PeakState {
  readonly picture: PlanPicture;
  /** Null: the peak. */
  readonly step: number | null;
  readonly prices: PriceBook;
  readonly canEdit: boolean;
}

export interface PeakTable {
  readonly element: HTMLElement;
  update(state: PeakState): void;
}

export function createPeakTable({ onChange, onLayer, onPeak }: PeakEvents): PeakTable {
  let state: PeakState | undefined;
  let paints = paintsOf(readTheme());
  const title = element('h2', { class: 'section-title', id: 'alive-title' }, t('Alive at the peak'));
  const note = element('span', { class: 'section-note muted figure' });
  const back = button(t('Show the peak'), onPeak, { class: 'action', hidden: true });
  const heads: readonly (readonly [string, string])[] = [
    [t('Bytes'), 'number'],
    [t('Layer, and why it is alive'), 'layer-cell'],
    [t('What'), 'what'],
    [t('Cheapest change'), 'change'],
  ];
  const body = element('tbody');
  const table = element(
    'table',
    { class: 'data-table', 'aria-labelledby': 'alive-title' },
    element(
      'thead',
      {},
      element('tr', {}, ...heads.map(([text, name]) => element('th', { scope: 'col', class: name }, text))),
    ),
    body,
  );
  const advice = element('p', { class: 'advice muted', hidden: true });
  const root = element(
    'section',
    { class: 'alive section', 'aria-labelledby': 'alive-title' },
    element('header', { class: 'section-header' }, ...[title, note, back]),
    advice,
    element('div', { class: 'table-scroll', tabindex: 0, role: 'group', 'aria-labelledby': 'alive-title' }, table),
  );

  const changeOf = (layer: string): Node | string => {
    if (state === undefined) return '';
    const { prices, step } = state;
    const price = step === null ? (prices.bestForPeak(layer) ?? prices.bestForPeak()) : prices.best(layer);
    if (price === undefined) return prices.done ? '–' : '…';
    return changeButton(price);
  };
  const changeButton = (price: PicturePrice): HTMLElement => {
    const canEdit = state?.canEdit === true;
    const label = t('{0}: {1} of SRAM', changeText(price), `${differenceText(price.sramBytes ?? 0)} B`);
    const made = button('', () => onChange(price.layer, price.change), {
      ...{ class: 'link figure', disabled: !canEdit, title: label },
    });
    made.append(`${differenceText(price.sramBytes ?? 0)} B `, element('span', { class: 'second' }, changeText(price)));
    return made;
  };

  const draw = (): void => {
    if (state === undefined) return;
    const { picture, step } = state;
    const alive = step === null ? picture.peak.alive : aliveAt(picture.buffers, step);
    const rows = alive.map(({ layer, role, bytes, element: type, reason }) => {
      const swatch = element('span', { class: 'swatch' });
      swatch.style.background = paints[seriesOfRole(role)].flat;
      return element(
        'tr',
        {},
        element('td', { class: 'number' }, figure(bytes)),
        element(
          'td',
          { class: 'layer-cell' },
          button(layer, () => onLayer(layer), { class: 'link' }),
          element('span', { class: 'second muted', title: reason }, reason),
        ),
        element('td', { class: 'what' }, swatch, roleTitle(role), element('span', { class: 'second muted' }, type)),
        element('td', { class: 'change' }, changeOf(layer)),
      );
    });
    const focused = [...body.querySelectorAll('button')].indexOf(document.activeElement as HTMLButtonElement);
    body.replaceChildren(...rows);
    if (focused >= 0) body.querySelectorAll('button')[focused]?.focus();
    const general = step === null && state.prices.done && state.prices.bestForPeak() === undefined;
    const best = general ? state.prices.best() : undefined;
    advice.hidden = !general;
    advice.replaceChildren(
      t('No single change lowers this peak.'),
      ...(best === undefined ? [] : [` ${t('Most SRAM in all is saved by')} `, changeButton(best)]),
    );
  };
  onThemeChange((theme) => {
    paints = paintsOf(theme);
    draw();
  });

  return {
    element: root,
    update(next) {
      state = next;
      const { picture, step } = next;
      const shown = step ?? picture.peak.step;
      const { layer = '', phase = '', liveBytes = 0 } = picture.steps[shown] ?? {};
      setText(title, step === null ? t('Alive at the peak') : t('Alive in step {0}', figure(step)));
      setText(note, t('{0}, {1}: {2} of the arena', layer, phaseTitle(phase), bytesText(liveBytes)));
      back.hidden = step === null;
      draw();
    },
  };
}

/** `block2.conv: weights 1/4`. */
export function changeText({ layer, change }: PicturePrice): string {
  return `${layer}: ${switchText(change)}`;
}

export function switchText({ bias, weights }: LayerSwitch): string {
  if (weights !== undefined) return t('weights {0}', weights === 'none' ? '0' : weights === 'all' ? t('all') : weights);
  return bias === true ? t('train the bias') : t('freeze the bias');
}
