import { at } from './arena-problem.ts';
import { SubsetSums } from './arena-sums.ts';
import type { ArenaTables } from './arena-tables.ts';

/** A gap this small a part of the capacity makes subset sums worth while. */
const tightPart = 1 / 128;

/**
 * A partial packing built from the bottom up, and what follows from it: for every item that is not placed yet the least
 * offset it can have, and why. Reasons are sets of decision levels, so that a contradiction names the decisions it
 * comes from and the search can jump back to the last of them. All changes are on a trail and can be undone.
 */
export class PackingState {
  capacity = 0;
  left = 0;
  readonly offset: Int32Array;
  /** The decision level that placed an item; -1: not placed. */
  readonly placedAt: Int32Array;
  /** The lowest offset above everything placed. */
  readonly support: Int32Array;
  /** No packing that extends this one has the item lower; at least `support`. */
  readonly lowest: Int32Array;
  /** Per section the bytes of its items that are not placed, and the least of their `lowest`. */
  readonly remaining: Int32Array;
  readonly floor: Int32Array;
  /** Something was taken back, or a contradiction found, since all floors were known. */
  floorsAreOld = false;
  /** Grows with each contradiction found in the section. */
  readonly weight: Float64Array;
  /** The levels that the last contradiction comes from. */
  readonly conflict: Int32Array;
  /** Words in a set of levels. */
  readonly words: number;
  readonly levels: number;

  private readonly tables: ArenaTables;
  private readonly reasons: Int32Array;
  /** Items of each section, kept nearly sorted by `lowest`. */
  private readonly sorted: Int32Array;
  private readonly sums: SubsetSums;
  /** Per section a number that stands for its set of items that are not placed; 'older' are those to return to. */
  private readonly version: Int32Array;
  private readonly olderVersions: Int32Array;
  private olderCount = 0;
  private newestVersion = 0;
  private readonly why: Int32Array;
  private trail: Int32Array;
  private trailLength = 0;
  private changedFirst = 0;
  private changedLast = -1;

  /** @param height the largest capacity to be asked for. */
  constructor(tables: ArenaTables, height: number) {
    const { count, sectionCount } = tables;
    this.tables = tables;
    this.levels = 2 * count + 64;
    this.words = Math.ceil(this.levels / 32);
    this.offset = new Int32Array(count);
    this.placedAt = new Int32Array(count);
    this.support = new Int32Array(count);
    this.lowest = new Int32Array(count);
    this.remaining = new Int32Array(sectionCount);
    this.floor = new Int32Array(sectionCount);
    this.weight = new Float64Array(sectionCount).fill(1);
    this.conflict = new Int32Array(this.words);
    this.reasons = new Int32Array(count * this.words);
    this.sorted = tables.sectionItem.slice();
    this.sums = new SubsetSums(sectionCount, height, tables.sizeUnit);
    this.version = new Int32Array(sectionCount);
    this.olderVersions = new Int32Array(tables.sectionItem.length);
    this.why = new Int32Array(this.words);
    this.trail = new Int32Array(64 * (this.words + 3));
  }

  /** Empties the packing; false if no packing of this capacity exists. */
  reset(capacity: number): boolean {
    const { size, sectionCount, sectionStart, sectionItem, count } = this.tables;
    this.capacity = capacity;
    this.placedAt.fill(-1);
    this.support.fill(0);
    this.lowest.fill(0);
    this.reasons.fill(0);
    this.version.fill(++this.newestVersion);
    this.olderCount = 0;
    this.trailLength = 0;
    this.left = 0;
    for (let item = 0; item < count; item++) {
      if (at(size, item) > 0) this.left++;
      else this.offset[item] = 0;
    }
    for (let section = 0; section < sectionCount; section++) {
      let bytes = 0;
      for (let entry = at(sectionStart, section); entry < at(sectionStart, section + 1); entry++)
        bytes += at(size, at(sectionItem, entry));
      this.remaining[section] = bytes;
    }
    this.changedFirst = 0;
    this.changedLast = sectionCount - 1;
    this.floorsAreOld = false;
    return this.propagate();
  }

  get mark(): number {
    return this.trailLength;
  }

  undo(mark: number): void {
    const { trail, words, reasons } = this;
    const record = words + 3;
    this.floorsAreOld = true;
    while (this.trailLength > mark) {
      this.trailLength -= record;
      const entry = this.trailLength;
      const item = at(trail, entry);
      this.support[item] = at(trail, entry + 1);
      this.lowest[item] = at(trail, entry + 2);
      for (let word = 0; word < words; word++) reasons[item * words + word] = at(trail, entry + 3 + word);
    }
  }

  /** Places an item at its `lowest` and draws the conclusions; false after a contradiction (`conflict`). */
  place(item: number, level: number): boolean {
    const { tables, placedAt, support } = this;
    const { neighbourStart, neighbour, above, first, last, align } = tables;
    const offset = at(this.lowest, item);
    this.offset[item] = offset;
    placedAt[item] = level;
    this.left--;
    this.countOut(item);
    this.changedFirst = at(first, item);
    this.changedLast = at(last, item);
    for (let entry = at(neighbourStart, item); entry < at(neighbourStart, item + 1); entry++) {
      const other = at(neighbour, entry);
      if (at(placedAt, other) >= 0) continue;
      const unit = at(align, other);
      const top = (offset + at(above, entry) + unit - 1) & -unit;
      if (top <= at(support, other)) continue;
      if (!this.raise(other, top, Math.max(top, at(this.lowest, other)), level)) return false;
    }
    return this.propagate();
  }

  /** Takes back `place`. */
  remove(item: number, mark: number): void {
    this.placedAt[item] = -1;
    this.left++;
    this.countIn(item);
    this.undo(mark);
  }

  private countOut(item: number): void {
    const { first, last, size } = this.tables;
    for (let section = at(first, item); section <= at(last, item); section++) {
      this.remaining[section] = at(this.remaining, section) - at(size, item);
      this.olderVersions[this.olderCount++] = at(this.version, section);
      this.version[section] = ++this.newestVersion;
    }
  }

  private countIn(item: number): void {
    const { first, last, size } = this.tables;
    for (let section = at(last, item); section >= at(first, item); section--) {
      this.remaining[section] = at(this.remaining, section) + at(size, item);
      this.version[section] = at(this.olderVersions, --this.olderCount);
    }
  }

  /** Raises bounds of an item, because of a level if it is not negative; false if the item no longer fits. */
  private raise(item: number, support: number, lowest: number, level: number): boolean {
    const { words, reasons } = this;
    const record = words + 3;
    if (this.trailLength + record > this.trail.length) {
      const longer = new Int32Array(this.trail.length * 2);
      longer.set(this.trail);
      this.trail = longer;
    }
    const { trail, trailLength: entry } = this;
    trail[entry] = item;
    trail[entry + 1] = at(this.support, item);
    trail[entry + 2] = at(this.lowest, item);
    for (let word = 0; word < words; word++) trail[entry + 3 + word] = at(reasons, item * words + word);
    this.trailLength += record;
    this.support[item] = support;
    this.lowest[item] = lowest;
    if (level >= 0) {
      const word = item * words + (level >> 5);
      reasons[word] = at(reasons, word) | (1 << (level & 31));
    }
    this.changedFirst = Math.min(this.changedFirst, at(this.tables.first, item));
    this.changedLast = Math.max(this.changedLast, at(this.tables.last, item));
    if (lowest + at(this.tables.size, item) <= this.capacity) return true;
    this.conflict.fill(0);
    this.addReason(this.conflict, 0, item);
    return false;
  }

  /** Raises `lowest` of an item for the reasons in a set of levels. */
  raiseFor(item: number, lowest: number, levels: Int32Array): boolean {
    const { words, reasons } = this;
    const fits = this.raise(item, at(this.support, item), lowest, -1);
    for (let word = 0; word < words; word++)
      reasons[item * words + word] = at(reasons, item * words + word) | at(levels, word);
    if (fits) return true;
    this.addReason(this.conflict, 0, item);
    return false;
  }

  /** Before a series of `raiseFor`. */
  begin(): void {
    this.changedFirst = this.tables.sectionCount;
    this.changedLast = -1;
  }

  /** Adds to a set of levels why an item has its place or, if it has none, its bounds. */
  addReason(set: Int32Array, start: number, item: number): void {
    const { words, reasons } = this;
    const level = at(this.placedAt, item);
    if (level >= 0) {
      const word = start + (level >> 5);
      set[word] = at(set, word) | (1 << (level & 31));
      return;
    }
    for (let word = 0; word < words; word++)
      set[start + word] = at(set, start + word) | at(reasons, item * words + word);
  }

  /** Draws all conclusions from changed bounds; false after a contradiction. */
  propagate(): boolean {
    while (this.changedLast >= this.changedFirst) {
      const { changedFirst, changedLast } = this;
      this.begin();
      for (let section = changedFirst; section <= changedLast; section++)
        if (at(this.remaining, section) > 0 && !this.stack(section)) return this.blame(section);
      if (!this.sums.enabled) continue;
      for (let section = changedFirst; section <= changedLast; section++)
        if (at(this.remaining, section) > 0 && !this.roundToSums(section)) return this.blame(section);
    }
    return true;
  }

  private blame(section: number): false {
    this.weight[section] = (this.weight[section] ?? 0) + 1;
    return false;
  }

  /** Stacks a section's items by `lowest`; false if they cannot all end below the capacity. */
  private stack(section: number): boolean {
    const { sorted, lowest, placedAt, tables } = this;
    const start = at(tables.sectionStart, section);
    const end = at(tables.sectionStart, section + 1);
    for (let entry = start + 1; entry < end; entry++) {
      const item = at(sorted, entry);
      const bound = at(lowest, item);
      let place = entry - 1;
      for (; place >= start && at(lowest, at(sorted, place)) > bound; place--) sorted[place + 1] = at(sorted, place);
      sorted[place + 1] = item;
    }
    let top = -1;
    let gap = start;
    for (let entry = start; entry < end; entry++) {
      const item = at(sorted, entry);
      if (at(placedAt, item) >= 0) continue;
      const bound = at(lowest, item);
      if (top < 0) this.floor[section] = bound;
      if (bound > top) {
        top = bound;
        gap = entry;
      }
      top += at(tables.size, item);
    }
    if (top <= this.capacity || top - this.sharedBytes(section) <= this.capacity) return true;
    this.conflict.fill(0);
    for (let entry = gap; entry < end; entry++) {
      const item = at(sorted, entry);
      if (at(placedAt, item) < 0) this.addReason(this.conflict, 0, item);
    }
    return false;
  }

  /** Bytes that the items of a section that are not placed may share among each other. */
  private sharedBytes(section: number): number {
    let shared = 0;
    for (const { a, b, bytes } of this.tables.pairs[section] ?? [])
      if (at(this.placedAt, a) < 0 && at(this.placedAt, b) < 0) shared += bytes;
    return shared;
  }

  /**
   * Below an item lie in each of its sections the floor, some of the other items and a waste of at most the section's
   * slack. In tight sections that leaves few offsets; false if one item has none.
   */
  private roundToSums(section: number): boolean {
    const { tables, lowest, placedAt, sums } = this;
    const { sectionStart, sectionItem, size, align } = tables;
    const floor = at(this.floor, section);
    const slack = this.capacity - floor - at(this.remaining, section);
    if (slack > this.capacity * tightPart || (tables.pairs[section]?.length ?? 0) > 0) return true;
    const start = at(sectionStart, section);
    const end = at(sectionStart, section + 1);
    if (sums.restart(section, at(this.version, section)))
      for (let entry = start; entry < end; entry++) {
        const item = at(sectionItem, entry);
        if (at(placedAt, item) < 0) sums.add(section, at(size, item));
      }
    let explained = false;
    for (let entry = start; entry < end; entry++) {
      const item = at(sectionItem, entry);
      if (at(placedAt, item) >= 0) continue;
      const height = at(lowest, item) - floor;
      if (height === 0 || height - sums.atMost(section, height) <= slack) continue;
      if (!explained) {
        this.why.fill(0);
        for (let other = start; other < end; other++) this.addReason(this.why, 0, at(sectionItem, other));
        explained = true;
      }
      const unit = at(align, item);
      const bound = Math.min(floor + sums.atLeast(section, height), this.capacity);
      if (!this.raiseFor(item, (bound + unit - 1) & -unit, this.why)) return false;
    }
    return true;
  }
}
