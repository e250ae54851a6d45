#include "ft_kernels.h"
#include "ft_gradient.h"
#include "ft_layout.h"
#include "ft_pointwise.h"

/* One input position, channels [0, count) of dx: each gathers its sum over o, ky, kx. */
static inline void ft_conv_gather(const ft_window *w, ft_readers ys, ft_readers xs,
                                  const float *restrict gradient, const int8_t *restrict weights,
                                  float *restrict dx, int32_t stride, int32_t outputs, int32_t count) {
  float sums[FT_BLOCK_F32];
  for (int32_t c = 0; c < count; c++)
    sums[c] = dx[c];
  for (int32_t o = 0; o < outputs; o++)
    for (int32_t i = 0; i < ys.count; i++)
      for (int32_t j = 0; j < xs.count; j++) {
        const int32_t position =
            (ys.window + i * ys.window_step) * w->out_width + xs.window + j * xs.window_step;
        const int32_t tap =
            (o * w->kernel_height + ys.tap + i * ys.tap_step) * w->kernel_width + xs.tap + j * xs.tap_step;
        const float g = gradient[position * stride + o];
        const int8_t *row = weights + tap * w->in_channels;
        for (int32_t c = 0; c < count; c++)
          sums[c] = ft_add_product(sums[c], g, (float)row[c]);
      }
  for (int32_t c = 0; c < count; c++)
    dx[c] = sums[c];
}

void ft_conv_input_gradient_f32(const ft_window *window, const float *restrict gradient,
                                const int8_t *restrict weights, float *restrict dx, int32_t stride,
                                int32_t channel_begin, int32_t channel_end) {
  const ft_window w = *window;
  const int32_t outputs = channel_end - channel_begin;
  if (w.kernel_height * w.kernel_width == 1 && w.stride_y * w.stride_x == 1 && w.pad_top + w.pad_left == 0 &&
      w.out_height == w.in_height && w.out_width == w.in_width) {
    const ft_pointwise s = {outputs, stride, w.in_channels, w.in_channels, 1};
    ft_pointwise_gradient(&s, gradient, weights, dx, w.in_height * w.in_width, w.in_channels);
    return;
  }
  for (int32_t y = 0; y < w.in_height; y++) {
    const ft_readers ys =
        ft_readers_of(y, w.pad_top, w.kernel_height, w.stride_y, w.dilation_y, w.out_height);
    for (int32_t x = 0; x < w.in_width; x++, dx += w.in_channels) {
      const ft_readers xs =
          ft_readers_of(x, w.pad_left, w.kernel_width, w.stride_x, w.dilation_x, w.out_width);
      int32_t c = 0;
      for (; c + FT_BLOCK_F32 <= w.in_channels; c += FT_BLOCK_F32)
        ft_conv_gather(&w, ys, xs, gradient, weights + c, dx + c, stride, outputs, FT_BLOCK_F32);
      if (c < w.in_channels)
        ft_conv_gather(&w, ys, xs, gradient, weights + c, dx + c, stride, outputs, w.in_channels - c);
    }
  }
}
