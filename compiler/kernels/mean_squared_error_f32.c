#include "ft_kernels.h"

void ft_mean_squared_error_f32(const float *output, const float *target, float *gradient, float *loss,
                               int32_t count) {
  float sum = 0.0f;
  for (int32_t i = 0; i < count; i++) {
    const float difference = output[i] - target[i];
    sum += difference * difference;
    gradient[i] = (2.0f * difference) / (float)count;
  }
  loss[0] = sum / (float)count;
}
