/** One piece of a model's graph, between two tensors through which everything passes: laid out by dagre. */

import { Graph, layout } from '@dagrejs/dagre';

export interface PieceItem {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** An expanded block: wires that reach it go on inside. */
  readonly inside?: unknown;
}

/** From an item to an item, by position; below `start` the source is the piece's entry, else past its end. */
export interface PieceWire {
  readonly source: string;
  readonly from: number;
  readonly to: number;
}

export interface PieceInput<Item extends PieceItem> {
  readonly items: readonly Item[];
  /** Position of the first item. */
  readonly start: number;
  readonly wires: readonly PieceWire[];
  /** The node whose output enters, and the one whose output leaves; undefined where none does. */
  readonly entry: string | undefined;
  readonly exit: string | undefined;
}

export interface Piece<Item extends PieceItem> {
  readonly width: number;
  readonly height: number;
  /** What is to lie on the column's axis, from the left. */
  readonly axis: number;
  readonly entry: string | undefined;
  /** The one node where the entry ends, if it is drawn up to there by the caller. */
  readonly entryNode: string | undefined;
  readonly entryX: number;
  readonly exit: string | undefined;
  readonly exitX: number;
  readonly places: readonly { readonly item: Item; readonly x: number; readonly y: number }[];
  readonly wires: readonly { readonly from: string; readonly to?: string; readonly points: readonly number[] }[];
}

const entryId = ' entry';
const exitId = ' exit';
const portHeight = 6;
const spacing = { nodesep: 28, edgesep: 18, ranksep: 26 } as const;
/** Of wires between neighbours in execution order: the way that is to be straight. */
const mainWeight = 20;

export function layPiece<Item extends PieceItem>(input: PieceInput<Item>): Piece<Item> {
  const { items, start, wires, entry, exit } = input;
  const [only, second] = items;
  const reads = entry === undefined || wires.some(({ source, to }) => source === entry && to === start);
  const gives = exit === undefined || wires.some(({ source, from }) => source === exit && from === start);
  const passes = entry !== undefined && entry === exit;
  if (only === undefined || second !== undefined || !reads || !gives || passes) return asChain(input) ?? byDagre(input);
  const middle = only.width / 2;
  return {
    width: only.width,
    height: only.height,
    axis: middle,
    entry,
    entryNode: entry === undefined || only.inside !== undefined ? undefined : only.id,
    entryX: middle,
    exit,
    exitX: middle,
    places: [{ item: only, x: 0, y: 0 }],
    wires: [],
  };
}

/** Between two nodes of a chain: an arrow head and room to see where it comes from. */
const chainGap = 26;
const laneWidth = 16;

/**
 * Where every item reads the one before, what is left are short cuts: the items stand in one straight line and the short
 * cuts run beside it, each in the lane that is free. Undefined where branches stand side by side.
 */
function asChain<Item extends PieceItem>(input: PieceInput<Item>): Piece<Item> | undefined {
  const { items, start, wires, entry, exit } = input;
  const end = start + items.length;
  const own = wires
    .map(({ source, from, to }) => ({ source, from: Math.max(from, start - 1), to: Math.min(to, end) }))
    .filter(({ source, from, to }) => (from >= start || source === entry) && (to < end || source === exit));
  const first = entry === undefined ? start : start - 1;
  const last = exit === undefined ? end - 1 : end;
  for (let place = first; place < last; place++) {
    if (!own.some(({ from, to }) => from === place && to === place + 1)) return undefined;
  }
  const wide = Math.max(...items.map(({ width }) => width));
  const tops: number[] = [];
  // A port needs room only where a short cut begins or ends at it.
  const parts = own.filter(({ from }) => from < start).length > 1;
  const joins = own.filter(({ to }) => to === end).length > 1;
  let y = parts ? portHeight + chainGap / 2 : 0;
  for (const { height } of items) {
    tops.push(y);
    y += height + chainGap;
  }
  const height = joins ? y - chainGap / 2 + portHeight : y - chainGap;
  const footOf = (place: number): number =>
    place < start ? 0 : (tops[place - start] ?? 0) + (items[place - start]?.height ?? 0);
  const headOf = (place: number): number => (place === end ? height : (tops[place - start] ?? 0));
  const lanes = lanesFor(own.filter(({ from, to }) => to > from + 1));
  const left = Math.max(0, ...lanes.values()) * laneWidth + (lanes.size > 0 ? laneWidth : 0);
  const axis = left + wide / 2;
  const drawn = new Set<string>();
  const drawnWires = own.flatMap((wire) => {
    const key = `${wire.from} ${wire.to}`;
    if (drawn.has(key)) return [];
    drawn.add(key);
    const target = wire.to === end ? undefined : items[wire.to - start];
    const to = target === undefined || target.inside !== undefined ? {} : { to: target.id };
    const [foot, head] = [footOf(wire.from), headOf(wire.to)];
    const lane = lanes.get(wire);
    if (lane === undefined && foot === head) return [];
    if (lane === undefined) return [{ from: wire.source, ...to, points: [axis, foot, axis, head] }];
    const x = left - (lane + 0.5) * laneWidth;
    const [low, high] = [foot + chainGap / 3, head - chainGap / 2];
    return [{ from: wire.source, ...to, points: [axis, foot, axis, low, x, low, x, high, axis, high, axis, head] }];
  });
  return {
    // Balanced, so that frames have their line in the middle.
    width: wide + 2 * left,
    height,
    axis,
    entry,
    entryNode: entry === undefined || parts || items[0]?.inside !== undefined ? undefined : items[0]?.id,
    entryX: axis,
    exit,
    exitX: axis,
    places: items.map((item, index) => ({ item, x: axis - item.width / 2, y: tops[index] ?? 0 })),
    wires: drawnWires,
  };
}

/** The lane nearest to the line in which no other short cut runs at the same height. */
function lanesFor<Wire extends { readonly from: number; readonly to: number }>(
  wires: readonly Wire[],
): Map<Wire, number> {
  const lanes = new Map<Wire, number>();
  for (const wire of [...wires].sort((a, b) => a.to - a.from - (b.to - b.from))) {
    const taken = new Set(
      [...lanes].filter(([other]) => other.from < wire.to && wire.from < other.to).map(([, lane]) => lane),
    );
    let lane = 0;
    while (taken.has(lane)) lane++;
    lanes.set(wire, lane);
  }
  return lanes;
}

interface Way {
  readonly source: string;
  readonly to: string | undefined;
}

function byDagre<Item extends PieceItem>({ items, start, wires, entry, exit }: PieceInput<Item>): Piece<Item> {
  const graph = new Graph();
  graph.setGraph({ ...spacing });
  for (const { id, width, height } of items) graph.setNode(id, { width, height });
  if (entry !== undefined) graph.setNode(entryId, { width: 1, height: portHeight });
  if (exit !== undefined) graph.setNode(exitId, { width: 1, height: portHeight });
  const end = start + items.length;
  const ways = new Map<string, Way>();
  for (const { source, from, to } of wires) {
    const [v, w] = [from < start ? entryId : items[from - start]?.id, to >= end ? exitId : items[to - start]?.id];
    if (v === undefined || w === undefined || (v === entryId && source !== entry)) continue;
    const target = items[to - start];
    const key = `${v}\n${w}`;
    if (ways.has(key)) continue;
    ways.set(key, { source, to: target === undefined || target.inside !== undefined ? undefined : target.id });
    const neighbours = Math.max(from, start - 1) + 1 === Math.min(to, end);
    graph.setEdge(v, w, { weight: neighbours ? mainWeight : 1 });
  }
  layout(graph);
  const placeOf = (id: string) => graph.node(id) as { x: number; y: number; width: number; height: number };
  const places = items.map((item) => {
    const { x, y } = placeOf(item.id);
    return { item, x: x - item.width / 2, y: y - item.height / 2 };
  });
  const bent = graph.edges().map(({ v, w }) => {
    const { points } = graph.edge({ v, w }) as { points: { x: number; y: number }[] };
    const { source, to } = ways.get(`${v}\n${w}`) ?? { source: v, to: undefined };
    const [from, until] = [placeOf(v), placeOf(w)];
    const foot = { x: from.x, y: v === entryId ? from.y - portHeight / 2 : from.y + from.height / 2 };
    const head = { x: until.x, y: w === exitId ? until.y + portHeight / 2 : until.y - until.height / 2 };
    return {
      from: source,
      ...(to === undefined ? {} : { to }),
      points: steps(foot, points.slice(1, -1), head),
      leaves: w === exitId,
    };
  });
  const xs = [...places.flatMap(({ item, x }) => [x, x + item.width]), ...bent.flatMap(({ points }) => evenOf(points))];
  const left = Math.min(...xs);
  const entryX = entry === undefined ? undefined : placeOf(entryId).x - left;
  const exitX = exit === undefined ? undefined : placeOf(exitId).x - left;
  const width = Math.max(...xs) - left;
  const foot = Math.max(...places.map(({ item, y }) => y + item.height));
  // What leaves straight from the lowest item needs no way of its own.
  const straight = bent.findIndex(
    ({ points: [x0 = 0, y0 = 0, x1 = 1], leaves }) => leaves && Math.abs(x0 - x1) < 1 && Math.abs(y0 - foot) < 1,
  );
  const trimmed = straight >= 0 && bent.filter(({ leaves }) => leaves).length === 1;
  return {
    width,
    height: trimmed ? foot : ((graph.graph() as { height?: number }).height ?? 0),
    axis: entryX ?? exitX ?? width / 2,
    entry,
    entryNode: undefined,
    entryX: entryX ?? width / 2,
    exit,
    exitX: exitX ?? width / 2,
    places: places.map((place) => ({ ...place, x: place.x - left })),
    wires: (trimmed ? bent.filter(({ leaves }) => !leaves) : bent).map(({ leaves: _, ...wire }) => ({
      ...wire,
      points: wire.points.map((value, at) => (at % 2 === 0 ? value - left : value)),
    })),
  };
}

function evenOf(points: readonly number[]): number[] {
  return points.filter((_, at) => at % 2 === 0);
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Down, across and down again, along the lane that dagre has kept free. */
function steps(foot: Point, lane: readonly Point[], head: Point): readonly number[] {
  const [first] = lane;
  const last = lane.at(-1);
  if (first === undefined || last === undefined) return [foot.x, foot.y, head.x, head.y];
  if (lane.length === 1) return corners([foot, { x: foot.x, y: first.y }, { x: head.x, y: first.y }, head]);
  const middle = lane.flatMap((point, index) => {
    const next = lane[index + 1];
    if (next === undefined || Math.abs(next.x - point.x) < 1) return [point];
    const y = (point.y + next.y) / 2;
    return [point, { x: point.x, y }, { x: next.x, y }];
  });
  return corners([foot, { x: foot.x, y: first.y }, ...middle, { x: head.x, y: last.y }, head]);
}

/** Without points on a straight line between their neighbours. */
function corners(points: readonly Point[]): readonly number[] {
  return points
    .filter((point, index) => {
      const [before, after] = [points[index - 1], points[index + 1]];
      if (before === undefined || after === undefined) return true;
      const vertical = Math.abs(before.x - point.x) < 1 && Math.abs(after.x - point.x) < 1;
      const horizontal = Math.abs(before.y - point.y) < 1 && Math.abs(after.y - point.y) < 1;
      return !vertical && !horizontal;
    })
    .flatMap(({ x, y }) => [x, y]);
}
