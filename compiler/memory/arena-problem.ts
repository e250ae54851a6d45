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

/** An item that shares a step with another. */
export interface Neighbour {
  readonly item: number;
  /** The least offset(item) - offset(self) when `item` has the higher offset. */
  readonly above: number;
  /** The least offset(self) - offset(item) when `item` has the lower offset. */
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
  /** Neighbours by item; items of no bytes have none. */
  readonly neighbours: readonly (readonly Neighbour[])[];
  /** In the order of time. */
  readonly sections: readonly Section[];
  /** The first and last section of each item (it is in all between); [0, -1] for an item of no bytes. */
  readonly spans: readonly (readonly [number, number])[];
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
  const growing = new Set([...distances.keys()].map((key) => Math.floor(key / count)));
  const separation = (below: number, above: number) =>
    (growing.has(below) ? distances.get(below * count + above) : undefined) ?? sizeOf(below);

  const members = findSections(items);
  const spans: [number, number][] = items.map(() => [0, -1]);
  for (const [section, indices] of members.entries()) {
    for (const index of indices) {
      const span = spans[index];
      if (span === undefined) continue;
      if (span[1] < 0) span[0] = section;
      span[1] = section;
    }
  }

  const neighbours = items.map((self, index) => {
    const found: Neighbour[] = [];
    for (let item = 0; item < count; item++) {
      const other = items[item];
      if (other === undefined || item === index || other.size === 0 || self.size === 0) continue;
      if (other.first > self.last || self.first > other.last) continue;
      found.push({ item, above: separation(index, item), below: separation(item, index) });
    }
    return found;
  });

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
    const [firstOfA, lastOfA] = spans[a] ?? [0, -1];
    const [firstOfB, lastOfB] = spans[b] ?? [0, -1];
    for (let section = Math.max(firstOfA, firstOfB); section <= Math.min(lastOfA, lastOfB); section++)
      sections[section]?.pairs.push([a, b]);
  }
  const sizeUnit = sizes.reduce(greatestCommonDivisor, 0) || 1;
  const step = [...distances.values()].reduce(greatestCommonDivisor, sizeUnit);
  const unit = aligns.every((align) => step % align === 0) ? step : 1;
  return { sizes, aligns, neighbours, sections, spans, shared, sizeUnit, unit };
}
