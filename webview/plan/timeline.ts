/** The memory timeline: chart, legend, hover, selection, keys and the same figures as a table. */

import { button, element, setAttributes, setText } from '../dom.ts';
import { sliderTarget } from '../keys.ts';
import { bytesText, figure, kilobytesText, t } from '../text.ts';
import { onThemeChange, readTheme, type Theme } from '../theme.ts';
import { createHover, hoverRows } from './hover.ts';
import type { GhostPicture, PlanPicture } from './messages.ts';
import { bytesOfStep, paintsOf, partsOf, roleTitle, seriesKeys, seriesTitle, staticBytes } from './series.ts';
import { createTableTwin, phaseTitle, timelineTable } from './tables.ts';
import { createTimelineChart } from './timelineChart.ts';
import { aliveAt, heightAt, type Range, wholeRange } from './timelineData.ts';
import { onWheel, panned, showing, zoomed, zoomStep } from './zoom.ts';

export interface TimelineEvents {
  /** Null: no step is chosen, the peak is what is looked at. */
  onStep(step: number | null): void;
  onRange(range: Range | null): void;
  onTable(shown: boolean): void;
}

export interface TimelineState {
  readonly picture: PlanPicture;
  readonly ghost: GhostPicture | null;
  readonly step: number | null;
  readonly range: Range | null;
  readonly table: boolean;
}

export interface Timeline {
  readonly element: HTMLElement;
  update(state: TimelineState): void;
  /** The picture alone, without what only the pointer shows. */
  readonly canvas: HTMLCanvasElement;
}

/** How many of the buffers alive fit into a hover. */
const shownInHover = 6;

export function createTimeline({ onStep, onRange, onTable }: TimelineEvents): Timeline {
  let theme = readTheme();
  let state: TimelineState | undefined;
  const canvas = element('canvas');
  const cursor = element('div', { class: 'step-cursor', hidden: true });
  const chosen = element('div', { class: 'step-chosen', hidden: true });
  const plot = element(
    'div',
    {
      class: 'plot',
      role: 'slider',
      tabindex: 0,
      'aria-orientation': 'horizontal',
      'aria-label': t('Memory timeline: step'),
    },
    ...[canvas, chosen, cursor],
  );
  const hover = createHover();
  const legend = element('ul', { class: 'legend', 'aria-label': t('Legend') });
  const peakText = button('', () => onStep(null), { class: 'link figure' });
  const reset = button(t('Reset zoom'), () => onRange(null), { class: 'action', hidden: true });
  const { toggle: tableToggle, table } = createTableTwin(t('Memory timeline as a table'), () =>
    onTable(state?.table !== true),
  );
  const root = element(
    'section',
    { class: 'timeline section', 'aria-labelledby': 'timeline-title' },
    element(
      'header',
      { class: 'section-header' },
      element('h2', { class: 'section-title', id: 'timeline-title' }, t('Memory timeline')),
      element('span', { class: 'section-note' }, peakText),
      reset,
      tableToggle,
    ),
    plot,
    legend,
    table,
    hover.element,
  );
  const view = createTimelineChart(canvas, theme);
  onThemeChange((next) => {
    theme = next;
    view.setTheme(theme);
    fillLegend();
    if (state !== undefined) redraw(state);
  });

  const stepAt = (event: MouseEvent): number | undefined => {
    const { left, right } = view.chart.chartArea;
    const x = event.clientX - canvas.getBoundingClientRect().left;
    if (state === undefined || x < left || x > right) return undefined;
    const value = view.chart.scales.x?.getValueForPixel(x);
    if (value === undefined) return undefined;
    return Math.min(Math.max(Math.round(value), 0), state.picture.steps.length - 1);
  };
  const place = (mark: HTMLElement, step: number | null | undefined): void => {
    const { chartArea, scales } = view.chart;
    const x = scales.x;
    mark.hidden = step === null || step === undefined || x === undefined;
    if (mark.hidden || x === undefined || step === null || step === undefined) return;
    const left = Math.max(x.getPixelForValue(step - 0.5), chartArea.left);
    const right = Math.min(x.getPixelForValue(step + 0.5), chartArea.right);
    mark.hidden = right <= left;
    mark.style.left = `${left}px`;
    mark.style.width = `${Math.max(right - left, 2)}px`;
    mark.style.top = `${chartArea.top}px`;
    mark.style.height = `${chartArea.height}px`;
  };

  plot.addEventListener('pointermove', (event) => {
    const step = stepAt(event);
    place(cursor, step);
    if (step === undefined || state === undefined) hover.hide();
    else hover.show(stepHover(state.picture, step, theme), event);
  });
  plot.addEventListener('pointerleave', () => {
    cursor.hidden = true;
    hover.hide();
  });
  plot.addEventListener('click', (event) => {
    const step = stepAt(event);
    if (step !== undefined) onStep(step);
  });
  plot.addEventListener('dblclick', () => onRange(null));
  const rangeNow = (): { range: Range; whole: Range } | undefined => {
    if (state === undefined) return undefined;
    const whole = wholeRange(state.picture.steps.length);
    return { range: state.range ?? whole, whole };
  };
  const zoom = (factor: number, centre: number): void => {
    const now = rangeNow();
    if (now !== undefined) onRange(zoomed(now.range, now.whole, factor, centre, 'steps'));
  };
  const pan = (share: number): void => {
    const now = rangeNow();
    if (now !== undefined && state?.range !== null) onRange(panned(now.range, now.whole, share));
  };
  onWheel(plot, { zoom: (factor, event) => zoom(factor, stepAt(event) ?? 0), pan });
  plot.addEventListener('keydown', (event) => {
    if (state === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const { picture, step } = state;
    const now = step ?? picture.peak.step;
    const last = picture.steps.length - 1;
    const target = event.key === 'Escape' || event.key === 'p' ? null : sliderTarget(event.key, now, last, 10);
    if (target !== undefined) {
      onStep(target);
      if (state.range !== null) onRange(showing(state.range, wholeRange(last + 1), target ?? picture.peak.step));
    } else if (event.key === '+' || event.key === '=') zoom(1 / zoomStep, now);
    else if (event.key === '-') zoom(zoomStep, now);
    else if (event.key === '0') onRange(null);
    else return;
    event.preventDefault();
  });

  function fillLegend(): void {
    const paints = paintsOf(theme);
    const entries = (state === undefined ? [] : partsOf(state.picture)).map((key) => {
      const swatch = element('span', { class: 'swatch' });
      const { flat, tile, line } = paints[key];
      if (tile === undefined) swatch.style.background = flat;
      else swatch.style.backgroundImage = `url(${tile})`;
      swatch.style.borderColor = line;
      return element('li', {}, swatch, seriesTitle(key));
    });
    if (state?.ghost) entries.push(element('li', {}, element('span', { class: 'swatch ghost' }), state.ghost.title));
    legend.replaceChildren(...entries);
  }

  let legendOf = '';
  function redraw(next: TimelineState): void {
    const { picture, ghost, range, step } = next;
    if (!next.table) view.draw(picture, ghost, range);
    place(chosen, step);
    const { peak } = picture;
    const now = step ?? peak.step;
    setAttributes(plot, {
      'aria-valuemin': 0,
      'aria-valuemax': picture.steps.length - 1,
      'aria-valuenow': now,
      'aria-valuetext': stepText(picture, now),
    });
  }

  return {
    element: root,
    canvas,
    update(next) {
      const changed = state;
      state = next;
      const { picture, ghost, table: asTable, range } = next;
      plot.hidden = asTable;
      legend.hidden = asTable;
      table.hidden = !asTable;
      redraw(next);
      setText(
        peakText,
        t(
          'Peak {0} in step {1}: {2}, {3}',
          bytesText(heightAt(picture, picture.peak.step)),
          figure(picture.peak.step),
          picture.peak.layer,
          phaseTitle(picture.peak.phase),
        ),
      );
      reset.hidden = range === null;
      setAttributes(tableToggle, { 'aria-pressed': `${asTable}` });
      const parts = `${ghost?.title} ${partsOf(picture)}`;
      if (parts !== legendOf) fillLegend();
      legendOf = parts;
      if (asTable && (changed?.picture !== picture || !changed.table))
        table.replaceChildren(timelineTable(picture, onStep));
    },
  };
}

function stepText(picture: PlanPicture, step: number): string {
  const { layer = '', phase = '' } = picture.steps[step] ?? {};
  return t(
    'Step {0}: {1}, {2}, {3} of SRAM',
    figure(step),
    layer,
    phaseTitle(phase),
    bytesText(heightAt(picture, step)),
  );
}

function stepHover(picture: PlanPicture, number: number, theme: Theme): Node {
  const step = picture.steps[number];
  if (step === undefined) return document.createDocumentFragment();
  const paints = paintsOf(theme);
  const bytes = bytesOfStep(picture.totals, step);
  const parts = seriesKeys
    .map((key, index) => ({ key, bytes: bytes[index] ?? 0 }))
    .filter((part) => part.bytes > 0)
    .reverse();
  const alive = aliveAt(picture.buffers, number);
  const rest = alive.slice(shownInHover);
  const fragment = document.createDocumentFragment();
  fragment.append(
    element(
      'div',
      { class: 'hover-heading' },
      t('Step {0}: {1}, {2}', figure(number), step.layer, phaseTitle(step.phase)),
    ),
    hoverRows([
      [t('SRAM'), bytesText(staticBytes(picture.totals) + step.liveBytes)],
      ...parts.map(({ key, bytes: part }): [string, string, HTMLElement] => {
        const swatch = element('span', { class: 'swatch' });
        swatch.style.background = paints[key].flat;
        return [seriesTitle(key), bytesText(part), swatch];
      }),
    ]),
    element('div', { class: 'hover-heading' }, t('Alive in the arena')),
    hoverRows([
      ...alive
        .slice(0, shownInHover)
        .map(({ layer, role, bytes: size }): [string, string] => [`${layer}: ${roleTitle(role)}`, bytesText(size)]),
      ...(rest.length > 0
        ? [[t('{0} more', rest.length), kilobytesText(rest.reduce((sum, each) => sum + each.bytes, 0))] as const]
        : []),
    ]),
  );
  return fragment;
}
