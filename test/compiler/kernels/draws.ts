/** Random layers for properties, drawn by fast-check so that a failure shrinks. */
import fc from 'fast-check';
import type { Layer, Window } from './reference.ts';

/** A generator of numbers from a seed: one number to shrink instead of thousands. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** int8 codes in [low, 127]. */
export function codes(length: number, seed: number, low = -128): Int8Array {
  const next = numbers(seed);
  return Int8Array.from({ length }, () => Math.floor(next() * (128 - low)) + low);
}

/** About one in eight is 0, as behind a mask. */
export function gradients(length: number, seed: number): Float32Array {
  const next = numbers(seed);
  return Float32Array.from({ length }, () => (next() < 0.125 ? 0 : (next() - 0.5) * 2 ** Math.floor(next() * 8)));
}

const code = fc.integer({ min: -128, max: 127 });

/** Sizes small enough for plain loops, with borders, strides, dilations and channel counts around the block sizes. */
export function windows(kind: 'conv' | 'depthwise' | 'pool'): fc.Arbitrary<Window> {
  const dilation = kind === 'pool' ? fc.constant(1) : fc.integer({ min: 1, max: 2 });
  return fc
    .record({
      out_height: fc.integer({ min: 1, max: 5 }),
      out_width: fc.integer({ min: 1, max: 6 }),
      channels: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(8, 16, 24, 32, 40)),
      out_channels: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(8, 16, 24)),
      group: fc.constantFrom(1, 1, 1, 2, 3),
      kernel_height: fc.constantFrom(1, 1, 2, 3, 5),
      kernel_width: fc.constantFrom(1, 1, 2, 3),
      stride_y: fc.integer({ min: 1, max: 3 }),
      stride_x: fc.integer({ min: 1, max: 3 }),
      dilation_y: dilation,
      dilation_x: dilation,
      pads: fc.tuple(...Array.from({ length: 4 }, () => fc.nat(4))),
      pointwise: fc.boolean(),
      in_zero_point: code,
      out_zero_point: code,
      act: fc.tuple(code, code),
    })
    .map((draw) => {
      const pointwise = draw.pointwise && kind === 'conv';
      const kernel_height = pointwise ? 1 : draw.kernel_height;
      const kernel_width = pointwise ? 1 : draw.kernel_width;
      const stride_y = pointwise ? 1 : draw.stride_y;
      const stride_x = pointwise ? 1 : draw.stride_x;
      const span_y = (kernel_height - 1) * draw.dilation_y;
      const span_x = (kernel_width - 1) * draw.dilation_x;
      const pad = (index: number, span: number) => Math.min(draw.pads[index] ?? 0, span);
      const pad_top = pad(0, span_y);
      const pad_left = pad(1, span_x);
      const in_height = Math.max(1, (draw.out_height - 1) * stride_y + span_y + 1 - pad_top - pad(2, span_y));
      const in_width = Math.max(1, (draw.out_width - 1) * stride_x + span_x + 1 - pad_left - pad(3, span_x));
      const out_channels =
        kind === 'conv' ? draw.out_channels : kind === 'pool' ? draw.channels : draw.channels * draw.group;
      return {
        ...{ in_height, in_width, in_channels: draw.channels },
        ...{ out_height: draw.out_height, out_width: draw.out_width, out_channels },
        ...{ kernel_height, kernel_width, stride_y, stride_x },
        ...{ dilation_y: draw.dilation_y, dilation_x: draw.dilation_x, pad_top, pad_left },
        ...{ in_zero_point: draw.in_zero_point, out_zero_point: draw.out_zero_point },
        ...{ act_min: Math.min(...draw.act), act_max: Math.max(...draw.act) },
        ...{ in_rows: in_height, out_rows: draw.out_height, weight_channels: out_channels },
      };
    });
}

/** A layer whose values before the clamp spread over the codes and beyond. */
export function layerOf(window: Window, kind: 'conv' | 'depthwise', seed: number): Layer {
  const next = numbers(seed + 1);
  const { out_channels, in_channels } = window;
  const taps = window.kernel_height * window.kernel_width;
  const perChannel = (value: () => number) => Int32Array.from({ length: out_channels }, () => Math.floor(value()));
  const depth = kind === 'conv' ? in_channels * taps : taps;
  return {
    window,
    input: codes(window.in_height * window.in_width * in_channels, seed + 2),
    weights: codes(out_channels * depth, seed + 3, -127),
    bias: perChannel(() => (next() < 0.05 ? (next() - 0.5) * 2 ** 32 : (next() - 0.5) * 2 ** 14)),
    multiplier: perChannel(() => (next() < 0.05 ? 0 : 2 ** 30 * (1 + next()))),
    shift: Int8Array.from(perChannel(() => (next() < 0.1 ? next() * 34 - 31 : -5 - next() * 4 - Math.log2(depth) / 2))),
  };
}

export const seeds = fc.integer({ min: 0, max: 2 ** 30 });
