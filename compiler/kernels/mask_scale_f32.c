#include "ft_kernels.h"
#include "ft_layout.h"

void ft_mask_scale_f32(float *restrict gradient, const uint8_t *restrict mask, const float *restrict scale,
                       int32_t positions, int32_t channels, int32_t stride, int32_t mask_channels,
                       int32_t mask_channel) {
  const int whole_bytes = (mask_channels & 7) == 0 && (mask_channel & 7) == 0;
  for (int32_t p = 0; p < positions; p++, gradient += stride) {
    int32_t c = 0;
    if (mask == NULL) {
      for (; c < channels; c++)
        gradient[c] *= scale[c];
      continue;
    }
    const uint32_t bit = (uint32_t)(p * mask_channels + mask_channel);
    if (whole_bytes)
      for (; c + 8 <= channels; c += 8) {
        const int32_t byte = mask[(bit + (uint32_t)c) >> 3];
        for (int32_t b = 0; b < 8; b++)
          gradient[c + b] = byte & (1 << b) ? gradient[c + b] * scale[c + b] : 0.0f;
      }
    for (; c < channels; c++)
      gradient[c] = ft_mask_bit(mask, bit + (uint32_t)c) ? gradient[c] * scale[c] : 0.0f;
  }
}

void ft_mask_f32(const float *gradient, float *output, const uint8_t *restrict mask, float factor,
                 int32_t count) {
  int32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const int32_t byte = mask[i >> 3];
    for (int32_t b = 0; b < 8; b++)
      output[i + b] = byte & (1 << b) ? gradient[i + b] * factor : 0.0f;
  }
  for (; i < count; i++)
    output[i] = ft_mask_bit(mask, (uint32_t)i) ? gradient[i] * factor : 0.0f;
}
