/* Convolution as a product of matrices on Armv8.1-M: one window after the other against four rows of weights,
 * 16 products to an instruction. */
#ifndef FT_CONV_MVE_H
#define FT_CONV_MVE_H

#include "ft_mve.h"

#ifdef FT_ARM_MVE

/* Stack for windows that do not lie in the input one element after the other. */
#define FT_MVE_TILE_BYTES 800

/* Four output channels. */
typedef struct ft_mve_group {
  const int8_t *rows[4];
  int32_t bias[4]; /* with what the zero point adds */
  const int32_t *multiplier;
  const int8_t *shift;
  int32_t channel;
} ft_mve_group;

/* Where the windows of neighbouring positions lie, and where their results go. */
typedef struct ft_mve_positions {
  const int8_t *input;
  int32_t input_step, count;
  int8_t *output; /* of channel 0 */
  uint32_t bit;   /* of the mask, of channel 0 */
} ft_mve_positions;

/* Four rows of weights, `count` elements of each; the last vector of a row is cut off by the loop itself. In
 * assembly, because compilers do not know such loops, and sums must have even registers. */
#define FT_MVE_ROWS(first, row)                                                                              \
  __asm__ volatile("ldm %[rows], {r5, r7, r9, r11}\n\t"                                                      \
                   "clrm {r4, r6, r8, r10}\n\t"                                                              \
                   "dlstp.8 lr, %[count]\n"                                                                  \
                   "1:\n\t" first row("r5", "r4") row("r7", "r6") row("r9", "r8")                            \
                       row("r11", "r10") "letp lr, 1b\n\t"                                                   \
                                         "vmov %q[sums][2], %q[sums][0], r4, r8\n\t"                         \
                                         "vmov %q[sums][3], %q[sums][1], r6, r10"                            \
                   : [sums] "=&w"(sums), [x] "+r"(window)                                                    \
                   : [rows] "r"(rows), [count] "r"(count)                                                    \
                   : "q0", "q1", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "lr", "memory")
#define FT_MVE_PRODUCT(row, sum)                                                                             \
  "vldrb.8 q1, [" row "], #16\n\t"                                                                           \
  "vmladava.s8 " sum ", q0, q1\n\t"
#define FT_MVE_SUM(row, sum)                                                                                 \
  "vldrb.8 q1, [" row "], #16\n\t"                                                                           \
  "vaddva.s8 " sum ", q1\n\t"

/* Products of one window with each row. */
static inline int32x4_t ft_mve_products(const int8_t *const *rows, int32_t count, const int8_t *window) {
  int32x4_t sums;
  FT_MVE_ROWS("vldrb.8 q0, [%[x]], #16\n\t", FT_MVE_PRODUCT);
  return sums;
}

static inline int32x4_t ft_mve_row_sums(const int8_t *const *rows, int32_t count) {
  const int8_t *window = NULL;
  int32x4_t sums;
  FT_MVE_ROWS("", FT_MVE_SUM);
  return sums;
}

/* A product of codes less the zero point is the product of codes less the zero point times the row's sum. */
static inline void ft_mve_prepare(const ft_window *w, int32_t row_size, const int8_t *weights,
                                  const int32_t *bias, const int32_t *multiplier, const int8_t *shift,
                                  int32_t channel_begin, int32_t channel, ft_mve_group *group) {
  for (int32_t r = 0; r < 4; r++)
    group->rows[r] = weights + (channel - channel_begin + r) * row_size;
  const int32x4_t sums = ft_mve_row_sums(group->rows, row_size);
  vst1q_s32(group->bias, vsubq_s32(vld1q_s32(bias + channel), vmulq_n_s32(sums, w->in_zero_point)));
  group->multiplier = multiplier + channel;
  group->shift = shift + channel;
  group->channel = channel;
}

static inline void ft_mve_group_outputs(const ft_window *w, const ft_mve_group *group, int32_t row_size,
                                        ft_mve_positions at, uint8_t *mask, int masked) {
  const int32x4_t bias = vld1q_s32(group->bias), offset = vdupq_n_s32(w->out_zero_point);
  const ft_mve_scale scale = ft_mve_scale_of(vld1q_s32(group->multiplier), vldrbq_s32(group->shift));
  const int32x4_t low = vdupq_n_s32(w->act_min), high = vdupq_n_s32(w->act_max);
  int8_t *output = at.output + group->channel;
  uint32_t bit = at.bit + (uint32_t)group->channel;
  for (int32_t p = 0; p < at.count; p++) {
    const int32x4_t sums = vaddq_s32(ft_mve_products(group->rows, row_size, at.input), bias);
    const int32x4_t value = vaddq_s32(ft_mve_requantise(sums, &scale), offset);
    const int32x4_t code = vminq_s32(vmaxq_s32(value, low), high);
    vstrbq_s32(output, code);
    if (masked) {
      ft_mve_store_mask(mask, bit, 4, value, code);
      bit += (uint32_t)w->out_channels;
    }
    at.input += at.input_step;
    output += w->out_channels;
  }
}

/* Of their own, since the assembly leaves few registers to what is around it. */
static __attribute__((noinline)) void ft_mve_plain_outputs(const ft_window *w, const ft_mve_group *group,
                                                           int32_t row_size, const ft_mve_positions *at) {
  ft_mve_group_outputs(w, group, row_size, *at, NULL, 0);
}

static __attribute__((noinline)) void ft_mve_masked_outputs(const ft_window *w, const ft_mve_group *group,
                                                            int32_t row_size, const ft_mve_positions *at,
                                                            uint8_t *mask) {
  ft_mve_group_outputs(w, group, row_size, *at, mask, 1);
}

/* Windows that lie in the input as they are. */
static inline int ft_mve_is_pointwise(const ft_window *w) {
  return w->kernel_height * w->kernel_width == 1 && w->pad_top + w->pad_left == 0 &&
         (w->out_height - 1) * w->stride_y < w->in_height && (w->out_width - 1) * w->stride_x < w->in_width;
}

/* The window of output position (y, x), the zero point where it lies outside of the picture. */
static inline int8_t *ft_mve_gather(const ft_window *w, const int8_t *input, int32_t y, int32_t x,
                                    int8_t *to) {
  const int32_t top = y * w->stride_y - w->pad_top, left = x * w->stride_x - w->pad_left;
  const int32_t channels = w->in_channels;
  const ft_range kx = ft_taps_inside(left, w->kernel_width, w->dilation_x, w->in_width);
  const int32_t run = w->dilation_x == 1 ? kx.end - kx.begin : 1;
  for (int32_t ky = 0; ky < w->kernel_height; ky++) {
    const int32_t in_y = top + ky * w->dilation_y;
    if (in_y < 0 || in_y >= w->in_height) {
      to = ft_mve_fill(w->in_zero_point, w->kernel_width * channels, to);
      continue;
    }
    const int8_t *in = input + (ft_ring_row(in_y, w->in_rows) * w->in_width + left) * channels;
    to = ft_mve_fill(w->in_zero_point, kx.begin * channels, to);
    for (int32_t k = kx.begin; k < kx.end; k += run)
      to = ft_mve_copy(in + k * w->dilation_x * channels, run * channels, to);
    to = ft_mve_fill(w->in_zero_point, (w->kernel_width - kx.end) * channels, to);
  }
  return to;
}

static inline int ft_fits_mve(const ft_window *w, int32_t channel_begin, int32_t channel_end) {
  return channel_end - channel_begin >= 4 &&
         (ft_mve_is_pointwise(w) || w->kernel_height * w->kernel_width * w->in_channels <= FT_MVE_TILE_BYTES);
}

/* All channels of the range, four by four; the last four may do channels again. */
#define FT_MVE_EACH_GROUP(channel)                                                                           \
  for (int32_t next = channel_begin, channel;                                                                \
       next < channel_end && (channel = ft_min(next, channel_end - 4), 1); next += 4)

/* ft_conv_s8 of windows that lie in the input as they are. */
static __attribute__((noinline)) void
ft_mve_conv_pointwise(const ft_window *w, const int8_t *input, const int8_t *weights, const int32_t *bias,
                      const int32_t *multiplier, const int8_t *shift, int8_t *output, uint8_t *mask,
                      int32_t row_begin, int32_t row_end, int32_t channel_begin, int32_t channel_end) {
  const int32_t row_size = w->in_channels;
  ft_mve_group group;
  ft_mve_positions at = {input, w->stride_x * row_size, w->out_width, output, 0};
  FT_MVE_EACH_GROUP(channel) {
    ft_mve_prepare(w, row_size, weights, bias, multiplier, shift, channel_begin, channel, &group);
    for (int32_t y = row_begin; y < row_end; y++) {
      at.input = input + ft_ring_row(y * w->stride_y, w->in_rows) * w->in_width * row_size;
      at.output = output + ft_ring_row(y, w->out_rows) * w->out_width * w->out_channels;
      at.bit = (uint32_t)(y * w->out_width * w->out_channels);
      if (mask == NULL)
        ft_mve_plain_outputs(w, &group, row_size, &at);
      else
        ft_mve_masked_outputs(w, &group, row_size, &at, mask);
    }
  }
}

/* ft_conv_s8 of one row, tile by tile. */
static __attribute__((noinline)) void ft_mve_conv_row(const ft_window *w, const int8_t *input,
                                                      const int8_t *weights, const int32_t *bias,
                                                      const int32_t *multiplier, const int8_t *shift,
                                                      int8_t *output, uint8_t *mask, int32_t y,
                                                      int32_t channel_begin, int32_t channel_end) {
  const int32_t row_size = w->kernel_height * w->kernel_width * w->in_channels;
  const int32_t most = FT_MVE_TILE_BYTES / row_size;
  int8_t tile[FT_MVE_TILE_BYTES];
  ft_mve_group group;
  for (int32_t x = 0; x < w->out_width; x += most) {
    const int32_t first = (ft_ring_row(y, w->out_rows) * w->out_width + x) * w->out_channels;
    const ft_mve_positions at = {tile, row_size, ft_min(most, w->out_width - x), output + first,
                                 (uint32_t)((y * w->out_width + x) * w->out_channels)};
    int8_t *end = tile;
    for (int32_t p = 0; p < at.count; p++)
      end = ft_mve_gather(w, input, y, x + p, end);
    FT_MVE_EACH_GROUP(channel) {
      ft_mve_prepare(w, row_size, weights, bias, multiplier, shift, channel_begin, channel, &group);
      if (mask == NULL)
        ft_mve_plain_outputs(w, &group, row_size, &at);
      else
        ft_mve_masked_outputs(w, &group, row_size, &at, mask);
    }
  }
}

static inline void ft_mve_conv(const ft_window *w, const int8_t *input, const int8_t *weights,
                               const int32_t *bias, const int32_t *multiplier, const int8_t *shift,
                               int8_t *output, uint8_t *mask, int32_t row_begin, int32_t row_end,
                               int32_t channel_begin, int32_t channel_end) {
  if (ft_mve_is_pointwise(w)) {
    const int32_t together = ft_rows_together(w, input, output, row_end - row_begin);
    for (int32_t begin = row_begin; begin < row_end; begin += together)
      ft_mve_conv_pointwise(w, input, weights, bias, multiplier, shift, output, mask, begin, begin + together,
                            channel_begin, channel_end);
    return;
  }
  for (int32_t y = row_begin; y < row_end; y++)
    ft_mve_conv_row(w, input, weights, bias, multiplier, shift, output, mask, y, channel_begin, channel_end);
}
#endif

#endif
