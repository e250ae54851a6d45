#include "ft_block_float.h"
#include "ft_kernels.h"
#include "ft_layout.h"

/* So many products of a mantissa and a code less its zero point add up to less than 2^31. */
#define FT_PRODUCTS_OF_SUM 256

static inline void ft_depthwise_weight_sums(const ft_window *w, int32_t offset_y, int32_t offset_x,
                                            const int8_t *restrict input, const int16_t *restrict gradient,
                                            const uint16_t *restrict table, float unit,
                                            const float *restrict scale, const uint16_t *restrict reach,
                                            float *restrict row, int32_t saved_channels, int32_t stride,
                                            int32_t count) {
  int32_t sums[FT_BLOCK] = {0};
  int32_t waiting = 0;
  const ft_range ys = ft_windows_inside(offset_y, w->stride_y, w->out_height, w->in_height);
  const ft_range xs = ft_windows_inside(offset_x, w->stride_x, w->out_width, w->in_width);
  for (int32_t j = 0; j < count; j++)
    row[j] = 0.0f;
  for (int32_t y = ys.begin; y < ys.end; y++)
    for (int32_t x = xs.begin; x < xs.end; x++) {
      const int32_t position = (y * w->stride_y + offset_y) * w->in_width + x * w->stride_x + offset_x;
      const int8_t *in = input + position * saved_channels;
      const int16_t *g = gradient + (y * w->out_width + x) * stride;
      const int last = ++waiting == FT_PRODUCTS_OF_SUM || (y + 1 == ys.end && x + 1 == xs.end);
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
      const int32_t offset_y = ky * w.dilation_y - w.pad_top;
      const int32_t offset_x = kx * w.dilation_x - w.pad_left;
      int32_t j = 0;
      /* Constant arguments let the compiler keep the sums in registers. */
      if (table == NULL)
        for (; j + FT_BLOCK <= saved_channels; j += FT_BLOCK)
          ft_depthwise_weight_sums(&w, offset_y, offset_x, input + j, gradient + j, NULL, unit[0],
                                   scale == NULL ? NULL : scale + j, reach == NULL ? NULL : reach + j,
                                   rows + j, saved_channels, stride, FT_BLOCK);
      for (; j < saved_channels; j += FT_BLOCK)
        ft_depthwise_weight_sums(&w, offset_y, offset_x, input + j, table == NULL ? gradient + j : gradient,
                                 table == NULL ? NULL : table + j, unit[0],
                                 scale == NULL || table != NULL ? scale : scale + j,
                                 reach == NULL || table != NULL ? reach : reach + j, rows + j, saved_channels,
                                 stride, ft_min(FT_BLOCK, saved_channels - j));
    }
}
