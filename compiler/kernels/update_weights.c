#include "ft_kernels.h"
#include "ft_update.h"

void ft_update_weights_s8(int8_t *restrict weights, const float *restrict gradient,
                          const float *restrict factor, const float *restrict rate, int32_t row_begin,
                          int32_t row_end, int32_t row_size) {
  for (int32_t row = row_begin; row < row_end; row++, gradient += row_size) {
    if (factor[row] == 0.0f)
      continue;
    const float row_rate = rate[0] * factor[row];
    int8_t *w = weights + row * row_size;
    for (int32_t i = 0; i < row_size; i++)
      w[i] = ft_step_s8(w[i], row_rate * gradient[i]);
  }
}

void ft_update_weights_s16(int16_t *restrict weights, const float *restrict gradient,
                           const float *restrict factor, const float *restrict rate, int32_t row_begin,
                           int32_t row_end, int32_t row_size) {
  for (int32_t row = row_begin; row < row_end; row++, gradient += row_size) {
    if (factor[row] == 0.0f)
      continue;
    const float row_rate = rate[0] * factor[row];
    int16_t *w = weights + row * row_size;
    for (int32_t i = 0; i < row_size; i++)
      w[i] = ft_step_s16(w[i], row_rate * gradient[i]);
  }
}

void ft_update_weights_stochastic_s8(int8_t *restrict weights, const float *restrict gradient,
                                     const float *restrict factor, const float *restrict rate,
                                     const int32_t *restrict step_count, int32_t seed, int32_t layer,
                                     int32_t row_begin, int32_t row_end, int32_t row_size) {
  const uint32_t key = ft_hash_key((uint32_t)seed, (uint32_t)step_count[0], (uint32_t)layer);
  for (int32_t row = row_begin; row < row_end; row++, gradient += row_size) {
    if (factor[row] == 0.0f)
      continue;
    const float row_rate = rate[0] * factor[row];
    int8_t *w = weights + row * row_size;
    for (int32_t i = 0; i < row_size; i++)
      w[i] =
          ft_step_stochastic_s8(w[i], row_rate * gradient[i], ft_hash(key, (uint32_t)(row * row_size + i)));
  }
}
