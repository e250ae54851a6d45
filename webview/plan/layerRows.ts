/** The rows in sight: of a long list only these exist, in a canvas as high as all of them. */

import { createLayerRow, type LayerRow, type RowState } from './layerRow.ts';
import type { PictureLayer } from './messages.ts';

/** As in the style sheet. */
const rowHeight = 38;
/** Rows above and below those in sight, so that scrolling shows no gap. */
const spare = 4;

export interface RowPool {
  /** `keep`: a row that stays even out of sight, as it has the focus, which would be lost with it. */
  draw(layers: readonly PictureLayer[], keep: string | undefined, stateOf: StateOf): void;
  row(layer: string): LayerRow | undefined;
  scrollTo(index: number): void;
  /** Rows of one screen. */
  page(): number;
}

export type StateOf = (layer: PictureLayer) => Omit<RowState, 'layer' | 'index'>;

export function createRowPool(viewport: HTMLElement, canvas: HTMLElement): RowPool {
  /** By layer. A row stays with its layer while it can: the focus and the reading cursor stay too. */
  let rows = new Map<string, LayerRow>();

  function indexesInSight(layers: readonly PictureLayer[], keep: string | undefined): readonly number[] {
    const { scrollTop, clientHeight } = viewport;
    const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
    const last = Math.min(layers.length - 1, Math.ceil((scrollTop + clientHeight) / rowHeight) + spare);
    const inSight = Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index);
    const kept = keep === undefined ? -1 : layers.findIndex(({ name }) => name === keep);
    return kept < 0 || (kept >= first && kept <= last) ? inSight : [...inSight, kept];
  }

  return {
    draw(layers, keep, stateOf) {
      canvas.style.height = `${layers.length * rowHeight}px`;
      const needed = indexesInSight(layers, keep);
      const names = new Set(needed.map((index) => layers[index]?.name));
      const free = [...rows].filter(([name]) => !names.has(name)).map(([, row]) => row);
      const next = new Map<string, LayerRow>();
      for (const index of needed) {
        const layer = layers[index];
        if (layer === undefined) continue;
        const row = rows.get(layer.name) ?? free.pop() ?? createLayerRow();
        row.update({ layer, index, ...stateOf(layer) });
        row.element.style.transform = `translateY(${index * rowHeight}px)`;
        if (row.element.parentNode !== canvas) canvas.append(row.element);
        next.set(layer.name, row);
      }
      for (const row of free) row.element.remove();
      rows = next;
    },
    row: (layer) => rows.get(layer),
    scrollTo(index) {
      const top = index * rowHeight;
      const { scrollTop, clientHeight } = viewport;
      if (top < scrollTop) viewport.scrollTop = top;
      else if (top + rowHeight > scrollTop + clientHeight) viewport.scrollTop = top + rowHeight - clientHeight;
    },
    page: () => Math.max(1, Math.floor(viewport.clientHeight / rowHeight) - 1),
  };
}
