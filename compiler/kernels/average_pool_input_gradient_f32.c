#include "ft_kernels.h"
#include "ft_layout.h"

static inline int32_t ft_pool_taps(int32_t window, int32_t stride, int32_t padding, int32_t kernel,
                                   int32_t size) {
  const ft_range taps = ft_taps_inside(window * stride - padding, kernel, 1, size);
  return taps.end - taps.begin;
}

void ft_average_pool_input_gradient_f32(const ft_window *window, const float *restrict gradient,
                                        float *restrict dx) {
  const ft_window w = *window;
  for (int32_t y = 0; y < w.in_height; y++) {
    const ft_readers ys = ft_readers_of(y, w.pad_top, w.kernel_height, w.stride_y, 1, w.out_height);
    for (int32_t x = 0; x < w.in_width; x++, dx += w.in_channels) {
      const ft_readers xs = ft_readers_of(x, w.pad_left, w.kernel_width, w.stride_x, 1, w.out_width);
      for (int32_t c = 0; c < w.in_channels; c++)
        dx[c] = 0.0f;
      /* Later taps belong to earlier windows. */
      for (int32_t i = ys.count - 1; i >= 0; i--) {
        const int32_t out_y = ys.window + i * ys.window_step;
        const int32_t taps_y = ft_pool_taps(out_y, w.stride_y, w.pad_top, w.kernel_height, w.in_height);
        for (int32_t j = xs.count - 1; j >= 0; j--) {
          const int32_t out_x = xs.window + j * xs.window_step;
          const int32_t taps_x = ft_pool_taps(out_x, w.stride_x, w.pad_left, w.kernel_width, w.in_width);
          const float positions = (float)(taps_y * taps_x);
          const float *g = gradient + (out_y * w.out_width + out_x) * w.out_channels;
          for (int32_t c = 0; c < w.in_channels; c++)
            dx[c] += g[c] / positions;
        }
      }
    }
  }
}
