#include "ft_float.h"
#include "ft_kernels.h"

/* By squaring, so that it depends on the count alone. */
static float ft_power(float base, uint32_t exponent) {
  float power = 1.0f;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1u)
      power *= base;
    base *= base;
  }
  return power;
}

void ft_adam_correction_f32(float *correction, const int32_t *step_count, float beta1, float beta2) {
  /* A count that has wrapped counts as very many. */
  const uint32_t steps = (step_count[0] < 0 ? UINT32_C(0x7fffffff) : (uint32_t)step_count[0]) + 1u;
  correction[0] = 1.0f / (1.0f - ft_power(beta1, steps));
  correction[1] = 1.0f / (1.0f - ft_power(beta2, steps));
}

void ft_adam_f32(float *restrict gradient, float *restrict mean, float *restrict square,
                 const float *restrict factor, const float *restrict correction, float beta1, float beta2,
                 float epsilon, int32_t rows, int32_t row_size, int32_t factor_row, int32_t factor_element) {
  for (int32_t row = 0; row < rows; row++)
    for (int32_t i = 0; i < row_size; i++, gradient++, mean++, square++) {
      const float scale = factor[row * factor_row + i * factor_element];
      const float g = ft_clamp_f32(gradient[0] * scale, -1e18f, 1e18f);
      mean[0] = beta1 * mean[0] + (1.0f - beta1) * g;
      square[0] = beta2 * square[0] + (1.0f - beta2) * (g * g);
      gradient[0] = (mean[0] * correction[0]) / (ft_sqrt_f32(square[0] * correction[1]) + epsilon);
    }
}
