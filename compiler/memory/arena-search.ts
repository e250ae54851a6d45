/**
 * Complete search for a packing below a given capacity. The idea is MiniMalloc's (Moffitt, ASPLOS 2023): only canonical
 * packings, in which each item rests on another, built from the bottom up. Where it differs: it branches on what lies
 * lowest in a section rather than on the next item, and jumps back over decisions that have no part in a contradiction.
 */

import { randomNumbers } from './arena-greedy.ts';
import { at } from './arena-problem.ts';
import { PackingState } from './arena-state.ts';
import type { SearchableTables } from './arena-tables.ts';

/** Which section is decided next: few choices and little slack, or often in contradictions. */
export type SectionChoice = 'tight' | 'troubled' | 'tight-troubled';

export interface Strategy {
  readonly choice: SectionChoice;
  /** Items are tried in this order. */
  readonly order: readonly number[];
  /** How far an item may move in the order by chance, as a part of their count. */
  readonly noise: number;
}

export type SearchOutcome = 'packed' | 'impossible' | 'stopped';

const packed = 1;
const failed = 0;
const stopped = -1;
type Result = typeof packed | typeof failed | typeof stopped;

const farAway = 2 ** 31 - 1;
/** Nodes between two looks at the clock. */
const nodesPerPoll = 64;

export class PackingSearch {
  private readonly tables: SearchableTables;
  private readonly state: PackingState;
  private readonly nodeReasons: Int32Array;
  private readonly why: Int32Array;
  private readonly rank: Float64Array;
  /** Whether everything near an item is at least as high as the item. */
  private readonly inValley: Int32Array;
  private readonly stampOf: Int32Array;
  /** By item, the entry of a neighbour that could displace it when that was asked last. */
  private readonly displacedBy: Int32Array;
  private readonly random: () => number;
  private choice: SectionChoice = 'tight';
  private stamp = 0;
  private nodesLeft = 0;
  private failuresLeft = 0;
  private proceed: () => boolean = () => true;

  /** @param height the largest capacity to be asked for. */
  constructor(tables: SearchableTables, height: number, seed: number) {
    this.tables = tables;
    this.state = new PackingState(tables, height);
    this.nodeReasons = new Int32Array(this.state.levels * this.state.words);
    this.why = new Int32Array(this.state.words);
    this.rank = new Float64Array(tables.count);
    this.inValley = new Int32Array(tables.count);
    this.stampOf = new Int32Array(tables.count);
    this.displacedBy = new Int32Array(tables.count).fill(-1);
    this.random = randomNumbers(seed);
  }

  /** The packing of the last search that found one. */
  get offsets(): number[] {
    return [...this.state.offset];
  }

  /**
   * Searches for a packing of at most `capacity` bytes, in at most so many nodes and as long as `proceed` says yes.
   * @param failures gives up after so many items that do not go where they were tried
   */
  search(
    capacity: number,
    strategy: Strategy,
    nodes: number,
    proceed: () => boolean,
    failures = Number.POSITIVE_INFINITY,
  ): SearchOutcome {
    const { tables, state, rank } = this;
    for (const [place, item] of strategy.order.entries())
      rank[item] = place + strategy.noise * tables.count * (this.random() - 0.5);
    this.choice = strategy.choice;
    this.nodesLeft = nodes;
    this.failuresLeft = failures;
    this.proceed = proceed;
    if (!state.reset(capacity)) return 'impossible';
    const result = state.left === 0 ? packed : this.node(0);
    return result === packed ? 'packed' : result === failed ? 'impossible' : 'stopped';
  }

  private node(level: number): Result {
    const { state, nodeReasons } = this;
    this.nodesLeft--;
    if (this.nodesLeft < 0 || level >= state.levels - 1) return stopped;
    if (this.nodesLeft % nodesPerPoll === 0 && !this.proceed()) return stopped;
    this.findFloors();
    const settled = this.findValleys();
    if (settled >= 0) return this.settle(settled, level);

    const section = this.chooseSection();
    const floor = at(state.floor, section);
    const start = level * state.words;
    nodeReasons.fill(0, start, start + state.words);
    const { low, candidates } = this.lowestIn(section, floor, start);
    candidates.sort((a, b) => (this.rank[a] as number) - (this.rank[b] as number));
    for (const [index, item] of candidates.entries()) {
      if (candidates.some((other, earlier) => earlier < index && this.interchangeable(other, item))) continue;
      const result = this.tryItem(item, level);
      if (result !== failed) return result;
      if (!this.takeConflict(level)) return failed;
    }
    const result = this.tryNone(floor, low, candidates, level);
    if (result !== failed) return result;
    if (!this.takeConflict(level)) return failed;
    const word = start + (level >> 5);
    nodeReasons[word] = at(nodeReasons, word) & ~(1 << (level & 31));
    for (let word = 0; word < state.words; word++) state.conflict[word] = at(nodeReasons, start + word);
    return failed;
  }

  /** Adds the conflict to the node's reasons; false if the level has no part in it: the node has failed as a whole. */
  private takeConflict(level: number): boolean {
    const { conflict, words } = this.state;
    if (((at(conflict, level >> 5) >>> (level & 31)) & 1) === 0) return false;
    const start = level * words;
    for (let word = 0; word < words; word++)
      this.nodeReasons[start + word] = at(this.nodeReasons, start + word) | at(conflict, word);
    return true;
  }

  private tryItem(item: number, level: number): Result {
    const { state } = this;
    const { mark } = state;
    if (state.place(item, level)) {
      const result = state.left === 0 ? packed : this.node(level + 1);
      if (result !== failed) return result;
    }
    state.remove(item, mark);
    return this.failuresLeft-- > 0 ? failed : stopped;
  }

  /** Places an item that nothing can get under: in a packing in which no item can move down it lies there. */
  private settle(item: number, level: number): Result {
    const { state, tables } = this;
    const result = this.tryItem(item, level);
    if (result !== failed) return result;
    const { conflict } = state;
    const bit = 1 << (level & 31);
    const word = level >> 5;
    if ((at(conflict, word) & bit) === 0) return failed;
    conflict[word] = at(conflict, word) & ~bit;
    state.addReason(conflict, 0, item);
    for (let entry = at(tables.neighbourStart, item); entry < at(tables.neighbourStart, item + 1); entry++)
      state.addReason(conflict, 0, at(tables.neighbour, entry));
    return failed;
  }

  private findFloors(): void {
    const { state, tables } = this;
    if (!state.floorsAreOld) return;
    state.floorsAreOld = false;
    const { sectionStart, sectionItem, sectionCount } = tables;
    for (let section = 0; section < sectionCount; section++) {
      if (at(state.remaining, section) === 0) continue;
      let floor = farAway;
      for (let entry = at(sectionStart, section); entry < at(sectionStart, section + 1); entry++) {
        const item = at(sectionItem, entry);
        if (at(state.placedAt, item) < 0 && at(state.lowest, item) < floor) floor = at(state.lowest, item);
      }
      state.floor[section] = floor;
    }
  }

  /** Marks the items below which nothing else can come to lie; returns one that nothing can displace, or -1. */
  private findValleys(): number {
    const { state, tables, inValley } = this;
    const { first, last, size, equals, tieOrder } = tables;
    const { placedAt, floor } = state;
    for (let place = 0; place < tieOrder.length; place++) {
      const item = at(tieOrder, place);
      if (at(placedAt, item) >= 0 || at(size, item) === 0) continue;
      const lowest = at(state.lowest, item);
      const end = at(last, item);
      let section = at(first, item);
      while (section <= end && at(floor, section) === lowest) section++;
      let deep = section > end;
      for (const other of deep ? (equals[item] ?? []) : [])
        if (at(placedAt, other) < 0 && at(state.lowest, other) === lowest && at(inValley, other) === 0) deep = false;
      inValley[item] = deep ? 1 : 0;
      if (deep && at(state.support, item) === lowest && !this.canBeDisplaced(item)) return item;
    }
    return -1;
  }

  /** Whether an item that is not placed may take bytes that this one needs at its `lowest`. */
  private canBeDisplaced(item: number): boolean {
    const { neighbourStart } = this.tables;
    // Which neighbour could the last time mostly can again.
    const known = at(this.displacedBy, item);
    if (known >= 0 && this.displaces(known, item)) return true;
    for (let entry = at(neighbourStart, item); entry < at(neighbourStart, item + 1); entry++) {
      if (!this.displaces(entry, item)) continue;
      this.displacedBy[item] = entry;
      return true;
    }
    return false;
  }

  /** @param entry of the item's neighbours */
  private displaces(entry: number, item: number): boolean {
    const { state, tables } = this;
    const other = at(tables.neighbour, entry);
    const top = at(state.lowest, item) + at(tables.above, entry);
    return at(state.placedAt, other) < 0 && at(state.lowest, other) < top;
  }

  private chooseSection(): number {
    const { state, tables, inValley } = this;
    const { sectionStart, sectionItem, sectionCount } = tables;
    let best = -1;
    let bestScore = Number.POSITIVE_INFINITY;
    for (let section = 0; section < sectionCount; section++) {
      const remaining = at(state.remaining, section);
      if (remaining === 0) continue;
      const floor = at(state.floor, section);
      let choices = 0;
      let decidable = true;
      for (let entry = at(sectionStart, section); entry < at(sectionStart, section + 1); entry++) {
        const item = at(sectionItem, entry);
        if (at(state.placedAt, item) >= 0 || at(state.lowest, item) !== floor) continue;
        if (at(inValley, item) === 0) {
          decidable = false;
          break;
        }
        if (at(state.support, item) === floor) choices++;
      }
      if (!decidable) continue;
      const score = this.score(section, choices, (state.capacity - floor - remaining) / state.capacity);
      if (score < bestScore) {
        bestScore = score;
        best = section;
      }
    }
    return best;
  }

  /** @param slack the part of the capacity that the section may waste. */
  private score(section: number, choices: number, slack: number): number {
    const weight = this.state.weight[section] as number;
    switch (this.choice) {
      case 'tight':
        return choices + slack / 2;
      case 'troubled':
        return choices / weight;
      case 'tight-troubled':
        return (slack + 1 / 1024) / weight;
    }
  }

  /**
   * The items of a section that may lie at its floor: `low` by their bounds, `candidates` those that also have a
   * support there, with the items that must be placed before them at the same offset.
   */
  private lowestIn(section: number, floor: number, reasonStart: number): { low: number[]; candidates: number[] } {
    const { state, tables, nodeReasons } = this;
    const low: number[] = [];
    for (let entry = at(tables.sectionStart, section); entry < at(tables.sectionStart, section + 1); entry++) {
      const item = at(tables.sectionItem, entry);
      if (at(state.placedAt, item) < 0 && at(state.lowest, item) === floor) low.push(item);
      else state.addReason(nodeReasons, reasonStart, item);
    }
    const reached = [...low];
    for (const item of reached)
      for (const other of tables.equals[item] ?? []) {
        state.addReason(nodeReasons, reasonStart, other);
        const unplaced = at(state.placedAt, other) < 0;
        if (unplaced && at(state.lowest, other) === floor && !reached.includes(other)) reached.push(other);
      }
    return { low, candidates: reached.filter((item) => at(state.support, item) === floor) };
  }

  /** Same size and neighbours: only one of two such items need be tried. */
  private interchangeable(a: number, b: number): boolean {
    const { size, first, last, align, relieved } = this.tables;
    if (relieved[a] || relieved[b]) return false;
    return (
      at(size, a) === at(size, b) &&
      at(first, a) === at(first, b) &&
      at(last, a) === at(last, b) &&
      at(align, a) === at(align, b)
    );
  }

  /** The case that no item of a section lies at its floor: the lowest of `low` then rests on an item that is not. */
  private tryNone(floor: number, low: readonly number[], candidates: readonly number[], level: number): Result {
    const { state, tables, why, stampOf } = this;
    const { neighbourStart, neighbour, below, align } = tables;
    const stamp = ++this.stamp;
    for (const item of low) stampOf[item] = stamp;
    why.fill(0);
    why[level >> 5] = 1 << (level & 31);
    let least = farAway;
    const bounds = low.map((item) => {
      state.addReason(why, 0, item);
      const unit = at(align, item);
      let onOthers = farAway;
      let onLow = farAway;
      for (let entry = at(neighbourStart, item); entry < at(neighbourStart, item + 1); entry++) {
        const other = at(neighbour, entry);
        state.addReason(why, 0, other);
        if (at(state.placedAt, other) >= 0) continue;
        if (at(stampOf, other) === stamp) {
          onLow = Math.min(onLow, at(below, entry));
        } else {
          const top = Math.max(at(state.lowest, other) + at(below, entry), floor + tables.unit);
          onOthers = Math.min(onOthers, (top + unit - 1) & -unit);
        }
      }
      least = Math.min(least, onOthers);
      return { item, onOthers, onLow };
    });
    const inTheWay = candidates.every((item) => at(stampOf, item) !== stamp || this.canBeDisplaced(item));
    if (least === farAway || !inTheWay) {
      for (let word = 0; word < state.words; word++) state.conflict[word] = at(why, word);
      return failed;
    }
    const { mark } = state;
    state.begin();
    let possible = true;
    for (const { item, onOthers, onLow } of bounds) {
      const unit = at(align, item);
      const onStack = (Math.min(least + onLow, farAway - unit) + unit - 1) & -unit;
      const bound = Math.min(Math.max(least, Math.min(onOthers, onStack)), state.capacity + 1);
      possible = state.raiseFor(item, bound, why);
      if (!possible) break;
    }
    if (possible && state.propagate()) {
      const result = this.node(level + 1);
      if (result !== failed) return result;
    }
    state.undo(mark);
    return failed;
  }
}
