#include "ft_arithmetic.h"
#include "ft_kernels.h"
#include "ft_layout.h"

static inline void ft_bias_sums(const float *restrict gradient, float *restrict sum, int32_t positions,
                                int32_t count, int32_t stride) {
  float sums[FT_BLOCK] = {0};
  for (int32_t p = 0; p < positions; p++, gradient += stride)
    for (int32_t c = 0; c < count; c++)
      sums[c] += gradient[c];
  for (int32_t c = 0; c < count; c++)
    sum[c] = sums[c];
}

void ft_bias_gradient_f32(const float *restrict gradient, float *restrict sum, int32_t positions,
                          int32_t channels, int32_t stride) {
  int32_t c = 0;
  for (; c + FT_BLOCK <= channels; c += FT_BLOCK)
    ft_bias_sums(gradient + c, sum + c, positions, FT_BLOCK, stride);
  ft_bias_sums(gradient + c, sum + c, positions, channels - c, stride);
}
