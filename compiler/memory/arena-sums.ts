/** Which byte counts the items still to be placed in a section can add up to, as bit sets in units of `unit` bytes. */

import { at } from './arena-problem.ts';

/** Longer sets cost more than they prune. */
const maximumBits = 4096;

export class SubsetSums {
  readonly unit: number;
  readonly enabled: boolean;
  private readonly words: number;
  private readonly bits: Int32Array;
  /** The version of the item set for which a section's bits were computed. */
  private readonly computedFor: Int32Array;

  /** @param height the largest sum that matters, in bytes; `unit` divides all sizes. */
  constructor(sections: number, height: number, unit: number) {
    this.unit = unit;
    const length = Math.floor(height / unit) + 1;
    this.enabled = length <= maximumBits;
    this.words = this.enabled ? (length >> 5) + 1 : 0;
    this.bits = new Int32Array(sections * this.words);
    this.computedFor = new Int32Array(sections).fill(-1);
  }

  /** Empties a section's set for recomputing, unless it is of this version already. */
  restart(section: number, version: number): boolean {
    if (at(this.computedFor, section) === version) return false;
    this.computedFor[section] = version;
    const start = section * this.words;
    this.bits.fill(0, start, start + this.words);
    this.bits[start] = 1;
    return true;
  }

  /** Adds an item of `size` bytes. */
  add(section: number, size: number): void {
    const { bits, words } = this;
    const shift = size / this.unit;
    const whole = shift >> 5;
    const part = shift & 31;
    const start = section * words;
    for (let word = words - 1; word >= whole; word--) {
      const from = start + word - whole;
      const carry = part === 0 || word === whole ? 0 : at(bits, from - 1) >>> (32 - part);
      bits[start + word] = at(bits, start + word) | (at(bits, from) << part) | carry;
    }
  }

  /** The largest sum of at most `bytes`; 0 always is one. */
  atMost(section: number, bytes: number): number {
    const { bits, words, unit } = this;
    const start = section * words;
    const bit = Math.min(Math.floor(bytes / unit), words * 32 - 1);
    let word = bit >> 5;
    let value = at(bits, start + word) & (-1 >>> (31 - (bit & 31)));
    while (value === 0) value = at(bits, start + --word);
    return (word * 32 + 31 - Math.clz32(value)) * unit;
  }

  /** The least sum of at least `bytes`; infinite if there is none up to the height. */
  atLeast(section: number, bytes: number): number {
    const { bits, words, unit } = this;
    const start = section * words;
    const bit = Math.ceil(bytes / unit);
    let word = bit >> 5;
    if (word >= words) return Number.POSITIVE_INFINITY;
    let value = at(bits, start + word) & (-1 << (bit & 31));
    while (value === 0) {
      if (++word >= words) return Number.POSITIVE_INFINITY;
      value = at(bits, start + word);
    }
    return (word * 32 + 31 - Math.clz32(value & -value)) * unit;
  }
}
