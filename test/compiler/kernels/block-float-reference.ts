/** What the int16 gradient kernels give, from exact sums of integers; and what to give them, extremes included. */
import { mantissas, multipliers } from './block-float-cases.ts';
import { codes } from './draws.ts';
import { at, clamp, f, taps, type Window } from './reference.ts';

export const outPositions = (w: Window) => w.out_height * w.out_width;
export const inPositions = (w: Window) => w.in_height * w.in_width;
export const tapCount = (w: Window) => w.kernel_height * w.kernel_width;

/** What lies between two positions, or behind a table: neither read into results nor written. */
export const poison = 0x7a7b;

/** Channels [begin, end) of [positions][channels], `stride` apart, with poison between. */
export function channelsOf(
  values: Int16Array,
  channels: number,
  begin: number,
  end: number,
  stride: number,
): Int16Array {
  const part = new Int16Array((values.length / channels) * stride).fill(poison);
  for (let p = 0; p < values.length / channels; p++)
    for (let c = begin; c < end; c++) part[p * stride + c - begin] = at(values, p * channels + c);
  return part;
}

/** Mantissas as they come, all at an end of their range, or all 0. */
export function drawMantissas(length: number, seed: number): Int16Array {
  const kind = seed % 8;
  if (kind > 2) return mantissas(length, seed);
  return new Int16Array(length).fill([-32768, 32767, 0][kind] ?? 0);
}

/** Codes as they come, or all -128. */
export function drawCodes(length: number, seed: number): Int8Array {
  return seed % 8 === 0 ? new Int8Array(length).fill(-128) : codes(length, seed);
}

/** From 0 to 2^31 - 1, which saturates most sums. */
export function drawMultipliers(length: number, seed: number): Int32Array {
  return seed % 8 === 0 ? new Int32Array(length).fill(2 ** 31 - 1) : multipliers(length, seed);
}

/** Exact sums of an input gradient, [positions][in_channels]. */
export function inputSums(w: Window, gradient: Int16Array, weights: Int8Array, kind: 'conv' | 'depthwise'): number[] {
  const sums = new Array<number>(inPositions(w) * w.in_channels).fill(0);
  const group = w.out_channels / w.in_channels;
  for (const { out, in: position, ky, kx } of taps(w))
    for (let o = 0; o < w.out_channels; o++) {
      const g = at(gradient, out * w.out_channels + o);
      const tap = ky * w.kernel_width + kx;
      const add = (channel: number, weight: number) => {
        const index = position * w.in_channels + channel;
        sums[index] = at(sums, index) + g * weight;
      };
      if (kind === 'depthwise') add(Math.floor(o / group), at(weights, tap * w.out_channels + o));
      else for (let i = 0; i < w.in_channels; i++) add(i, at(weights, (o * tapCount(w) + tap) * w.in_channels + i));
    }
  if (sums.some((sum) => Math.abs(sum) >= 2 ** 31)) throw new Error('the drawn sums leave int32');
  return sums;
}

export function mantissaOf(sum: number, multiplier: number): number {
  const rounded = (BigInt(sum) * BigInt(multiplier) + (1n << 31n)) >> 32n;
  return clamp(Number(rounded), -32768, 32767);
}

export const maskBit = (mask: Uint8Array | null, bit: number): boolean =>
  mask === null || ((at(mask, bit >> 3) >> (bit & 7)) & 1) === 1;

/** Sums of up to 256 positions are integers; those are added in float32. [tap][one of `units`]. */
export function weightSums(
  w: Window,
  products: (tap: { readonly out: number; readonly in: number }) => readonly number[],
  units: readonly number[],
): Float32Array {
  const rows = new Float32Array(tapCount(w) * units.length);
  const list = taps(w);
  for (let tap = 0; tap < tapCount(w); tap++) {
    const valid = list.filter(({ ky, kx }) => ky * w.kernel_width + kx === tap);
    for (let first = 0; first < valid.length; first += 256) {
      const sums = new Array<number>(units.length).fill(0);
      for (const place of valid.slice(first, first + 256))
        products(place).forEach((product, i) => {
          sums[i] = at(sums, i) + product;
        });
      sums.forEach((sum, i) => {
        const index = tap * units.length + i;
        rows[index] = f(at(rows, index) + f(f(sum) * at(units, i)));
      });
    }
  }
  return rows;
}
