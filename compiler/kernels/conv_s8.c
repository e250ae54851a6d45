#include "ft_arithmetic.h"
#include "ft_kernels.h"
#include "ft_layout.h"

/* Output channels done together: a byte of mask, and two groups of four rows that share the loads of the
 * input. */
#define FT_CONV_CHANNELS 8

/* sums[r] += sum of weights[r][i] * (input[i] - zero_point). The difference fits 16 bits, which multiply in
 * pairs. */
static inline void ft_conv_dot4(const int8_t *restrict input, const int8_t *restrict weights,
                                int32_t row_size, int32_t count, int16_t zero_point,
                                uint32_t *restrict sums) {
  const int8_t *restrict row0 = weights;
  const int8_t *restrict row1 = row0 + row_size;
  const int8_t *restrict row2 = row1 + row_size;
  const int8_t *restrict row3 = row2 + row_size;
  uint32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
  for (int32_t i = 0; i < count; i++) {
    const int16_t x = (int16_t)(input[i] - zero_point);
    sum0 += (uint32_t)(row0[i] * x);
    sum1 += (uint32_t)(row1[i] * x);
    sum2 += (uint32_t)(row2[i] * x);
    sum3 += (uint32_t)(row3[i] * x);
  }
  sums[0] += sum0;
  sums[1] += sum1;
  sums[2] += sum2;
  sums[3] += sum3;
}

static inline void ft_conv_dot1(const int8_t *restrict input, const int8_t *restrict weights, int32_t count,
                                int16_t zero_point, uint32_t *restrict sums) {
  uint32_t sum = 0;
  for (int32_t i = 0; i < count; i++)
    sum += (uint32_t)(weights[i] * (int16_t)(input[i] - zero_point));
  sums[0] += sum;
}

/* Rows are outermost and finished in order: the output may grow into the rows of the input that are done. */
void ft_conv_s8(const ft_window *window, const int8_t *input, const int8_t *weights, const int32_t *bias,
                const int32_t *multiplier, const int32_t *shift, int8_t *output, uint8_t *mask,
                int32_t row_begin, int32_t row_end, int32_t channel_begin, int32_t channel_end) {
  const ft_window w = *window;
  const int32_t row_size = w.kernel_height * w.kernel_width * w.in_channels;
  const int16_t zero_point = (int16_t)w.in_zero_point;
  for (int32_t y = row_begin; y < row_end; y++) {
    const int32_t top = y * w.stride_y - w.pad_top;
    const ft_range ky = ft_taps_inside(top, w.kernel_height, w.dilation_y, w.in_height);
    for (int32_t channel = channel_begin; channel < channel_end; channel += FT_CONV_CHANNELS) {
      const int32_t channels = ft_min(FT_CONV_CHANNELS, channel_end - channel);
      const int8_t *block = weights + (channel - channel_begin) * row_size;
      int8_t *out = output + ft_ring_row(y, w.out_rows) * w.out_width * w.out_channels + channel;
      for (int32_t x = 0; x < w.out_width; x++) {
        const int32_t left = x * w.stride_x - w.pad_left;
        const ft_range kx = ft_taps_inside(left, w.kernel_width, w.dilation_x, w.in_width);
        /* Without dilation, the taps of a row lie side by side in the picture and in the weights. */
        const int32_t run = w.dilation_x == 1 ? kx.end - kx.begin : 1;
        uint32_t sums[FT_CONV_CHANNELS];
        for (int32_t c = 0; c < channels; c++)
          sums[c] = (uint32_t)bias[channel + c];
        for (int32_t tap_y = ky.begin; tap_y < ky.end; tap_y++) {
          const int8_t *row =
              input + ft_ring_row(top + tap_y * w.dilation_y, w.in_rows) * w.in_width * w.in_channels;
          for (int32_t tap_x = kx.begin; tap_x < kx.end; tap_x += run) {
            const int8_t *in = row + (left + tap_x * w.dilation_x) * w.in_channels;
            const int8_t *taps = block + (tap_y * w.kernel_width + tap_x) * w.in_channels;
            const int32_t count = run * w.in_channels;
            int32_t c = 0;
            for (; c + 4 <= channels; c += 4)
              ft_conv_dot4(in, taps + c * row_size, row_size, count, zero_point, sums + c);
            for (; c < channels; c++)
              ft_conv_dot1(in, taps + c * row_size, count, zero_point, sums + c);
          }
        }
        int32_t values[FT_CONV_CHANNELS];
        for (int32_t c = 0; c < channels; c++)
          values[c] = ft_wrapping_add(
              ft_requantise((int32_t)sums[c], multiplier[channel + c], shift[channel + c]), w.out_zero_point);
        const uint32_t bit = (uint32_t)((y * w.out_width + x) * w.out_channels + channel);
        ft_store_s8(values, channels, w.act_min, w.act_max, out + x * w.out_channels, mask, bit);
      }
    }
  }
}
