#include <string.h>

#include "ft_kernels.h"

void ft_copy_s8(const int8_t *restrict input, int8_t *restrict output, int32_t count) {
  memcpy(output, input, (size_t)count);
}

void ft_copy_s32(const int32_t *restrict input, int32_t *restrict output, int32_t count) {
  memcpy(output, input, (size_t)count * sizeof *output);
}
