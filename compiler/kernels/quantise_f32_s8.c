#include "ft_arithmetic.h"
#include "ft_kernels.h"
#include "ft_operators.h"

void ft_quantise_f32_s8(const float *input, void *output, float scale, int32_t zero_point, int32_t low,
                        int32_t high, int32_t count) {
  uint8_t *out = (uint8_t *)output;
  for (int32_t i = 0; i < count; i++) {
    /* Far outside of what a byte holds, and far inside of what an int32 does. */
    const float real = ft_clamp_f32(input[i] / scale, -65536.0f, 65536.0f);
    out[i] = (uint8_t)ft_clamp(ft_round_f32(real) + zero_point, low, high);
  }
}
