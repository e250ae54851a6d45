#include "ft_block_float.h"
#include "ft_kernels.h"

/* What is not finite becomes 0. */
#define FT_INFINITY_BITS UINT32_C(0x7f800000)

/* The scaled value in place, and the larger one of its magnitude and `largest`; bits of floats sort as they
 * do. */
static inline uint32_t ft_scale_finite(float *gradient, float scale, int32_t kept, uint32_t largest) {
  const float value = kept ? *gradient * scale : 0.0f;
  const uint32_t magnitude = ft_float_bits(value) & UINT32_C(0x7fffffff);
  const int finite = magnitude < FT_INFINITY_BITS;
  *gradient = finite ? value : 0.0f;
  return finite && magnitude > largest ? magnitude : largest;
}

void ft_quantise_gradient_s16(float *gradient, const uint8_t *mask, const float *scale, int16_t *mantissa,
                              float *unit, int32_t positions, int32_t channels, int32_t bits) {
  const int whole_bytes = (channels & 7) == 0;
  uint32_t largest = 0;
  float *value = gradient;
  for (int32_t p = 0; p < positions; p++, value += channels) {
    const uint32_t bit = (uint32_t)(p * channels);
    int32_t c = 0;
    if (mask != NULL && whole_bytes)
      for (; c < channels; c += 8) {
        const int32_t byte = mask[(bit + (uint32_t)c) >> 3];
        for (int32_t b = 0; b < 8; b++)
          largest = ft_scale_finite(value + c + b, scale[c + b], byte & (1 << b), largest);
      }
    for (; c < channels; c++)
      largest =
          ft_scale_finite(value + c, scale[c], mask == NULL || ft_mask_bit(mask, bit + (uint32_t)c), largest);
  }
  /* |value| < 2^(exponent - 126); twice the factor takes that to 2^bits, and both it and the unit are normal.
   */
  const int32_t exponent = ft_max((int32_t)(largest >> 23), bits);
  const float twice = ft_float_of((uint32_t)(253 + bits - exponent) << 23);
  const int32_t most = (1 << (bits - 1)) - 1;
  unit[0] = ft_float_of((uint32_t)(exponent + 2 - bits) << 23);
  for (int32_t i = 0; i < positions * channels; i++) {
    /* Half away from zero, by truncation; mantissas are not behind the values that are left. */
    const int32_t truncated = (int32_t)(gradient[i] * twice);
    const int16_t rounded = (int16_t)ft_clamp((truncated + 1 + (truncated >> 31)) >> 1, -most, most);
    memcpy((char *)mantissa + 2 * (size_t)i, &rounded, sizeof rounded);
  }
}

void ft_scale_unit_f32(const float *unit, float *output, float factor) {
  output[0] = unit[0] * factor;
}

void ft_reach_multipliers(const float *scale, const uint16_t *reach, const float *below, float factor,
                          int32_t *multiplier, int32_t count) {
  for (int32_t c = 0; c < count; c++) {
    const float channel = scale == NULL ? below[c] : below[c] * (scale[c] * (float)reach[c]);
    multiplier[c] = (int32_t)ft_clamp_f32(channel * factor, 0.0f, 2147483520.0f);
  }
}

void ft_measured_multipliers(const float *below, const float *factor, int32_t *multiplier, int32_t count) {
  ft_reach_multipliers(NULL, NULL, below, factor[0], multiplier, count);
}

void ft_measure_gradient_s16(const int16_t *gradient, const uint16_t *reach, const float *below,
                             const float *unit, float *output, int32_t positions, int32_t inputs,
                             int32_t group, int32_t bits) {
  float largest = 0.0f;
  for (int32_t i = 0; i < inputs; i++) {
    int32_t most = 0;
    for (int32_t p = 0; p < positions; p++)
      for (int32_t o = 0; o < group; o++) {
        const int32_t value = gradient[(p * inputs + i) * group + o];
        most = ft_max(most, value < 0 ? -value : value);
      }
    const float bound = (float)most * (float)reach[i] * below[i] * ft_float_of((uint32_t)(128 - bits) << 23);
    /* A multiplier of 2^31 or more would not fit; at half of it no sum loses anything. */
    const float fitting = 2.0f * below[i];
    largest = bound > largest ? bound : largest;
    largest = fitting > largest ? fitting : largest;
  }
  /* The products of float32 may be off by a few units of 2^-24. */
  largest = largest > 0.0f ? largest * (1.0f + 0x1p-20f) : 1.0f;
  output[0] = unit[0] * largest;
  output[1] = 0x1p32f / largest;
}
