#include "ft_kernels.h"
#include "ft_pointwise.h"

void ft_pointwise_input_gradient_f32(const ft_window *window, const float *restrict gradient,
                                     const int8_t *restrict weights, float *restrict dx, int32_t dx_stride,
                                     int32_t channel_begin, int32_t channel_end) {
  const ft_pointwise s = {window->out_channels, window->out_channels, window->in_channels, dx_stride, 0};
  ft_pointwise_gradient(&s, gradient, weights + channel_begin, dx, window->in_height * window->in_width,
                        channel_end - channel_begin);
}
