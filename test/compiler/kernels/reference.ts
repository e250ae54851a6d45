/**
 * The arithmetic of the kernels, written again from their definitions: exact integers, and float32 by rounding every
 * operation. Slow, plain, and shared by nothing but tests.
 */

export const f = Math.fround;
export const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

/** TFLite's MultiplyByQuantizedMultiplier from gemmlowp's definitions: nudged division, then a rounding one. */
export function requantise(value: number, multiplier: number, shift: number): number {
  const left = BigInt.asIntN(32, BigInt(value) << BigInt(Math.max(shift, 0)));
  const product = left * BigInt(multiplier);
  const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
  const high = (product + nudge) / (1n << 31n); // truncates
  const divisor = 1n << BigInt(Math.max(-shift, 0));
  const magnitude = high < 0n ? -high : high;
  const rounded = (magnitude * 2n + divisor) / (divisor * 2n);
  return Number(high < 0n ? -rounded : rounded);
}

/** Half away from zero. */
export function round(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

/** The float step's result as a code; exact where `value` is. */
export function toCode(value: number, low: number, high: number): number {
  return Number.isNaN(value) ? 0 : round(clamp(value, low, high)) + 0;
}

export interface Window {
  readonly in_height: number;
  readonly in_width: number;
  readonly in_channels: number;
  readonly out_height: number;
  readonly out_width: number;
  readonly out_channels: number;
  readonly kernel_height: number;
  readonly kernel_width: number;
  readonly stride_y: number;
  readonly stride_x: number;
  readonly dilation_y: number;
  readonly dilation_x: number;
  readonly pad_top: number;
  readonly pad_left: number;
  readonly in_zero_point: number;
  readonly out_zero_point: number;
  readonly act_min: number;
  readonly act_max: number;
  readonly in_rows: number;
  readonly out_rows: number;
  readonly weight_channels: number;
}

/** The element, or an error: a reference that reads past an array must not go on with NaN. */
export function at(values: ArrayLike<number>, index: number): number {
  const value = values[index];
  if (value === undefined) throw new Error(`index ${index} of ${values.length}`);
  return value;
}

export interface Tap {
  /** Positions (y * width + x) in the output and in the input. */
  readonly out: number;
  readonly in: number;
  readonly ky: number;
  readonly kx: number;
}

/** Every (output position, tap) that lies inside of the picture; outputs row by row, taps row by row. */
export function taps(w: Window): Tap[] {
  const list: Tap[] = [];
  for (let y = 0; y < w.out_height; y++)
    for (let x = 0; x < w.out_width; x++)
      for (let ky = 0; ky < w.kernel_height; ky++)
        for (let kx = 0; kx < w.kernel_width; kx++) {
          const inY = y * w.stride_y - w.pad_top + ky * w.dilation_y;
          const inX = x * w.stride_x - w.pad_left + kx * w.dilation_x;
          if (inY >= 0 && inY < w.in_height && inX >= 0 && inX < w.in_width)
            list.push({ out: y * w.out_width + x, in: inY * w.in_width + inX, ky, kx });
        }
  return list;
}

export interface Layer {
  readonly window: Window;
  readonly input: Int8Array;
  readonly weights: Int8Array;
  readonly bias: Int32Array;
  readonly multiplier: Int32Array;
  readonly shift: Int8Array;
}

/** Values before the clamp, [positions][out_channels]. Weights: [o][ky][kx][i], or depthwise [ky][kx][o]. */
export function convolve(layer: Layer, kind: 'conv' | 'depthwise'): number[] {
  const { window: w, input, weights } = layer;
  const group = w.out_channels / w.in_channels;
  const sums: number[] = [];
  for (let p = 0; p < w.out_height * w.out_width; p++)
    for (let o = 0; o < w.out_channels; o++) sums.push(at(layer.bias, o));
  for (const tap of taps(w))
    for (let o = 0; o < w.out_channels; o++) {
      const position = tap.out * w.out_channels + o;
      const code = (channel: number) => at(input, tap.in * w.in_channels + channel) - w.in_zero_point;
      let sum = at(sums, position);
      if (kind === 'depthwise')
        sum += at(weights, (tap.ky * w.kernel_width + tap.kx) * w.out_channels + o) * code(Math.floor(o / group));
      else
        for (let i = 0; i < w.in_channels; i++)
          sum += at(weights, ((o * w.kernel_height + tap.ky) * w.kernel_width + tap.kx) * w.in_channels + i) * code(i);
      sums[position] = sum;
    }
  return sums.map((sum, index) => {
    const o = index % w.out_channels;
    return (requantise(sum | 0, at(layer.multiplier, o), at(layer.shift, o)) + w.out_zero_point) | 0;
  });
}

export function clampAll(values: readonly number[], w: { act_min: number; act_max: number }): Int8Array {
  return Int8Array.from(values, (value) => clamp(value, w.act_min, w.act_max));
}

/** One bit per value, least significant first: 1 where the clamp does nothing. */
export function maskOf(values: readonly number[], w: { act_min: number; act_max: number }): Uint8Array {
  const mask = new Uint8Array(Math.ceil(values.length / 8));
  values.forEach((value, i) => {
    if (value >= w.act_min && value <= w.act_max) mask[i >> 3] = (mask[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return mask;
}

/** Input gradient [positions][in_channels]: each element sums over output channel, ky, kx, ascending, from 0. */
export function inputGradient(
  w: Window,
  gradient: Float32Array,
  weights: Int8Array,
  kind: 'conv' | 'depthwise',
): Float32Array {
  const dx = new Float32Array(w.in_height * w.in_width * w.in_channels);
  const group = w.out_channels / w.in_channels;
  for (let o = 0; o < w.out_channels; o++)
    for (const tap of [...taps(w)].sort((a, b) => a.ky - b.ky || a.kx - b.kx)) {
      const g = at(gradient, tap.out * w.out_channels + o);
      const add = (channel: number, weight: number) => {
        const index = tap.in * w.in_channels + channel;
        dx[index] = f(at(dx, index) + f(g * weight));
      };
      if (kind === 'depthwise')
        add(Math.floor(o / group), at(weights, (tap.ky * w.kernel_width + tap.kx) * w.out_channels + o));
      else
        for (let i = 0; i < w.in_channels; i++)
          add(i, at(weights, ((o * w.kernel_height + tap.ky) * w.kernel_width + tap.kx) * w.in_channels + i));
    }
  return dx;
}

/** [o][ky][kx][i], each summed over output positions row by row. */
export function weightGradient(w: Window, input: Int8Array, gradient: Float32Array): Float32Array {
  const rows = new Float32Array(w.out_channels * w.kernel_height * w.kernel_width * w.in_channels);
  for (const tap of taps(w))
    for (let o = 0; o < w.out_channels; o++)
      for (let i = 0; i < w.in_channels; i++) {
        const index = ((o * w.kernel_height + tap.ky) * w.kernel_width + tap.kx) * w.in_channels + i;
        const x = at(input, tap.in * w.in_channels + i) - w.in_zero_point;
        rows[index] = f(at(rows, index) + f(at(gradient, tap.out * w.out_channels + o) * x));
      }
  return rows;
}
