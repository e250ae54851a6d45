#include "ft_kernels.h"
#include "ft_update.h"

void ft_update_depthwise_s8(int8_t *restrict weights, const float *restrict gradient,
                            const float *restrict factor, const float *restrict rate, int32_t taps,
                            int32_t channels) {
  for (int32_t t = 0; t < taps; t++, weights += channels, gradient += channels)
    for (int32_t c = 0; c < channels; c++) {
      const int8_t moved = ft_step_s8(weights[c], (rate[0] * factor[c]) * gradient[c]);
      weights[c] = factor[c] == 0.0f ? weights[c] : moved;
    }
}

void ft_update_depthwise_s16(int16_t *restrict weights, const float *restrict gradient,
                             const float *restrict factor, const float *restrict rate, int32_t taps,
                             int32_t channels) {
  for (int32_t t = 0; t < taps; t++, weights += channels, gradient += channels)
    for (int32_t c = 0; c < channels; c++) {
      const int16_t moved = ft_step_s16(weights[c], (rate[0] * factor[c]) * gradient[c]);
      weights[c] = factor[c] == 0.0f ? weights[c] : moved;
    }
}

void ft_update_depthwise_stochastic_s8(int8_t *restrict weights, const float *restrict gradient,
                                       const float *restrict factor, const float *restrict rate,
                                       const int32_t *restrict step_count, int32_t seed, int32_t layer,
                                       int32_t taps, int32_t channels) {
  const uint32_t key = ft_hash_key((uint32_t)seed, (uint32_t)step_count[0], (uint32_t)layer);
  for (int32_t i = 0; i < taps * channels; i++) {
    const int32_t c = i % channels;
    const int8_t moved =
        ft_step_stochastic_s8(weights[i], (rate[0] * factor[c]) * gradient[i], ft_hash(key, (uint32_t)i));
    weights[i] = factor[c] == 0.0f ? weights[i] : moved;
  }
}
