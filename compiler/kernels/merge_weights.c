#include <string.h>

#include "ft_kernels.h"
#include "ft_update.h"

void ft_merge_weights_s8(const int8_t *restrict frozen, const int8_t *restrict trained,
                         const uint16_t *restrict table, int8_t *restrict rows, int32_t taps,
                         int32_t channels, int32_t trained_channels, int32_t row_begin, int32_t row_end) {
  const int32_t first = row_begin * taps;
  const int32_t count = (row_end - row_begin) * taps;
  trained += first * trained_channels;
  if (table == NULL) {
    memcpy(rows, trained, (size_t)(count * channels));
    return;
  }
  memcpy(rows, frozen + first * channels, (size_t)(count * channels));
  for (int32_t t = 0; t < count; t++, rows += channels, trained += trained_channels)
    for (int32_t j = 0; j < trained_channels; j++)
      rows[table[j]] = trained[j];
}

void ft_merge_weights_s16(const int8_t *restrict frozen, const int16_t *restrict trained,
                          const uint16_t *restrict table, int8_t *restrict rows, int32_t taps,
                          int32_t channels, int32_t trained_channels, int32_t row_begin, int32_t row_end) {
  const int32_t first = row_begin * taps;
  const int32_t count = (row_end - row_begin) * taps;
  trained += first * trained_channels;
  if (table == NULL) {
    for (int32_t i = 0; i < count * channels; i++)
      rows[i] = ft_high_code(trained[i]);
    return;
  }
  memcpy(rows, frozen + first * channels, (size_t)(count * channels));
  for (int32_t t = 0; t < count; t++, rows += channels, trained += trained_channels)
    for (int32_t j = 0; j < trained_channels; j++)
      rows[table[j]] = ft_high_code(trained[j]);
}
