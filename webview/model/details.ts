/** Everything of the selected node, beside the graph. */

import { button, element } from '../dom.ts';
import { bytesText, figure, t } from '../text.ts';
import { quantisationText } from './header.ts';
import { histogramPicture } from './histogram.ts';
import type { ModelLayerDetails, ModelOperand, ModelUpdate } from './messages.ts';
import { type Network, type NetworkNode, shapeText } from './network.ts';

export interface DetailsEvents {
  onSelect(id: string): void;
  onToggle(block: string): void;
  onClose(): void;
}

export interface DetailsContent {
  readonly network: Network;
  readonly node: NetworkNode;
  /** Undefined until they have come. */
  readonly details: ModelLayerDetails | undefined;
  readonly update: ModelUpdate | null;
  readonly collapsed: ReadonlySet<string>;
}

export class DetailsPanel {
  readonly element = element('aside', { class: 'details', 'aria-label': t('Details'), tabindex: -1 });

  constructor(private readonly events: DetailsEvents) {}

  show(content: DetailsContent | undefined): void {
    if (content === undefined) {
      this.element.replaceChildren(
        this.top(t('Details')),
        element('p', { class: 'muted' }, t('Select a node of the graph.')),
      );
      return;
    }
    const { node, network } = content;
    const body =
      node.kind === 'layer'
        ? this.layer(content, node)
        : node.kind === 'block'
          ? this.block(content, node)
          : this.end(content, node);
    this.element.replaceChildren(this.top(network.nameOf(node.id)), ...body);
    this.element.scrollTop = 0;
  }

  focus(): void {
    this.element.focus();
  }

  private top(title: string): HTMLElement {
    const close = button('✕', () => this.events.onClose(), { class: 'action', 'aria-label': t('Close the details') });
    return element('div', { class: 'details-top' }, element('h2', { title }, title), close);
  }

  private layer(content: DetailsContent, node: Extract<NetworkNode, { kind: 'layer' }>): Node[] {
    const { network, details, update } = content;
    const { layer } = node;
    const block = network.blockOf(node.id);
    const row = update?.layers.find((each) => each.layer === layer.name);
    const trains =
      row === undefined
        ? t('frozen')
        : [row.bias ? t('bias') : '', row.weights === undefined ? '' : t('weights {0}', row.weights)]
            .filter(Boolean)
            .join(', ');
    return [
      pairs([
        [t('Operator'), layer.operator],
        ...(details === undefined || details.fullName === layer.name
          ? []
          : [[t('Full name'), details.fullName] as const]),
        ...(block === undefined
          ? []
          : [[t('Block'), this.blockLink(block.id, block.title, content.collapsed)] as const]),
        [t('MACs'), figure(layer.macs)],
        [t('Weights'), bytesText(layer.weightBytes)],
        [t('Activations alive'), bytesText(layer.activationBytes)],
        [t('Trains'), layer.trainable ? (update === null ? t('it can') : trains) : t('no weights to train')],
        ...(details?.attributes ?? []).map(({ name, value }) => [capital(t(name)), value] as const),
      ]),
      ...(layer.note === undefined ? [] : [note(layer.note)]),
      ...(details === undefined
        ? [element('p', { class: 'muted' }, t('Reading the weights…'))]
        : this.operands(details)),
    ];
  }

  private blockLink(id: string, title: string, collapsed: ReadonlySet<string>): HTMLElement {
    const hide = collapsed.has(id) ? t('expand') : t('collapse');
    return element(
      'span',
      {},
      `${title} `,
      button(hide, () => this.events.onToggle(id), { class: 'link' }),
    );
  }

  private operands(details: ModelLayerDetails): Node[] {
    const of = (...roles: readonly ModelOperand['role'][]): readonly ModelOperand[] =>
      details.tensors.filter(({ role }) => roles.includes(role));
    return [
      ...this.section(t('Inputs'), of('input')),
      ...this.section(t('Weights and constants'), of('weights', 'bias', 'constant')),
      ...details.histograms.filter(({ count }) => count > 1).map(histogramPicture),
      ...this.section(t('Outputs'), of('output')),
    ];
  }

  private section(title: string, operands: readonly ModelOperand[]): Node[] {
    if (operands.length === 0) return [];
    return [
      element('h3', { class: 'section-title' }, title),
      element('ul', { class: 'operands' }, ...operands.map((operand) => this.operand(operand))),
    ];
  }

  private operand({ name, role, shape, dtype, bytes, quantisation, neighbours, values }: ModelOperand): HTMLElement {
    const links = neighbours.map(({ id, name: other }) =>
      button(other, () => this.events.onSelect(id), { class: 'link' }),
    );
    const word = role === 'output' ? t('to') : t('from');
    const fixed = role === 'weights' || role === 'bias' || role === 'constant';
    return element(
      'li',
      {},
      element(
        'div',
        { class: 'operand-head' },
        element('strong', {}, fixed ? t(role) : shapeText(shape)),
        ` ${fixed ? `${shapeText(shape)} ` : ''}${dtype}`,
        element('span', { class: 'muted figure' }, bytesText(bytes)),
      ),
      quantisation === undefined
        ? null
        : element(
            'div',
            { class: 'muted figure' },
            quantisationText(quantisation.scale, quantisation.zeroPoint),
            quantisation.channels > 1 ? ` ${t('({0} channels)', quantisation.channels)}` : null,
          ),
      values === undefined
        ? null
        : element(
            'div',
            { class: 'figure values' },
            values.map((value) => String(Number(value.toPrecision(6)))).join(', '),
          ),
      element('div', { class: 'muted tensor-name', title: name }, name),
      links.length === 0
        ? null
        : element(
            'div',
            { class: 'neighbours' },
            `${word} `,
            ...links.flatMap((link, index) => (index === 0 ? [link] : [', ', link])),
          ),
    );
  }

  private block(
    { collapsed, network }: DetailsContent,
    { id, block, layers }: Extract<NetworkNode, { kind: 'block' }>,
  ): Node[] {
    const sum = (figureOf: (layer: (typeof layers)[number]) => number): number =>
      layers.reduce((total, layer) => total + figureOf(layer), 0);
    const label = collapsed.has(id) ? t('Expand') : t('Collapse');
    const toggle = element('vscode-button', { appearance: 'secondary' }, label);
    toggle.addEventListener('click', () => this.events.onToggle(id));
    return [
      pairs([
        [t('Structure'), t(block.kind)],
        [t('MACs'), figure(sum(({ macs }) => macs))],
        [t('Weights'), bytesText(sum(({ weightBytes }) => weightBytes))],
        [t('Activations alive'), bytesText(Math.max(...layers.map(({ activationBytes }) => activationBytes)))],
        [t('Can train'), t('{0} of {1} layers', layers.filter(({ trainable }) => trainable).length, layers.length)],
      ]),
      toggle,
      element('h3', { class: 'section-title' }, t('Layers')),
      element(
        'ol',
        { class: 'block-layers' },
        ...block.layers.map((index) =>
          element(
            'li',
            {},
            button(network.nameOf(`n${index}`), () => this.events.onSelect(`n${index}`), { class: 'link' }),
            ' ',
            element('span', { class: 'muted' }, network.picture.layers[index]?.word),
          ),
        ),
      ),
    ];
  }

  private end({ network }: DetailsContent, { id, side, tensor }: Extract<NetworkNode, { kind: 'end' }>): Node[] {
    const others = network.neighbours(id, side === 'input' ? 'readers' : 'sources', new Set());
    const neighbours = others.map((other) => ({ id: other, name: network.nameOf(other) }));
    const title = side === 'input' ? t('Input of the model') : t('Output of the model');
    return this.section(title, [{ ...tensor, role: side === 'input' ? 'output' : 'input', neighbours }]);
  }
}

function note(text: string): HTMLElement {
  return element('p', { class: 'obstacle' }, element('span', { class: 'mark', 'aria-hidden': 'true' }, '⚠ '), t(text));
}

function pairs(rows: readonly (readonly [string, string | Node])[]): HTMLElement {
  return element(
    'dl',
    { class: 'pairs' },
    ...rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', { class: 'figure' }, value)]),
  );
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
