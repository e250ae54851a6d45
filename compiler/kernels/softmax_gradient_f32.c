#include "ft_arithmetic.h"
#include "ft_float.h"
#include "ft_kernels.h"
#include "ft_operators.h"

void ft_softmax_gradient_f32(const int8_t *restrict input, float *restrict gradient, float scale,
                             float factor, float limit, int32_t rows, int32_t depth) {
  for (int32_t row = 0; row < rows; row++, input += depth, gradient += depth) {
    int32_t max = -128;
    for (int32_t i = 0; i < depth; i++)
      max = ft_max(max, input[i]);
    float total = 0.0f;
    for (int32_t i = 0; i < depth; i++)
      total += ft_exp_f32(scale * (float)(input[i] - max));
    float mean = 0.0f;
    for (int32_t i = 0; i < depth; i++) {
      const float probability = ft_exp_f32(scale * (float)(input[i] - max)) / total;
      if (probability > limit)
        gradient[i] = 0.0f;
      mean += probability * gradient[i];
    }
    for (int32_t i = 0; i < depth; i++) {
      const float probability = ft_exp_f32(scale * (float)(input[i] - max)) / total;
      gradient[i] = factor * probability * (gradient[i] - mean);
    }
  }
}
