#include <stddef.h>

#include "ft_kernels.h"

void ft_extract_weights_s8(const int8_t *restrict frozen, const uint16_t *restrict table,
                           int8_t *restrict trained, int32_t outer, int32_t channels,
                           int32_t trained_channels) {
  for (int32_t o = 0; o < outer; o++, frozen += channels, trained += trained_channels)
    for (int32_t j = 0; j < trained_channels; j++)
      trained[j] = frozen[table == NULL ? j : table[j]];
}

void ft_extract_weights_s16(const int8_t *restrict frozen, const uint16_t *restrict table,
                            int16_t *restrict trained, int32_t outer, int32_t channels,
                            int32_t trained_channels) {
  for (int32_t o = 0; o < outer; o++, frozen += channels, trained += trained_channels)
    for (int32_t j = 0; j < trained_channels; j++)
      trained[j] = (int16_t)(frozen[table == NULL ? j : table[j]] * 256);
}
