#include "ft_arithmetic.h"
#include "ft_kernels.h"
#include "ft_layout.h"

static inline void ft_add_values(const ft_add *a, const int8_t *x1, const int8_t *x2, int32_t count,
                                 int32_t *values) {
  for (int32_t i = 0; i < count; i++) {
    const int32_t shifted1 = (x1[i] - a->zero_point1) * (1 << a->left_shift);
    const int32_t shifted2 = (x2[i] - a->zero_point2) * (1 << a->left_shift);
    const int32_t sum = ft_requantise(shifted1, a->multiplier1, a->shift1) +
                        ft_requantise(shifted2, a->multiplier2, a->shift2);
    values[i] = ft_requantise(sum, a->out_multiplier, a->out_shift) + a->out_zero_point;
  }
}

void ft_add_s8(const ft_add *add, const int8_t *x1, const int8_t *x2, int8_t *output, uint8_t *mask,
               int32_t row_begin, int32_t row_end) {
  const ft_add a = *add;
  for (int32_t y = row_begin; y < row_end; y++) {
    const int8_t *row1 = x1 + ft_ring_row(y, a.rows1) * a.row_size;
    const int8_t *row2 = x2 + ft_ring_row(y, a.rows2) * a.row_size;
    int8_t *out = output + ft_ring_row(y, a.out_rows) * a.row_size;
    for (int32_t i = 0; i < a.row_size; i += FT_BLOCK) {
      const int32_t count = ft_min(FT_BLOCK, a.row_size - i);
      int32_t values[FT_BLOCK];
      if (count == FT_BLOCK)
        ft_add_values(&a, row1 + i, row2 + i, FT_BLOCK, values);
      else
        ft_add_values(&a, row1 + i, row2 + i, count, values);
      ft_store_s8(values, count, a.act_min, a.act_max, out + i, mask, (uint32_t)(y * a.row_size + i));
    }
  }
}
