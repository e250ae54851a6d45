#include "ft_arithmetic.h"
#include "ft_kernels.h"

/* Outputs done together: their sums do not wait for one another, and share the conversion of the input. */
#define FT_DENSE_OUTPUTS 4

void ft_dense_s8_f32(const int8_t *restrict input, const float *restrict weights, const float *restrict bias,
                     float *restrict output, float scale, int32_t zero_point, int32_t outputs,
                     int32_t inputs) {
  for (int32_t o = 0; o < outputs; o += FT_DENSE_OUTPUTS) {
    /* Past the last output, its row is done again; the copies are dropped. */
    const float *rows[FT_DENSE_OUTPUTS];
    float sums[FT_DENSE_OUTPUTS] = {0};
    for (int32_t r = 0; r < FT_DENSE_OUTPUTS; r++)
      rows[r] = weights + ft_min(o + r, outputs - 1) * inputs;
    for (int32_t i = 0; i < inputs; i++) {
      const float x = scale * (float)(input[i] - zero_point);
      for (int32_t r = 0; r < FT_DENSE_OUTPUTS; r++)
        sums[r] += rows[r][i] * x;
    }
    for (int32_t r = 0; r < ft_min(FT_DENSE_OUTPUTS, outputs - o); r++)
      output[o + r] = sums[r] + bias[o + r];
  }
}
