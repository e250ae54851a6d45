#include "ft_kernels.h"

void ft_update_f32(float *restrict values, const float *restrict gradient, const float *restrict rate,
                   int32_t count) {
  for (int32_t i = 0; i < count; i++)
    values[i] -= rate[0] * gradient[i];
}
