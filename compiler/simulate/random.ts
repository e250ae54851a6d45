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
