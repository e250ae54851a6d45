#include "ft_kernels.h"
#include "ft_gradient.h"
#include "ft_layout.h"

/* Output channels done together share each conversion of the input to float. */
#define FT_GRADIENT_OUTPUTS 4

/* rows[o][i] for `outputs` output channels, `count` input channels of one tap. */
static inline void ft_weight_sums(const ft_window *w, const ft_tap *tap, const int8_t *restrict input,
                                  const float *restrict gradient, float *restrict rows,
                                  int32_t saved_channels, int32_t stride, int32_t row_size, int32_t outputs,
                                  int32_t count) {
  float sums[FT_GRADIENT_OUTPUTS][FT_BLOCK_F32] = {{0}};
  for (int32_t y = tap->ys.begin; y < tap->ys.end; y++) {
    const int32_t in_y = y * w->stride_y + tap->offset_y;
    const int32_t in_x = tap->xs.begin * w->stride_x + tap->offset_x;
    const float *g = gradient + (y * w->out_width + tap->xs.begin) * stride;
    const int8_t *in = input + (in_y * w->in_width + in_x) * saved_channels;
    for (int32_t x = tap->xs.begin; x < tap->xs.end; x++, g += stride, in += w->stride_x * saved_channels)
      for (int32_t o = 0; o < outputs; o++)
        for (int32_t i = 0; i < count; i++)
          sums[o][i] = ft_add_product(sums[o][i], g[o], (float)(in[i] - w->in_zero_point));
  }
  for (int32_t o = 0; o < outputs; o++)
    for (int32_t i = 0; i < count; i++)
      rows[o * row_size + i] = sums[o][i];
}

void ft_conv_weight_gradient_f32(const ft_window *window, const int8_t *restrict input,
                                 const float *restrict gradient, float *restrict rows, int32_t saved_channels,
                                 int32_t stride, int32_t channel_begin, int32_t channel_end) {
  const ft_window w = *window;
  const int32_t row_size = w.kernel_height * w.kernel_width * saved_channels;
  for (int32_t o = 0; o < channel_end - channel_begin; o += FT_GRADIENT_OUTPUTS) {
    const int32_t outputs = ft_min(FT_GRADIENT_OUTPUTS, channel_end - channel_begin - o);
    const float *g = gradient + o;
    for (int32_t ky = 0; ky < w.kernel_height; ky++)
      for (int32_t kx = 0; kx < w.kernel_width; kx++) {
        const ft_tap tap = ft_tap_of(&w, ky, kx);
        float *out = rows + o * row_size + (ky * w.kernel_width + kx) * saved_channels;
        int32_t i = 0;
        /* Constant sizes let the compiler keep the sums in registers. */
        if (outputs == FT_GRADIENT_OUTPUTS)
          for (; i + FT_BLOCK_F32 <= saved_channels; i += FT_BLOCK_F32)
            ft_weight_sums(&w, &tap, input + i, g, out + i, saved_channels, stride, row_size,
                           FT_GRADIENT_OUTPUTS, FT_BLOCK_F32);
        for (; i < saved_channels; i += FT_BLOCK_F32)
          ft_weight_sums(&w, &tap, input + i, g, out + i, saved_channels, stride, row_size, outputs,
                         ft_min(FT_BLOCK_F32, saved_channels - i));
      }
  }
}
