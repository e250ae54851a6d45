#include "ft_block_float.h"
#include "ft_kernels.h"

/* So many mantissas add up to less than 2^31. */
#define FT_POSITIONS_OF_SUM 65535

static inline void ft_bias_sums(const int16_t *restrict gradient, int32_t *restrict sums, int32_t positions,
                                int32_t count, int32_t stride) {
  for (int32_t c = 0; c < count; c++)
    sums[c] = 0;
  for (int32_t p = 0; p < positions; p++, gradient += stride)
    for (int32_t c = 0; c < count; c++)
      sums[c] += gradient[c];
}

void ft_bias_gradient_s16(const int16_t *restrict gradient, const float *restrict unit,
                          const float *restrict scale, const uint16_t *restrict reach, float *restrict sum,
                          int32_t positions, int32_t channels, int32_t stride) {
  for (int32_t c = 0; c < channels; c += FT_BLOCK) {
    const int32_t count = ft_min(FT_BLOCK, channels - c);
    for (int32_t i = 0; i < count; i++)
      sum[c + i] = 0.0f;
    for (int32_t p = 0; p < positions; p += FT_POSITIONS_OF_SUM) {
      const int32_t places = ft_min(FT_POSITIONS_OF_SUM, positions - p);
      int32_t sums[FT_BLOCK];
      if (count == FT_BLOCK)
        ft_bias_sums(gradient + p * stride + c, sums, places, FT_BLOCK, stride);
      else
        ft_bias_sums(gradient + p * stride + c, sums, places, count, stride);
      for (int32_t i = 0; i < count; i++)
        sum[c + i] += (float)sums[i] * ft_channel_unit(unit[0], scale, reach, c + i);
    }
  }
}
