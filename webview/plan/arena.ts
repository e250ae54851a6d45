/** The arena map: which buffer lies where, when; hover, keys, zoom on both axes, and the same as a table. */

import { button, element, setAttributes, setText } from '../dom.ts';
import { bytesText, figure, t } from '../text.ts';
import { onThemeChange, readTheme } from '../theme.ts';
import { createArenaChart, wholeAddresses } from './arenaChart.ts';
import { createHover, hoverRows } from './hover.ts';
import type { PictureBuffer, PlanPicture } from './messages.ts';
import { roleTitle } from './series.ts';
import { arenaTable, createTableTwin } from './tables.ts';
import { type Range, wholeRange } from './timelineData.ts';
import { onWheel, panned, zoomed, zoomStep } from './zoom.ts';

export interface ArenaEvents {
  onStepRange(range: Range | null): void;
  onAddressRange(range: Range | null): void;
  onBuffer(buffer: PictureBuffer): void;
  onTable(shown: boolean): void;
}

export interface ArenaState {
  readonly picture: PlanPicture;
  readonly steps: Range | null;
  readonly addresses: Range | null;
  readonly table: boolean;
}

export interface ArenaMap {
  readonly element: HTMLElement;
  update(state: ArenaState): void;
}

export function createArenaMap({ onStepRange, onAddressRange, onBuffer, onTable }: ArenaEvents): ArenaMap {
  let state: ArenaState | undefined;
  let current: PictureBuffer | undefined;
  const canvas = element('canvas');
  const outline = element('div', { class: 'buffer-outline', hidden: true });
  const plot = element(
    'div',
    { class: 'plot', role: 'slider', tabindex: 0, 'aria-label': t('Arena map: buffer') },
    ...[canvas, outline],
  );
  const hover = createHover();
  const note = element('span', { class: 'section-note muted figure' });
  const resetZoom = (): void => {
    onStepRange(null);
    onAddressRange(null);
  };
  const reset = button(t('Reset zoom'), resetZoom, { class: 'action', hidden: true });
  const { toggle: tableToggle, table } = createTableTwin(t('Arena as a table'), () => onTable(state?.table !== true));
  const root = element(
    'section',
    { class: 'arena section', 'aria-labelledby': 'arena-title' },
    element(
      'header',
      { class: 'section-header' },
      element('h2', { class: 'section-title', id: 'arena-title' }, t('Arena map')),
      ...[note, reset, tableToggle],
    ),
    ...[plot, table, hover.element],
  );
  const view = createArenaChart(canvas, readTheme());
  onThemeChange((theme) => {
    view.setTheme(theme);
    if (state !== undefined) redraw(state);
  });

  const ordered = (picture: PlanPicture): readonly PictureBuffer[] =>
    [...picture.buffers].sort((a, b) => a.first - b.first || a.offset - b.offset);
  const valueAt = (axis: 'x' | 'y', event: MouseEvent): number => {
    const { left, top } = canvas.getBoundingClientRect();
    const pixel = axis === 'x' ? event.clientX - left : event.clientY - top;
    return view.chart.scales[axis]?.getValueForPixel(pixel) ?? 0;
  };
  const bufferAt = (event: MouseEvent): PictureBuffer | undefined => {
    const step = Math.round(valueAt('x', event));
    const address = valueAt('y', event);
    // Of buffers that share bytes the later one lies on top.
    return state?.picture.buffers.findLast(
      ({ first, last, offset, bytes }) =>
        first <= step && last >= step && offset <= address && offset + bytes > address,
    );
  };
  const placeOutline = (): void => {
    const { chartArea, scales } = view.chart;
    const { x, y } = scales;
    outline.hidden = current === undefined || x === undefined || y === undefined || state?.table === true;
    if (current === undefined || x === undefined || y === undefined) return;
    const left = Math.max(x.getPixelForValue(current.first - 0.5), chartArea.left);
    const right = Math.min(x.getPixelForValue(current.last + 0.5), chartArea.right);
    const top = Math.max(y.getPixelForValue(current.offset + current.bytes), chartArea.top);
    const bottom = Math.min(y.getPixelForValue(current.offset), chartArea.bottom);
    if (right <= left || bottom < top) outline.hidden = true;
    Object.assign(outline.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${right - left}px`,
      height: `${Math.max(bottom - top, 2)}px`,
    });
  };
  const setCurrent = (buffer: PictureBuffer | undefined): void => {
    current = buffer;
    placeOutline();
    if (state === undefined) return;
    const all = ordered(state.picture);
    const position = buffer === undefined ? 0 : Math.max(all.indexOf(buffer), 0);
    const shown = all[position];
    setAttributes(plot, {
      'aria-valuemin': 0,
      'aria-valuemax': Math.max(all.length - 1, 0),
      'aria-valuenow': position,
      'aria-valuetext': shown === undefined ? t('empty') : bufferText(shown),
    });
  };

  plot.addEventListener('pointermove', (event) => {
    const buffer = bufferAt(event);
    if (buffer === undefined) hover.hide();
    else hover.show(bufferHover(buffer), event);
  });
  plot.addEventListener('pointerleave', () => hover.hide());
  plot.addEventListener('click', (event) => {
    const buffer = bufferAt(event);
    setCurrent(buffer);
    if (buffer !== undefined) onBuffer(buffer);
  });
  plot.addEventListener('dblclick', resetZoom);
  const zoom = (factor: number, centre?: { readonly step: number; readonly address: number }): void => {
    if (state === undefined) return;
    const { picture, steps, addresses } = state;
    const [wholeX, wholeY] = [wholeRange(picture.steps.length), wholeAddresses(picture)];
    const [x, y] = [steps ?? wholeX, addresses ?? wholeY];
    const at = centre ?? { step: (x.min + x.max) / 2, address: (y.min + y.max) / 2 };
    onAddressRange(zoomed(y, wholeY, factor, at.address, 'addresses'));
    onStepRange(zoomed(x, wholeX, factor, at.step, 'steps'));
  };
  onWheel(plot, {
    zoom: (factor, event) => zoom(factor, { step: valueAt('x', event), address: valueAt('y', event) }),
    pan(share) {
      if (state !== undefined && state.steps !== null) {
        onStepRange(panned(state.steps, wholeRange(state.picture.steps.length), share));
      }
    },
  });
  plot.addEventListener('keydown', (event) => {
    if (state === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = ordered(state.picture);
    const position = current === undefined ? -1 : all.indexOf(current);
    const targets: Readonly<Record<string, number>> = {
      ArrowRight: position + 1,
      ArrowDown: position + 1,
      ArrowLeft: position - 1,
      ArrowUp: position - 1,
      PageDown: position + 10,
      PageUp: position - 10,
      Home: 0,
      End: all.length - 1,
    };
    const target = targets[event.key];
    const centre =
      current === undefined
        ? undefined
        : { step: (current.first + current.last) / 2, address: current.offset + current.bytes / 2 };
    if (target !== undefined) setCurrent(all[Math.min(Math.max(target, 0), all.length - 1)]);
    else if (event.key === 'Enter' && current !== undefined) onBuffer(current);
    else if (event.key === '+' || event.key === '=') zoom(1 / zoomStep, centre);
    else if (event.key === '-') zoom(zoomStep, centre);
    else if (event.key === '0') resetZoom();
    else return;
    event.preventDefault();
  });

  function redraw({ picture, steps, addresses, table: asTable }: ArenaState): void {
    if (!asTable) view.draw(picture, steps, addresses);
    placeOutline();
  }

  return {
    element: root,
    update(next) {
      const before = state;
      state = next;
      const { picture, steps, addresses, table: asTable } = next;
      plot.hidden = asTable;
      table.hidden = !asTable;
      reset.hidden = steps === null && addresses === null;
      setAttributes(tableToggle, { 'aria-pressed': `${asTable}` });
      setText(note, t('{0} buffers', figure(picture.buffers.length)));
      if (before?.picture !== picture) {
        setCurrent(picture.buffers.find(({ name }) => name === current?.name));
        if (asTable) table.replaceChildren(arenaTable(picture));
      } else if (asTable && !before.table) table.replaceChildren(arenaTable(picture));
      redraw(next);
    },
  };
}

function bufferText({ layer, role, bytes, offset, first, last }: PictureBuffer): string {
  return t(
    '{0}: {1}, {2} at {3}, steps {4} to {5}',
    ...[layer, roleTitle(role), bytesText(bytes)],
    ...[offset, first, last].map(figure),
  );
}

function bufferHover(buffer: PictureBuffer): Node {
  const { layer, role, bytes, offset, first, last, reason, element: type } = buffer;
  const fragment = document.createDocumentFragment();
  fragment.append(
    element('div', { class: 'hover-heading' }, `${layer}: ${roleTitle(role)}`),
    hoverRows([
      [t('Bytes'), `${figure(bytes)} (${type})`],
      [t('Addresses'), `${figure(offset)} – ${figure(offset + bytes - 1)}`],
      [t('Steps'), `${figure(first)} – ${figure(last)}`],
    ]),
  );
  if (reason !== '') fragment.append(element('div', { class: 'hover-note' }, reason));
  return fragment;
}
