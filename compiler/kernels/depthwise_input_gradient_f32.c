#include "ft_kernels.h"
#include "ft_gradient.h"
#include "ft_layout.h"

/* One input position, `count` input channels from `weights`, `gradient` and `dx` on; the group of each has
 * `group` output channels. */
static inline void ft_depthwise_gather(const ft_window *w, ft_readers ys, ft_readers xs,
                                       const float *restrict gradient, const int8_t *restrict weights,
                                       float *restrict dx, int32_t stride, int32_t group, int32_t count) {
  float sums[FT_BLOCK];
  for (int32_t c = 0; c < count; c++)
    sums[c] = 0.0f;
  for (int32_t o = 0; o < group; o++)
    for (int32_t i = 0; i < ys.count; i++)
      for (int32_t j = 0; j < xs.count; j++) {
        const int32_t position =
            (ys.window + i * ys.window_step) * w->out_width + xs.window + j * xs.window_step;
        const int32_t tap = (ys.tap + i * ys.tap_step) * w->kernel_width + xs.tap + j * xs.tap_step;
        const float *g = gradient + position * stride + o;
        const int8_t *taps = weights + tap * w->weight_channels + o;
        for (int32_t c = 0; c < count; c++)
          sums[c] = ft_add_product(sums[c], g[c * group], (float)taps[c * group]);
      }
  for (int32_t c = 0; c < count; c++)
    dx[c] = sums[c];
}

void ft_depthwise_input_gradient_f32(const ft_window *window, const float *restrict gradient,
                                     const int8_t *restrict weights, float *restrict dx, int32_t stride,
                                     int32_t dx_stride, int32_t channel_begin, int32_t channel_end) {
  const ft_window w = *window;
  const int32_t group = w.out_channels / w.in_channels;
  const int32_t channels = channel_end - channel_begin;
  for (int32_t y = 0; y < w.in_height; y++) {
    const ft_readers ys =
        ft_readers_of(y, w.pad_top, w.kernel_height, w.stride_y, w.dilation_y, w.out_height);
    for (int32_t x = 0; x < w.in_width; x++, dx += dx_stride) {
      const ft_readers xs =
          ft_readers_of(x, w.pad_left, w.kernel_width, w.stride_x, w.dilation_x, w.out_width);
      int32_t c = 0;
      if (group == 1)
        for (; c + FT_BLOCK <= channels; c += FT_BLOCK)
          ft_depthwise_gather(&w, ys, xs, gradient + c, weights + c, dx + c, stride, 1, FT_BLOCK);
      for (; c < channels; c += FT_BLOCK)
        ft_depthwise_gather(&w, ys, xs, gradient + c * group, weights + c * group, dx + c, stride, group,
                            ft_min(FT_BLOCK, channels - c));
    }
  }
}
