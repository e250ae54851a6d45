#include <string.h>

#include "ft_kernels.h"
#include "ft_update.h"

/* Entries of the ascending table that are below `channel`. */
static int32_t ft_table_position(const uint16_t *table, int32_t count, int32_t channel) {
  int32_t j = 0;
  while (j < count && table[j] < channel)
    j++;
  return j;
}

void ft_merge_depthwise_s8(const int8_t *restrict frozen, const int8_t *restrict trained,
                           const uint16_t *restrict table, int8_t *restrict rows, int32_t taps,
                           int32_t channels, int32_t trained_channels, int32_t channel_begin,
                           int32_t channel_end) {
  const int32_t width = channel_end - channel_begin;
  const int32_t begin = table == NULL ? 0 : ft_table_position(table, trained_channels, channel_begin);
  const int32_t end = table == NULL ? 0 : ft_table_position(table, trained_channels, channel_end);
  const int8_t *source = table == NULL ? trained : frozen;
  for (int32_t t = 0; t < taps; t++, rows += width, trained += trained_channels) {
    memcpy(rows, source + t * channels + channel_begin, (size_t)width);
    for (int32_t j = begin; j < end; j++)
      rows[table[j] - channel_begin] = trained[j];
  }
}

void ft_merge_depthwise_s16(const int8_t *restrict frozen, const int16_t *restrict trained,
                            const uint16_t *restrict table, int8_t *restrict rows, int32_t taps,
                            int32_t channels, int32_t trained_channels, int32_t channel_begin,
                            int32_t channel_end) {
  const int32_t width = channel_end - channel_begin;
  const int32_t begin =
      table == NULL ? channel_begin : ft_table_position(table, trained_channels, channel_begin);
  const int32_t end = table == NULL ? channel_end : ft_table_position(table, trained_channels, channel_end);
  for (int32_t t = 0; t < taps; t++, rows += width, trained += trained_channels) {
    if (table != NULL)
      memcpy(rows, frozen + t * channels + channel_begin, (size_t)width);
    for (int32_t j = begin; j < end; j++)
      rows[(table == NULL ? j : table[j]) - channel_begin] = ft_high_code(trained[j]);
  }
}
