import type { Contributions } from '../../compiler/search/space.ts';

/** Read off the figure in Lin et al., "On-Device Training Under 256KB Memory" (NeurIPS 2022): MCUNet on Cars, percentage
 * points of updating the first 1x1 layers of blocks 4 to 13 (convolutions 12, 15, ... 39), each within 0.2. */
const table: Readonly<Record<number, readonly number[]>> = {
  1: [2.0, 3.1, 4.1, 5.5, 6.5, 8.5, 9.3, 8.0, 8.8, 13.7],
  2: [1.2, 1.9, 2.2, 3.3, 3.6, 5.6, 6.1, 6.0, 5.5, 10.2],
  4: [0.9, 1.1, 1.4, 2.5, 2.2, 3.6, 3.7, 3.6, 3.9, 6.2],
  8: [0, 0.1, 0.8, 1.2, 1.0, 1.6, 2.2, 2.2, 2.3, 3.0],
};

export const publishedContributions: Contributions = {
  source: 'measured',
  biases: [],
  weights: Object.entries(table).flatMap(([denominator, gains]) =>
    gains.map((gain, index) => ({
      layer: `block${index + 4}.pointwise1`,
      fraction: { numerator: 1, denominator: Number(denominator) },
      gain,
    })),
  ),
};
