/** How the numbers of a tensor are spread, as bars and as a table. */

import { element } from '../dom.ts';
import { figure, percentText, t } from '../text.ts';
import { svg } from './draw.ts';
import type { ModelHistogram } from './messages.ts';

const width = 288;
const height = 72;
const scaleHeight = 36;

export function histogramPicture(histogram: ModelHistogram): HTMLElement {
  const { role, least, most, mean, deviation, zeros, saturated, count, notFinite, dtype } = histogram;
  const float = dtype === 'float32';
  const title = float ? t('Spread of the {0}', t(role)) : t('Codes of the {0}', t(role));
  const figures = [
    t('{0} … {1}', short(least), short(most)),
    t('mean {0}', short(mean)),
    t('deviation {0}', short(deviation)),
    zeros > 0 ? t('{0} zero', percentText(zeros / count)) : '',
    saturated > 0 ? t('{0} at the ends', percentText(saturated / count)) : '',
    notFinite > 0 ? t('{0} not finite', figure(notFinite)) : '',
  ].filter((text) => text !== '');
  const [first] = histogram.bins;
  const last = histogram.bins.at(-1);
  return element(
    'figure',
    { class: 'histogram' },
    element('figcaption', {}, title),
    bars(histogram, `${title}: ${figures.join(', ')}`),
    element(
      'div',
      { class: 'axis muted figure', 'aria-hidden': 'true' },
      element('span', {}, short(first?.from ?? 0)),
      element('span', {}, short(last?.to ?? 0)),
    ),
    element('p', { class: 'muted figure' }, figures.join(' · ')),
    histogram.scales.length > 1 ? scales(histogram.scales) : null,
    twin(histogram),
  );
}

function bars({ bins }: ModelHistogram, label: string): SVGSVGElement {
  const most = bins.reduce((greatest, { count }) => Math.max(greatest, count), 1);
  const step = width / bins.length;
  const drawn = bins.flatMap(({ count }, index) => {
    if (count === 0) return [];
    const tall = Math.max(1, (count / most) * (height - 2));
    return [svg('rect', { x: index * step + 0.5, y: height - tall, width: Math.max(1, step - 1), height: tall })];
  });
  return svg(
    'svg',
    { class: 'bars', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label, preserveAspectRatio: 'none' },
    ...drawn,
    svg('path', { class: 'base', d: `M0 ${height - 0.5}H${width}` }),
  );
}

/** One scale beside the other: channels that differ much have few codes in use. */
function scales(list: readonly number[]): HTMLElement {
  const most = list.reduce((greatest, scale) => Math.max(greatest, scale), 0);
  const step = width / list.length;
  const points = list.map(
    (scale, index) =>
      `${index === 0 ? 'M' : 'L'}${index * step} ${scaleHeight - (scale / most) * (scaleHeight - 2)}h${step}`,
  );
  const least = list.reduce((a, b) => Math.min(a, b));
  const label = t('Scales by channel: {0} … {1}', short(least), short(most));
  return element(
    'div',
    {},
    svg(
      'svg',
      {
        class: 'scales',
        viewBox: `0 0 ${width} ${scaleHeight}`,
        role: 'img',
        'aria-label': label,
        preserveAspectRatio: 'none',
      },
      svg('path', { d: points.join('') }),
      svg('path', { class: 'base', d: `M0 ${scaleHeight - 0.5}H${width}` }),
    ),
    element('p', { class: 'muted figure' }, label),
  );
}

function twin({ bins }: ModelHistogram): HTMLElement {
  const rows = bins
    .filter(({ count }) => count > 0)
    .map(({ from, to, count }) =>
      element(
        'tr',
        {},
        element('td', { class: 'number' }, short(from)),
        element('td', { class: 'number' }, short(to)),
        element('td', { class: 'number' }, figure(count)),
      ),
    );
  const head = [t('from'), t('to'), t('numbers')].map((name) => element('th', { scope: 'col', class: 'number' }, name));
  return element(
    'details',
    {},
    element('summary', {}, t('As a table')),
    element(
      'table',
      { class: 'data-table' },
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...rows),
    ),
  );
}

function short(value: number): string {
  if (Number.isInteger(value)) return figure(value);
  return String(Number(value.toPrecision(4)));
}
