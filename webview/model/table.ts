/** The graph as a list: every layer with its figures, sorted as wanted. */

import { button, element } from '../dom.ts';
import { bytesText, figure, t } from '../text.ts';
import { type Network, shapeText } from './network.ts';
import type { Measures } from './tint.ts';

export interface TableEvents {
  onSelect(id: string): void;
}

type Column = 'place' | 'name' | 'operator' | 'macs' | 'weights' | 'activations';

export class LayerTable {
  readonly element = element('div', { class: 'table-view', role: 'region', 'aria-label': t('Layers'), tabindex: 0 });
  private sort: { readonly column: Column; readonly down: boolean } = { column: 'place', down: false };
  private network: Network | undefined;
  private rows = new Map<string, HTMLElement>();
  private selected: string | undefined;
  private shown: { readonly measures: Measures | undefined; readonly matches: ReadonlySet<string> | undefined } = {
    measures: undefined,
    matches: undefined,
  };

  constructor(private readonly events: TableEvents) {}

  /** `matches`: only these; undefined: all. */
  show(
    network: Network,
    measures: Measures | undefined,
    matches: ReadonlySet<string> | undefined,
    selected: string | undefined,
  ): void {
    this.network = network;
    this.shown = { measures, matches };
    this.selected = selected;
    this.draw(network);
  }

  select(id: string | undefined): void {
    if (this.selected !== undefined) this.mark(this.selected, false);
    this.selected = id;
    if (id !== undefined) this.mark(id, true);
  }

  private mark(id: string, selected: boolean): void {
    const row = this.rows.get(id);
    row?.classList.toggle('selected', selected);
    row?.setAttribute('aria-current', String(selected));
    if (selected) row?.scrollIntoView({ block: 'nearest' });
  }

  private draw(network: Network): void {
    const { matches, measures } = this.shown;
    const order = network.picture.layers
      .map((layer, index) => ({ layer, index, id: `n${index}` }))
      .filter(({ id }) => matches === undefined || matches.has(id));
    const { column, down } = this.sort;
    const key = (row: (typeof order)[number]): number | string =>
      ({
        place: row.index,
        name: row.layer.name,
        operator: row.layer.operator,
        macs: row.layer.macs,
        weights: row.layer.weightBytes,
        activations: row.layer.activationBytes,
      })[column];
    const compare = (a: number | string, b: number | string): number =>
      typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
    order.sort((a, b) => (down ? -1 : 1) * compare(key(a), key(b)) || a.index - b.index);
    this.rows = new Map();
    const body = element('tbody');
    for (const { id, index, layer } of order) {
      const node = network.node(id);
      const measure = node === undefined ? undefined : measures?.(node);
      const row = element(
        'tr',
        {},
        cell(String(index), 'number'),
        element(
          'th',
          { scope: 'row' },
          button(layer.name, () => this.events.onSelect(id), { class: 'link' }),
        ),
        cell(layer.word),
        cell(shapeText(layer.inputShape)),
        cell(`${shapeText(layer.outputShape)} ${layer.outputType}`),
        cell(figure(layer.macs), 'number'),
        cell(bytesText(layer.weightBytes), 'number'),
        cell(bytesText(layer.activationBytes), 'number'),
        cell(measure !== undefined ? measure.text : layer.trainable ? t('can train') : ''),
        cell(layer.note ?? ''),
      );
      this.rows.set(id, row);
      body.append(row);
    }
    const focused = document.activeElement?.getAttribute('data-column');
    this.element.replaceChildren(
      element(
        'table',
        { class: 'data-table layers' },
        element('caption', { class: 'visually-hidden' }, t('All layers in execution order')),
        element('thead', {}, element('tr', {}, ...this.heads())),
        body,
      ),
    );
    if (focused) this.element.querySelector<HTMLElement>(`[data-column="${focused}"]`)?.focus();
    if (this.selected !== undefined) this.mark(this.selected, true);
  }

  private heads(): HTMLElement[] {
    return [
      this.head(t('#'), 'place', true),
      this.head(t('layer'), 'name', false),
      this.head(t('operator'), 'operator', false),
      element('th', { scope: 'col' }, t('input')),
      element('th', { scope: 'col' }, t('output')),
      this.head(t('MACs'), 'macs', true),
      this.head(t('weights'), 'weights', true),
      this.head(t('activations'), 'activations', true),
      element('th', { scope: 'col' }, t('training')),
      element('th', { scope: 'col' }, t('note')),
    ];
  }

  private head(title: string, column: Column, number: boolean): HTMLElement {
    const sorted = this.sort.column === column;
    const numbers = column === 'macs' || column === 'weights' || column === 'activations';
    const arrow = sorted ? (this.sort.down ? ' ↓' : ' ↑') : '';
    const sort = button(
      `${title}${arrow}`,
      () => {
        // What costs is looked for from the top.
        this.sort = { column, down: sorted ? !this.sort.down : numbers };
        if (this.network !== undefined) this.draw(this.network);
      },
      { class: 'sort', 'data-column': column },
    );
    const direction = this.sort.down ? 'descending' : 'ascending';
    return element(
      'th',
      { scope: 'col', class: number ? 'number' : undefined, 'aria-sort': sorted ? direction : 'none' },
      sort,
    );
  }
}

function cell(text: string, name?: string): HTMLElement {
  return element('td', { class: name }, text);
}
