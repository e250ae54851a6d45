/** What can be had for how much: the chart of the front, read and chosen by pointer and keys, and the same as a table. */

import { button, element, setAttributes, setText } from '../dom.ts';
import { sliderTarget, tenthOf } from '../keys.ts';
import { bytesText, t } from '../text.ts';
import { onThemeChange, readTheme } from '../theme.ts';
import type { FitMark, FitPoint } from './messages.ts';
import { createParetoChart, type ParetoChart, type ParetoState } from './paretoChart.ts';
import { scoreText } from './words.ts';

export interface ParetoEvents {
  onChoose(id: number): void;
  onTable(shown: boolean): void;
}

export interface Pareto {
  readonly element: HTMLElement;
  update(state: ParetoState & { readonly table: boolean }): void;
}

export function createPareto({ onChoose, onTable }: ParetoEvents): Pareto {
  let state: (ParetoState & { readonly table: boolean }) | undefined;
  let theme = readTheme();
  let chart: ParetoChart | undefined;
  const canvas = element('canvas', { 'aria-hidden': 'true' });
  const plot = element(
    'div',
    { class: 'plot', role: 'slider', tabindex: 0, 'aria-label': t('Choices by SRAM and score') },
    canvas,
  );
  const reading = element('p', { class: 'reading figure' });
  const table = element('div', {
    ...{ class: 'table-twin', tabindex: 0, role: 'region', id: 'pareto-table', hidden: true },
    'aria-label': t('Choices by SRAM and score as a table'),
  });
  const toggle = button(t('Show as table'), () => onTable(state?.table !== true), {
    ...{ class: 'action', 'aria-pressed': 'false', 'aria-controls': table.id },
  });
  const root = element(
    'section',
    { class: 'card pareto', 'aria-labelledby': 'pareto-title' },
    element(
      'header',
      {},
      element('h2', { class: 'section-title', id: 'pareto-title' }, t('What can be had for how much')),
      toggle,
    ),
    plot,
    legend(),
    reading,
    table,
  );
  onThemeChange((next) => {
    theme = next;
    if (state !== undefined) chart?.draw(state, theme);
  });

  const read = (point: FitPoint | undefined): void => {
    setText(reading, point === undefined ? t('No choice has been found yet.') : pointText(point));
  };
  const chosenPoint = (): FitPoint | undefined => state?.points.find(({ id }) => id === state?.chosen);
  const pointAt = ({ offsetX, offsetY }: MouseEvent): FitPoint | undefined => chart?.nearest(offsetX, offsetY);
  canvas.addEventListener('pointermove', (event) => read(pointAt(event) ?? chosenPoint()));
  canvas.addEventListener('pointerleave', () => read(chosenPoint()));
  canvas.addEventListener('click', (event) => {
    const point = pointAt(event);
    if (point !== undefined) onChoose(point.id);
  });
  plot.addEventListener('keydown', (event) => {
    const points = state?.points ?? [];
    const here = points.findIndex(({ id }) => id === state?.chosen);
    const target = sliderTarget(event.key, here, points.length - 1, tenthOf(points.length));
    if (target === undefined) return;
    event.preventDefault();
    const point = points[target];
    if (point !== undefined && point.id !== state?.chosen) onChoose(point.id);
  });

  const fillTable = ({ points, now, others, chosen }: ParetoState): void => {
    const rows = [
      ...points.map((point) => ({ point, mark: undefined, sramBytes: point.sramBytes, score: point.score })),
      ...[now, ...others].map((mark) => ({ point: undefined, mark, sramBytes: mark.sramBytes, score: mark.score })),
    ].sort((a, b) => a.sramBytes - b.sramBytes);
    const numbers = (sramBytes: number, score: string) => [
      element('td', { class: 'number' }, bytesText(sramBytes)),
      element('td', { class: 'number' }, score),
    ];
    const body = rows.map(({ point, mark, sramBytes, score }) => {
      const isChosen = point !== undefined && point.id === chosen;
      const what =
        point === undefined
          ? markName(mark, now)
          : button(isChosen ? t('chosen') : t('Choose'), () => onChoose(point.id), {
              ...{
                class: 'link',
                'aria-label': isChosen ? t('chosen: {0}', pointText(point)) : t('Choose {0}', pointText(point)),
              },
              'aria-current': isChosen ? 'true' : undefined,
            });
      const text = mark?.atLeast === true ? t('at least {0}', scoreText(score)) : scoreText(score);
      return element('tr', {}, ...numbers(sramBytes, text), element('td', {}, what));
    });
    const heads = [t('SRAM'), t('Score')].map((title) => element('th', { scope: 'col', class: 'number' }, title));
    table.replaceChildren(
      element(
        'table',
        { class: 'data-table' },
        element('thead', {}, element('tr', {}, ...heads, element('th', { scope: 'col' }, t('Choice')))),
        element('tbody', {}, ...body),
      ),
    );
  };

  return {
    element: root,
    update(next) {
      state = next;
      chart ??= createParetoChart(canvas);
      chart.draw(next, theme);
      const here = next.points.findIndex(({ id }) => id === next.chosen);
      const point = next.points[here];
      read(point);
      setAttributes(plot, {
        'aria-valuemin': 0,
        'aria-valuemax': Math.max(0, next.points.length - 1),
        'aria-valuenow': Math.max(0, here),
        'aria-valuetext': point === undefined ? t('none') : pointText(point),
        'aria-disabled': next.points.length === 0 ? 'true' : undefined,
      });
      setAttributes(toggle, { 'aria-pressed': `${next.table}` });
      table.hidden = !next.table;
      if (next.table) fillTable(next);
    },
  };
}

function pointText({ sramBytes, score }: FitPoint): string {
  return t('{0} of SRAM: {1} points', bytesText(sramBytes), scoreText(score));
}

function markName(mark: FitMark | undefined, now: FitMark): string {
  return mark === now ? t('this plan') : (mark?.name ?? '');
}

function legend(): HTMLElement {
  const entries: readonly (readonly [sign: string, kind: string, title: string])[] = [
    ['●', 'found', t('found')],
    ['○', 'chosen', t('chosen')],
    ['◆', 'now', t('this plan')],
    ['▲', 'other', t('other plans of the model')],
  ];
  return element(
    'ul',
    { class: 'legend', 'aria-label': t('Legend') },
    ...entries.map(([sign, kind, title]) =>
      element('li', {}, element('span', { class: `sign ${kind}`, 'aria-hidden': 'true' }, sign), title),
    ),
  );
}
