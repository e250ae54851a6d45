#include "ft_arithmetic.h"
#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_walk.h"

/* sign: 1 for a sum, -1 for a difference. Rounding is not symmetric, so the sign comes after it. */
static inline void ft_add_walk(const ft_add *add, int32_t sign, const ft_strides *operands, const int8_t *x1,
                               const int8_t *x2, int8_t *output, uint8_t *mask) {
  const ft_add a = *add;
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
        const int32_t shifted1 = (x1[walk.first + (i + j) * step1] - a.zero_point1) * (1 << a.left_shift);
        const int32_t shifted2 = (x2[walk.second + (i + j) * step2] - a.zero_point2) * (1 << a.left_shift);
        const int32_t sum = ft_requantise(shifted1, a.multiplier1, a.shift1) +
                            sign * ft_requantise(shifted2, a.multiplier2, a.shift2);
        values[j] = ft_requantise(sum, a.out_multiplier, a.out_shift) + a.out_zero_point;
      }
      ft_store_s8(values, block, a.act_min, a.act_max, output + element, mask, element);
      element += (uint32_t)block;
    }
  } while (ft_walk_next(&walk, &s));
}

void ft_add_broadcast_s8(const ft_add *add, const ft_strides *operands, const int8_t *x1, const int8_t *x2,
                         int8_t *output, uint8_t *mask) {
  ft_add_walk(add, 1, operands, x1, x2, output, mask);
}

void ft_sub_s8(const ft_add *sub, const ft_strides *operands, const int8_t *x1, const int8_t *x2,
               int8_t *output, uint8_t *mask) {
  ft_add_walk(sub, -1, operands, x1, x2, output, mask);
}
