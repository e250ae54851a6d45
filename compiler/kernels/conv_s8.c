#include "ft_conv_dsp.h"
#include "ft_conv_mve.h"
#include "ft_dot.h"
#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_requantise.h"

/* Output channels done together: a byte of mask, and two groups of four rows that share the loads of the
 * input. */
#define FT_CONV_CHANNELS 8

/* One output position: the window's place in the picture and its taps inside of it. */
typedef struct ft_conv_place {
  int32_t top, left;
  ft_range ky, kx;
} ft_conv_place;

/* Adds the products of one position for `channels` rows of weights. */
static inline void ft_conv_sums(const ft_window *w, const ft_conv_place *place, const int8_t *input,
                                const int8_t *weights, int32_t row_size, int32_t channels, uint32_t *sums) {
  const int32_t zero_point = w->in_zero_point;
  /* Without dilation, the taps of a row lie side by side in the picture and in the weights. */
  const int32_t run = w->dilation_x == 1 ? place->kx.end - place->kx.begin : 1;
  for (int32_t ky = place->ky.begin; ky < place->ky.end; ky++) {
    const int32_t y = ft_ring_row(place->top + ky * w->dilation_y, w->in_rows);
    for (int32_t kx = place->kx.begin; kx < place->kx.end; kx += run) {
      const int8_t *in = input + (y * w->in_width + place->left + kx * w->dilation_x) * w->in_channels;
      const int8_t *taps = weights + (ky * w->kernel_width + kx) * w->in_channels;
      const int32_t count = run * w->in_channels;
      int32_t c = 0;
      for (; c + 4 <= channels; c += 4)
        ft_dot4(in, taps + c * row_size, row_size, count, zero_point, sums + c);
      for (; c < channels; c++)
        ft_dot1(in, taps + c * row_size, count, zero_point, sums + c);
    }
  }
}

static FT_FALLBACK void ft_conv_positions(const ft_window *window, const int8_t *input, const int8_t *weights,
                                          const int32_t *bias, const int32_t *multiplier, const int8_t *shift,
                                          int8_t *output, uint8_t *mask, int32_t row_begin, int32_t row_end,
                                          int32_t channel_begin, int32_t channel_end) {
  const ft_window w = *window;
  const int32_t row_size = w.kernel_height * w.kernel_width * w.in_channels;
  for (int32_t y = row_begin; y < row_end; y++) {
    ft_conv_place place;
    place.top = y * w.stride_y - w.pad_top;
    place.ky = ft_taps_inside(place.top, w.kernel_height, w.dilation_y, w.in_height);
    int8_t *out = output + ft_ring_row(y, w.out_rows) * w.out_width * w.out_channels;
    /* Channels outside of positions: a few rows of weights stay in the cache for a whole row of the picture.
     */
    for (int32_t channel = channel_begin; channel < channel_end; channel += FT_CONV_CHANNELS) {
      const int32_t channels = ft_min(FT_CONV_CHANNELS, channel_end - channel);
      const int8_t *rows = weights + (channel - channel_begin) * row_size;
      ft_requantiser requantiser;
      ft_prepare_requantiser(&requantiser, multiplier + channel, shift + channel, 1, channels);
      for (int32_t x = 0; x < w.out_width; x++) {
        place.left = x * w.stride_x - w.pad_left;
        place.kx = ft_taps_inside(place.left, w.kernel_width, w.dilation_x, w.in_width);
        uint32_t sums[FT_CONV_CHANNELS] = {0};
        int32_t values[FT_CONV_CHANNELS] = {0};
        for (int32_t c = 0; c < channels; c++)
          sums[c] = (uint32_t)bias[channel + c];
        ft_conv_sums(&w, &place, input, rows, row_size, channels, sums);
        ft_requantise_lanes(&requantiser, sums, channels, w.out_zero_point, values);
        const uint32_t bit = (uint32_t)((y * w.out_width + x) * w.out_channels + channel);
        ft_store_s8(values, channels, w.act_min, w.act_max, out + x * w.out_channels + channel, mask, bit);
      }
    }
  }
}

void ft_conv_s8(const ft_window *window, const int8_t *input, const int8_t *weights, const int32_t *bias,
                const int32_t *multiplier, const int8_t *shift, int8_t *output, uint8_t *mask,
                int32_t row_begin, int32_t row_end, int32_t channel_begin, int32_t channel_end) {
#if defined(FT_ARM_MVE)
  if (ft_fits_mve(window, channel_begin, channel_end)) {
    ft_mve_conv(window, input, weights, bias, multiplier, shift, output, mask, row_begin, row_end,
                channel_begin, channel_end);
    return;
  }
#elif defined(FT_ARM_DSP)
  if (ft_tile_positions(window) > 0) {
    ft_conv_tiles(window, input, weights, bias, multiplier, shift, output, mask, row_begin, row_end,
                  channel_begin, channel_end);
    return;
  }
  if (ft_is_pointwise(window) && window->out_width >= 2) {
    ft_conv_long_rows(window, input, weights, bias, multiplier, shift, output, mask, row_begin, row_end,
                      channel_begin, channel_end);
    return;
  }
#endif
  ft_conv_positions(window, input, weights, bias, multiplier, shift, output, mask, row_begin, row_end,
                    channel_begin, channel_end);
}
