#include "ft_arithmetic.h"
#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_operators.h"

static inline int32_t ft_batch_offset(const int32_t strides[3], int32_t a, int32_t b, int32_t c) {
  return a * strides[0] + b * strides[1] + c * strides[2];
}

void ft_product_s8(const ft_product *product, const int8_t *left, const int8_t *right, int8_t *output,
                   uint8_t *mask) {
  const ft_product p = *product;
  uint32_t element = 0;
  for (int32_t a = 0; a < p.batch[0]; a++)
    for (int32_t b = 0; b < p.batch[1]; b++)
      for (int32_t c = 0; c < p.batch[2]; c++) {
        const int8_t *x = left + ft_batch_offset(p.left_batch, a, b, c);
        const int8_t *y = right + ft_batch_offset(p.right_batch, a, b, c);
        for (int32_t row = 0; row < p.rows; row++)
          for (int32_t column = 0; column < p.columns; column++, element++) {
            int32_t sum = 0;
            for (int32_t i = 0; i < p.inner; i++)
              sum += (x[row * p.left_row + i * p.left_inner] - p.left_zero_point) *
                     (y[i * p.right_inner + column * p.right_column] - p.right_zero_point);
            const int32_t value = ft_requantise(sum, p.multiplier, p.shift) + p.out_zero_point;
            ft_store_s8(&value, 1, -128, 127, output + element, mask, element);
          }
      }
}

void ft_product_gradient_f32(const ft_product *product, const float *restrict gradient,
                             const int8_t *restrict right, float *restrict output) {
  const ft_product p = *product;
  for (int32_t a = 0; a < p.batch[0]; a++)
    for (int32_t b = 0; b < p.batch[1]; b++)
      for (int32_t c = 0; c < p.batch[2]; c++) {
        const float *g = gradient + ft_batch_offset(p.left_batch, a, b, c);
        const int8_t *y = right + ft_batch_offset(p.right_batch, a, b, c);
        float *out = output + ft_batch_offset(p.out_batch, a, b, c);
        for (int32_t row = 0; row < p.rows; row++)
          for (int32_t column = 0; column < p.columns; column++) {
            float sum = out[row * p.out_row + column * p.out_column];
            for (int32_t i = 0; i < p.inner; i++)
              sum += g[row * p.left_row + i * p.left_inner] *
                     (float)(y[i * p.right_inner + column * p.right_column] - p.right_zero_point);
            out[row * p.out_row + column * p.out_column] = sum;
          }
      }
}
