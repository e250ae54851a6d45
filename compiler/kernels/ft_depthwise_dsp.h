/* Depthwise convolution on Armv7E-M: four channels at a time, whose weights are widened once for a row. */
#ifndef FT_DEPTHWISE_DSP_H
#define FT_DEPTHWISE_DSP_H

#include "ft_dsp.h"

#ifdef FT_ARM_DSP

#define FT_DEPTHWISE_TAPS 49

/* Four channels: the pairs (0, 2) and (1, 3) of every tap, and what turns sums into codes. */
typedef struct ft_depthwise_lanes {
  int32_t weights[2 * FT_DEPTHWISE_TAPS];
  int32_t bias[4];
  ft_scale scale[4];
} ft_depthwise_lanes;

/* Adds a rectangle of taps: `input` and `weights` are at its first one; steps in elements. */
static inline void ft_add_taps(const int8_t *input, int32_t row_step, int32_t tap_step,
                               const int32_t *weights, int32_t weights_step, int32_t rows, int32_t taps,
                               int32_t offsets, int32_t *sums) {
  int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
  for (; rows > 0; rows--, input += row_step, weights += weights_step) {
    const int8_t *x = input;
    const int32_t *w = weights;
    for (int32_t t = 0; t < taps; t++, x += tap_step, w += 2) {
      const int32_t codes = ft_load_word(x);
      const int32_t even = ft_widen_even(offsets, codes), odd = ft_widen_odd(offsets, codes);
      sum0 = ft_multiply_low(even, w[0], sum0);
      sum1 = ft_multiply_low(odd, w[1], sum1);
      sum2 = ft_multiply_high(even, w[0], sum2);
      sum3 = ft_multiply_high(odd, w[1], sum3);
    }
  }
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
}

/* The same, unrolled for the usual widths. */
static inline void ft_add_window(const int8_t *input, int32_t row_step, int32_t tap_step,
                                 const int32_t *weights, int32_t weights_step, int32_t rows, int32_t taps,
                                 int32_t offsets, int32_t *sums) {
  if (taps == 3)
    ft_add_taps(input, row_step, tap_step, weights, weights_step, rows, 3, offsets, sums);
  else if (taps == 5)
    ft_add_taps(input, row_step, tap_step, weights, weights_step, rows, 5, offsets, sums);
  else
    ft_add_taps(input, row_step, tap_step, weights, weights_step, rows, taps, offsets, sums);
}

static inline void ft_load_lanes(const ft_window *w, const int8_t *weights, const int32_t *bias,
                                 const int32_t *multiplier, const int32_t *shift, ft_depthwise_lanes *lanes) {
  const int32_t taps = w->kernel_height * w->kernel_width;
  int32_t *pairs = lanes->weights;
  for (int32_t t = 0; t < taps; t++, weights += w->weight_channels, pairs += 2) {
    const int32_t codes = ft_load_word(weights);
    pairs[0] = ft_even_codes(codes);
    pairs[1] = ft_odd_codes(codes);
  }
  for (int32_t c = 0; c < 4; c++) {
    lanes->bias[c] = bias[c];
    lanes->scale[c] = ft_scale_of(multiplier[c], shift[c]);
  }
}

/* Whether ft_depthwise_row takes these four channels. */
static inline int ft_fits_lanes(const ft_window *w, const int32_t *multiplier, const int32_t *shift) {
  return w->in_channels == w->out_channels && w->kernel_height * w->kernel_width <= FT_DEPTHWISE_TAPS &&
         w->act_min == -128 && w->act_max == 127 && (w->out_channels & 3) == 0 &&
         ft_all_ordinary(multiplier, shift, 4);
}

/* Row y of four channels, the first of which is at `input`, `output` and `bit`. */
static __attribute__((noinline)) void ft_depthwise_row(const ft_window *w, const ft_depthwise_lanes *lanes,
                                                       const int8_t *input, int8_t *output, uint8_t *mask,
                                                       uint32_t bit, int32_t y) {
  const int32_t channels = w->in_channels, row_size = w->in_width * channels;
  const int32_t offsets = ft_pair(-w->in_zero_point, -w->in_zero_point);
  const int32_t nudge = 2 * w->out_zero_point + 1;
  const int32_t top = y * w->stride_y - w->pad_top;
  const ft_range ky = ft_taps_inside(top, w->kernel_height, w->dilation_y, w->in_height);
  const int32_t first = ft_ring_row(top + ky.begin * w->dilation_y, w->in_rows);
  /* Rows until the ring begins anew. */
  const int32_t rows = ft_min(ky.end - ky.begin, ft_divide_up(w->in_rows - first, w->dilation_y));
  const int32_t others = ky.end - ky.begin - rows;
  const int32_t again = others > 0 ? first + rows * w->dilation_y - w->in_rows : 0;
  const int32_t weights_step = 2 * w->kernel_width;
  const int32_t *first_weights = lanes->weights + ky.begin * weights_step;
  int32_t left = -w->pad_left;
  for (int32_t x = 0; x < w->out_width; x++, left += w->stride_x, output += channels) {
    const ft_range kx = ft_taps_inside(left, w->kernel_width, w->dilation_x, w->in_width);
    const int8_t *column = input + (left + kx.begin * w->dilation_x) * channels;
    const int32_t *weights = first_weights + 2 * kx.begin;
    int32_t sums[4] = {lanes->bias[0], lanes->bias[1], lanes->bias[2], lanes->bias[3]};
    ft_add_window(column + first * row_size, w->dilation_y * row_size, w->dilation_x * channels, weights,
                  weights_step, rows, kx.end - kx.begin, offsets, sums);
    if (others > 0)
      ft_add_window(column + again * row_size, w->dilation_y * row_size, w->dilation_x * channels,
                    weights + rows * weights_step, weights_step, others, kx.end - kx.begin, offsets, sums);
    uint32_t bits = 0;
    for (int32_t c = 0; c < 4; c++) {
      const int32_t twice = ft_requantise_twice(sums[c], lanes->scale[c], nudge);
      const int32_t code = ft_saturate_half(twice);
      output[c] = (int8_t)code;
      bits |= (uint32_t)(code == twice >> 1) << c;
    }
    if (mask != NULL) {
      uint8_t *byte = mask + (bit >> 3);
      *byte = (uint8_t)((bit & 4) == 0 ? (*byte & 0xf0u) | bits : (*byte & 0x0fu) | bits << 4);
      bit += (uint32_t)channels;
    }
  }
}
#endif

#endif
