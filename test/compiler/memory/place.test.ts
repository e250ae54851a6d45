import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overlapsOf } from '../../support/overlaps.ts';
import { trainedNetworks } from '../../support/random-network.ts';
import { programOf, trainRandomly, withoutStreaming } from '../../support/training-run.ts';

describe('placed buffers', () => {
  it('share bytes only where an output grows into an input that dies', () => {
    let growing = 0;
    const property = fc.property(trainedNetworks, ({ network, plan }) => {
      for (const each of [plan, withoutStreaming(plan)]) {
        const program = programOf(network, each);
        expect(overlapsOf(program)).toEqual([]);
        const end = Math.max(
          ...program.buffers.map(({ home, offset, bytes }) => (home === 'arena' ? offset + bytes : 0)),
        );
        expect(end).toBeLessThanOrEqual(program.arenaBytes);
        const inArena = program.buffers.filter(({ home, first }) => home === 'arena' && first >= 0);
        growing += inArena.some((a) =>
          inArena.some(
            (b) =>
              b.first === a.last && b.id !== a.id && b.offset < a.offset + a.bytes && a.offset < b.offset + b.bytes,
          ),
        )
          ? 1
          : 0;
      }
    });
    fc.assert(property, { seed: 6, numRuns: 60 });
    expect(growing).toBeGreaterThan(10);
  });

  it('change no result when all that is dead is overwritten after each step', async () => {
    const property = fc.asyncProperty(trainedNetworks, async ({ network, plan }) => {
      for (const each of [plan, withoutStreaming(plan)]) {
        const program = programOf(network, each);
        expect(await trainRandomly(program, 4, { poisoned: true })).toEqual(await trainRandomly(program, 4));
      }
    });
    await fc.assert(property, { seed: 7, numRuns: 50 });
  });
});
