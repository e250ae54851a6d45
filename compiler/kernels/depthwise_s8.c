#include "ft_depthwise_dsp.h"
#include "ft_depthwise_mve.h"
#include "ft_dot.h"
#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_requantise.h"

/* One output position: the window's place in the picture and its taps inside of it. */
typedef struct ft_depthwise_place {
  int32_t top, left;
  ft_range ky, kx;
} ft_depthwise_place;

/* Adds the products of FT_BLOCK channels; the multiplier is 1, so that input and output channels are the
 * same. */
static inline void ft_depthwise_sums_block(const ft_window *w, const ft_depthwise_place *place,
                                           const int8_t *input, const int8_t *weights, int32_t channel,
                                           uint32_t *sums) {
  for (int32_t ky = place->ky.begin; ky < place->ky.end; ky++) {
    const int32_t y = ft_ring_row(place->top + ky * w->dilation_y, w->in_rows);
    const int32_t x = place->left + place->kx.begin * w->dilation_x;
    ft_multiply_taps(input + (y * w->in_width + x) * w->in_channels + channel, w->dilation_x * w->in_channels,
                     weights + (ky * w->kernel_width + place->kx.begin) * w->weight_channels,
                     w->weight_channels, place->kx.end - place->kx.begin, w->in_zero_point, sums);
  }
}

/* The same for any number of channels and any multiplier. */
static inline void ft_depthwise_sums(const ft_window *w, const ft_depthwise_place *place, const int8_t *input,
                                     const int8_t *weights, int32_t channel, int32_t count, uint32_t *sums) {
  const int32_t depth_multiplier = w->out_channels / w->in_channels;
  for (int32_t ky = place->ky.begin; ky < place->ky.end; ky++) {
    const int32_t y = ft_ring_row(place->top + ky * w->dilation_y, w->in_rows);
    for (int32_t kx = place->kx.begin; kx < place->kx.end; kx++) {
      const int8_t *in = input + (y * w->in_width + place->left + kx * w->dilation_x) * w->in_channels;
      const int8_t *taps = weights + (ky * w->kernel_width + kx) * w->weight_channels;
      for (int32_t c = 0; c < count; c++)
        sums[c] += (uint32_t)(taps[c] * (in[(channel + c) / depth_multiplier] - w->in_zero_point));
    }
  }
}

/* Row y of the channels [channel, channel + count) of a block. */
static FT_FALLBACK void ft_depthwise_block_row(const ft_window *w, const int8_t *input, const int8_t *weights,
                                               const int32_t *bias, const int32_t *multiplier,
                                               const int8_t *shift, int8_t *out, uint8_t *mask, int32_t y,
                                               int32_t channel, int32_t count) {
  ft_depthwise_place place;
  place.top = y * w->stride_y - w->pad_top;
  place.ky = ft_taps_inside(place.top, w->kernel_height, w->dilation_y, w->in_height);
  ft_requantiser requantiser;
  ft_prepare_requantiser(&requantiser, multiplier + channel, shift + channel, 1, count);
  for (int32_t x = 0; x < w->out_width; x++) {
    place.left = x * w->stride_x - w->pad_left;
    place.kx = ft_taps_inside(place.left, w->kernel_width, w->dilation_x, w->in_width);
    uint32_t sums[FT_BLOCK] = {0};
    int32_t values[FT_BLOCK] = {0};
    for (int32_t c = 0; c < count; c++)
      sums[c] = (uint32_t)bias[channel + c];
    if (w->in_channels == w->out_channels && count == FT_BLOCK)
      ft_depthwise_sums_block(w, &place, input, weights, channel, sums);
    else
      ft_depthwise_sums(w, &place, input, weights, channel, count, sums);
    ft_requantise_lanes(&requantiser, sums, count, w->out_zero_point, values);
    const uint32_t bit = (uint32_t)((y * w->out_width + x) * w->out_channels + channel);
    ft_store_s8(values, count, w->act_min, w->act_max, out + x * w->out_channels + channel, mask, bit);
  }
}

void ft_depthwise_s8(const ft_window *window, const int8_t *input, const int8_t *weights, const int32_t *bias,
                     const int32_t *multiplier, const int8_t *shift, int8_t *output, uint8_t *mask,
                     int32_t row_begin, int32_t row_end, int32_t channel_begin, int32_t channel_end) {
  const int32_t together = ft_rows_together(window, input, output, row_end - row_begin);
#if defined(FT_ARM_MVE)
  if (window->in_channels == window->out_channels && channel_end - channel_begin >= FT_MVE_LANES &&
      window->kernel_height <= FT_MVE_TAP_ROWS) {
    for (int32_t y = row_begin; y < row_end; y++)
      ft_mve_depthwise_row(window, input, weights, bias, multiplier, shift, output, mask, y, channel_begin,
                           channel_end);
    return;
  }
#elif defined(FT_ARM_DSP)
  ft_lanes_layer layer;
  ft_prepare_layer(window, input, output, mask, channel_begin, channel_end, &layer);
  if (layer.run_count > 0) {
    for (int32_t begin = row_begin; begin < row_end; begin += together)
      ft_lanes_rows(window, &layer, weights, bias, multiplier, shift, begin, begin + together, channel_begin,
                    channel_end, ft_depthwise_block_row);
    return;
  }
#endif
  for (int32_t begin = row_begin; begin < row_end; begin += together)
    for (int32_t channel = channel_begin; channel < channel_end; channel += FT_BLOCK) {
      const int32_t count = ft_min(FT_BLOCK, channel_end - channel);
      const int8_t *taps = weights + (channel - channel_begin);
      for (int32_t y = begin; y < begin + together; y++)
        ft_depthwise_block_row(window, input, taps, bias, multiplier, shift,
                               output + ft_ring_row(y, window->out_rows) * window->out_width *
                                            window->out_channels,
                               mask, y, channel, count);
    }
}
