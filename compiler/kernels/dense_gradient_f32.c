#include "ft_kernels.h"
#include "ft_layout.h"

void ft_dense_weight_gradient_f32(const int8_t *restrict input, const float *restrict gradient,
                                  float *restrict rows, float scale, int32_t zero_point, int32_t inputs,
                                  int32_t row_begin, int32_t row_end) {
  for (int32_t o = row_begin; o < row_end; o++, rows += inputs) {
    const float g = gradient[o];
    for (int32_t i = 0; i < inputs; i++)
      rows[i] = g * (scale * (float)(input[i] - zero_point));
  }
}

void ft_dense_input_gradient_f32(const float *restrict gradient, const float *restrict weights,
                                 float *restrict dx, float scale, int32_t outputs, int32_t inputs) {
  for (int32_t i = 0; i < inputs; i += FT_BLOCK) {
    const int32_t count = ft_min(FT_BLOCK, inputs - i);
    float sums[FT_BLOCK] = {0};
    for (int32_t o = 0; o < outputs; o++)
      for (int32_t c = 0; c < count; c++)
        sums[c] += gradient[o] * weights[o * inputs + i + c];
    for (int32_t c = 0; c < count; c++)
      dx[i + c] = sums[c] * scale;
  }
}
