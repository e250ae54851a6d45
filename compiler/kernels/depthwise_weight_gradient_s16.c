#include "ft_block_float.h"
#include "ft_kernels.h"
#include "ft_layout.h"

static inline void ft_depthwise_weight_sums(const ft_window *w, const ft_tap *tap,
                                            const int8_t *restrict input, const int16_t *restrict gradient,
                                            const uint16_t *restrict table, float unit,
                                            const float *restrict scale, const uint16_t *restrict reach,
                                            float *restrict row, int32_t saved_channels, int32_t stride,
                                            int32_t count) {
  int32_t sums[FT_BLOCK] = {0};
  int32_t waiting = 0;
  for (int32_t j = 0; j < count; j++)
    row[j] = 0.0f;
  for (int32_t y = tap->ys.begin; y < tap->ys.end; y++)
    for (int32_t x = tap->xs.begin; x < tap->xs.end; x++) {
      const int32_t position =
          (y * w->stride_y + tap->offset_y) * w->in_width + x * w->stride_x + tap->offset_x;
      const int8_t *in = input + position * saved_channels;
      const int16_t *g = gradient + (y * w->out_width + x) * stride;
      const int last = ++waiting == FT_PRODUCTS_OF_SUM || (y + 1 == tap->ys.end && x + 1 == tap->xs.end);
      for (int32_t j = 0; j < count; j++)
        sums[j] += g[table == NULL ? j : table[j]] * (in[j] - w->in_zero_point);
      if (!last)
        continue;
      waiting = 0;
      for (int32_t j = 0; j < count; j++) {
        row[j] += (float)sums[j] * ft_channel_unit(unit, scale, reach, table == NULL ? j : table[j]);
        sums[j] = 0;
      }
    }
}

void ft_depthwise_weight_gradient_s16(const ft_window *window, const int8_t *restrict input,
                                      const int16_t *restrict gradient, const uint16_t *restrict table,
                                      const float *restrict unit, const float *restrict scale,
                                      const uint16_t *restrict reach, float *restrict rows,
                                      int32_t saved_channels, int32_t stride) {
  const ft_window w = *window;
  for (int32_t ky = 0; ky < w.kernel_height; ky++)
    for (int32_t kx = 0; kx < w.kernel_width; kx++, rows += saved_channels) {
      const ft_tap tap = ft_tap_of(&w, ky, kx);
      int32_t j = 0;
      /* Constant arguments let the compiler keep the sums in registers. */
      if (table == NULL)
        for (; j + FT_BLOCK <= saved_channels; j += FT_BLOCK)
          ft_depthwise_weight_sums(&w, &tap, input + j, gradient + j, NULL, unit[0],
                                   scale == NULL ? NULL : scale + j, reach == NULL ? NULL : reach + j,
                                   rows + j, saved_channels, stride, FT_BLOCK);
      for (; j < saved_channels; j += FT_BLOCK)
        ft_depthwise_weight_sums(&w, &tap, input + j, table == NULL ? gradient + j : gradient,
                                 table == NULL ? NULL : table + j, unit[0],
                                 scale == NULL || table != NULL ? scale : scale + j,
                                 reach == NULL || table != NULL ? reach : reach + j, rows + j, saved_channels,
                                 stride, ft_min(FT_BLOCK, saved_channels - j));
    }
}
