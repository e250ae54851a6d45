#include "ft_kernels.h"

void ft_label_target_f32(float *target, int32_t count, int32_t label) {
  if (label < 0)
    return;
  for (int32_t i = 0; i < count; i++)
    target[i] = count == 1 ? (float)label : i == label ? 1.0f : 0.0f;
}
