/** The layers: a grid with switches, keys, a filter and a choice of several. */

import { element, setAttributes } from '../dom.ts';
import { t } from '../text.ts';
import { controlCount } from './layerRow.ts';
import { createRowPool } from './layerRows.ts';
import { createLayerTools } from './layerTools.ts';
import { type LayerSwitch, type PictureLayer, type PlanPicture, weightPositions } from './messages.ts';
import type { PendingSwitches } from './pending.ts';
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
  readonly pending: PendingSwitches;
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

/** A place in the grid: a layer, and which of its controls; 0 is the row itself. */
interface Place {
  readonly layer: PictureLayer;
  readonly control: number;
}

export function createLayers({ onSwitch, onLayer, onFilter, onChosen }: LayersEvents): Layers {
  let state: LayersState | undefined;
  let shown: readonly PictureLayer[] = [];
  let filter = '';
  let selection: Selection = nothingChosen;
  let focus: { readonly layer: string; readonly control: number } | undefined;

  const tools = createLayerTools({
    onFilter(text) {
      onFilter(text);
      applyFilter(text);
      viewport.scrollTop = 0;
      draw();
    },
    onLast: chooseLast,
    onChange(change) {
      const able = (state?.picture.layers ?? []).filter(
        (layer) => selection.chosen.has(layer.name) && isUsable(layer, change.bias === undefined ? 2 : 1),
      );
      if (able.length > 0) onSwitch(namesOf(able), change);
    },
    onClear: () => setSelection(nothingChosen),
  });
  const canvas = element('div', { class: 'layers-canvas', role: 'rowgroup' });
  const viewport = element('div', { class: 'layers-viewport', role: 'presentation' }, canvas);
  const pool = createRowPool(viewport, canvas);
  const grid = element(
    'div',
    { role: 'grid', class: 'layers-grid', 'aria-labelledby': 'layers-title', 'aria-multiselectable': 'true' },
    element('div', { role: 'rowgroup' }, headRow()),
    viewport,
  );
  const nothing = element('p', { class: 'muted nothing', hidden: true }, t('No layer has this in its name.'));
  const root = element(
    'section',
    { class: 'layers section', 'aria-labelledby': 'layers-title' },
    ...[tools.header, tools.bulk, grid, nothing],
  );

  function applyFilter(text: string): void {
    filter = text;
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    shown = (state?.picture.layers ?? []).filter(({ name, operator }) =>
      words.every((word) => `${name} ${operator}`.toLowerCase().includes(word)),
    );
  }

  function setSelection(next: Selection): void {
    selection = next;
    onChosen([...next.chosen]);
    draw();
  }

  function chooseLast(count: number): void {
    const last = namesOf(shown.filter(({ switchable }) => switchable)).slice(-count);
    const [anchor] = last;
    if (anchor === undefined) return;
    // What can be done with them takes room of its own: scroll when that is there.
    setSelection({ chosen: new Set(last), anchor });
    pool.scrollTo(indexOf(last.at(-1) ?? anchor));
    draw();
  }

  const indexOf = (layer: string): number => shown.findIndex(({ name }) => name === layer);

  function draw(): void {
    if (state === undefined) return;
    const { prices, pending, canEdit, picture } = state;
    const mostContribution = Math.max(0, ...picture.layers.map(({ contribution = 0 }) => contribution));
    root.classList.toggle('has-contribution', mostContribution > 0);
    setAttributes(grid, { 'aria-rowcount': shown.length + 1 });
    nothing.hidden = shown.length > 0;
    grid.hidden = shown.length === 0;
    tools.update(picture, selection.chosen.size, canEdit);
    const stop = focus !== undefined && indexOf(focus.layer) >= 0 ? focus : { layer: shown[0]?.name, control: 0 };
    pool.draw(shown, focus?.layer, ({ name }) => ({
      ...{ prices, canEdit, mostContribution },
      pending: pending.of(name),
      chosen: selection.chosen.has(name),
      tabStop: name === stop.layer ? stop.control : null,
    }));
  }

  function setFocus({ layer, control }: Place): void {
    focus = { layer: layer.name, control };
    pool.scrollTo(indexOf(layer.name));
    draw();
    pool.row(layer.name)?.control(control).focus({ preventScroll: true });
  }

  function press({ layer, control }: Place): void {
    if (state?.canEdit !== true || !isUsable(layer, control)) return;
    const { bias = layer.bias === true } = state.pending.of(layer.name) ?? {};
    if (control === 1) onSwitch([layer.name], { bias: !bias });
    const weights = weightPositions[control - 2];
    if (weights !== undefined) onSwitch([layer.name], { weights });
  }

  function pick(layer: PictureLayer, how: 'one' | 'toggle' | 'range'): void {
    setSelection(choose(selection, layer.name, how, namesOf(shown)));
  }

  const placeOf = (target: EventTarget | null): Place | undefined => {
    if (!(target instanceof Element)) return undefined;
    const name = target.closest<HTMLElement>('.layer')?.dataset.layer;
    const layer = shown.find((each) => each.name === name);
    const position = target.closest<HTMLElement>('.switch')?.dataset.switch;
    return layer === undefined ? undefined : { layer, control: controlOf(position) };
  };

  canvas.addEventListener('click', (event) => {
    const place = placeOf(event.target);
    if (place === undefined) return;
    if (place.control > 0) press(place);
    else {
      pick(place.layer, event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'toggle' : 'one');
      onLayer(place.layer.name);
    }
    setFocus(place);
  });
  canvas.addEventListener('focusin', (event) => {
    const place = placeOf(event.target);
    if (place !== undefined) focus = { layer: place.layer.name, control: place.control };
  });
  canvas.addEventListener('keydown', (event) => {
    const place = placeOf(event.target);
    if (place === undefined || event.altKey || !handleKey(place, event)) return;
    event.preventDefault();
  });
  viewport.addEventListener('scroll', () => requestAnimationFrame(draw), { passive: true });
  new ResizeObserver(() => draw()).observe(viewport);

  /** False: not ours. */
  function handleKey(place: Place, event: KeyboardEvent): boolean {
    const { layer, control } = place;
    const wide = event.ctrlKey || event.metaKey;
    const index = indexOf(layer.name);
    const rows: Readonly<Record<string, number>> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + pool.page(),
      PageUp: index - pool.page(),
      ...(wide ? { Home: 0, End: shown.length - 1 } : {}),
    };
    const row = rows[event.key];
    if (row !== undefined) {
      const next = shown[Math.min(Math.max(row, 0), shown.length - 1)];
      if (next === undefined) return true;
      if (event.shiftKey) pick(next, 'range');
      setFocus({ layer: next, control: isUsable(next, control) ? control : 0 });
      return true;
    }
    const controls: Readonly<Record<string, () => number>> = {
      ArrowRight: () => neighbour(layer, control, 1),
      ArrowLeft: () => neighbour(layer, control, -1),
      Home: () => 0,
      End: () => neighbour(layer, controlCount, -1),
    };
    const move = controls[event.key];
    if (move !== undefined) setFocus({ layer, control: move() });
    else if (event.key === 'a' && wide) setSelection({ chosen: new Set(namesOf(shown)), anchor: layer.name });
    else if (event.key === 'Escape') setSelection(nothingChosen);
    else if (event.key !== ' ' && event.key !== 'Enter') return false;
    else if (control > 0) press(place);
    else {
      pick(layer, event.shiftKey ? 'range' : 'toggle');
      onLayer(layer.name);
    }
    return true;
  }

  return {
    element: root,
    viewport,
    update(next) {
      const before = state?.picture;
      state = next;
      if (before !== next.picture) applyFilter(filter);
      draw();
    },
    setFilter(text) {
      tools.setFilter(text);
      applyFilter(text);
      draw();
    },
    setChosen(layers) {
      selection = { chosen: new Set(layers) };
      draw();
    },
    reveal(layers) {
      if (filter !== '' && layers.some((name) => indexOf(name) < 0)) {
        tools.setFilter('');
        onFilter('');
        applyFilter('');
      }
      const [first] = layers;
      if (first !== undefined) pool.scrollTo(indexOf(first));
      setSelection({ chosen: new Set(layers), ...(first === undefined ? {} : { anchor: first }) });
    },
  };
}

function headRow(): HTMLElement {
  const heads: readonly (readonly [string, string])[] = [
    ['name', t('Layer')],
    ['shape', t('Output')],
    ['bias', t('Bias')],
    ['weights', t('Weights that train, bytes of SRAM')],
    ['bytes', t('Trained')],
    ['contribution', t('Points')],
  ];
  return element(
    'div',
    { role: 'row', class: 'layer-head', 'aria-rowindex': 1 },
    ...heads.map(([name, title]) => element('div', { role: 'columnheader', class: `cell ${name}` }, title)),
  );
}

function namesOf(layers: readonly PictureLayer[]): readonly string[] {
  return layers.map(({ name }) => name);
}

/** A new head has no switches, and a layer without a bias none for it. */
function isUsable(layer: PictureLayer, control: number): boolean {
  return control === 0 || (layer.switchable && (control !== 1 || layer.bias !== null));
}

function neighbour(layer: PictureLayer, control: number, by: 1 | -1): number {
  for (let next = control + by; next >= 0 && next < controlCount; next += by) if (isUsable(layer, next)) return next;
  return control;
}

const positions: readonly string[] = weightPositions;

function controlOf(position: string | undefined): number {
  if (position === undefined) return 0;
  return position === 'bias' ? 1 : 2 + positions.indexOf(position);
}
