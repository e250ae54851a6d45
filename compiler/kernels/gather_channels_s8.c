#include "ft_kernels.h"
#include "ft_layout.h"

void ft_gather_channels_s8(const int8_t *restrict input, const uint16_t *restrict table,
                           int8_t *restrict saved, int32_t width, int32_t in_rows, int32_t channels,
                           int32_t saved_channels, int32_t row_begin, int32_t row_end) {
  for (int32_t y = row_begin; y < row_end; y++) {
    const int8_t *in = input + ft_ring_row(y, in_rows) * width * channels;
    int8_t *out = saved + y * width * saved_channels;
    for (int32_t x = 0; x < width; x++, in += channels, out += saved_channels)
      for (int32_t j = 0; j < saved_channels; j++)
        out[j] = in[table == NULL ? j : table[j]];
  }
}
