#include "ft_arithmetic.h"
#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_operators.h"

static int32_t ft_sum_reduced(const ft_mean *m, const int8_t *input) {
  int32_t sum = 0;
  for (int32_t a = 0; a < m->reduced[0]; a++)
    for (int32_t b = 0; b < m->reduced[1]; b++)
      for (int32_t c = 0; c < m->reduced[2]; c++) {
        const int8_t *in =
            input + a * m->reduced_stride[0] + b * m->reduced_stride[1] + c * m->reduced_stride[2];
        for (int32_t d = 0; d < m->reduced[3]; d++)
          sum += in[d * m->reduced_stride[3]];
      }
  return sum;
}

void ft_mean_s8(const ft_mean *mean, const int8_t *input, int8_t *output, uint8_t *mask) {
  const ft_mean m = *mean;
  uint32_t element = 0;
  for (int32_t a = 0; a < m.kept[0]; a++)
    for (int32_t b = 0; b < m.kept[1]; b++)
      for (int32_t c = 0; c < m.kept[2]; c++)
        for (int32_t d = 0; d < m.kept[3]; d++) {
          const int32_t offset =
              a * m.kept_stride[0] + b * m.kept_stride[1] + c * m.kept_stride[2] + d * m.kept_stride[3];
          const int32_t sum = ft_sum_reduced(&m, input + offset) - m.zero_sum;
          const int32_t value = ft_requantise(sum, m.multiplier, m.shift) + m.out_zero_point;
          ft_store_s8(&value, 1, -128, 127, output + element, mask, element);
          element++;
        }
}
