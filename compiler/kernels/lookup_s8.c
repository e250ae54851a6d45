#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_operators.h"

void ft_lookup_s8(const void *input, const int8_t *table, const uint8_t *inside, void *output, uint8_t *mask,
                  int32_t count) {
  const uint8_t *in = (const uint8_t *)input;
  int8_t *out = (int8_t *)output;
  if (mask == NULL) {
    for (int32_t i = 0; i < count; i++)
      out[i] = table[in[i]];
    return;
  }
  for (int32_t i = 0; i < count; i += 8) {
    uint32_t bits = 0;
    for (int32_t b = 0; b < 8 && i + b < count; b++) {
      const uint32_t code = in[i + b];
      bits |= (uint32_t)ft_mask_bit(inside, code) << b;
      out[i + b] = table[code];
    }
    mask[i >> 3] = (uint8_t)bits;
  }
}

void ft_lookup_gradient_f32(const int8_t *restrict input, const float *restrict derivative,
                            float *restrict gradient, int32_t count) {
  for (int32_t i = 0; i < count; i++)
    gradient[i] *= derivative[(uint8_t)input[i]];
}
