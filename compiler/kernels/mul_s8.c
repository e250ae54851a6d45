#include "ft_arithmetic.h"
#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_walk.h"

void ft_mul_s8(const ft_mul *mul, const ft_strides *operands, const int8_t *x1, const int8_t *x2,
               int8_t *output, uint8_t *mask) {
  const ft_mul m = *mul;
  const ft_strides s = *operands;
  const int32_t count = s.shape[FT_OUTER];
  const int32_t step1 = s.first[FT_OUTER];
  const int32_t step2 = s.second[FT_OUTER];
  ft_walk walk = {{0}, 0, 0};
  uint32_t element = 0;
  do {
    for (int32_t i = 0; i < count; i += FT_BLOCK) {
      const int32_t block = ft_min(FT_BLOCK, count - i);
      int32_t values[FT_BLOCK];
      for (int32_t j = 0; j < block; j++) {
        const int32_t product = (x1[walk.first + (i + j) * step1] - m.zero_point1) *
                                (x2[walk.second + (i + j) * step2] - m.zero_point2);
        values[j] = ft_requantise(product, m.multiplier, m.shift) + m.out_zero_point;
      }
      ft_store_s8(values, block, m.act_min, m.act_max, output + element, mask, element);
      element += (uint32_t)block;
    }
  } while (ft_walk_next(&walk, &s));
}

void ft_mul_gradient_f32(const ft_strides *operands, const float *gradient, const int8_t *other,
                         const uint8_t *mask, float *output, float factor, int32_t zero_point) {
  const ft_strides s = *operands;
  const int32_t count = s.shape[FT_OUTER];
  const int32_t step = s.second[FT_OUTER];
  ft_walk walk = {{0}, 0, 0};
  uint32_t element = 0;
  do {
    for (int32_t i = 0; i < count; i++, element++) {
      const float value = (float)(other[walk.second + i * step] - zero_point);
      output[element] = ft_mask_bit(mask, element) ? gradient[element] * factor * value : 0.0f;
    }
  } while (ft_walk_next(&walk, &s));
}
