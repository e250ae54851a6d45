/** SVG of nodes, frames and wires. Colours come from the style sheet by class. */

import { type Attributes, setAttributes } from '../dom.ts';
import { t } from '../text.ts';
import type { LayoutBox, LayoutWire, ModelFamily } from './messages.ts';
import { type NetworkNode, shapeText } from './network.ts';
import type { Measure } from './tint.ts';

const cornerRadius = 9;
const namePadding = 14;

export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

export interface NodeLook {
  readonly measure: Measure | undefined;
  readonly selected: boolean;
  readonly match: boolean;
  readonly dimmed: boolean;
}

/** What assistive technology says of a node. */
export function labelOf(node: NetworkNode, measure: Measure | undefined): string {
  const parts = [...describe(node), measure?.text ?? ''];
  return parts.filter((part) => part !== '').join(', ');
}

function describe(node: NetworkNode): readonly string[] {
  if (node.kind === 'block') {
    const last = node.layers.at(-1);
    return [
      node.block.title,
      t(node.block.kind),
      t('collapsed block of {0} layers', node.layers.length),
      shapeText(last?.outputShape ?? []),
    ];
  }
  if (node.kind === 'end') {
    return [node.side === 'input' ? t('input') : t('output'), node.tensor.name, shapeText(node.tensor.shape)];
  }
  const { layer } = node;
  return [
    layer.name,
    layer.word,
    shapeText(layer.outputShape),
    layer.trainable ? t('can train') : '',
    layer.note ?? '',
  ];
}

export function drawNode(node: NetworkNode, box: LayoutBox, look: NodeLook): SVGGElement {
  const { width, height } = box;
  const group = svg('g', {
    id: `node-${box.id}`,
    class: classesOf(node, look),
    role: 'img',
    'aria-label': labelOf(node, look.measure),
    transform: `translate(${box.x} ${box.y})`,
  });
  if (node.kind === 'end') {
    group.append(
      svg('rect', { class: 'body', width, height, rx: height / 2 }),
      text(fitText(node.tensor.name || t(node.side), width - 32, 'name'), {
        class: 'name',
        x: width / 2,
        y: 17,
        'text-anchor': 'middle',
      }),
      text(`${shapeText(node.tensor.shape)} ${node.tensor.dtype}`, {
        class: 'what',
        x: width / 2,
        y: 31,
        'text-anchor': 'middle',
      }),
    );
    return group;
  }
  if (node.kind === 'block') group.append(svg('rect', { class: 'stack', x: 5, y: 5, width, height, rx: 6 }));
  const ground = svg('rect', { class: 'body', width, height, rx: 6 });
  if (look.measure !== undefined) ground.style.setProperty('--share', `${Math.round(look.measure.share * 100)}%`);
  const note = node.kind === 'layer' && node.layer.note !== undefined;
  const marks = (note ? 18 : 0) + (node.kind === 'block' ? 18 : 0);
  const name = node.kind === 'block' ? node.block.title : node.layer.name;
  group.append(
    ground,
    svg('path', { class: 'stripe', d: `M6 0H5V${height}H6A6 6 0 0 1 0 ${height - 6}V6A6 6 0 0 1 6 0Z` }),
    text(fitText(name, width - 2 * namePadding - marks, 'name'), { class: 'name', x: namePadding, y: 22 }),
  );
  const what = look.measure === undefined ? wordsOf(node) : look.measure.text;
  group.append(text(fitText(what, width - 2 * namePadding, 'what'), { class: 'what', x: namePadding, y: 41 }));
  if (look.measure !== undefined) {
    group.append(
      svg('rect', { class: 'meter-ground', x: namePadding, y: height - 9, width: width - 2 * namePadding, height: 3 }),
      svg('rect', {
        class: 'meter',
        x: namePadding,
        y: height - 9,
        width: Math.max(look.measure.share > 0 ? 1 : 0, (width - 2 * namePadding) * look.measure.share),
        height: 3,
      }),
    );
  }
  if (note) group.append(warning(width - 24, 10));
  if (node.kind === 'block') group.append(chevron(width - 24, 12, 'collapsed'));
  return group;
}

function wordsOf(node: Extract<NetworkNode, { kind: 'layer' | 'block' }>): string {
  if (node.kind === 'layer') return `${node.layer.word} → ${shapeText(node.layer.outputShape)}`;
  return `${t('{0} layers', node.layers.length)} → ${shapeText(node.layers.at(-1)?.outputShape ?? [])}`;
}

function classesOf(node: NetworkNode, { measure, selected, match, dimmed }: NodeLook): string {
  return [
    'node',
    node.kind,
    familyOf(node) === undefined ? '' : `family-${familyOf(node)}`,
    measure === undefined ? '' : measure.share === 0 ? 'measured nothing' : 'measured',
    selected ? 'selected' : '',
    match ? 'match' : '',
    dimmed ? 'dimmed' : '',
  ]
    .filter((name) => name !== '')
    .join(' ');
}

/** Of a block: that of its costliest layer. */
export function familyOf(node: NetworkNode): ModelFamily | undefined {
  if (node.kind === 'layer') return node.layer.family;
  if (node.kind !== 'block') return undefined;
  return node.layers.reduce((most, layer) => (layer.macs > most.macs ? layer : most), node.layers[0] ?? noLayer).family;
}

const noLayer = { macs: 0, family: 'shape' as ModelFamily };

export function drawFrame(node: NetworkNode, box: LayoutBox, selected: boolean): SVGGElement {
  const { width, height } = box;
  const title = node.kind === 'block' ? node.block.title : '';
  const kind = node.kind === 'block' ? t(node.block.kind) : '';
  const room = width - 44;
  const shown = fitText(title, room, 'name');
  const left = room - widthOf(shown, 'name') - 10;
  return svg(
    'g',
    { class: `frame${selected ? ' selected' : ''}`, transform: `translate(${box.x} ${box.y})`, 'aria-hidden': 'true' },
    svg('rect', { class: 'frame-body', width, height, rx: 10 }),
    chevron(11, 9, 'expanded'),
    text(shown, { class: 'frame-title', x: 29, y: 19 }),
    ...(left > 30
      ? [text(fitText(kind, left, 'what'), { class: 'frame-kind', x: 29 + widthOf(shown, 'name') + 8, y: 19 })]
      : []),
  );
}

function chevron(x: number, y: number, state: 'expanded' | 'collapsed'): SVGPathElement {
  const d = state === 'expanded' ? 'M1 3.5l5 5 5-5' : 'M3.5 1l5 5-5 5';
  return svg('path', { class: 'chevron', d, transform: `translate(${x} ${y})` });
}

function warning(x: number, y: number): SVGGElement {
  return svg(
    'g',
    { class: 'warning', transform: `translate(${x} ${y})` },
    svg('path', { class: 'warning-body', d: 'M7 1L13.5 12.5H0.5Z' }),
    svg('path', { class: 'warning-mark', d: 'M7 5v4M7 10.5v1' }),
  );
}

function text(content: string, attributes: Attributes): SVGTextElement {
  return svg('text', attributes, content);
}

/** Corners rounded as far as the stretches beside them allow. */
export function wirePath({ points }: LayoutWire): string {
  const at = (index: number): readonly [number, number] => [points[2 * index] ?? 0, points[2 * index + 1] ?? 0];
  const count = points.length / 2;
  const [startX, startY] = at(0);
  let path = `M${round(startX)} ${round(startY)}`;
  for (let index = 1; index < count - 1; index++) {
    const [[x0, y0], [x, y], [x1, y1]] = [at(index - 1), at(index), at(index + 1)];
    const before = Math.hypot(x - x0, y - y0);
    const after = Math.hypot(x1 - x, y1 - y);
    const radius = Math.min(cornerRadius, before / 2, after / 2);
    if (radius < 0.5) continue;
    const enterX = x + ((x0 - x) * radius) / before;
    const enterY = y + ((y0 - y) * radius) / before;
    const leaveX = x + ((x1 - x) * radius) / after;
    const leaveY = y + ((y1 - y) * radius) / after;
    path += `L${round(enterX)} ${round(enterY)}Q${round(x)} ${round(y)} ${round(leaveX)} ${round(leaveY)}`;
  }
  const [endX, endY] = at(count - 1);
  return `${path}L${round(endX)} ${round(endY)}`;
}

/** An arrow head where the wire ends at a node. */
export function headPath({ points, to }: LayoutWire): string {
  if (to === undefined) return '';
  const x = round(points.at(-2) ?? 0);
  const y = round(points.at(-1) ?? 0);
  return `M${x} ${y}l-4 -6.5h8Z`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

type TextStyle = 'name' | 'what';

const painter = document.createElement('canvas').getContext('2d');
const widths = new Map<string, number>();

/** Fonts change with the theme and the zoom of the window. */
export function forgetFonts(): void {
  widths.clear();
}

export function widthOf(content: string, style: TextStyle): number {
  const key = `${style}${content}`;
  const known = widths.get(key);
  if (known !== undefined || painter === null) return known ?? 0;
  const family = getComputedStyle(document.body).fontFamily;
  painter.font = style === 'name' ? `600 13px ${family}` : `11.5px ${family}`;
  const width = painter.measureText(content).width;
  widths.set(key, width);
  return width;
}

/** Cut in the middle where there is no room: both ends of a layer's name tell it from others. */
function fitText(content: string, room: number, style: TextStyle): string {
  if (widthOf(content, style) <= room) return content;
  let low = 0;
  let high = content.length;
  const cut = (length: number): string =>
    `${content.slice(0, Math.ceil(length / 2))}…${content.slice(content.length - Math.floor(length / 2))}`;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (widthOf(cut(middle), style) <= room) low = middle;
    else high = middle - 1;
  }
  return cut(low);
}
