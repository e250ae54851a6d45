#include <string.h>

#include "ft_kernels.h"

void ft_pad_s8(const ft_pad *pad, const int8_t *restrict input, int8_t *restrict output) {
  const ft_pad p = *pad;
  const int32_t last = p.in_shape[3];
  const int32_t out_last = p.before[3] + last + p.after[3];
  for (int32_t n = -p.before[0]; n < p.in_shape[0] + p.after[0]; n++)
    for (int32_t y = -p.before[1]; y < p.in_shape[1] + p.after[1]; y++)
      for (int32_t x = -p.before[2]; x < p.in_shape[2] + p.after[2]; x++) {
        const int inside =
            n >= 0 && n < p.in_shape[0] && y >= 0 && y < p.in_shape[1] && x >= 0 && x < p.in_shape[2];
        memset(output, p.value, (size_t)out_last);
        if (inside)
          memcpy(output + p.before[3], input + ((n * p.in_shape[1] + y) * p.in_shape[2] + x) * last,
                 (size_t)last);
        output += out_last;
      }
}
