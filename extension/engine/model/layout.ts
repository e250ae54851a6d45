/**
 * Places a model's nodes. Where the whole network passes through one tensor the graph is cut; each piece between two
 * cuts is laid out by dagre on its own, and the pieces are stacked in columns that fill the room there is. So chains of
 * any length cost nothing, and a change in one block moves nothing inside of another.
 */

import type { LayoutBox, LayoutWire, ModelBlock, ModelEdge, ModelLayout } from '../../../webview/messages.ts';
import { layPiece, type Piece } from './piece.ts';

export interface LayoutInput {
  /** Ids of inputs, layers and outputs; sources before their readers. */
  readonly nodes: readonly string[];
  readonly edges: readonly ModelEdge[];
  readonly blocks: readonly ModelBlock[];
  /** Ids of blocks that are drawn as one node. */
  readonly collapsed: ReadonlySet<string>;
  /** Width by height of the room. */
  readonly aspect: number;
}

export const nodeSize = { width: 226, height: 56 } as const;
const endSize = { width: 180, height: 40 } as const;
const frameHeader = 30;
const framePadding = 12;
const gapBetweenPieces = 22;
const gapBetweenColumns = 64;
const margin = 24;

/** A node, a collapsed block, or an expanded one with what is inside of it. */
interface Item {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly inside?: Stack;
}

/** Pieces one below the other. */
interface Stack {
  readonly width: number;
  readonly height: number;
  /** Where the column's axis is. */
  readonly axis: number;
  readonly pieces: readonly Piece<Item>[];
}

export function layOut(input: LayoutInput): ModelLayout {
  const blockOf = new Map<string, ModelBlock>();
  for (const block of input.blocks) for (const index of block.layers) blockOf.set(`n${index}`, block);
  const items = itemsOf(input, blockOf);
  const itemOf = new Map<string, string>();
  for (const node of input.nodes) itemOf.set(node, blockOf.get(node)?.id ?? node);
  const pieces = cut(items, input.edges, (node) => itemOf.get(node) ?? node);
  return draw(inColumns(pieces, input.aspect));
}

function itemsOf(input: LayoutInput, blockOf: ReadonlyMap<string, ModelBlock>): readonly Item[] {
  // A block stands where its last layer does: what it reads is before that, what reads it is after.
  return input.nodes.flatMap((node) => {
    const block = blockOf.get(node);
    if (block === undefined) return [{ id: node, ...(node.startsWith('n') ? nodeSize : endSize) }];
    if (node !== `n${block.layers.at(-1)}`) return [];
    return [input.collapsed.has(block.id) ? { id: block.id, ...nodeSize } : expanded(block, input)];
  });
}

function expanded(block: ModelBlock, { edges }: LayoutInput): Item {
  const nodes = block.layers.map((index) => `n${index}`);
  const inside = stack(
    cut(
      nodes.map((id) => ({ id, ...nodeSize })),
      edges,
      (node) => node,
    ),
  );
  return {
    id: block.id,
    width: inside.width + 2 * framePadding,
    height: inside.height + frameHeader + framePadding,
    inside,
  };
}

/** Items between neighbouring cuts, laid out. Edges from and to what is not among the items enter and leave the whole. */
function cut(items: readonly Item[], edges: readonly ModelEdge[], itemOf: (node: string) => string): Piece<Item>[] {
  const place = new Map(items.map(({ id }, index) => [id, index]));
  const wires = edges.flatMap((edge) => {
    const from = place.get(itemOf(edge.from)) ?? -1;
    const to = place.get(itemOf(edge.to)) ?? items.length;
    const outside = from < 0 && to === items.length;
    return outside || from === to ? [] : [{ source: edge.from, reader: edge.to, from, to }];
  });
  // Sources that are alive between item i - 1 and item i, for i from 0 to the number of items.
  const alive = Array.from({ length: items.length + 1 }, () => new Set<string>());
  const last = new Map<string, { first: number; last: number }>();
  for (const { source, from, to } of wires) {
    const known = last.get(source);
    last.set(source, { first: from, last: Math.max(known?.last ?? 0, to) });
  }
  for (const [source, reach] of last) {
    for (let i = reach.first + 1; i <= reach.last; i++) alive[i]?.add(source);
  }
  const pieces: Piece<Item>[] = [];
  let start = 0;
  for (let end = 1; end <= items.length; end++) {
    if (end < items.length && (alive[end]?.size ?? 0) > 1) continue;
    const [entry] = alive[start] ?? [];
    const [exit] = alive[end] ?? [];
    const near = wires.filter(({ from, to }) => from < end && to >= start);
    pieces.push(layPiece({ items: items.slice(start, end), start, wires: near, entry, exit }));
    start = end;
  }
  return pieces;
}

function stack(pieces: readonly Piece<Item>[]): Stack {
  const axis = Math.max(0, ...pieces.map(({ axis: left }) => left));
  const right = Math.max(0, ...pieces.map(({ width, axis: left }) => width - left));
  const heights = pieces.reduce((sum, { height }) => sum + height, 0);
  const ends = (pieces[0]?.entry === undefined ? 0 : gapBetweenPieces) / 2 + gapBetweenPieces / 2;
  return {
    pieces,
    axis,
    width: axis + right,
    height: heights + gapBetweenPieces * Math.max(0, pieces.length - 1) + (pieces[0]?.entry === undefined ? 0 : ends),
  };
}

function inColumns(pieces: readonly Piece<Item>[], aspect: number): readonly Stack[] {
  const whole = stack(pieces);
  const width = whole.width + gapBetweenColumns;
  const count = Math.max(1, Math.round(Math.sqrt((aspect * whole.height) / width)));
  // The tallest column decides what fits on the screen: the least height with which `count` columns do.
  let low = Math.max(whole.height / count, ...pieces.map(({ height }) => height));
  let high = whole.height;
  while (high - low > 8) {
    const middle = (low + high) / 2;
    if (fill(pieces, middle).length <= count) high = middle;
    else low = middle;
  }
  return fill(pieces, high).map(stack);
}

function fill(pieces: readonly Piece<Item>[], mostHeight: number): Piece<Item>[][] {
  const columns: Piece<Item>[][] = [];
  let used = 0;
  for (const piece of pieces) {
    const column = columns.at(-1);
    if (column === undefined || used + gapBetweenPieces + piece.height > mostHeight + 1) {
      columns.push([piece]);
      used = piece.height;
    } else {
      column.push(piece);
      used += gapBetweenPieces + piece.height;
    }
  }
  return columns;
}

interface Drawing {
  readonly boxes: LayoutBox[];
  readonly frames: LayoutBox[];
  readonly wires: LayoutWire[];
}

function draw(columns: readonly Stack[]): ModelLayout {
  const drawing: Drawing = { boxes: [], frames: [], wires: [] };
  const tall = Math.max(0, ...columns.map(({ height }) => height));
  let left = margin;
  let pending: { source: string; x: number; y: number; right: number } | undefined;
  for (const column of columns) {
    const [first] = column.pieces;
    const top = margin + gapBetweenPieces;
    if (pending !== undefined && first !== undefined) {
      const x = left + column.axis - first.axis + first.entryX;
      drawing.wires.push(toNextColumn(pending, { x, y: top, left }, first));
    }
    const exit = drawStack(drawing, column, left, top);
    const lastPiece = column.pieces.at(-1);
    pending =
      lastPiece?.exit === undefined ? undefined : { source: lastPiece.exit, ...exit, right: left + column.width };
    left += column.width + gapBetweenColumns;
  }
  return {
    ...drawing,
    width: Math.max(left - gapBetweenColumns, margin) + margin,
    height: tall + 2 * (margin + gapBetweenPieces),
  };
}

/** Around the foot of a column, up beside it, and in at the head of the next. */
function toNextColumn(
  from: { readonly source: string; readonly x: number; readonly y: number; readonly right: number },
  to: { readonly x: number; readonly y: number; readonly left: number },
  piece: Piece<Item>,
): LayoutWire {
  const lane = (from.right + to.left) / 2;
  const low = from.y + gapBetweenPieces / 2 + 4;
  const high = to.y - gapBetweenPieces + 4;
  const points = [from.x, from.y, from.x, low, lane, low, lane, high, to.x, high, to.x, to.y];
  return { from: from.source, ...(piece.entryNode === undefined ? {} : { to: piece.entryNode }), points };
}

/** @returns where what leaves the stack leaves it */
function drawStack(drawing: Drawing, { pieces, axis }: Stack, left: number, top: number): { x: number; y: number } {
  let y = top;
  let exit = { x: left + axis, y: top };
  pieces.forEach((piece, index) => {
    const x = left + axis - piece.axis;
    if (index > 0 && piece.entry !== undefined) {
      drawing.wires.push({
        from: piece.entry,
        ...(piece.entryNode === undefined ? {} : { to: piece.entryNode }),
        points: [exit.x, exit.y, ...bend(exit, { x: x + piece.entryX, y }), x + piece.entryX, y],
      });
    }
    for (const { item, x: itemX, y: itemY } of piece.places) drawItem(drawing, item, x + itemX, y + itemY);
    for (const wire of piece.wires) {
      const points = wire.points.map((value, at) => value + (at % 2 === 0 ? x : y));
      drawing.wires.push({ from: wire.from, ...(wire.to === undefined ? {} : { to: wire.to }), points });
    }
    exit = { x: x + piece.exitX, y: y + piece.height };
    y += piece.height + gapBetweenPieces;
  });
  return exit;
}

/** Two points that turn a slanting line into a step. */
function bend(
  from: { readonly x: number; readonly y: number },
  to: { readonly x: number; readonly y: number },
): number[] {
  if (Math.abs(from.x - to.x) < 1) return [];
  const middle = (from.y + to.y) / 2;
  return [from.x, middle, to.x, middle];
}

function drawItem(drawing: Drawing, item: Item, x: number, y: number): void {
  const { id, width, height, inside } = item;
  const box = { id, x, y, width, height };
  if (inside === undefined) {
    drawing.boxes.push(box);
    return;
  }
  drawing.frames.push(box);
  const left = x + framePadding;
  const top = y + frameHeader;
  const [first] = inside.pieces;
  const start = top + (first?.entry === undefined ? 0 : gapBetweenPieces / 2);
  const exit = drawStack(drawing, inside, left, start);
  const center = x + width / 2;
  if (first?.entry !== undefined) {
    const entryX = left + inside.axis - first.axis + first.entryX;
    const points = [center, top - 4, ...bend({ x: center, y: top - 4 }, { x: entryX, y: start }), entryX, start];
    drawing.wires.push({
      from: first.entry,
      ...(first.entryNode === undefined ? {} : { to: first.entryNode }),
      points,
    });
  }
  const last = inside.pieces.at(-1);
  if (last?.exit !== undefined) {
    const points = [exit.x, exit.y, ...bend(exit, { x: center, y: y + height }), center, y + height];
    drawing.wires.push({ from: last.exit, points });
  }
}
