/** The layers: a grid of which only the rows in sight exist, with switches, keys, a filter and a choice of several. */

import { button, element, setAttributes, setText } from '../dom.ts';
import { figure, t } from '../text.ts';
import { controlCount, createLayerRow, type LayerRow, positionTitle } from './layerRow.ts';
import { type LayerSwitch, type PictureLayer, type PlanPicture, weightPositions } from './messages.ts';
import type { PriceBook } from './prices.ts';
import { choose, nothingChosen, type Selection } from './selection.ts';

export interface LayersEvents {
  /** One edit for all. */
  onSwitch(layers: readonly string[], change: LayerSwitch): void;
  /** A row was looked at: by pointer or key. */
  onLayer(layer: string): void;
  onFilter(filter: string): void;
  onChosen(layers: readonly string[]): void;
}

export interface LayersState {
  readonly picture: PlanPicture;
  readonly prices: PriceBook;
  readonly pending: ReadonlyMap<string, LayerSwitch>;
  readonly canEdit: boolean;
}

export interface Layers {
  readonly element: HTMLElement;
  readonly viewport: HTMLElement;
  update(state: LayersState): void;
  setFilter(filter: string): void;
  setChosen(layers: readonly string[]): void;
  /** Scrolls to the first of them and chooses all. */
  reveal(layers: readonly string[]): void;
}

const positions: readonly string[] = weightPositions;
/** As in the style sheet. */
const rowHeight = 38;
/** Rows above and below those in sight, so that scrolling shows no gap. */
const spare = 4;

export function createLayers({ onSwitch, onLayer, onFilter, onChosen }: LayersEvents): Layers {
  let state: LayersState | undefined;
  let shown: readonly PictureLayer[] = [];
  let filter = '';
  let selection: Selection = nothingChosen;
  let focus: { readonly layer: string; readonly control: number } | undefined;
  const rows: LayerRow[] = [];

  const count = element('span', { class: 'section-note muted figure' });
  const filterField = element('input', {
    ...{ type: 'search', class: 'input filter', placeholder: t('Filter layers'), 'aria-label': t('Filter layers') },
  });
  const selectLast = element('input', {
    type: 'number',
    min: 1,
    value: 6,
    class: 'input last-count',
    'aria-label': t('How many of the last layers'),
  });
  const selectLastButton = button(t('Select the last'), () => chooseLast(Number(selectLast.value)), {
    class: 'action',
  });
  const bulk = element('div', {
    class: 'bulk',
    role: 'toolbar',
    'aria-label': t('Change the selected layers'),
    hidden: true,
  });
  const bulkNote = element('span', { class: 'figure' });
  bulk.append(
    bulkNote,
    element('span', { class: 'muted' }, t('bias')),
    button(t('train'), () => applyToChosen({ bias: true }), { class: 'action' }),
    button(t('freeze'), () => applyToChosen({ bias: false }), { class: 'action' }),
    element('span', { class: 'muted' }, t('weights')),
    ...weightPositions.map((weights) =>
      button(positionTitle(weights), () => applyToChosen({ weights }), { class: 'action figure' }),
    ),
    button(t('Clear selection'), () => setSelection(nothingChosen), { class: 'action' }),
  );
  const heads: readonly (readonly [string, string])[] = [
    ['name', t('Layer')],
    ['shape', t('Output')],
    ['bias', t('Bias')],
    ['weights', t('Weights that train, bytes of SRAM')],
    ['bytes', t('Trained')],
    ['contribution', t('Points')],
  ];
  const headRow = element(
    'div',
    { role: 'row', class: 'layer-head', 'aria-rowindex': 1 },
    ...heads.map(([name, title]) => element('div', { role: 'columnheader', class: `cell ${name}` }, title)),
  );
  const canvas = element('div', { class: 'layers-canvas', role: 'rowgroup' });
  const viewport = element('div', { class: 'layers-viewport', role: 'presentation' }, canvas);
  const nothing = element('p', { class: 'muted nothing', hidden: true }, t('No layer has this in its name.'));
  const grid = element(
    'div',
    { role: 'grid', class: 'layers-grid', 'aria-labelledby': 'layers-title', 'aria-multiselectable': 'true' },
    element('div', { role: 'rowgroup' }, headRow),
    viewport,
  );
  const root = element(
    'section',
    { class: 'layers section', 'aria-labelledby': 'layers-title' },
    element(
      'header',
      { class: 'section-header' },
      element('h2', { class: 'section-title', id: 'layers-title' }, t('Layers')),
      ...[count, filterField, selectLastButton, selectLast],
    ),
    ...[bulk, grid, nothing],
  );

  const order = (): readonly string[] => shown.map(({ name }) => name);

  function setSelection(next: Selection): void {
    selection = next;
    onChosen([...next.chosen]);
    draw();
  }
  function applyToChosen(change: LayerSwitch): void {
    const able = state?.picture.layers.filter(({ name, switchable, bias }) => {
      return selection.chosen.has(name) && switchable && (change.bias === undefined || bias !== null);
    });
    if (able !== undefined && able.length > 0)
      onSwitch(
        able.map(({ name }) => name),
        change,
      );
  }
  function chooseLast(wanted: number): void {
    const able = shown.filter(({ switchable }) => switchable).map(({ name }) => name);
    const last = able.slice(-Math.max(1, Math.round(wanted) || 1));
    const [anchor] = last;
    if (anchor === undefined) return;
    setSelection({ chosen: new Set(last), anchor });
    scrollTo(anchor);
  }

  function applyFilter(): void {
    const words = filter
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const layers = state?.picture.layers ?? [];
    shown = layers.filter(({ name, operator }) =>
      words.every((word) => `${name} ${operator}`.toLowerCase().includes(word)),
    );
  }

  function scrollTo(layer: string): void {
    const index = order().indexOf(layer);
    if (index < 0) return;
    const top = index * rowHeight;
    const { scrollTop, clientHeight } = viewport;
    if (top < scrollTop) viewport.scrollTop = top;
    else if (top + rowHeight > scrollTop + clientHeight) viewport.scrollTop = top + rowHeight - clientHeight;
  }

  /** The numbers of the rows to exist: those in sight, and the one with the focus, or it would be lost. */
  function neededRows(): number[] {
    const first = Math.max(0, Math.floor(viewport.scrollTop / rowHeight) - spare);
    const last = Math.min(
      shown.length - 1,
      Math.ceil((viewport.scrollTop + viewport.clientHeight) / rowHeight) + spare,
    );
    const needed = Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index);
    const focused = focus === undefined ? -1 : order().indexOf(focus.layer);
    if (focused >= 0 && (focused < first || focused > last)) needed.push(focused);
    return needed;
  }

  function draw(): void {
    if (state === undefined) return;
    const { prices, pending, canEdit, picture } = state;
    const mostContribution = Math.max(0, ...picture.layers.map(({ contribution = 0 }) => contribution));
    canvas.style.height = `${shown.length * rowHeight}px`;
    root.classList.toggle('has-contribution', mostContribution > 0);
    setAttributes(grid, { 'aria-rowcount': shown.length + 1 });
    nothing.hidden = shown.length > 0;
    grid.hidden = shown.length === 0;
    const trained = picture.layers.filter(({ bias, trainedChannels }) => bias === true || trainedChannels > 0).length;
    setText(count, t('{0} of {1} train', figure(trained), figure(picture.layers.length)));
    bulk.hidden = selection.chosen.size < 2 || !canEdit;
    setText(bulkNote, t('{0} selected:', figure(selection.chosen.size)));

    const needed = neededRows();
    const stop =
      focus !== undefined && order().includes(focus.layer) ? focus : { layer: shown[0]?.name ?? '', control: 0 };
    // A row element stays with its layer while it can: the focus and the reading cursor stay too.
    const free = new Map(rows.map((row) => [row.element.dataset.layer ?? '', row]));
    const kept = new Map<number, LayerRow>();
    for (const index of needed) {
      const name = shown[index]?.name ?? '';
      const row = free.get(name);
      if (row === undefined) continue;
      kept.set(index, row);
      free.delete(name);
    }
    const spares = rows.filter((row) => ![...kept.values()].includes(row));
    rows.length = 0;
    for (const index of needed) {
      const layer = shown[index];
      if (layer === undefined) continue;
      const row = kept.get(index) ?? spares.pop() ?? createLayerRow();
      rows.push(row);
      row.update({
        ...{ layer, index, prices, canEdit, mostContribution },
        pending: pending.get(layer.name),
        chosen: selection.chosen.has(layer.name),
        tabStop: layer.name === stop.layer ? stop.control : null,
      });
      row.element.style.transform = `translateY(${index * rowHeight}px)`;
      if (row.element.parentNode !== canvas) canvas.append(row.element);
    }
    for (const row of spares) row.element.remove();
  }

  function setFocus(layer: string, control: number): void {
    focus = { layer, control };
    scrollTo(layer);
    draw();
    const row = rows.find((each) => each.element.dataset.layer === layer);
    row?.control(control).focus({ preventScroll: true });
  }

  function isUsable(layer: PictureLayer, control: number): boolean {
    if (control === 0) return true;
    return layer.switchable && (control !== 1 || layer.bias !== null);
  }

  function moved(layer: PictureLayer, control: number, by: number): number {
    for (let next = control + by; next >= 0 && next < controlCount; next += by) if (isUsable(layer, next)) return next;
    return control;
  }

  function press(layer: PictureLayer, control: number): void {
    if (state?.canEdit !== true || !isUsable(layer, control)) return;
    const now = state.pending.get(layer.name);
    if (control === 1) onSwitch([layer.name], { bias: !(now?.bias ?? layer.bias === true) });
    const weights = weightPositions[control - 2];
    if (weights !== undefined) onSwitch([layer.name], { weights });
  }

  const placeOf = (target: EventTarget | null): { layer: PictureLayer; control: number } | undefined => {
    if (!(target instanceof Element)) return undefined;
    const row = target.closest<HTMLElement>('.layer');
    const layer = shown.find(({ name }) => name === row?.dataset.layer);
    if (layer === undefined) return undefined;
    const position = target.closest<HTMLElement>('.switch')?.dataset.switch;
    if (position === undefined) return { layer, control: 0 };
    return { layer, control: position === 'bias' ? 1 : 2 + positions.indexOf(position) };
  };

  canvas.addEventListener('click', (event) => {
    const place = placeOf(event.target);
    if (place === undefined) return;
    const { layer, control } = place;
    if (control > 0) press(layer, control);
    else {
      const how = event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'toggle' : 'one';
      setSelection(choose(selection, layer.name, how, order()));
      onLayer(layer.name);
    }
    setFocus(layer.name, control);
  });
  canvas.addEventListener('focusin', (event) => {
    const place = placeOf(event.target);
    if (place !== undefined) focus = { layer: place.layer.name, control: place.control };
  });
  canvas.addEventListener('keydown', (event) => {
    const place = placeOf(event.target);
    if (place === undefined || event.altKey) return;
    const { layer, control } = place;
    const index = order().indexOf(layer.name);
    const page = Math.max(1, Math.floor(viewport.clientHeight / rowHeight) - 1);
    const to: Readonly<Record<string, number>> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + page,
      PageUp: index - page,
      ...(event.ctrlKey || event.metaKey ? { Home: 0, End: shown.length - 1 } : {}),
    };
    const target = to[event.key];
    if (target !== undefined) {
      const next = shown[Math.min(Math.max(target, 0), shown.length - 1)];
      if (next === undefined) return;
      if (event.shiftKey) setSelection(choose(selection, next.name, 'range', order()));
      setFocus(next.name, isUsable(next, control) ? control : 0);
    } else if (event.key === 'ArrowRight') setFocus(layer.name, moved(layer, control, 1));
    else if (event.key === 'ArrowLeft') setFocus(layer.name, moved(layer, control, -1));
    else if (event.key === 'Home') setFocus(layer.name, 0);
    else if (event.key === 'End') setFocus(layer.name, moved(layer, controlCount, -1));
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey))
      setSelection({ chosen: new Set(order()), anchor: layer.name });
    else if (event.key === 'Escape') setSelection(nothingChosen);
    else if (event.key === ' ' || event.key === 'Enter') {
      if (control > 0) press(layer, control);
      else {
        setSelection(choose(selection, layer.name, event.shiftKey ? 'range' : 'toggle', order()));
        onLayer(layer.name);
      }
    } else return;
    event.preventDefault();
  });
  viewport.addEventListener('scroll', () => requestAnimationFrame(draw), { passive: true });
  new ResizeObserver(() => draw()).observe(viewport);
  filterField.addEventListener('input', () => {
    filter = filterField.value;
    onFilter(filter);
    applyFilter();
    viewport.scrollTop = 0;
    draw();
  });

  return {
    element: root,
    viewport,
    update(next) {
      const before = state?.picture;
      state = next;
      if (before !== next.picture) applyFilter();
      draw();
    },
    setFilter(next) {
      filter = next;
      filterField.value = next;
      applyFilter();
      draw();
    },
    setChosen(layers) {
      selection = { chosen: new Set(layers) };
      draw();
    },
    reveal(layers) {
      if (filter !== '' && layers.some((name) => !order().includes(name))) {
        filter = '';
        filterField.value = '';
        onFilter('');
        applyFilter();
      }
      const [first] = layers;
      setSelection({ chosen: new Set(layers), ...(first === undefined ? {} : { anchor: first }) });
      if (first !== undefined) scrollTo(first);
      draw();
    },
  };
}
