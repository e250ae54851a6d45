/** The model view: keeps what is shown, and tells the parts of the page when it changes. */

import { button, element, liveRegion } from '../dom.ts';
import type { Host } from '../host.ts';
import { t, useTexts } from '../text.ts';
import { onThemeChange } from '../theme.ts';
import { DetailsPanel } from './details.ts';
import { GraphView } from './graph.ts';
import { Header } from './header.ts';
import { legend } from './legend.ts';
import type { FromModelPage, ModelLayerDetails, ModelLayout, ModelUpdate, ToModelPage } from './messages.ts';
import { Network } from './network.ts';
import { initialState, type ViewState, viewState } from './state.ts';
import { arrangingState, failedState, loadingState } from './states.ts';
import { LayerTable } from './table.ts';
import { measuresFor } from './tint.ts';
import { Toolbar } from './toolbar.ts';

/** More than these and the blocks begin collapsed. */
const mostExpandedLayers = 150;
/** A layout that takes longer is shown to be under way, and can be cancelled. */
const patienceMs = 400;

export class ModelApp {
  private state: ViewState;
  private network: Network | undefined;
  private layout: ModelLayout | undefined;
  private laidOutFor: ReadonlySet<string> = new Set();
  private details: ModelLayerDetails | undefined;
  private update: ModelUpdate | null = null;
  private version = -1;
  private planIsKept = false;
  /** A layer that was asked for before the model was there. */
  private wanted: string | undefined;
  /** A node that is to stay where it is on the screen when the next layout comes. */
  private anchor: { readonly id: string; readonly place: { readonly x: number; readonly y: number } } | undefined;
  private matches: readonly string[] = [];
  private place = 0;

  private waiting: ReturnType<typeof setTimeout> | undefined;

  private readonly arranging = arrangingState(() => this.cancelLayout());
  private readonly live = liveRegion();
  private readonly header: Header;
  private readonly toolbar: Toolbar;
  private readonly graph: GraphView;
  private readonly table: LayerTable;
  private readonly panel: DetailsPanel;
  private readonly legend = element('div', { class: 'legend-place' });
  private readonly banner = element('p', { class: 'banner', role: 'alert', hidden: true });
  private readonly main = element('div', { class: 'main' });

  constructor(
    private readonly root: HTMLElement,
    private readonly host: Host<FromModelPage>,
  ) {
    this.state = host.restore(viewState) ?? initialState;
    this.header = new Header({
      onNewPlan: () => host.send({ type: 'newPlan' }),
      onOpenPlan: (uri) => host.send({ type: 'openPlan', uri }),
      onLayer: (name) => this.reveal(name),
    });
    this.toolbar = new Toolbar({
      onSearch: (text) => this.search(text),
      onMatch: (by) => this.nextMatch(by),
      onTint: (tint) => {
        this.remember({ tint });
        this.draw();
      },
      onPlan: (uri) => host.send({ type: 'choosePlan', uri }),
      onMode: (mode) => {
        this.remember({ mode });
        this.draw();
        if (mode === 'graph' && this.layout === undefined) this.askForLayout(this.state.collapsed ?? []);
        (mode === 'graph' ? this.graph.element : this.table.element).focus();
      },
      onCollapseAll: (collapse) =>
        this.collapse(collapse ? (this.network?.picture.blocks ?? []).map(({ id }) => id) : []),
      onZoom: (by) => (by === 'fit' ? this.graph.fit() : this.graph.zoom(by === 'in' ? 1.25 : 0.8)),
    });
    this.graph = new GraphView({
      onSelect: (id, pointed) => this.select(id, !pointed),
      onOpen: (id) => {
        this.select(id);
        this.openDetails(true);
        this.panel.focus();
      },
      onToggle: (block) => this.toggle(block),
      onCamera: (camera) => this.remember({ camera }),
    });
    this.table = new LayerTable({
      onSelect: (id) => {
        this.select(id);
        this.openDetails(true);
      },
    });
    this.panel = new DetailsPanel({
      onSelect: (id) => this.select(id),
      onToggle: (block) => this.toggle(block),
      onClose: () => {
        this.openDetails(false);
        this.focusMain();
      },
    });
    this.panel.element.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      this.openDetails(false);
      this.focusMain();
    });
    document.addEventListener('keydown', (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === 'f' && this.network !== undefined) {
        event.preventDefault();
        this.toolbar.search.select();
      }
    });
    onThemeChange(() => this.graph.refreshFonts());
    this.root.replaceChildren(loadingState('', 0, 'reading', () => host.send({ type: 'cancel' })));
  }

  receive(message: ToModelPage): void {
    switch (message.type) {
      case 'settings':
        useTexts(message.texts ?? {});
        return;
      case 'loading':
        if (this.network === undefined) {
          const cancel = (): void => this.host.send({ type: 'cancel' });
          this.root.replaceChildren(loadingState(message.name, message.fileBytes, message.stage, cancel));
        }
        return;
      case 'model':
        this.open(message.version, new Network(message.picture));
        return;
      case 'layout':
        if (message.version === this.version) this.arrange(message.layout, new Set(message.collapsed));
        return;
      case 'details':
        if (message.version !== this.version) return;
        this.details = message.details;
        this.drawDetails();
        return;
      case 'plans':
        this.update = message.update;
        this.keepPlan(message);
        this.header.showPlans(message.plans);
        this.toolbar.showPlans(message.plans, message.update?.plan ?? null);
        if (this.network !== undefined) this.draw();
        return;
      case 'failed':
        this.network = undefined;
        this.layout = undefined;
        this.root.replaceChildren(failedState(message, () => this.host.send({ type: 'retry' })));
        return;
      case 'gone':
        this.warn(t('The file was deleted. What is shown is what it was.'));
        return;
      case 'reveal':
        this.reveal(message.layer);
        return;
    }
  }

  /** The plan that was chosen before the page was hidden is chosen again; after that, what the host says is kept. */
  private keepPlan({ plans, update }: Extract<ToModelPage, { type: 'plans' }>): void {
    if (update === null) return;
    const { plan } = this.state;
    const again = !this.planIsKept && plan !== null && plan !== update.plan && plans.some(({ uri }) => uri === plan);
    this.planIsKept = true;
    if (again) this.host.send({ type: 'choosePlan', uri: plan });
    else this.remember({ plan: update.plan });
  }

  private open(version: number, network: Network): void {
    this.version = version;
    this.network = network;
    this.layout = undefined;
    this.details = undefined;
    this.banner.hidden = true;
    const { picture } = network;
    const known = new Set(picture.blocks.map(({ id }) => id));
    const collapsed = this.state.collapsed?.filter((id) => known.has(id));
    const begin = picture.layers.length > mostExpandedLayers ? [...known] : [];
    const selected =
      this.state.selected !== null && network.node(this.state.selected) !== undefined ? this.state.selected : null;
    this.state = { ...this.state, collapsed: collapsed ?? begin, selected };
    this.header.show(picture);
    this.toolbar.search.value = this.state.search;
    this.matches = network.search(this.state.search);
    const stage = element(
      'div',
      { class: 'stage' },
      this.graph.element,
      this.table.element,
      this.legend,
      this.arranging,
    );
    this.main.replaceChildren(stage, this.panel.element);
    const body = element('main', { class: 'body' }, this.banner, this.toolbar.element, this.main, this.live.element);
    this.root.replaceChildren(this.header.element, body);
    this.draw();
    this.askForLayout(this.state.collapsed ?? []);
    this.askForDetails();
    document.title = picture.name;
  }

  private askForLayout(collapsed: readonly string[]): void {
    this.host.send({ type: 'layout', collapsed: [...collapsed], aspect: this.graph.aspect });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.arranging.hidden = this.state.mode === 'table';
    }, patienceMs);
  }

  private stopWaiting(): void {
    clearTimeout(this.waiting);
    this.arranging.hidden = true;
  }

  /** Back to what was there; where nothing was, the table is. */
  private cancelLayout(): void {
    this.stopWaiting();
    this.host.send({ type: 'cancel' });
    const change = this.layout === undefined ? { mode: 'table' as const } : { collapsed: [...this.laidOutFor] };
    this.remember(change);
    this.draw();
    this.focusMain();
  }

  private arrange(layout: ModelLayout, collapsed: ReadonlySet<string>): void {
    this.stopWaiting();
    const first = this.layout === undefined;
    this.layout = layout;
    this.laidOutFor = collapsed;
    this.drawGraph(first ? this.state.camera : undefined);
    if (this.anchor !== undefined) this.graph.putAt(this.anchor.id, this.anchor.place);
    this.anchor = undefined;
    const { wanted } = this;
    this.wanted = undefined;
    if (wanted !== undefined) this.reveal(wanted);
    this.root.dataset.painted = String(this.version);
  }

  private remember(change: Partial<ViewState>): void {
    this.state = { ...this.state, ...change };
    this.host.save(this.state);
  }

  private get collapsed(): ReadonlySet<string> {
    return new Set(this.state.collapsed ?? []);
  }

  private draw(): void {
    const { network, state } = this;
    if (network === undefined) return;
    const { mode, tint } = state;
    this.toolbar.show(tint, mode, network.picture.blocks.length > 0);
    this.toolbar.showCount(this.place, this.matches.length, state.search.trim() !== '');
    this.graph.element.hidden = mode === 'table';
    this.table.element.hidden = mode === 'graph';
    this.legend.hidden = mode === 'table';
    this.legend.replaceChildren(legend(network.picture, tint));
    this.drawGraph();
    if (mode === 'table') {
      const matches = state.search.trim() === '' ? undefined : new Set(this.matches);
      const measures = this.update === null ? undefined : measuresFor('update', network, this.update);
      this.table.show(network, measures, matches, state.selected ?? undefined);
    }
    this.drawDetails();
  }

  private drawGraph(camera?: ViewState['camera']): void {
    const { network, layout, state } = this;
    if (network === undefined || layout === undefined) return;
    const shown = this.matches.map((id) => network.visible(id, this.laidOutFor));
    const selected = state.selected === null ? undefined : network.visible(state.selected, this.laidOutFor);
    const content = {
      network,
      layout,
      collapsed: this.laidOutFor,
      measures: measuresFor(state.tint, network, this.update),
      selected,
      matches: new Set(shown),
      searching: state.search.trim() !== '',
    };
    this.graph.show(content, camera);
  }

  private drawDetails(): void {
    const { network, state } = this;
    this.main.classList.toggle('with-details', state.details === 'open');
    this.panel.element.hidden = state.details === 'closed';
    if (network === undefined || state.details === 'closed') return;
    const node = state.selected === null ? undefined : network.node(state.selected);
    if (node === undefined) {
      this.panel.show(undefined);
      return;
    }
    const own = node.kind === 'layer' && this.details?.layer === node.index ? this.details : undefined;
    this.panel.show({ network, node, details: own, update: this.update, collapsed: this.collapsed });
  }

  private select(id: string, readable = true): void {
    const { network } = this;
    if (network?.node(id) === undefined) return;
    const first = this.state.selected === null;
    this.remember({ selected: id, ...(first ? { details: 'open' as const } : {}) });
    this.askForDetails();
    this.drawGraph();
    this.drawDetails();
    this.table.select(id);
    const visible = network.visible(id, this.laidOutFor);
    // The details may just have taken a part of the window.
    requestAnimationFrame(() => this.graph.reveal(visible, readable));
    this.live.say(this.graph.describe(visible) || network.nameOf(id));
  }

  private askForDetails(): void {
    const node = this.state.selected === null ? undefined : this.network?.node(this.state.selected);
    if (node?.kind === 'layer' && this.details?.layer !== node.index)
      this.host.send({ type: 'details', layer: node.index });
  }

  private openDetails(open: boolean): void {
    this.remember({ details: open ? 'open' : 'closed' });
    this.drawDetails();
  }

  private focusMain(): void {
    (this.state.mode === 'graph' ? this.graph.element : this.table.element).focus();
  }

  private toggle(block: string): void {
    const collapsed = new Set(this.collapsed);
    if (!collapsed.delete(block)) collapsed.add(block);
    const place = this.graph.placeOf(block);
    if (place !== undefined) this.anchor = { id: block, place };
    this.remember({ selected: block });
    this.collapse([...collapsed]);
    const name = this.network?.nameOf(block) ?? '';
    this.live.say(collapsed.has(block) ? t('{0} collapsed', name) : t('{0} expanded', name));
  }

  private collapse(blocks: readonly string[]): void {
    this.remember({ collapsed: [...blocks] });
    this.askForLayout(blocks);
    this.drawDetails();
  }

  private search(text: string): void {
    this.remember({ search: text });
    this.matches = this.network?.search(text) ?? [];
    this.place = 0;
    this.draw();
  }

  private nextMatch(by: 1 | -1): void {
    const count = this.matches.length;
    if (count === 0) return;
    this.place = ((this.place - 1 + by + count) % count) + 1;
    const id = this.matches[this.place - 1];
    if (id !== undefined) this.select(id);
    this.toolbar.showCount(this.place, count, true);
  }

  private reveal(layer: string): void {
    if (this.layout === undefined) {
      this.wanted = layer;
      return;
    }
    const id = this.network?.idOfLayer(layer);
    if (id === undefined) {
      this.warn(t('This model has no layer {0}.', layer));
      return;
    }
    this.select(id);
    this.openDetails(true);
  }

  private warn(text: string): void {
    const close = button(
      '✕',
      () => {
        this.banner.hidden = true;
      },
      { class: 'action', 'aria-label': t('Close the message') },
    );
    this.banner.replaceChildren(element('span', { class: 'mark', 'aria-hidden': 'true' }, '⚠ '), text, close);
    this.banner.hidden = false;
  }
}
