/* Depthwise convolution on Armv8.1-M: eight channels at a time, products of 16 bits to sums of 32. */
#ifndef FT_DEPTHWISE_MVE_H
#define FT_DEPTHWISE_MVE_H

#include "ft_mve.h"

#ifdef FT_ARM_MVE

/* Channels done together. Those of even number are in one vector, the others in another one, as products of
 * 16-bit lanes come. */
#define FT_MVE_LANES 8

typedef struct ft_mve_pair {
  int32x4_t even, odd;
} ft_mve_pair;

/* What eight channels need besides their weights. */
typedef struct ft_mve_lanes {
  ft_mve_pair bias;
  ft_mve_scale even, odd;
} ft_mve_lanes;

static inline void ft_mve_load_lanes(const int32_t *bias, const int32_t *multiplier, const int8_t *shift,
                                     ft_mve_lanes *lanes) {
  const uint32x4_t even = vidupq_n_u32(0, 2), odd = vaddq_n_u32(even, 1);
  lanes->bias.even = vldrwq_gather_shifted_offset_s32(bias, even);
  lanes->bias.odd = vldrwq_gather_shifted_offset_s32(bias, odd);
  lanes->even = ft_mve_scale_of(vldrwq_gather_shifted_offset_s32(multiplier, even),
                                vldrbq_gather_offset_s32(shift, even));
  lanes->odd = ft_mve_scale_of(vldrwq_gather_shifted_offset_s32(multiplier, odd),
                               vldrbq_gather_offset_s32(shift, odd));
}

/* Codes beyond 16 bits saturate, and stay out of range. */
static inline void ft_mve_store_lanes(const ft_window *w, const ft_mve_lanes *lanes, ft_mve_pair sums,
                                      int8_t *output, uint8_t *mask, uint32_t bit) {
  static const uint16_t weights[FT_MVE_LANES] = {1, 2, 4, 8, 16, 32, 64, 128};
  const int32_t offset = w->out_zero_point;
  const int32x4_t even = vaddq_n_s32(ft_mve_requantise(sums.even, &lanes->even), offset);
  const int32x4_t odd = vaddq_n_s32(ft_mve_requantise(sums.odd, &lanes->odd), offset);
  const int16x8_t values = vqmovntq_s32(vqmovnbq_s32(vreinterpretq_s16_s32(even), even), odd);
  const int16x8_t low = vdupq_n_s16((int16_t)w->act_min), high = vdupq_n_s16((int16_t)w->act_max);
  const int16x8_t codes = vminq_s16(vmaxq_s16(values, low), high);
  vstrbq_s16(output, codes);
  if (mask == NULL)
    return;
  const uint32_t bits = vaddvq_p_u16(vld1q_u16(weights), vcmpeqq_s16(values, codes));
  if ((bit & 7u) == 0)
    mask[bit >> 3] = (uint8_t)bits;
  else
    ft_mve_store_bits(mask, bit, FT_MVE_LANES, bits);
}

/* Rows of taps; taller windows are left to the portable code. */
#define FT_MVE_TAP_ROWS 16

/* The taps inside of the picture of one position or more. */
typedef struct ft_mve_taps {
  int32_t rows[FT_MVE_TAP_ROWS]; /* of the input, elements */
  int32_t row_count, columns;
  int32_t input_step, weights_step; /* elements to the next column */
  int32_t weights_row;              /* and to the next row of weights */
  int32_t zero_point;
} ft_mve_taps;

static inline ft_mve_pair ft_mve_add_tap(ft_mve_pair sums, int16x8_t codes, const int8_t *input,
                                         int32_t zero_point) {
  const int16x8_t x = vsubq_n_s16(vldrbq_s16(input), (int16_t)zero_point);
  sums.even = vaddq_s32(sums.even, vmullbq_int_s16(codes, x));
  sums.odd = vaddq_s32(sums.odd, vmulltq_int_s16(codes, x));
  return sums;
}

/* One position, or two `distance` elements apart, which share the weights. */
static inline void ft_mve_add_taps(const ft_mve_taps *taps, const int8_t *input, const int8_t *weights,
                                   int32_t distance, int32_t columns, int two, ft_mve_pair *first,
                                   ft_mve_pair *second) {
  ft_mve_pair sums = *first, others = *second;
  const int32_t input_step = taps->input_step, weights_step = taps->weights_step;
  const int32_t zero_point = taps->zero_point;
  for (int32_t k = 0; k < taps->row_count; k++, weights += taps->weights_row) {
    const int8_t *in = input + taps->rows[k], *other = in + distance, *row = weights;
    for (int32_t c = 0; c < columns; c++, row += weights_step, in += input_step, other += input_step) {
      const int16x8_t codes = vldrbq_s16(row);
      sums = ft_mve_add_tap(sums, codes, in, zero_point);
      if (two)
        others = ft_mve_add_tap(others, codes, other, zero_point);
    }
  }
  *first = sums;
  *second = others;
}

/* Neighbouring positions that have the same taps, and what all channels of a call share. */
typedef struct ft_mve_run {
  ft_mve_taps taps;
  const int8_t *input, *weights; /* the first tap of the first position, channel_begin's */
  int8_t *output;
  uint8_t *mask;
  uint32_t bit;
  int32_t count;
} ft_mve_run;

static inline void ft_mve_run_lanes(const ft_window *w, const ft_mve_run *run, const ft_mve_lanes *lanes,
                                    int32_t channel) {
  const int32_t step = w->stride_x * w->in_channels, channels = w->out_channels;
  const ft_mve_taps *taps = &run->taps;
  const int8_t *input = run->input + channel, *weights = run->weights + channel;
  int8_t *output = run->output + channel;
  uint32_t bit = run->bit + (uint32_t)channel;
  int32_t count = run->count;
  for (; count >= 2; count -= 2, input += 2 * step, output += 2 * channels, bit += 2 * (uint32_t)channels) {
    ft_mve_pair first = lanes->bias, second = lanes->bias;
    ft_mve_add_taps(taps, input, weights, step, taps->columns, 1, &first, &second);
    ft_mve_store_lanes(w, lanes, first, output, run->mask, bit);
    ft_mve_store_lanes(w, lanes, second, output + channels, run->mask, bit + (uint32_t)channels);
  }
  if (count > 0) {
    ft_mve_pair sums = lanes->bias, none = sums;
    ft_mve_add_taps(taps, input, weights, 0, taps->columns, 0, &sums, &none);
    ft_mve_store_lanes(w, lanes, sums, output, run->mask, bit);
  }
}

/* All channels, eight by eight; the last eight may do channels again. The factors are those of channel 0. */
static __attribute__((noinline)) void ft_mve_run_channels(const ft_window *w, const ft_mve_run *run,
                                                          const int32_t *bias, const int32_t *multiplier,
                                                          const int8_t *shift, int32_t channels) {
  for (int32_t next = 0; next < channels; next += FT_MVE_LANES) {
    const int32_t channel = ft_min(next, channels - FT_MVE_LANES);
    ft_mve_lanes lanes;
    ft_mve_load_lanes(bias + channel, multiplier + channel, shift + channel, &lanes);
    ft_mve_run_lanes(w, run, &lanes, channel);
  }
}

/* Row y of ft_depthwise_s8. */
static inline void ft_mve_depthwise_row(const ft_window *w, const int8_t *input, const int8_t *weights,
                                        const int32_t *bias, const int32_t *multiplier, const int8_t *shift,
                                        int8_t *output, uint8_t *mask, int32_t y, int32_t channel_begin,
                                        int32_t channel_end) {
  const int32_t top = y * w->stride_y - w->pad_top;
  const ft_range ky = ft_taps_inside(top, w->kernel_height, w->dilation_y, w->in_height);
  const int32_t last_column = (w->kernel_width - 1) * w->dilation_x - w->pad_left;
  const int32_t inner_end = ft_windows_inside(last_column, w->stride_x, w->out_width, w->in_width).end;
  ft_mve_run run;
  ft_mve_taps *taps = &run.taps;
  taps->row_count = ky.end - ky.begin;
  taps->input_step = w->dilation_x * w->in_channels;
  taps->weights_step = w->weight_channels;
  taps->weights_row = w->kernel_width * w->weight_channels;
  taps->zero_point = w->in_zero_point;
  for (int32_t k = ky.begin; k < ky.end; k++)
    taps->rows[k - ky.begin] =
        ft_ring_row(top + k * w->dilation_y, w->in_rows) * w->in_width * w->in_channels;
  weights += ky.begin * taps->weights_row;
  output += ft_ring_row(y, w->out_rows) * w->out_width * w->out_channels + channel_begin;
  run.mask = mask;
  for (int32_t x = 0; x < w->out_width; x += run.count) {
    const int32_t left = x * w->stride_x - w->pad_left;
    const ft_range kx = ft_taps_inside(left, w->kernel_width, w->dilation_x, w->in_width);
    taps->columns = kx.end - kx.begin;
    run.count = taps->columns == w->kernel_width ? inner_end - x : 1;
    run.input = input + (left + kx.begin * w->dilation_x) * w->in_channels + channel_begin;
    run.weights = weights + kx.begin * w->weight_channels;
    run.output = output + x * w->out_channels;
    run.bit = (uint32_t)((y * w->out_width + x) * w->out_channels + channel_begin);
    ft_mve_run_channels(w, &run, bias + channel_begin, multiplier + channel_begin, shift + channel_begin,
                        channel_end - channel_begin);
  }
}
#endif

#endif
