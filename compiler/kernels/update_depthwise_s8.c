#include "ft_arithmetic.h"
#include "ft_kernels.h"

void ft_update_depthwise_s8(int8_t *restrict weights, const float *restrict gradient,
                            const float *restrict factor, const float *restrict rate, int32_t taps,
                            int32_t channels) {
  for (int32_t t = 0; t < taps; t++, weights += channels, gradient += channels)
    for (int32_t c = 0; c < channels; c++) {
      const float step = (rate[0] * factor[c]) * gradient[c];
      const int32_t moved = ft_round_f32(ft_clamp_f32((float)weights[c] - step, -127.0f, 127.0f));
      weights[c] = factor[c] == 0.0f ? weights[c] : (int8_t)moved;
    }
}
