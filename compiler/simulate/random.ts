/** Numbers that depend on the seed alone, on every machine: for the order of samples and their augmentation. */

export interface RandomSource {
  /** From 0 to 2^32 - 1. */
  next(): number;
  /** From 0 to count - 1; the bias of at most count / 2^32 does not matter here. */
  below(count: number): number;
}

/** Marsaglia's xorshift32 (J. Stat. Softw. 8(14), 2003: shifts 13, 17, 5), its state mixed from the seed. */
export function randomSource(seed: number): RandomSource {
  // Neighbouring seeds must not give similar sequences; state 0 would stay 0.
  let state = (Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ (seed >>> 13)) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  for (let warmUp = 0; warmUp < 8; warmUp++) next();
  return { next, below: (count) => Math.floor((next() / 2 ** 32) * count) };
}

/** The bijection of 32 bits behind `ft_hash` (ft_arithmetic.h). */
function mix(bits: number): number {
  let mixed = bits ^ (bits >>> 16);
  mixed = Math.imul(mixed, 0x7feb_352d);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x846c_a68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Numbers that depend on where they are used alone, so that the order of work does not matter: the n-th is
 * `ft_hash(ft_hash_key(seed, step, place), n)`, on a device as here. */
export function counterSource(seed: number, step: number, place: number): RandomSource {
  const key = mix(mix(mix(seed) + step) + place);
  let index = 0;
  const next = (): number => mix(key + Math.imul(index++, 0x9e37_79b9));
  return { next, below: (count) => Math.floor((next() / 2 ** 32) * count) };
}

/** Fisher and Yates; a new array. */
export function shuffled<T>(values: readonly T[], random: RandomSource): T[] {
  const result = [...values];
  for (let end = result.length - 1; end > 0; end--) {
    const other = random.below(end + 1);
    const [a, b] = [result[end], result[other]];
    if (a === undefined || b === undefined) continue;
    result[end] = b;
    result[other] = a;
  }
  return result;
}
