#include "ft_block_float.h"
#include "ft_kernels.h"
#include "ft_layout.h"

/* The taps that read one input position: where the first one's gradient and weights lie, and the steps to the
 * next column and row of taps, in elements. */
typedef struct ft_taps {
  int32_t rows, columns;
  int32_t gradient, gradient_column, gradient_row;
  int32_t weights, weights_column, weights_row;
} ft_taps;

static inline ft_taps ft_taps_of(const ft_window *w, ft_readers ys, ft_readers xs, int32_t stride) {
  const int32_t channels = w->weight_channels;
  const ft_taps taps = {
      ys.count,
      xs.count,
      (ys.window * w->out_width + xs.window) * stride,
      xs.window_step * stride,
      ys.window_step * w->out_width * stride,
      (ys.tap * w->kernel_width + xs.tap) * channels,
      xs.tap_step * channels,
      ys.tap_step * w->kernel_width * channels,
  };
  return taps;
}

/* Sums of `count` input channels; the group of each has `group` output channels. */
static inline void ft_depthwise_gather(const ft_taps *t, const int16_t *restrict gradient,
                                       const int8_t *restrict weights, int32_t *restrict sums, int32_t group,
                                       int32_t count) {
  for (int32_t c = 0; c < count; c++)
    sums[c] = 0;
  for (int32_t o = 0; o < group; o++)
    for (int32_t i = 0; i < t->rows; i++)
      for (int32_t j = 0; j < t->columns; j++) {
        const int16_t *g = gradient + o + t->gradient + i * t->gradient_row + j * t->gradient_column;
        const int8_t *taps = weights + o + t->weights + i * t->weights_row + j * t->weights_column;
        for (int32_t c = 0; c < count; c++)
          sums[c] += (int32_t)g[c * group] * taps[c * group];
      }
}

#ifdef FT_ARM_DSP
/* The taps of a position one after the other, in bytes from the first channel's. */
#define FT_TAPS 64
typedef struct ft_tap_list {
  int32_t count;
  struct {
    int32_t gradient, weights;
  } taps[FT_TAPS];
} ft_tap_list;

static void ft_list_taps(const ft_taps *t, ft_tap_list *list) {
  int32_t n = 0;
  for (int32_t i = 0; i < t->rows; i++) {
    int32_t g = 2 * (t->gradient + i * t->gradient_row), w = t->weights + i * t->weights_row;
    for (int32_t j = 0; j < t->columns; j++, g += 2 * t->gradient_column, w += t->weights_column) {
      list->taps[n].gradient = g;
      list->taps[n++].weights = w;
    }
  }
  list->count = n;
}

/* Sums of four channels, each the only one of its group. */
static inline void ft_depthwise_four(const ft_tap_list *list, const int16_t *gradient, const int8_t *weights,
                                     int32_t *sums) {
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (int32_t n = 0; n < list->count; n++) {
    const char *g = (const char *)gradient + list->taps[n].gradient;
    const int32_t low = ft_load_word(g), high = ft_load_word(g + 4);
    const int32_t codes = ft_load_word(weights + list->taps[n].weights);
    const int32_t even = ft_even_codes(codes), odd = ft_odd_codes(codes);
    s0 = ft_multiply_low(low, even, s0);
    s1 = ft_multiply_high_low(low, odd, s1);
    s2 = ft_multiply_low_high(high, even, s2);
    s3 = ft_multiply_high(high, odd, s3);
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}
#endif

/* Where one input position's sums come from. */
typedef struct ft_place {
  ft_taps taps;
#ifdef FT_ARM_DSP
  ft_tap_list list;
#endif
} ft_place;

static inline void ft_place_of(const ft_window *w, ft_readers ys, ft_readers xs, int32_t stride,
                               ft_place *place) {
  place->taps = ft_taps_of(w, ys, xs, stride);
#ifdef FT_ARM_DSP
  place->list.count = -1;
  if (w->in_channels == w->out_channels && w->kernel_height * w->kernel_width <= FT_TAPS)
    ft_list_taps(&place->taps, &place->list);
#endif
}

/* Sums of the next channels, and how many they are. */
static inline int32_t ft_next_sums(const ft_place *place, const int16_t *gradient, const int8_t *weights,
                                   int32_t *sums, int32_t group, int32_t left) {
#ifdef FT_ARM_DSP
  if (left >= 4 && place->list.count >= 0) {
    ft_depthwise_four(&place->list, gradient, weights, sums);
    return 4;
  }
#endif
  if (group == 1 && left >= FT_BLOCK)
    ft_depthwise_gather(&place->taps, gradient, weights, sums, 1, FT_BLOCK);
  else
    ft_depthwise_gather(&place->taps, gradient, weights, sums, group, ft_min(FT_BLOCK, left));
  return ft_min(FT_BLOCK, left);
}

void ft_depthwise_input_gradient_s16(const ft_window *window, const int16_t *restrict gradient,
                                     const int8_t *restrict weights, const uint8_t *restrict mask,
                                     const int32_t *restrict multiplier, int16_t *restrict dx, int32_t stride,
                                     int32_t dx_stride, int32_t mask_channel, int32_t channel_begin,
                                     int32_t channel_end) {
  const ft_window w = *window;
  const int32_t group = w.out_channels / w.in_channels;
  const int32_t channels = channel_end - channel_begin;
  uint32_t bit = (uint32_t)mask_channel;
  ft_place place;
  for (int32_t y = 0; y < w.in_height; y++) {
    const ft_readers ys =
        ft_readers_of(y, w.pad_top, w.kernel_height, w.stride_y, w.dilation_y, w.out_height);
    for (int32_t x = 0; x < w.in_width; x++, dx += dx_stride, bit += (uint32_t)w.in_channels) {
      const ft_readers xs =
          ft_readers_of(x, w.pad_left, w.kernel_width, w.stride_x, w.dilation_x, w.out_width);
      ft_place_of(&w, ys, xs, stride, &place);
      for (int32_t c = 0; c < channels;) {
        int32_t sums[FT_BLOCK];
        const int32_t count =
            ft_next_sums(&place, gradient + c * group, weights + c * group, sums, group, channels - c);
        const uint32_t kept = ft_mask_bits(mask, bit + (uint32_t)c, count);
        ft_store_mantissas(dx + c, sums, multiplier + c, kept, count);
        c += count;
      }
    }
  }
}

void ft_depthwise_input_gradient_s16_f32(const ft_window *window, const int16_t *restrict gradient,
                                         const int8_t *restrict weights, const float *restrict unit,
                                         const float *restrict scale, const uint16_t *restrict reach,
                                         float *restrict dx, int32_t stride, int32_t dx_stride,
                                         int32_t channel_begin, int32_t channel_end) {
  const ft_window w = *window;
  const int32_t group = w.out_channels / w.in_channels;
  const int32_t channels = channel_end - channel_begin;
  ft_place place;
  for (int32_t y = 0; y < w.in_height; y++) {
    const ft_readers ys =
        ft_readers_of(y, w.pad_top, w.kernel_height, w.stride_y, w.dilation_y, w.out_height);
    for (int32_t x = 0; x < w.in_width; x++, dx += dx_stride) {
      const ft_readers xs =
          ft_readers_of(x, w.pad_left, w.kernel_width, w.stride_x, w.dilation_x, w.out_width);
      ft_place_of(&w, ys, xs, stride, &place);
      for (int32_t c = 0; c < channels;) {
        int32_t sums[FT_BLOCK];
        const int32_t count =
            ft_next_sums(&place, gradient + c * group, weights + c * group, sums, group, channels - c);
        for (int32_t i = 0; i < count; i++)
          dx[c + i] = (float)sums[i] * ft_channel_unit(unit[0], scale, reach, c + i);
        c += count;
      }
    }
  }
}
