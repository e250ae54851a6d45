#include "ft_kernels.h"

void ft_arg_max_f32(const float *values, int32_t *index, int32_t count) {
  int32_t best = 0;
  for (int32_t i = 1; i < count; i++) {
    if (values[i] > values[best])
      best = i;
  }
  index[0] = best;
}
