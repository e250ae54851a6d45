#include "ft_arithmetic.h"
#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_operators.h"

void ft_max_pool_s8(const ft_window *window, const int8_t *input, int8_t *output, uint8_t *mask,
                    int32_t row_begin, int32_t row_end) {
  const ft_window w = *window;
  for (int32_t y = row_begin; y < row_end; y++) {
    const int32_t top = y * w.stride_y - w.pad_top;
    const ft_range ky = ft_taps_inside(top, w.kernel_height, 1, w.in_height);
    int8_t *out = output + ft_ring_row(y, w.out_rows) * w.out_width * w.out_channels;
    for (int32_t x = 0; x < w.out_width; x++) {
      const int32_t left = x * w.stride_x - w.pad_left;
      const ft_range kx = ft_taps_inside(left, w.kernel_width, 1, w.in_width);
      for (int32_t channel = 0; channel < w.out_channels; channel += FT_BLOCK) {
        const int32_t count = ft_min(FT_BLOCK, w.out_channels - channel);
        int32_t values[FT_BLOCK];
        for (int32_t c = 0; c < count; c++)
          values[c] = -128;
        for (int32_t tap_y = ky.begin; tap_y < ky.end; tap_y++) {
          const int32_t row = ft_ring_row(top + tap_y, w.in_rows) * w.in_width;
          for (int32_t tap_x = kx.begin; tap_x < kx.end; tap_x++) {
            const int8_t *in = input + (row + left + tap_x) * w.in_channels + channel;
            for (int32_t c = 0; c < count; c++)
              values[c] = ft_max(values[c], in[c]);
          }
        }
        const uint32_t bit = (uint32_t)((y * w.out_width + x) * w.out_channels + channel);
        ft_store_s8(values, count, w.act_min, w.act_max, out + x * w.out_channels + channel, mask, bit);
      }
    }
  }
}
