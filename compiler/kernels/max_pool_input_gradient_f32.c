#include <string.h>

#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_operators.h"

void ft_max_pool_input_gradient_f32(const ft_window *window, const int8_t *restrict input,
                                    const float *restrict gradient, float *restrict dx) {
  const ft_window w = *window;
  memset(dx, 0, (size_t)(w.in_height * w.in_width * w.in_channels) * sizeof *dx);
  for (int32_t y = 0; y < w.out_height; y++) {
    const int32_t top = y * w.stride_y - w.pad_top;
    const ft_range ky = ft_taps_inside(top, w.kernel_height, 1, w.in_height);
    for (int32_t x = 0; x < w.out_width; x++, gradient += w.out_channels) {
      const int32_t left = x * w.stride_x - w.pad_left;
      const ft_range kx = ft_taps_inside(left, w.kernel_width, 1, w.in_width);
      for (int32_t c = 0; c < w.out_channels; c++) {
        int32_t largest = -129;
        int32_t place = -1;
        for (int32_t tap_y = ky.begin; tap_y < ky.end; tap_y++)
          for (int32_t tap_x = kx.begin; tap_x < kx.end; tap_x++) {
            const int32_t at = ((top + tap_y) * w.in_width + left + tap_x) * w.in_channels + c;
            if (input[at] > largest) {
              largest = input[at];
              place = at;
            }
          }
        if (place >= 0)
          dx[place] += gradient[c];
      }
    }
  }
}
