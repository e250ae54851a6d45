#include "ft_kernels.h"
#include "ft_operators.h"

void ft_arg_max_s8(const int8_t *restrict input, int32_t *restrict output, int32_t outer, int32_t depth,
                   int32_t inner) {
  for (int32_t o = 0; o < outer; o++, input += depth * inner)
    for (int32_t i = 0; i < inner; i++) {
      int32_t best = 0;
      for (int32_t d = 1; d < depth; d++)
        if (input[d * inner + i] > input[best * inner + i])
          best = d;
      *output++ = best;
    }
}
