/** The graph on the screen: only what is in the window is in the document, so its size does not matter. */

import { element } from '../dom.ts';
import { t } from '../text.ts';
import { type Box, type Camera, fitted, overlaps, panned, type Size, seen, showing, zoomed } from './camera.ts';
import { drawFrame, drawNode, familyOf, forgetFonts, headPath, labelOf, svg, wirePath } from './draw.ts';
import type { LayoutBox, LayoutWire, ModelLayout } from './messages.ts';
import { modelFamilies } from './messages.ts';
import type { Network } from './network.ts';
import { type Direction, step } from './steps.ts';
import type { Measures } from './tint.ts';

/** Below this nobody can read a node: all of a kind become one shape. */
const overviewZoom = 0.36;
const readableZoom = 0.5;
const panStep = 60;
const zoomStep = 1.25;
/** Pixels of movement that make a click a drag. */
const dragThreshold = 4;

export interface GraphContent {
  readonly network: Network;
  readonly layout: ModelLayout;
  readonly collapsed: ReadonlySet<string>;
  readonly measures: Measures | undefined;
  readonly selected: string | undefined;
  readonly matches: ReadonlySet<string>;
  readonly searching: boolean;
}

export interface GraphEvents {
  /** `pointed`: by the mouse, so it is in sight already. */
  onSelect(id: string, pointed: boolean): void;
  /** Enter or a double click. */
  onOpen(id: string): void;
  onToggle(block: string): void;
  onCamera(camera: Camera | null): void;
}

export class GraphView {
  readonly element: HTMLElement;
  private readonly picture = svg('svg', { class: 'graph-picture', 'aria-hidden': 'false' });
  private readonly scene = svg('g');
  private content: GraphContent | undefined;
  /** Undefined: all of it, whatever the window's size. */
  private camera: Camera | undefined;
  private window: Size = { width: 1, height: 1 };
  private frame = 0;
  private drag: { x: number; y: number; moved: boolean; pointer: number } | undefined;

  constructor(private readonly events: GraphEvents) {
    this.picture.append(this.scene);
    this.element = element(
      'div',
      {
        class: 'graph',
        role: 'application',
        tabindex: 0,
        'aria-label': t('Graph of the model. Arrows go along the connections, Enter shows the details.'),
        'aria-roledescription': t('graph'),
      },
      this.picture,
    );
    this.listen();
    new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      this.window = { width: entry.contentRect.width, height: entry.contentRect.height };
      this.redraw();
    }).observe(this.element);
  }

  get aspect(): number {
    const { clientWidth: width, clientHeight: height } = this.element;
    return width > 0 && height > 0 ? Math.min(20, Math.max(0.1, width / height)) : 1.6;
  }

  show(content: GraphContent, camera?: Camera | null): void {
    this.content = content;
    if (camera !== undefined) this.camera = camera ?? undefined;
    this.redraw();
  }

  /** Texts are measured anew. */
  refreshFonts(): void {
    forgetFonts();
    this.redraw();
  }

  fit(): void {
    this.camera = undefined;
    this.events.onCamera(null);
    this.redraw();
  }

  zoom(factor: number, at = { x: this.window.width / 2, y: this.window.height / 2 }): void {
    this.move(zoomed(this.current(), factor, at, this.window));
  }

  zoomTo(zoom: number): void {
    this.zoom(zoom / this.current().zoom);
  }

  /** Moves the window to the node if it is outside, or, where `readable` is asked for, too small to read. */
  reveal(id: string, readable: boolean): void {
    const box = this.boxes().find((each) => each.id === id);
    if (box === undefined) return;
    const camera = this.current();
    const next = showing(camera, box, this.window, readable ? readableZoom : 0);
    if (next.x !== camera.x || next.y !== camera.y || next.zoom !== camera.zoom) this.move(next);
  }

  /** Keeps a node where it is on the screen while all about it changes; undefined: not on the screen. */
  placeOf(id: string): { readonly x: number; readonly y: number } | undefined {
    const box = this.boxes().find((each) => each.id === id);
    if (box === undefined || this.camera === undefined) return undefined;
    return { x: (box.x - this.camera.x) * this.camera.zoom, y: (box.y - this.camera.y) * this.camera.zoom };
  }

  putAt(id: string, place: { readonly x: number; readonly y: number }): void {
    const box = this.boxes().find((each) => each.id === id);
    if (box === undefined || this.camera === undefined) return;
    const { zoom } = this.camera;
    this.move({ zoom, x: box.x - place.x / zoom, y: box.y - place.y / zoom });
  }

  private boxes(): readonly LayoutBox[] {
    const layout = this.content?.layout;
    return layout === undefined ? [] : [...layout.boxes, ...layout.frames];
  }

  private current(): Camera {
    return this.camera ?? fitted(this.content?.layout ?? { width: 1, height: 1 }, this.window);
  }

  private move(camera: Camera): void {
    this.camera = camera;
    this.events.onCamera(camera);
    this.redraw();
  }

  private redraw(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private draw(): void {
    const { content } = this;
    if (content === undefined || this.window.width < 2) {
      this.scene.replaceChildren();
      return;
    }
    const camera = this.current();
    const { x, y, zoom } = camera;
    const shift = `translate(${this.window.width / 2 - x * zoom} ${this.window.height / 2 - y * zoom}) scale(${zoom})`;
    this.scene.setAttribute('transform', shift);
    const part = seen(camera, this.window);
    const inside = <Item extends Box>(items: readonly Item[]): Item[] => items.filter((item) => overlaps(item, part));
    const frames = inside(content.layout.frames);
    const boxes = inside(content.layout.boxes);
    const wires = content.layout.wires.filter((wire) => overlaps(extentOf(wire), part));
    const overview = zoom < overviewZoom;
    this.picture.classList.toggle('overview', overview);
    this.scene.replaceChildren(
      ...(overview ? overviewFrames(frames) : frames.flatMap((box) => this.frameOf(content, box))),
      ...this.wiresOf(content, wires, overview),
      ...(overview ? this.overviewNodes(content, boxes) : boxes.flatMap((box) => this.nodeOf(content, box))),
    );
    const { selected } = content;
    const shown = selected !== undefined && !overview && boxes.some(({ id }) => id === selected);
    if (shown) this.element.setAttribute('aria-activedescendant', `node-${selected}`);
    else this.element.removeAttribute('aria-activedescendant');
  }

  private frameOf({ network, selected }: GraphContent, box: LayoutBox): readonly SVGElement[] {
    const node = network.node(box.id);
    return node === undefined ? [] : [drawFrame(node, box, selected === box.id)];
  }

  private nodeOf(content: GraphContent, box: LayoutBox): readonly SVGElement[] {
    const node = content.network.node(box.id);
    if (node === undefined) return [];
    const match = content.matches.has(box.id);
    return [
      drawNode(node, box, {
        measure: content.measures?.(node),
        selected: content.selected === box.id,
        match,
        dimmed: content.searching && !match,
      }),
    ];
  }

  /** All in one path; those of the selected node in another, above. */
  private wiresOf({ network, selected }: GraphContent, wires: readonly LayoutWire[], overview: boolean): SVGElement[] {
    const own = selected === undefined ? new Set<string>() : network.membersOf(selected);
    const groups = [
      { name: 'wires', list: wires.filter(({ from, to }) => !own.has(from) && !own.has(to ?? '')) },
      { name: 'wires own', list: wires.filter(({ from, to }) => own.has(from) || own.has(to ?? '')) },
    ];
    return groups.flatMap(({ name, list }) => {
      if (list.length === 0) return [];
      const line = svg('path', { class: name, d: list.map(wirePath).join('') });
      const heads = svg('path', { class: `${name} heads`, d: list.map(headPath).join('') });
      return overview ? [line] : [line, heads];
    });
  }

  private overviewNodes(content: GraphContent, boxes: readonly LayoutBox[]): SVGElement[] {
    const paths = new Map<string, string>();
    const add = (key: string, { x, y, width, height }: LayoutBox): void => {
      paths.set(key, `${paths.get(key) ?? ''}M${x} ${y}h${width}v${height}h${-width}Z`);
    };
    const meters: string[] = [];
    for (const box of boxes) {
      const node = content.network.node(box.id);
      if (node === undefined) continue;
      const measure = content.measures?.(node);
      const family = measure === undefined ? (familyOf(node) ?? 'end') : 'measured';
      const dimmed = content.searching && !content.matches.has(box.id);
      add(`family-${family}${dimmed ? ' dimmed' : ''}`, box);
      if (measure !== undefined)
        meters.push(`M${box.x} ${box.y}h${box.width * measure.share}v${box.height}h${-box.width * measure.share}Z`);
      if (content.matches.has(box.id)) add('match', box);
      if (content.selected === box.id) add('selected', box);
    }
    const order = [...modelFamilies.map((family) => `family-${family}`), 'family-end', 'family-measured'];
    const rank = (key: string): number => order.indexOf(key.replace(' dimmed', ''));
    return [
      ...[...paths]
        .sort(([a], [b]) => Number(rank(a) < 0) - Number(rank(b) < 0))
        .map(([key, d]) => svg('path', { class: `far ${key}`, d })),
      ...(meters.length === 0 ? [] : [svg('path', { class: 'far meter', d: meters.join('') })]),
    ];
  }

  private listen(): void {
    this.element.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    this.element.addEventListener('pointerdown', (event) => {
      if (event.button > 1) return;
      this.drag = { x: event.clientX, y: event.clientY, moved: false, pointer: event.pointerId };
    });
    this.element.addEventListener('pointermove', (event) => this.dragged(event));
    this.element.addEventListener('pointerup', (event) => {
      const wasDrag = this.drag?.moved === true;
      this.drag = undefined;
      this.element.classList.remove('dragging');
      if (!wasDrag && event.button === 0) this.click(event);
    });
    this.element.addEventListener('pointercancel', () => {
      this.drag = undefined;
    });
    this.element.addEventListener('dblclick', (event) => {
      const hit = this.hit(event);
      if (hit === undefined) return;
      if (this.content?.network.node(hit.id)?.kind === 'block') this.events.onToggle(hit.id);
      else this.events.onOpen(hit.id);
    });
    this.element.addEventListener('keydown', (event) => this.key(event));
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
    if (event.ctrlKey || event.metaKey) {
      const area = this.element.getBoundingClientRect();
      const at = { x: event.clientX - area.left, y: event.clientY - area.top };
      this.zoom(Math.exp((-event.deltaY * unit) / 300), at);
      return;
    }
    const [dx, dy] = event.shiftKey && event.deltaX === 0 ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
    this.pan(dx * unit, dy * unit);
  }

  private pan(dx: number, dy: number): void {
    if (this.content !== undefined) this.move(panned(this.current(), dx, dy, this.content.layout));
  }

  private dragged(event: PointerEvent): void {
    const { drag } = this;
    if (drag === undefined || event.pointerId !== drag.pointer) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < dragThreshold) return;
    if (!drag.moved) this.element.setPointerCapture(drag.pointer);
    this.element.classList.add('dragging');
    this.drag = { ...drag, x: event.clientX, y: event.clientY, moved: true };
    this.pan(-dx, -dy);
  }

  private click(event: MouseEvent): void {
    const hit = this.hit(event);
    if (hit === undefined) return;
    if (hit.chevron) this.events.onToggle(hit.id);
    else this.events.onSelect(hit.id, true);
  }

  /** What lies under the pointer; frames only by their titles. */
  private hit(event: MouseEvent): { readonly id: string; readonly chevron: boolean } | undefined {
    const { content } = this;
    if (content === undefined) return undefined;
    const area = this.element.getBoundingClientRect();
    const { x, y, zoom } = this.current();
    const px = (event.clientX - area.left - this.window.width / 2) / zoom + x;
    const py = (event.clientY - area.top - this.window.height / 2) / zoom + y;
    const under = ({ x: left, y: top, width, height }: LayoutBox): boolean =>
      px >= left && px <= left + width && py >= top && py <= top + height;
    const box = content.layout.boxes.find(under);
    if (box !== undefined) {
      const block = content.network.node(box.id)?.kind === 'block';
      return { id: box.id, chevron: block && px > box.x + box.width - 32 && py < box.y + 32 };
    }
    const frame = content.layout.frames.find((each) => under({ ...each, height: 30 }));
    return frame === undefined ? undefined : { id: frame.id, chevron: px < frame.x + 28 };
  }

  private key(event: KeyboardEvent): void {
    const { content } = this;
    if (content === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const handled = event.shiftKey ? this.panKey(event.key) : this.plainKey(event.key, content);
    if (handled || this.zoomKey(event.key)) event.preventDefault();
  }

  private zoomKey(key: string): boolean {
    if (key === '+' || key === '=') this.zoom(zoomStep);
    else if (key === '-' || key === '_') this.zoom(1 / zoomStep);
    else if (key === '0') this.fit();
    else if (key === '1') this.zoomTo(1);
    else return false;
    return true;
  }

  private panKey(key: string): boolean {
    if (key === 'ArrowUp') this.pan(0, -panStep);
    else if (key === 'ArrowDown') this.pan(0, panStep);
    else if (key === 'ArrowLeft') this.pan(-panStep, 0);
    else if (key === 'ArrowRight') this.pan(panStep, 0);
    else return false;
    return true;
  }

  private plainKey(key: string, content: GraphContent): boolean {
    const direction = directions[key];
    if (direction !== undefined) {
      const target = step(content, content.selected, direction);
      if (target !== undefined) this.events.onSelect(target, false);
      return true;
    }
    const { selected } = content;
    if (selected === undefined) return false;
    if (key === 'Enter') {
      this.events.onOpen(selected);
      return true;
    }
    if (key === ' ') {
      const block = content.network.node(selected)?.kind === 'block' ? selected : content.network.blockOf(selected)?.id;
      if (block !== undefined) this.events.onToggle(block);
      return true;
    }
    return false;
  }

  /** What is said when a node is reached. */
  describe(id: string): string {
    const node = this.content?.network.node(id);
    return node === undefined ? '' : labelOf(node, this.content?.measures?.(node));
  }
}

const directions: Readonly<Record<string, Direction>> = {
  ArrowDown: 'down',
  ArrowUp: 'up',
  ArrowLeft: 'left',
  ArrowRight: 'right',
  Home: 'first',
  End: 'last',
};

function overviewFrames(frames: readonly LayoutBox[]): SVGElement[] {
  const d = frames.map(({ x, y, width, height }) => `M${x} ${y}h${width}v${height}h${-width}Z`).join('');
  return d === '' ? [] : [svg('path', { class: 'frame-body', d })];
}

const extents = new WeakMap<LayoutWire, Box>();

function extentOf(wire: LayoutWire): Box {
  const known = extents.get(wire);
  if (known !== undefined) return known;
  const xs = wire.points.filter((_, index) => index % 2 === 0);
  const ys = wire.points.filter((_, index) => index % 2 === 1);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  // A vertical line has no width of its own.
  const box = { x: x - 5, y: y - 5, width: Math.max(...xs) - x + 10, height: Math.max(...ys) - y + 10 };
  extents.set(wire, box);
  return box;
}
