#include "ft_arithmetic.h"
#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_operators.h"

void ft_transpose_conv_s8(const ft_window *window, const int8_t *input, const int8_t *weights,
                          const int32_t *bias, const int32_t *multiplier, const int8_t *shift, int8_t *output,
                          uint8_t *mask) {
  const ft_window w = *window;
  uint32_t element = 0;
  for (int32_t y = 0; y < w.out_height; y++) {
    const ft_readers ys = ft_readers_of(y, w.pad_top, w.kernel_height, w.stride_y, 1, w.in_height);
    for (int32_t x = 0; x < w.out_width; x++) {
      const ft_readers xs = ft_readers_of(x, w.pad_left, w.kernel_width, w.stride_x, 1, w.in_width);
      for (int32_t o = 0; o < w.out_channels; o++, element++) {
        int32_t sum = 0;
        for (int32_t i = 0; i < ys.count; i++)
          for (int32_t j = 0; j < xs.count; j++) {
            const int32_t in_y = ys.window + i * ys.window_step;
            const int32_t in_x = xs.window + j * xs.window_step;
            const int32_t tap =
                (o * w.kernel_height + ys.tap + i * ys.tap_step) * w.kernel_width + xs.tap + j * xs.tap_step;
            const int8_t *in = input + (in_y * w.in_width + in_x) * w.in_channels;
            const int8_t *weight = weights + tap * w.in_channels;
            for (int32_t c = 0; c < w.in_channels; c++)
              sum += weight[c] * (in[c] - w.in_zero_point);
          }
        const int32_t scaled = ft_requantise(ft_wrapping_add(sum, bias[o]), multiplier[o], shift[o]);
        const int32_t value = scaled + w.out_zero_point;
        ft_store_s8(&value, 1, w.act_min, w.act_max, output + element, mask, element);
      }
    }
  }
}
