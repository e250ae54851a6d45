/** A chart of lines with what goes with it: a title, a slider that reads it out by keys, and the same as a table. */

import {
  Chart,
  type ChartDataset,
  LinearScale,
  LineController,
  LineElement,
  type Plugin,
  PointElement,
} from 'chart.js';
import { button, element, setAttributes, setText } from '../dom.ts';
import { sliderTarget, tenthOf } from '../keys.ts';
import { t } from '../text.ts';
import type { Theme } from '../theme.ts';

Chart.register(LineController, LineElement, PointElement, LinearScale);

export type Line = ChartDataset<'line', { x: number; y: number | null }[]>;

export interface ChartContent {
  readonly lines: readonly Line[];
  readonly xTitle: string;
  readonly yTitle: string;
  /** Undefined: from the data. */
  readonly yMax?: number | undefined;
  readonly yTick: (value: number) => string;
  /** Where the cursor can stand, ascending. */
  readonly stops: readonly number[];
  /** What stands there, in words. */
  readonly read: (stop: number) => string;
  /** What the chart shows now, in one sentence. */
  readonly summary: string;
  readonly table: () => TableContent;
}

export interface TableContent {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface ChartCard {
  readonly element: HTMLElement;
  show(content: ChartContent, theme: Theme): void;
}

export function chartCard(id: string, title: string, ...controls: readonly HTMLElement[]): ChartCard {
  const canvas = element('canvas', { 'aria-hidden': 'true' });
  const reading = element('p', { class: 'reading figure' });
  const slider = element('div', { class: 'plot', role: 'slider', tabindex: 0, 'aria-label': title }, canvas);
  const table = element('div', { class: 'twin', id: `${id}-table`, tabindex: 0, role: 'group', hidden: true });
  setAttributes(table, { 'aria-label': t('{0} as a table', title) });
  const toggle = button(t('Table'), () => setTable(table.hidden === true), {
    class: 'action',
    'aria-expanded': 'false',
    'aria-controls': table.id,
    'aria-label': t('Table: {0}', title),
  });
  const card = element(
    'section',
    { class: 'card', 'aria-labelledby': `${id}-title`, id },
    element('header', {}, element('h2', { class: 'section-title', id: `${id}-title` }, title), ...controls, toggle),
    slider,
    reading,
    table,
  );

  let content: ChartContent | undefined;
  let theme: Theme | undefined;
  let cursor: number | undefined;

  const line: Plugin<'line'> = {
    id: 'cursor',
    afterDatasetsDraw({ ctx, chartArea, scales }) {
      const x = scales.x;
      if (cursor === undefined || x === undefined || theme === undefined) return;
      const at = x.getPixelForValue(cursor);
      ctx.save();
      ctx.strokeStyle = theme.foreground;
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(at, chartArea.top);
      ctx.lineTo(at, chartArea.bottom);
      ctx.stroke();
      ctx.restore();
    },
  };
  let chart: Chart<'line', { x: number; y: number | null }[]> | undefined;

  const setTable = (open: boolean): void => {
    table.hidden = !open;
    setAttributes(toggle, { 'aria-expanded': String(open) });
    if (open && content !== undefined) fillTable(table, content.table());
  };
  const read = (): void => {
    const { stops = [], read: words } = content ?? {};
    const position = cursor === undefined ? -1 : stops.indexOf(cursor);
    if (position < 0) cursor = undefined;
    const { summary: now = '' } = content ?? {};
    const text = cursor === undefined || words === undefined ? now : words(cursor);
    setText(reading, text);
    setAttributes(slider, {
      'aria-valuemin': 0,
      'aria-valuemax': Math.max(0, stops.length - 1),
      'aria-valuenow': position < 0 ? Math.max(0, stops.length - 1) : position,
      'aria-valuetext': text,
      'aria-disabled': stops.length === 0 ? 'true' : undefined,
    });
  };
  const moveTo = (position: number): void => {
    cursor = content?.stops[position];
    read();
    chart?.draw();
  };
  slider.addEventListener('keydown', (event) => {
    const stops = content?.stops ?? [];
    const here = cursor === undefined ? stops.length : stops.indexOf(cursor);
    const target = sliderTarget(event.key, here, stops.length - 1, tenthOf(stops.length));
    if (event.key === 'Escape') {
      cursor = undefined;
      read();
      chart?.draw();
    } else if (target !== undefined) {
      event.preventDefault();
      moveTo(target);
    }
  });
  canvas.addEventListener('pointermove', ({ offsetX }) => {
    const value = chart?.scales.x?.getValueForPixel(offsetX);
    const stops = content?.stops ?? [];
    if (value !== undefined && stops.length > 0) moveTo(nearest(stops, value));
  });
  canvas.addEventListener('pointerleave', () => {
    if (document.activeElement === slider) return;
    cursor = undefined;
    read();
    chart?.draw();
  });

  return {
    element: card,
    show(next, nextTheme) {
      content = next;
      theme = nextTheme;
      read();
      chart ??= new Chart(canvas, { type: 'line', data: { datasets: [] }, options: {}, plugins: [line] });
      chart.data.datasets = [...next.lines];
      chart.options = chartOptions(next, nextTheme);
      chart.update('none');
      if (!table.hidden) fillTable(table, next.table());
    },
  };
}

/** The position of the value that is nearest, among ascending ones. */
function nearest(stops: readonly number[], value: number): number {
  let low = 0;
  let high = stops.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((stops[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  const before = stops[low - 1];
  return before !== undefined && value - before < (stops[low] ?? 0) - value ? low - 1 : low;
}

function chartOptions(content: ChartContent, theme: Theme): NonNullable<Chart<'line'>['options']> {
  const font = { family: theme.font, size: 11 };
  const axis = (text: string) => ({
    title: { display: true, text, color: theme.muted, font },
    border: { color: theme.highContrast ? theme.border : theme.gridLine },
    grid: { color: theme.gridLine },
  });
  return {
    // The page may be drawn ten times a second, and nothing is to move that does not mean anything.
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    parsing: false,
    normalized: true,
    events: [],
    scales: {
      x: {
        type: 'linear',
        ...axis(content.xTitle),
        min: 0,
        max: content.stops.length > 1 ? content.stops.at(-1) : undefined,
        ticks: { color: theme.muted, font, maxRotation: 0, precision: 0, includeBounds: false },
      },
      y: {
        type: 'linear',
        ...axis(content.yTitle),
        min: 0,
        max: content.yMax,
        ticks: { color: theme.muted, font, includeBounds: false, callback: (value) => content.yTick(Number(value)) },
      },
    },
  };
}

function fillTable(into: HTMLElement, { head, rows }: TableContent): void {
  const cell = (tag: 'th' | 'td', text: string, column: number) =>
    element(tag, { class: column > 0 ? 'number' : undefined, scope: tag === 'th' ? 'col' : undefined }, text);
  into.replaceChildren(
    element(
      'table',
      { class: 'data-table' },
      element('thead', {}, element('tr', {}, ...head.map((text, column) => cell('th', text, column)))),
      element(
        'tbody',
        {},
        ...rows.map((row) => element('tr', {}, ...row.map((text, column) => cell('td', text, column)))),
      ),
    ),
  );
}
