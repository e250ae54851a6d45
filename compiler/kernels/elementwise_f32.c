#include <string.h>

#include "ft_kernels.h"

void ft_zero_f32(float *values, int32_t count) {
  memset(values, 0, (size_t)count * sizeof *values);
}

void ft_scale_f32(float *values, float factor, int32_t count) {
  for (int32_t i = 0; i < count; i++)
    values[i] *= factor;
}

void ft_accumulate_f32(const float *restrict values, float *restrict sum, int32_t count) {
  for (int32_t i = 0; i < count; i++)
    sum[i] += values[i];
}
