/* Input gradient of a 1x1 window: a matrix product, shared by ft_conv_input_gradient_f32 and its streamed
 * form. */
#ifndef FT_POINTWISE_H
#define FT_POINTWISE_H

#include <stdint.h>

#include "ft_layout.h"

/* Positions done together share each conversion of weights to float. */
#define FT_POINTWISE_POSITIONS 4

typedef struct ft_pointwise {
  int32_t outputs;         /* summed, ascending */
  int32_t gradient_stride; /* elements from a position to the next */
  int32_t weights_stride;  /* elements from an output's row to the next */
  int32_t dx_stride;
  int accumulate; /* sums begin with what dx holds, otherwise with 0 */
} ft_pointwise;

static inline void ft_pointwise_block(const ft_pointwise *s, const float *restrict gradient,
                                      const int8_t *restrict weights, float *restrict dx, int32_t positions,
                                      int32_t channels) {
  float sums[FT_POINTWISE_POSITIONS][FT_BLOCK_F32];
  for (int32_t p = 0; p < positions; p++)
    for (int32_t c = 0; c < channels; c++)
      sums[p][c] = s->accumulate ? dx[p * s->dx_stride + c] : 0.0f;
  for (int32_t o = 0; o < s->outputs; o++, weights += s->weights_stride)
    for (int32_t p = 0; p < positions; p++) {
      const float g = gradient[p * s->gradient_stride + o];
      for (int32_t c = 0; c < channels; c++)
        sums[p][c] += g * (float)weights[c];
    }
  for (int32_t p = 0; p < positions; p++)
    for (int32_t c = 0; c < channels; c++)
      dx[p * s->dx_stride + c] = sums[p][c];
}

static inline void ft_pointwise_gradient(const ft_pointwise *s, const float *restrict gradient,
                                         const int8_t *restrict weights, float *restrict dx,
                                         int32_t positions, int32_t channels) {
  for (int32_t p = 0; p < positions; p += FT_POINTWISE_POSITIONS) {
    const float *g = gradient + p * s->gradient_stride;
    float *row = dx + p * s->dx_stride;
    const int32_t places = ft_min(FT_POINTWISE_POSITIONS, positions - p);
    int32_t c = 0;
    /* Constant sizes let the compiler keep the sums in registers. */
    if (places == FT_POINTWISE_POSITIONS)
      for (; c + FT_BLOCK_F32 <= channels; c += FT_BLOCK_F32)
        ft_pointwise_block(s, g, weights + c, row + c, FT_POINTWISE_POSITIONS, FT_BLOCK_F32);
    for (int32_t place = 0; place < places; place++) {
      int32_t i = c;
      for (; i + FT_BLOCK_F32 <= channels; i += FT_BLOCK_F32)
        ft_pointwise_block(s, g + place * s->gradient_stride, weights + i, row + place * s->dx_stride + i, 1,
                           FT_BLOCK_F32);
      if (i < channels)
        ft_pointwise_block(s, g + place * s->gradient_stride, weights + i, row + place * s->dx_stride + i, 1,
                           channels - i);
    }
  }
}

#endif
