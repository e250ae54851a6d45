import fc from 'fast-check';
import { expect, it } from 'vitest';
import { numbers, seeds, windows } from './draws.ts';
import { call } from './kernel.ts';
import { at } from './reference.ts';

/** Whole numbers from -size to size: small enough that float32 sums of their products are exact. */
function small(length: number, seed: number, size: number): number[] {
  const next = numbers(seed);
  return Array.from({ length }, () => Math.floor(next() * (2 * size + 1)) - size);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, i) => sum + value * at(b, i), 0);
}

it.each(['conv', 'depthwise'] as const)('the gradients of %s are the adjoints of its forward sums', (kind) => {
  fc.assert(
    fc.property(windows(kind), seeds, (drawn, seed) => {
      const w = { ...drawn, in_zero_point: 3, out_zero_point: 0, act_min: -128, act_max: 127 };
      const taps = w.kernel_height * w.kernel_width;
      const outputs = w.out_height * w.out_width * w.out_channels;
      const group = w.out_channels / w.in_channels;
      // Inputs (less the zero point) and weights of -1, 0 and 1: most sums fit the codes, the others are drawn again.
      const x = small(w.in_height * w.in_width * w.in_channels, seed, 1);
      const weights = small(w.out_channels * taps * (kind === 'conv' ? w.in_channels : 1), seed + 1, 1);
      const input = Int8Array.from(x, (value) => value + w.in_zero_point);
      const bias = new Int32Array(w.out_channels);
      // 2^30 / 2^31 * 2^1 is 1: the output is the sum.
      const multiplier = new Int32Array(w.out_channels).fill(2 ** 30);
      const shift = new Int8Array(w.out_channels).fill(1);
      const output = new Int8Array(outputs);
      const common = { window: { ...w }, weights: Int8Array.from(weights) };
      const channels = { channel_begin: 0, channel_end: w.out_channels };
      call(kind === 'conv' ? 'ft_conv_s8' : 'ft_depthwise_s8', {
        ...{ ...common, input, bias, multiplier, shift, output, mask: null },
        ...{ row_begin: 0, row_end: w.out_height, ...channels },
      });
      fc.pre(output.every((value) => value > -128 && value < 127));

      const gradient = Float32Array.from(small(outputs, seed + 2, 3));
      const expected = dot(output, gradient);
      const dx = new Float32Array(x.length);
      const rows = new Float32Array(weights.length);
      const strides = { gradient, stride: w.out_channels };
      if (kind === 'conv') {
        call('ft_conv_input_gradient_f32', { ...common, ...strides, dx, ...channels });
        call('ft_conv_weight_gradient_f32', {
          ...{ window: { ...w }, input, ...strides, rows, saved_channels: w.in_channels, ...channels },
        });
      } else {
        const inputs = { channel_begin: 0, channel_end: w.in_channels, dx_stride: w.in_channels };
        call('ft_depthwise_input_gradient_f32', { ...common, ...strides, dx, ...inputs });
        // The kernel wants the input channel of every output channel.
        const spread = Int8Array.from({ length: x.length * group }, (_, i) => at(input, Math.floor(i / group)));
        call('ft_depthwise_weight_gradient_f32', {
          ...{ window: { ...w }, input: spread, ...strides, table: null, rows, saved_channels: w.out_channels },
        });
      }
      expect(dot(dx, x)).toBe(expected);
      expect(dot(rows, weights)).toBe(expected);
    }),
  );
});
