/** The charts' figures as tables, for those who cannot or do not want to see charts. */

import { button, element } from '../dom.ts';
import { figure, t } from '../text.ts';
import type { PlanPicture } from './messages.ts';
import { bytesOfStep, partsOf, roleTitle, seriesKeys, seriesTitle, staticBytes } from './series.ts';

export function phaseTitle(phase: string): string {
  const titles: Readonly<Record<string, string>> = {
    forward: t('forward'),
    loss: t('loss'),
    backward: t('backward'),
    update: t('update'),
  };
  return titles[phase] ?? phase;
}

/** The button that shows a chart as a table, and the place of the table. */
export function createTableTwin(
  label: string,
  onToggle: () => void,
): { readonly toggle: HTMLButtonElement; readonly table: HTMLElement } {
  return {
    toggle: button(t('Show as table'), onToggle, { class: 'action', 'aria-pressed': 'false' }),
    table: element('div', { class: 'table-twin', tabindex: 0, role: 'region', 'aria-label': label, hidden: true }),
  };
}

/** Steps by rows; a step's number chooses it. */
export function timelineTable(picture: PlanPicture, onStep: (step: number) => void): HTMLElement {
  const { totals, steps, peak } = picture;
  const below = staticBytes(totals);
  const parts = new Set(partsOf(picture));
  const rows = steps.map((step, number) => {
    const bytes = bytesOfStep(totals, step).filter((_, index) => parts.has(seriesKeys[index] ?? 'stack'));
    const link = button(figure(number), () => onStep(number), { class: 'link' });
    const row = element(
      'tr',
      number === peak.step ? { class: 'is-peak' } : {},
      element('th', { scope: 'row', class: 'number' }, link),
      element('td', {}, phaseTitle(step.phase)),
      element('td', {}, step.layer),
      numberCell(below + step.liveBytes),
      ...bytes.map(numberCell),
    );
    return row;
  });
  const heads = [
    element('th', { scope: 'col', class: 'number' }, t('Step')),
    element('th', { scope: 'col' }, t('Phase')),
    element('th', { scope: 'col' }, t('Layer')),
    numberHead(t('SRAM, bytes')),
    ...[...parts].map((key) => numberHead(seriesTitle(key))),
  ];
  return element(
    'table',
    { class: 'data-table' },
    element('thead', {}, element('tr', {}, ...heads)),
    element('tbody', {}, ...rows),
  );
}

/** Buffers of the arena by rows, in the order in which they come. */
export function arenaTable({ buffers }: PlanPicture): HTMLElement {
  const rows = [...buffers]
    .sort((a, b) => a.first - b.first || a.offset - b.offset)
    .map(({ name, layer, role, element: type, bytes, offset, first, last, reason }) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, name),
        element('td', {}, layer),
        element('td', {}, roleTitle(role)),
        element('td', {}, type),
        numberCell(bytes),
        numberCell(offset),
        numberCell(first),
        numberCell(last),
        element('td', { class: 'reason' }, reason),
      ),
    );
  const heads = [
    ...[t('Buffer'), t('Layer'), t('Role'), t('Type')].map((title) => element('th', { scope: 'col' }, title)),
    ...[t('Bytes'), t('Offset'), t('First step'), t('Last step')].map(numberHead),
    element('th', { scope: 'col' }, t('Why it is alive')),
  ];
  return element(
    'table',
    { class: 'data-table' },
    element('thead', {}, element('tr', {}, ...heads)),
    element('tbody', {}, ...rows),
  );
}

function numberCell(value: number): HTMLElement {
  return element('td', { class: 'number' }, figure(value));
}

function numberHead(title: string): HTMLElement {
  return element('th', { scope: 'col', class: 'number' }, title);
}
