#include "ft_block_float.h"
#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_pairs.h"

/* Output channels done together share each load of the input. */
#define FT_GRADIENT_OUTPUTS 2

/* A row of windows, from its first on: sums[o][i] += gradient[o] * (input[i] - zero point). */
static inline void ft_row_products(const ft_window *w, const int8_t *restrict input,
                                   const int16_t *restrict gradient, int32_t (*restrict sums)[FT_BLOCK],
                                   int32_t windows, int32_t saved_channels, int32_t stride, int32_t outputs,
                                   int32_t count) {
  for (int32_t x = 0; x < windows; x++, gradient += stride, input += w->stride_x * saved_channels)
    for (int32_t o = 0; o < outputs; o++)
      for (int32_t i = 0; i < count; i++)
        sums[o][i] += gradient[o] * (input[i] - w->in_zero_point);
}

/* rows[o][i] for `outputs` output channels, `count` input channels of one tap. */
static inline void ft_weight_sums(const ft_window *w, const ft_tap *tap, const int8_t *restrict input,
                                  const int16_t *restrict gradient, float unit, float *restrict rows,
                                  int32_t saved_channels, int32_t stride, int32_t row_size, int32_t outputs,
                                  int32_t count) {
  int32_t sums[FT_GRADIENT_OUTPUTS][FT_BLOCK] = {{0}};
  int32_t waiting = 0;
  for (int32_t o = 0; o < outputs; o++)
    for (int32_t i = 0; i < count; i++)
      rows[o * row_size + i] = 0.0f;
  for (int32_t y = tap->ys.begin; y < tap->ys.end; y++)
    for (int32_t x = tap->xs.begin; x < tap->xs.end;) {
      const int32_t windows = ft_min(tap->xs.end - x, FT_PRODUCTS_OF_SUM - waiting);
      const int32_t in_y = y * w->stride_y + tap->offset_y;
      const int32_t in_x = x * w->stride_x + tap->offset_x;
      ft_row_products(w, input + (in_y * w->in_width + in_x) * saved_channels,
                      gradient + (y * w->out_width + x) * stride, sums, windows, saved_channels, stride,
                      outputs, count);
      x += windows;
      waiting += windows;
      if (waiting < FT_PRODUCTS_OF_SUM)
        continue;
      waiting = 0;
      for (int32_t o = 0; o < outputs; o++)
        for (int32_t i = 0; i < count; i++) {
          rows[o * row_size + i] += (float)sums[o][i] * unit;
          sums[o][i] = 0;
        }
    }
  if (waiting == 0)
    return;
  for (int32_t o = 0; o < outputs; o++)
    for (int32_t i = 0; i < count; i++)
      rows[o * row_size + i] += (float)sums[o][i] * unit;
}

#ifdef FT_ARM_DSP
/* Positions whose inputs, of four channels, are widened at once: 512 bytes of stack. */
#define FT_PAIR_POSITIONS 64

/* Adds the products of an even number of positions: sums[c] += gradient[p] * inputs[p][c]. */
static inline void ft_position_products(const int16_t *gradient, int32_t stride, const int32_t *pairs,
                                        int32_t positions, int32_t *sums) {
  register const int32_t *inputs __asm__("r8") = pairs;
  register const int16_t *place __asm__("r9") = gradient;
  register const int32_t *end __asm__("r10") = pairs + 2 * positions;
  register int32_t bytes __asm__("lr") = 2 * stride;
  register int32_t sum0 __asm__("r0") = sums[0], sum1 __asm__("r1") = sums[1];
  register int32_t sum2 __asm__("r11") = sums[2], sum3 __asm__("r12") = sums[3];
  __asm__ volatile("1:\n\t"
                   "ldrh r6, [r9]\n\t"
                   "ldrh r7, [r9, lr]\n\t"
                   "ldmia r8!, {r2, r3, r4, r5}\n\t"
                   "add r9, r9, lr, lsl #1\n\t"
                   "pkhbt r6, r6, r7, lsl #16\n\t"
                   "smlad r0, r2, r6, r0\n\t"
                   "smlad r1, r3, r6, r1\n\t"
                   "smlad r11, r4, r6, r11\n\t"
                   "smlad r12, r5, r6, r12\n\t"
                   "cmp r8, r10\n\t"
                   "bne 1b"
                   : "+r"(inputs), "+r"(place), "+r"(sum0), "+r"(sum1), "+r"(sum2), "+r"(sum3)
                   : "r"(end), "r"(bytes)
                   : "r2", "r3", "r4", "r5", "r6", "r7", "cc", "memory");
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
}

/* rows[o][i] of a 1x1 window for four input channels. */
static __attribute__((noinline)) void ft_pairs_to_weights(const ft_window *w, const int8_t *input,
                                                          const int16_t *gradient, float unit, float *rows,
                                                          int32_t saved_channels, int32_t stride,
                                                          int32_t outputs) {
  const int32_t positions = w->out_height * w->out_width;
  const int32_t offset = -w->in_zero_point;
  int32_t pairs[2 * FT_PAIR_POSITIONS];
  for (int32_t p = 0; p < positions; p += FT_PAIR_POSITIONS) {
    const int32_t places = ft_min(FT_PAIR_POSITIONS, positions - p);
    const int32_t even = places & ~1;
    const int16_t *g = gradient + p * stride;
    const int8_t *in = input + p * saved_channels;
    ft_widen_pairs(in, saved_channels, even, ft_pair(offset, offset), pairs);
    for (int32_t o = 0; o < outputs; o++) {
      float *row = rows + o * saved_channels;
      int32_t sums[4] = {0};
      if (p > 0)
        memcpy(sums, row, sizeof sums);
      if (even > 0)
        ft_position_products(g + o, stride, pairs, even, sums);
      if (even < places)
        for (int32_t c = 0; c < 4; c++)
          sums[c] += g[even * stride + o] * (in[even * saved_channels + c] + offset);
      if (p + places < positions)
        memcpy(row, sums, sizeof sums);
      else
        for (int32_t c = 0; c < 4; c++)
          row[c] = 0.0f + (float)sums[c] * unit; /* no -0, as where several sums are added */
    }
  }
}
#endif

/* Channels of whole tiles of a 1x1 window whose sums int32 holds: those are done. */
static inline int32_t ft_pointwise_weights(const ft_window *w, const int8_t *input, const int16_t *gradient,
                                           float unit, float *rows, int32_t saved_channels, int32_t stride,
                                           int32_t outputs) {
  int32_t i = 0;
#ifdef FT_ARM_DSP
  if (w->kernel_height * w->kernel_width == 1 && w->stride_y * w->stride_x == 1 &&
      w->pad_top + w->pad_left == 0 && w->out_height == w->in_height && w->out_width == w->in_width &&
      w->out_height * w->out_width <= FT_PRODUCTS_OF_SUM)
    for (; i + 4 <= saved_channels; i += 4)
      ft_pairs_to_weights(w, input + i, gradient, unit, rows + i, saved_channels, stride, outputs);
#else
  (void)w, (void)input, (void)gradient, (void)unit, (void)rows, (void)saved_channels, (void)stride,
      (void)outputs;
#endif
  return i;
}

void ft_conv_weight_gradient_s16(const ft_window *window, const int8_t *restrict input,
                                 const int16_t *restrict gradient, const float *restrict unit,
                                 float *restrict rows, int32_t saved_channels, int32_t stride,
                                 int32_t channel_begin, int32_t channel_end) {
  const ft_window w = *window;
  const int32_t row_size = w.kernel_height * w.kernel_width * saved_channels;
  const int32_t done = ft_pointwise_weights(&w, input, gradient, unit[0], rows, saved_channels, stride,
                                            channel_end - channel_begin);
  for (int32_t o = 0; o < channel_end - channel_begin && done < saved_channels; o += FT_GRADIENT_OUTPUTS) {
    const int32_t outputs = ft_min(FT_GRADIENT_OUTPUTS, channel_end - channel_begin - o);
    const int16_t *g = gradient + o;
    for (int32_t ky = 0; ky < w.kernel_height; ky++)
      for (int32_t kx = 0; kx < w.kernel_width; kx++) {
        const ft_tap tap = ft_tap_of(&w, ky, kx);
        float *out = rows + o * row_size + (ky * w.kernel_width + kx) * saved_channels;
        int32_t i = done;
        /* Constant sizes let the compiler keep the sums in registers. */
        if (outputs == FT_GRADIENT_OUTPUTS)
          for (; i + FT_BLOCK <= saved_channels; i += FT_BLOCK)
            ft_weight_sums(&w, &tap, input + i, g, unit[0], out + i, saved_channels, stride, row_size,
                           FT_GRADIENT_OUTPUTS, FT_BLOCK);
        for (; i < saved_channels; i += FT_BLOCK)
          ft_weight_sums(&w, &tap, input + i, g, unit[0], out + i, saved_channels, stride, row_size, outputs,
                         ft_min(FT_BLOCK, saved_channels - i));
      }
  }
}
