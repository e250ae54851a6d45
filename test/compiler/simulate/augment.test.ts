import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { augmented } from '../../../compiler/simulate/augment.ts';
import { shownSample } from '../../../compiler/simulate/data.ts';
import { counterSource } from '../../../compiler/simulate/random.ts';

const shape = { width: 6, height: 5, channels: 1 };
const ramp = Uint8Array.from({ length: 30 }, (_, index) => 4 * (index % 6) + 20 * Math.floor(index / 6));

describe('augmentation', () => {
  it('depends on seed, epoch and sample alone, not on what was shown before', () => {
    const plan = { data: { path: 'd', skipBroken: false, augment: { flip: true, shift: 2, crop: 2 } } };
    const sample = { input: ramp, label: 0 };
    const shown = (seed: number, epoch: number, position: number) =>
      shownSample(sample, plan, shape, { seed, epoch, position }).input.join();
    const last = shown(1, 3, 7);
    const others = [shown(2, 3, 7), shown(1, 4, 7), shown(1, 3, 8)];
    expect(shown(1, 3, 7)).toBe(last);
    expect(new Set([last, ...others]).size).toBe(4);
  });

  it('cuts and scales back within the range of what was there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 30, maxLength: 30 }), fc.nat(), (codes, seed) => {
        const signed = new Int8Array(codes.buffer.slice(0));
        const cut = augmented(codes, shape, { flip: false, shift: 0, crop: 3 }, counterSource(seed, 0, 0));
        const values = new Int8Array(cut.buffer);
        expect(Math.min(...values)).toBeGreaterThanOrEqual(Math.min(...signed));
        expect(Math.max(...values)).toBeLessThanOrEqual(Math.max(...signed));
      }),
    );
  });

  it('interpolates int8 and uint8 codes alike', () => {
    const offset = ramp.map((value) => value ^ 0x80);
    const settings = { flip: false, shift: 0, crop: 3 };
    for (let seed = 0; seed < 20; seed++) {
      const unsigned = augmented(ramp, { ...shape, dtype: 'uint8' }, settings, counterSource(seed, 0, 0));
      const signed = augmented(offset, { ...shape, dtype: 'int8' }, settings, counterSource(seed, 0, 0));
      expect([...signed.map((value) => value ^ 0x80)]).toEqual([...unsigned]);
    }
  });

  it('draws every amount of a cut, the whole picture too', () => {
    const steps = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const cut = augmented(
        ramp,
        { ...shape, dtype: 'uint8' },
        { flip: false, shift: 0, crop: 2 },
        counterSource(seed, 0, 0),
      );
      steps.add((cut[3] ?? 0) - (cut[2] ?? 0));
    }
    // Four for the whole picture, then 4 x 5 / 6 and 4 x 4 / 6.
    expect([...steps].every((step) => step >= 2 && step <= 4)).toBe(true);
    expect(steps.size).toBeGreaterThanOrEqual(2);
  });
});
