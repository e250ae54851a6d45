#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_operators.h"

void ft_transpose_conv_input_gradient_f32(const ft_window *window, const float *restrict gradient,
                                          const int8_t *restrict weights, float *restrict dx) {
  const ft_window w = *window;
  for (int32_t y = 0; y < w.in_height; y++) {
    const int32_t top = y * w.stride_y - w.pad_top;
    const ft_range ky = ft_taps_inside(top, w.kernel_height, 1, w.out_height);
    for (int32_t x = 0; x < w.in_width; x++, dx += w.in_channels) {
      const int32_t left = x * w.stride_x - w.pad_left;
      const ft_range kx = ft_taps_inside(left, w.kernel_width, 1, w.out_width);
      for (int32_t c = 0; c < w.in_channels; c++)
        dx[c] = 0.0f;
      for (int32_t o = 0; o < w.out_channels; o++)
        for (int32_t tap_y = ky.begin; tap_y < ky.end; tap_y++)
          for (int32_t tap_x = kx.begin; tap_x < kx.end; tap_x++) {
            const float g = gradient[((top + tap_y) * w.out_width + left + tap_x) * w.out_channels + o];
            const int8_t *weight =
                weights + ((o * w.kernel_height + tap_y) * w.kernel_width + tap_x) * w.in_channels;
            for (int32_t c = 0; c < w.in_channels; c++)
              dx[c] += g * (float)weight[c];
          }
    }
  }
}
