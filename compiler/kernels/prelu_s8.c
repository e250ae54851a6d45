#include "ft_arithmetic.h"
#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_walk.h"

void ft_prelu_s8(const ft_prelu *prelu, const ft_strides *operands, const int8_t *input, const int8_t *slopes,
                 int8_t *output, uint8_t *mask) {
  const ft_prelu p = *prelu;
  const ft_strides s = *operands;
  const int32_t count = s.shape[FT_OUTER];
  const int32_t step = s.first[FT_OUTER];
  const int32_t slope_step = s.second[FT_OUTER];
  ft_walk walk = {{0}, 0, 0};
  uint32_t element = 0;
  do {
    for (int32_t i = 0; i < count; i++, element++) {
      const int32_t x = input[walk.first + i * step] - p.zero_point;
      const int32_t slope = slopes[walk.second + i * slope_step] - p.slope_zero_point;
      const int32_t scaled = x >= 0 ? ft_requantise(x, p.multiplier, p.shift)
                                    : ft_requantise(x * slope, p.slope_multiplier, p.slope_shift);
      const int32_t value = scaled + p.out_zero_point;
      ft_store_s8(&value, 1, -128, 127, output + element, mask, element);
    }
  } while (ft_walk_next(&walk, &s));
}

void ft_prelu_gradient_f32(const ft_prelu *prelu, const ft_strides *operands, const int8_t *input,
                           const int8_t *slopes, const uint8_t *mask, float *gradient, float factor,
                           float slope_factor) {
  const ft_prelu p = *prelu;
  const ft_strides s = *operands;
  const int32_t count = s.shape[FT_OUTER];
  const int32_t step = s.first[FT_OUTER];
  const int32_t slope_step = s.second[FT_OUTER];
  ft_walk walk = {{0}, 0, 0};
  uint32_t element = 0;
  do {
    for (int32_t i = 0; i < count; i++, element++) {
      const int32_t slope = slopes[walk.second + i * slope_step] - p.slope_zero_point;
      const int positive = input[walk.first + i * step] >= p.zero_point;
      const float derivative = positive ? factor : (float)slope * slope_factor;
      gradient[element] = ft_mask_bit(mask, element) ? gradient[element] * derivative : 0.0f;
    }
  } while (ft_walk_next(&walk, &s));
}
