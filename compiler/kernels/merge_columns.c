#include <string.h>

#include "ft_kernels.h"
#include "ft_update.h"

/* The trained channels inside of a range of channels, as places in the table. */
typedef struct ft_part {
  int32_t begin, end;
} ft_part;

static ft_part ft_trained_part(const uint16_t *table, int32_t trained_channels, int32_t channel_begin,
                               int32_t channel_end) {
  ft_part part = {channel_begin, channel_end};
  if (table == NULL)
    return part;
  part.begin = 0;
  while (part.begin < trained_channels && table[part.begin] < channel_begin)
    part.begin++;
  part.end = part.begin;
  while (part.end < trained_channels && table[part.end] < channel_end)
    part.end++;
  return part;
}

void ft_merge_columns_s8(const int8_t *restrict frozen, const int8_t *restrict trained,
                         const uint16_t *restrict table, int8_t *restrict columns, int32_t rows,
                         int32_t channels, int32_t trained_channels, int32_t stride, int32_t channel_begin,
                         int32_t channel_end) {
  const ft_part part = ft_trained_part(table, trained_channels, channel_begin, channel_end);
  for (int32_t r = 0; r < rows; r++) {
    memcpy(columns, frozen + channel_begin, (size_t)(channel_end - channel_begin));
    for (int32_t j = part.begin; j < part.end; j++)
      columns[(table == NULL ? j : table[j]) - channel_begin] = trained[j];
    frozen += channels;
    trained += trained_channels;
    columns += stride;
  }
}

void ft_merge_columns_s16(const int8_t *restrict frozen, const int16_t *restrict trained,
                          const uint16_t *restrict table, int8_t *restrict columns, int32_t rows,
                          int32_t channels, int32_t trained_channels, int32_t stride, int32_t channel_begin,
                          int32_t channel_end) {
  const ft_part part = ft_trained_part(table, trained_channels, channel_begin, channel_end);
  for (int32_t r = 0; r < rows; r++) {
    memcpy(columns, frozen + channel_begin, (size_t)(channel_end - channel_begin));
    for (int32_t j = part.begin; j < part.end; j++)
      columns[(table == NULL ? j : table[j]) - channel_begin] = ft_high_code(trained[j]);
    frozen += channels;
    trained += trained_channels;
    columns += stride;
  }
}
