#include "ft_kernels.h"
#include "ft_pairs.h"

/* A range of output channels, and whether it is the first and the last of all. */
typedef struct ft_span {
  int first, last;
  float unit; /* of the sums */
} ft_span;

static inline int32_t ft_begin_sum(const ft_span *s, const float *dx) {
  return s->first ? 0 : ft_load_sum(dx);
}

static inline void ft_end_sum(const ft_span *s, float *dx, int32_t sum) {
  if (s->last)
    *dx = (float)sum * s->unit;
  else
    ft_store_sum(dx, sum);
}

/* One input position, channels [0, count) of dx: each gathers its sum over o, ky, kx. */
static inline void ft_conv_gather(const ft_window *w, const ft_span *s, ft_readers ys, ft_readers xs,
                                  const int16_t *restrict gradient, const int8_t *restrict weights,
                                  float *restrict dx, int32_t stride, int32_t outputs, int32_t count) {
  int32_t sums[FT_BLOCK];
  for (int32_t c = 0; c < count; c++)
    sums[c] = ft_begin_sum(s, dx + c);
  for (int32_t o = 0; o < outputs; o++)
    for (int32_t i = 0; i < ys.count; i++)
      for (int32_t j = 0; j < xs.count; j++) {
        const int32_t position =
            (ys.window + i * ys.window_step) * w->out_width + xs.window + j * xs.window_step;
        const int32_t tap =
            (o * w->kernel_height + ys.tap + i * ys.tap_step) * w->kernel_width + xs.tap + j * xs.tap_step;
        const int32_t g = gradient[position * stride + o];
        const int8_t *row = weights + tap * w->in_channels;
        for (int32_t c = 0; c < count; c++)
          sums[c] += g * row[c];
      }
  for (int32_t c = 0; c < count; c++)
    ft_end_sum(s, dx + c, sums[c]);
}

static inline void ft_matrix_sums(const ft_matrix *matrix, const ft_span *s, const int16_t *gradient,
                                  const int8_t *weights, float *dx, int32_t dx_stride, int32_t positions,
                                  int32_t count) {
  int32_t sums[FT_PRODUCT_POSITIONS][FT_BLOCK];
  for (int32_t p = 0; p < positions; p++)
    for (int32_t c = 0; c < count; c++)
      sums[p][c] = ft_begin_sum(s, dx + p * dx_stride + c);
  ft_matrix_products(matrix, gradient, weights, sums, positions, count);
  for (int32_t p = 0; p < positions; p++)
    for (int32_t c = 0; c < count; c++)
      ft_end_sum(s, dx + p * dx_stride + c, sums[p][c]);
}

#ifdef FT_ARM_DSP
/* Four channels of all positions. */
static __attribute__((noinline)) void ft_pairs_to_sums(const ft_matrix *matrix, const ft_span *whole,
                                                       const int16_t *gradient, const int8_t *weights,
                                                       float *dx, int32_t dx_stride, int32_t positions) {
  int32_t pairs[2 * FT_PAIR_OUTPUTS];
  for (int32_t o = 0; o < matrix->outputs; o += FT_PAIR_OUTPUTS) {
    const int32_t outputs = ft_min(FT_PAIR_OUTPUTS, matrix->outputs - o);
    const ft_span s = {whole->first && o == 0, whole->last && o + outputs == matrix->outputs, whole->unit};
    const int16_t *g = gradient + o;
    float *place = dx;
    ft_widen_pairs(weights + o * matrix->weights_stride, matrix->weights_stride, outputs, 0, pairs);
    for (int32_t p = 0; p < positions; p++, place += dx_stride, g += matrix->gradient_stride) {
      int32_t sums[4] = {0};
      if (!s.first)
        memcpy(sums, place, sizeof sums);
      ft_pair_products(g, pairs, outputs, sums);
      if (!s.last)
        memcpy(place, sums, sizeof sums);
      else
        for (int32_t c = 0; c < 4; c++)
          place[c] = (float)sums[c] * s.unit;
    }
  }
}
#endif

/* Channels from `c` on. */
static FT_FALLBACK void ft_matrix_rest(const ft_matrix *matrix, const ft_span *s, const int16_t *gradient,
                                       const int8_t *weights, float *dx, int32_t positions, int32_t channels,
                                       int32_t c) {
  for (; c < channels; c += FT_BLOCK) {
    const int32_t count = ft_min(FT_BLOCK, channels - c);
    for (int32_t p = 0; p < positions; p += FT_PRODUCT_POSITIONS) {
      const int32_t places = ft_min(FT_PRODUCT_POSITIONS, positions - p);
      const int16_t *g = gradient + p * matrix->gradient_stride;
      float *row = dx + p * channels + c;
      /* Constant sizes let the compiler keep the sums in registers. */
      if (places == FT_PRODUCT_POSITIONS && count == FT_BLOCK)
        ft_matrix_sums(matrix, s, g, weights + c, row, channels, FT_PRODUCT_POSITIONS, FT_BLOCK);
      else
        ft_matrix_sums(matrix, s, g, weights + c, row, channels, places, count);
    }
  }
}

static inline void ft_pointwise_sums(const ft_matrix *matrix, const ft_span *s, const int16_t *gradient,
                                     const int8_t *weights, float *dx, int32_t positions, int32_t channels) {
  int32_t c = 0;
#ifdef FT_ARM_DSP
  if (ft_pairs_fit(matrix, gradient))
    for (; c + 4 <= channels; c += 4)
      ft_pairs_to_sums(matrix, s, gradient, weights + c, dx + c, channels, positions);
#endif
  if (c < channels)
    ft_matrix_rest(matrix, s, gradient, weights, dx, positions, channels, c);
}

void ft_conv_input_gradient_s16(const ft_window *window, const int16_t *restrict gradient,
                                const int8_t *restrict weights, const float *restrict unit,
                                float *restrict dx, int32_t stride, int32_t channel_begin,
                                int32_t channel_end) {
  const ft_window w = *window;
  const int32_t outputs = channel_end - channel_begin;
  const ft_span s = {channel_begin == 0, channel_end == w.out_channels, unit[0]};
  if (w.kernel_height * w.kernel_width == 1 && w.stride_y * w.stride_x == 1 && w.pad_top + w.pad_left == 0 &&
      w.out_height == w.in_height && w.out_width == w.in_width) {
    const ft_matrix matrix = {outputs, stride, w.in_channels};
    ft_pointwise_sums(&matrix, &s, gradient, weights, dx, w.in_height * w.in_width, w.in_channels);
    return;
  }
  for (int32_t y = 0; y < w.in_height; y++) {
    const ft_readers ys =
        ft_readers_of(y, w.pad_top, w.kernel_height, w.stride_y, w.dilation_y, w.out_height);
    for (int32_t x = 0; x < w.in_width; x++, dx += w.in_channels) {
      const ft_readers xs =
          ft_readers_of(x, w.pad_left, w.kernel_width, w.stride_x, w.dilation_x, w.out_width);
      int32_t c = 0;
      for (; c + FT_BLOCK <= w.in_channels; c += FT_BLOCK)
        ft_conv_gather(&w, &s, ys, xs, gradient, weights + c, dx + c, stride, outputs, FT_BLOCK);
      if (c < w.in_channels)
        ft_conv_gather(&w, &s, ys, xs, gradient, weights + c, dx + c, stride, outputs, w.in_channels - c);
    }
  }
}
