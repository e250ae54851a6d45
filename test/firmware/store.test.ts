import { describe, expect, it } from 'vitest';
import storeSource from '../../compiler/runtime/ft_store.c';
import storeHeader from '../../compiler/runtime/ft_store.h';
import { compilersAreThere, runC } from '../support/host-c.ts';
import main from './c/power_loss.c';

const files = [
  { path: 'main.c', text: main },
  { path: 'kernels/ft_store.c', text: storeSource },
  { path: 'kernels/ft_store.h', text: storeHeader },
];

describe.skipIf(!compilersAreThere)('two slots of flash (skipped: needs gcc and clang)', () => {
  it.each(['c99', 'c++17'] as const)(
    'bring back the old state or the new one after a loss of power at any byte, and refuse what is damaged: %s',
    async (language) => {
      const lines = (await runC({ files, language })).trim().split('\n');
      const everywhere = lines.filter((line) => line.startsWith('every byte'));
      expect(everywhere).toHaveLength(7);
      for (const line of everywhere) {
        const [, tries, old, news] = /: (\d+) tries, (\d+) old, (\d+) new/.exec(line) ?? [];
        expect(Number(tries)).toBeGreaterThan(1900);
        expect(Number(old)).toBeGreaterThan(1900);
        expect(Number(news)).toBeGreaterThanOrEqual(3);
      }
      const [, cuts, old, news] = /random: (\d+) cuts, (\d+) old, (\d+) new/.exec(lines[7] ?? '') ?? [];
      expect(Number(cuts)).toBe(10_000);
      expect(Number(old) + Number(news)).toBeGreaterThan(10_000);
      expect(Number(news)).toBeGreaterThan(1000);
      expect(lines.slice(8)).toEqual([
        'blob of 231 bytes: refused truncated, with each bit flipped (1725 damaged), of another plan',
        'blob of 267 bytes: refused truncated, with each bit flipped (2015 damaged), of another plan',
        'optimiser changed: weights taken',
        'what is wrong is told',
      ]);
    },
  );
});
