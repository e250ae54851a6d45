#include "ft_kernels.h"

void ft_dense_f32(const float *restrict input, const float *restrict weights, const float *restrict bias,
                  float *restrict output, int32_t rows, int32_t outputs, int32_t inputs) {
  for (int32_t row = 0; row < rows; row++) {
    for (int32_t o = 0; o < outputs; o++) {
      float sum = 0.0f;
      for (int32_t i = 0; i < inputs; i++)
        sum += weights[o * inputs + i] * input[row * inputs + i];
      output[row * outputs + o] = sum + bias[o];
    }
  }
}
