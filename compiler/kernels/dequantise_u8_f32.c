#include "ft_kernels.h"
#include "ft_operators.h"

void ft_dequantise_u8_f32(const uint8_t *restrict input, float *restrict output, float scale,
                          int32_t zero_point, int32_t count) {
  for (int32_t i = 0; i < count; i++)
    output[i] = scale * (float)(input[i] - zero_point);
}
