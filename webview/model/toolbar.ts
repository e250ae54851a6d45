/** Search, measure, zoom, and graph or table. */

import { button, element, setText } from '../dom.ts';
import { t } from '../text.ts';
import type { ModelPlanChoice } from './messages.ts';
import { type Tint, tints } from './state.ts';

export interface ToolbarEvents {
  onSearch(text: string): void;
  /** To the next or the previous match. */
  onMatch(by: 1 | -1): void;
  onTint(tint: Tint): void;
  onPlan(uri: string | null): void;
  onMode(mode: 'graph' | 'table'): void;
  onCollapseAll(collapse: boolean): void;
  onZoom(by: 'in' | 'out' | 'fit'): void;
}

export class Toolbar {
  readonly element: HTMLElement;
  readonly search = element('input', {
    type: 'search',
    class: 'search',
    'aria-label': t('Search layers by name or operator'),
    placeholder: t('Search layers'),
    spellcheck: 'false',
  });
  private readonly count = element('span', { class: 'muted figure', role: 'status' });
  private readonly tint = element('select', { class: 'native-select', 'aria-label': t('Measure nodes by') });
  private readonly plan = element('select', { class: 'native-select', 'aria-label': t('Plan whose update is shown') });
  private readonly graph: HTMLButtonElement;
  private readonly table: HTMLButtonElement;
  private readonly onGraph: readonly HTMLElement[];
  private readonly blocks: readonly HTMLElement[];

  constructor(private readonly events: ToolbarEvents) {
    const names: Readonly<Record<Tint, string>> = {
      kind: t('by kind'),
      activations: t('by activations'),
      macs: t('by MACs'),
      weights: t('by weights'),
      update: t('by update'),
    };
    this.tint.append(...tints.map((tint) => new Option(names[tint], tint)));
    this.tint.addEventListener('change', () => this.events.onTint(this.tint.value as Tint));
    this.plan.addEventListener('change', () => this.events.onPlan(this.plan.value === '' ? null : this.plan.value));
    this.search.addEventListener('input', () => this.events.onSearch(this.search.value));
    this.search.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.events.onMatch(event.shiftKey ? -1 : 1);
      else if (event.key === 'Escape' && this.search.value !== '') {
        this.search.value = '';
        this.events.onSearch('');
      } else return;
      event.preventDefault();
    });
    this.graph = button(t('Graph'), () => this.events.onMode('graph'), { class: 'action' });
    this.table = button(t('Table'), () => this.events.onMode('table'), { class: 'action' });
    this.blocks = [
      button(t('Collapse All'), () => this.events.onCollapseAll(true), { class: 'action' }),
      button(t('Expand All'), () => this.events.onCollapseAll(false), { class: 'action' }),
    ];
    const zoom = [
      button('−', () => this.events.onZoom('out'), {
        class: 'action',
        'aria-label': t('Zoom out'),
        title: t('Zoom out (-)'),
      }),
      button(t('Fit'), () => this.events.onZoom('fit'), { class: 'action', title: t('Show all (0)') }),
      button('+', () => this.events.onZoom('in'), {
        class: 'action',
        'aria-label': t('Zoom in'),
        title: t('Zoom in (+)'),
      }),
    ];
    const group = (label: string, ...children: readonly HTMLElement[]): HTMLElement =>
      element('div', { class: 'group', role: 'group', 'aria-label': label }, ...children);
    const blockGroup = group(t('Blocks'), ...this.blocks);
    const zoomGroup = group(t('Zoom'), ...zoom);
    this.onGraph = [blockGroup, zoomGroup];
    this.element = element(
      'div',
      { class: 'toolbar', role: 'toolbar', 'aria-label': t('Model view') },
      group(
        t('Search'),
        this.search,
        this.count,
        button('↑', () => this.events.onMatch(-1), {
          class: 'action',
          'aria-label': t('Previous match'),
          title: t('Previous match (Shift+Enter)'),
        }),
        button('↓', () => this.events.onMatch(1), {
          class: 'action',
          'aria-label': t('Next match'),
          title: t('Next match (Enter)'),
        }),
      ),
      group(t('Measure'), this.tint, this.plan),
      element('div', { class: 'spacer' }),
      blockGroup,
      zoomGroup,
      group(t('Show as'), this.graph, this.table),
    );
  }

  showCount(place: number, count: number, searching: boolean): void {
    const text = count === 0 ? t('no match') : place > 0 ? t('{0} of {1}', place, count) : t('{0} found', count);
    setText(this.count, searching ? text : '');
  }

  show(tint: Tint, mode: 'graph' | 'table', hasBlocks: boolean): void {
    this.tint.value = tint;
    this.plan.hidden = tint !== 'update';
    this.graph.setAttribute('aria-pressed', String(mode === 'graph'));
    this.table.setAttribute('aria-pressed', String(mode === 'table'));
    for (const each of this.onGraph) each.hidden = mode === 'table';
    const [blockGroup] = this.onGraph;
    if (blockGroup !== undefined && !hasBlocks) blockGroup.hidden = true;
  }

  showPlans(plans: readonly ModelPlanChoice[], chosen: string | null): void {
    const none = new Option(plans.length === 0 ? t('no plan uses this model') : t('choose a plan'), '');
    this.plan.replaceChildren(
      ...(chosen === null ? [none] : []),
      ...plans.map(({ name, uri }) => new Option(name, uri)),
    );
    this.plan.value = chosen ?? '';
    this.plan.disabled = plans.length === 0;
  }
}
