/** Random changes of a picture's codes, in integers and from a counter: a device can compute the same. */
import type { Augmentation } from '../training/plan.ts';
import type { InputFormat } from './picture.ts';
import type { RandomSource } from './random.ts';

type Shape = Pick<InputFormat, 'width' | 'height' | 'channels'> & { readonly dtype?: InputFormat['dtype'] };

/** Cut, then mirrored by chance, then moved by up to `shift` pixels each way; the edge is repeated. */
export function augmented(codes: Uint8Array, shape: Shape, settings: Augmentation, random: RandomSource): Uint8Array {
  const { flip, shift, crop = 0 } = settings;
  const source = crop === 0 ? codes : cropped(codes, shape, crop, random);
  const mirrored = flip && random.below(2) === 1;
  const [down, right] =
    shift === 0 ? [0, 0] : [random.below(2 * shift + 1) - shift, random.below(2 * shift + 1) - shift];
  if (!mirrored && down === 0 && right === 0) return source;
  const { width, height, channels } = shape;
  const result = new Uint8Array(codes.length);
  const inside = (position: number, size: number): number => Math.min(size - 1, Math.max(0, position));
  for (let y = 0; y < height; y++) {
    const row = inside(y - down, height) * width;
    for (let x = 0; x < width; x++) {
      const column = inside(x - right, width);
      const from = (row + (mirrored ? width - 1 - column : column)) * channels;
      result.set(source.subarray(from, from + channels), (y * width + x) * channels);
    }
  }
  return result;
}

/** A window up to `most` pixels narrower and lower, at a random place, scaled back: bilinear in 256ths of a pixel. */
function cropped(codes: Uint8Array, shape: Shape, most: number, random: RandomSource): Uint8Array {
  const { width, height, channels, dtype = 'int8' } = shape;
  const cut = random.below(Math.min(most, width - 1, height - 1) + 1);
  if (cut === 0) return codes;
  const [left, top] = [random.below(cut + 1), random.below(cut + 1)];
  const columns = samplings(width - cut, width);
  // Codes as offsets from the lowest one, so that interpolation is the same for both types.
  const flip = dtype === 'int8' ? 0x80 : 0;
  const result = new Uint8Array(codes.length);
  let index = 0;
  for (const row of samplings(height - cut, height)) {
    for (const column of columns) {
      const at = (y: number, x: number): number => ((top + y) * width + left + x) * channels;
      const [a, b] = [at(row.low, column.low), at(row.low, column.high)];
      const [c, d] = [at(row.high, column.low), at(row.high, column.high)];
      for (let channel = 0; channel < channels; channel++) {
        const code = (place: number): number => (codes[place + channel] ?? 0) ^ flip;
        const upper = code(a) * (256 - column.weight) + code(b) * column.weight;
        const lower = code(c) * (256 - column.weight) + code(d) * column.weight;
        result[index++] = ((upper * (256 - row.weight) + lower * row.weight + 32_768) >> 16) ^ flip;
      }
    }
  }
  return result;
}

interface Sampling {
  readonly low: number;
  readonly high: number;
  /** Of `high`, in 256ths. */
  readonly weight: number;
}

/** Half-pixel centres, clamped to the edge. */
function samplings(from: number, to: number): readonly Sampling[] {
  return Array.from({ length: to }, (_, index) => {
    const position = Math.floor(((2 * index + 1) * from * 128) / to) - 128;
    const inside = Math.min((from - 1) * 256, Math.max(0, position));
    const low = inside >> 8;
    return { low, high: Math.min(from - 1, low + 1), weight: inside & 255 };
  });
}
