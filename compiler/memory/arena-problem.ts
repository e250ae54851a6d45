/** The packing problem as the solvers want it: pairwise separations and the sets of items alive together. */

export interface ArenaItem {
  /** Bytes. */
  readonly size: number;
  /** Inclusive step numbers. */
  readonly first: number;
  readonly last: number;
  /** A power of two that divides the offset; 1 if absent. */
  readonly align?: number;
}

/**
 * `below` may overlap `above` as long as offset(above) - offset(below) >= distance: a layer whose output grows into
 * its consumed input. A distance of at least size(below) is no relief. `above` may also lie wholly below `below`.
 */
export interface ArenaOverlap {
  readonly below: number;
  readonly above: number;
  /** Bytes, at least 0. */
  readonly distance: number;
}

export interface ArenaProblem {
  readonly items: readonly ArenaItem[];
  readonly overlaps?: readonly ArenaOverlap[];
}

/** Items that share a step, in flat arrays: those of item i are entries start[i] until start[i + 1]. */
export interface Neighbours {
  readonly start: Int32Array;
  /** In ascending order. */
  readonly item: Int32Array;
  /** The least offset(neighbour) - offset(self) when the neighbour has the higher offset. */
  readonly above: Int32Array;
  /** The least offset(self) - offset(neighbour) when the neighbour has the lower offset. */
  readonly below: Int32Array;
}

/** Two items that may overlap; with each of its items first. */
export interface Relief {
  readonly item: number;
  /** As in `Neighbours`. */
  readonly above: number;
  readonly below: number;
}

/** Items that are all alive at one step; no other section contains them all. */
export interface Section {
  readonly items: readonly number[];
  /** Pairs that may share bytes. */
  readonly pairs: readonly (readonly [number, number])[];
}

export interface PreparedArena {
  readonly sizes: readonly number[];
  readonly aligns: readonly number[];
  /** Items of no bytes have none. */
  readonly neighbours: Neighbours;
  /** By item, those of its neighbours that it may overlap. */
  readonly relieved: ReadonlyMap<number, readonly Relief[]>;
  /** In the order of time. */
  readonly sections: readonly Section[];
  /** The first and last section of each item (it is in all between); 0 and -1 for an item of no bytes. */
  readonly firstSection: Int32Array;
  readonly lastSection: Int32Array;
  /** How many bytes at most two items that may overlap can share; key: `pairKey`. */
  readonly shared: ReadonlyMap<number, number>;
  /** Divides all sizes. */
  readonly sizeUnit: number;
  /** Divides all offsets and heights of packings in which no item can move down. */
  readonly unit: number;
}

/** Above this the solvers' 32-bit arithmetic would overflow. */
const maximumTotalBytes = 2 ** 30;

export function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

export function pairKey(a: number, b: number, count: number): number {
  return a < b ? a * count + b : b * count + a;
}

/** @throws RangeError if the problem is not well formed or sums to more than 1 GiB. */
function validate(problem: ArenaProblem): void {
  const whole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;
  let total = 0;
  for (const [index, item] of problem.items.entries()) {
    const align = item.align ?? 1;
    if (!whole(item.size, 0)) throw new RangeError(`arena item ${index}: size ${item.size} is not a count of bytes`);
    if (!Number.isSafeInteger(item.first) || !Number.isSafeInteger(item.last) || item.first > item.last)
      throw new RangeError(`arena item ${index}: steps ${item.first}..${item.last} are not a lifetime`);
    if (!whole(align, 1) || !Number.isInteger(Math.log2(align)))
      throw new RangeError(`arena item ${index}: alignment ${align} is not a power of two`);
    total += item.size + align;
  }
  if (total > maximumTotalBytes) throw new RangeError(`arena items sum to ${total} bytes, more than 1 GiB`);
  for (const { below, above, distance } of problem.overlaps ?? []) {
    const known = (index: number) => whole(index, 0) && index < problem.items.length;
    if (!known(below) || !known(above) || below === above || !whole(distance, 0))
      throw new RangeError(`arena overlap ${below} below ${above} at ${distance}: no such pair or distance`);
  }
}

/** Sections: the live sets just before an item ends that are not part of another. */
function findSections(items: readonly ArenaItem[]): number[][] {
  const present = items.flatMap((item, index) => (item.size > 0 ? [index] : []));
  const firstOf = (index: number) => items[index]?.first ?? 0;
  const lastOf = (index: number) => items[index]?.last ?? 0;
  const byFirst = [...present].sort((a, b) => firstOf(a) - firstOf(b) || a - b);
  const ends = [...new Set(present.map(lastOf))].sort((a, b) => a - b);
  const sections: number[][] = [];
  let live: number[] = [];
  let next = 0;
  for (const end of ends) {
    let started = false;
    for (let item = byFirst[next]; item !== undefined && firstOf(item) <= end; item = byFirst[++next]) {
      live.push(item);
      started = true;
    }
    if (started) sections.push([...live].sort((a, b) => a - b));
    live = live.filter((item) => lastOf(item) > end);
  }
  return sections;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** An element known to exist; V8 inlines it. */
export function at(array: Int32Array, index: number): number {
  return array[index] as number;
}

/** Items meet if they have a section in common. */
function findNeighbours(
  firstSection: Int32Array,
  lastSection: Int32Array,
  separation: (below: number, above: number) => number,
): Neighbours {
  const count = firstSection.length;
  const start = new Int32Array(count + 1);
  const meet = (a: number, b: number): boolean =>
    a !== b && at(firstSection, a) <= at(lastSection, b) && at(firstSection, b) <= at(lastSection, a);
  for (let self = 0; self < count; self++) {
    let found = 0;
    for (let other = 0; other < count; other++) if (meet(self, other)) found++;
    start[self + 1] = at(start, self) + found;
  }
  const item = new Int32Array(at(start, count));
  const above = new Int32Array(item.length);
  const below = new Int32Array(item.length);
  let entry = 0;
  for (let self = 0; self < count; self++) {
    for (let other = 0; other < count; other++) {
      if (!meet(self, other)) continue;
      item[entry] = other;
      above[entry] = separation(self, other);
      below[entry++] = separation(other, self);
    }
  }
  return { start, item, above, below };
}

/** @throws RangeError if the problem is not well formed. */
export function prepareArena(problem: ArenaProblem): PreparedArena {
  validate(problem);
  const { items } = problem;
  const count = items.length;
  const sizes = items.map((item) => item.size);
  const aligns = items.map((item) => item.align ?? 1);
  const sizeOf = (index: number) => sizes[index] ?? 0;

  const distances = new Map<number, number>();
  for (const { below, above, distance } of problem.overlaps ?? []) {
    const key = below * count + above;
    distances.set(key, Math.min(distance, distances.get(key) ?? sizeOf(below)));
  }
  const growing = new Uint8Array(count);
  for (const key of distances.keys()) growing[Math.floor(key / count)] = 1;
  const separation = (below: number, above: number) =>
    (growing[below] === 1 ? distances.get(below * count + above) : undefined) ?? sizeOf(below);

  const members = findSections(items);
  const firstSection = new Int32Array(count);
  const lastSection = new Int32Array(count).fill(-1);
  for (const [section, indices] of members.entries()) {
    for (const index of indices) {
      if (at(lastSection, index) < 0) firstSection[index] = section;
      lastSection[index] = section;
    }
  }
  const neighbours = findNeighbours(firstSection, lastSection, separation);
  const relieved = new Map<number, Relief[]>();
  for (let self = 0; self < count; self++) {
    for (let entry = at(neighbours.start, self); entry < at(neighbours.start, self + 1); entry++) {
      const item = at(neighbours.item, entry);
      const [above, below] = [at(neighbours.above, entry), at(neighbours.below, entry)];
      if (above === sizeOf(self) && below === sizeOf(item)) continue;
      relieved.set(self, [...(relieved.get(self) ?? []), { item, above, below }]);
    }
  }

  const shared = new Map<number, number>();
  for (const [key, distance] of distances) {
    const below = Math.floor(key / count);
    const above = key % count;
    const bytes = Math.min(sizeOf(below) - distance, sizeOf(above));
    const pair = pairKey(below, above, count);
    if (bytes > 0) shared.set(pair, Math.max(bytes, shared.get(pair) ?? 0));
  }
  const sections = members.map((indices) => ({ items: indices, pairs: [] as [number, number][] }));
  for (const pair of shared.keys()) {
    const a = Math.floor(pair / count);
    const b = pair % count;
    const last = Math.min(at(lastSection, a), at(lastSection, b));
    for (let section = Math.max(at(firstSection, a), at(firstSection, b)); section <= last; section++)
      sections[section]?.pairs.push([a, b]);
  }
  const sizeUnit = sizes.reduce(greatestCommonDivisor, 0) || 1;
  const step = [...distances.values()].reduce(greatestCommonDivisor, sizeUnit);
  const unit = aligns.every((align) => step % align === 0) ? step : 1;
  return { sizes, aligns, neighbours, relieved, sections, firstSection, lastSection, shared, sizeUnit, unit };
}
