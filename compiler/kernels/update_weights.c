#include "ft_arithmetic.h"
#include "ft_kernels.h"

void ft_update_weights_s8(int8_t *restrict weights, const float *restrict gradient,
                          const float *restrict factor, const float *restrict rate, int32_t row_begin,
                          int32_t row_end, int32_t row_size) {
  for (int32_t row = row_begin; row < row_end; row++, gradient += row_size) {
    if (factor[row] == 0.0f)
      continue;
    const float row_rate = rate[0] * factor[row];
    int8_t *w = weights + row * row_size;
    for (int32_t i = 0; i < row_size; i++)
      w[i] = (int8_t)ft_round_f32(ft_clamp_f32((float)w[i] - row_rate * gradient[i], -127.0f, 127.0f));
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
    for (int32_t i = 0; i < row_size; i++) {
      const float step = 256.0f * (row_rate * gradient[i]);
      w[i] = (int16_t)ft_round_f32(ft_clamp_f32((float)w[i] - step, -32512.0f, 32512.0f));
    }
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
    for (int32_t i = 0; i < row_size; i++) {
      const float step = row_rate * gradient[i];
      const float r = ft_uniform(ft_hash(key, (uint32_t)(row * row_size + i)));
      /* w is whole, so floor(w - step + r) = w + floor(r - step), which keeps what a sum with w would round
       * off. */
      const int32_t moved = w[i] + ft_floor_f32(ft_clamp_f32(r - step, -512.0f, 512.0f));
      w[i] = (int8_t)(step == step ? ft_clamp(moved, -127, 127) : 0);
    }
  }
}
