#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_requantise.h"

static inline void ft_add_shift(const int8_t *codes, int32_t count, int32_t zero_point, int32_t shift,
                                uint32_t *shifted) {
  for (int32_t i = 0; i < count; i++)
    shifted[i] = (uint32_t)(codes[i] - zero_point) << shift;
}

void ft_add_s8(const ft_add *add, const int8_t *x1, const int8_t *x2, int8_t *output, uint8_t *mask,
               int32_t row_begin, int32_t row_end) {
  const ft_add a = *add;
  ft_requantiser first, second, result;
  ft_prepare_requantiser(&first, &a.multiplier1, &a.shift1, 0, FT_BLOCK);
  ft_prepare_requantiser(&second, &a.multiplier2, &a.shift2, 0, FT_BLOCK);
  ft_prepare_requantiser(&result, &a.out_multiplier, &a.out_shift, 0, FT_BLOCK);
  for (int32_t y = row_begin; y < row_end; y++) {
    const int8_t *row1 = x1 + ft_ring_row(y, a.rows1) * a.row_size;
    const int8_t *row2 = x2 + ft_ring_row(y, a.rows2) * a.row_size;
    int8_t *out = output + ft_ring_row(y, a.out_rows) * a.row_size;
    for (int32_t i = 0; i < a.row_size; i += FT_BLOCK) {
      const int32_t count = ft_min(FT_BLOCK, a.row_size - i);
      uint32_t shifted1[FT_BLOCK] = {0}, shifted2[FT_BLOCK] = {0}, sums[FT_BLOCK] = {0};
      int32_t values1[FT_BLOCK], values2[FT_BLOCK], values[FT_BLOCK];
      if (count == FT_BLOCK) { /* constants let the compiler use vectors */
        ft_add_shift(row1 + i, FT_BLOCK, a.zero_point1, a.left_shift, shifted1);
        ft_add_shift(row2 + i, FT_BLOCK, a.zero_point2, a.left_shift, shifted2);
      } else {
        ft_add_shift(row1 + i, count, a.zero_point1, a.left_shift, shifted1);
        ft_add_shift(row2 + i, count, a.zero_point2, a.left_shift, shifted2);
      }
      ft_requantise_lanes(&first, shifted1, count, 0, values1);
      ft_requantise_lanes(&second, shifted2, count, 0, values2);
      for (int32_t c = 0; c < count; c++)
        sums[c] = (uint32_t)values1[c] + (uint32_t)values2[c];
      ft_requantise_lanes(&result, sums, count, a.out_zero_point, values);
      ft_store_s8(values, count, a.act_min, a.act_max, out + i, mask, (uint32_t)(y * a.row_size + i));
    }
  }
}
