#include <string.h>

#include "ft_arithmetic.h"
#include "ft_kernels.h"
#include "ft_operators.h"

enum { FT_PIXEL = 1024 };

/* Two neighbours along an axis; the weight of the upper one is in 1/1024. */
typedef struct ft_neighbours {
  int32_t lower, upper, weight;
} ft_neighbours;

static inline ft_neighbours ft_neighbours_of(int32_t position, int32_t size) {
  const int32_t lower = ft_clamp(position / FT_PIXEL, 0, size - 1);
  const int32_t upper = ft_clamp((position + FT_PIXEL - 1) / FT_PIXEL, 0, size - 1);
  const ft_neighbours neighbours = {lower, upper, position - lower * FT_PIXEL};
  return neighbours;
}

void ft_resize_bilinear_s8(const ft_resize *resize, const int8_t *restrict input, int8_t *restrict output) {
  const ft_resize r = *resize;
  const int32_t one = FT_PIXEL * FT_PIXEL;
  for (int32_t y = 0; y < r.out_height; y++) {
    const ft_neighbours v = ft_neighbours_of(y * r.scale_y + r.offset_y, r.in_height);
    const int8_t *above = input + v.lower * r.in_width * r.channels;
    const int8_t *below = input + v.upper * r.in_width * r.channels;
    for (int32_t x = 0; x < r.out_width; x++) {
      const ft_neighbours h = ft_neighbours_of(x * r.scale_x + r.offset_x, r.in_width);
      const int32_t left = h.lower * r.channels;
      const int32_t right = h.upper * r.channels;
      for (int32_t c = 0; c < r.channels; c++) {
        const int32_t sum = above[left + c] * (FT_PIXEL - v.weight) * (FT_PIXEL - h.weight) +
                            below[left + c] * v.weight * (FT_PIXEL - h.weight) +
                            above[right + c] * (FT_PIXEL - v.weight) * h.weight +
                            below[right + c] * v.weight * h.weight;
        *output++ = (int8_t)((sum + (sum > 0 ? one / 2 : -(one / 2))) / one);
      }
    }
  }
}

typedef struct ft_share {
  int32_t lower, upper;
  float weight; /* of the upper one */
} ft_share;

static inline ft_share ft_share_of(float position, int32_t size) {
  const int32_t floor = ft_floor_f32(position);
  const int32_t lower = ft_clamp(floor, 0, size - 1);
  const int32_t ceil = (float)floor < position ? floor + 1 : floor;
  const ft_share share = {lower, ft_clamp(ceil, 0, size - 1), position - (float)lower};
  return share;
}

void ft_resize_bilinear_gradient_f32(const ft_resize *resize, const float *restrict rows,
                                     const float *restrict columns, const float *restrict gradient,
                                     float *restrict dx) {
  const ft_resize r = *resize;
  memset(dx, 0, (size_t)(r.in_height * r.in_width * r.channels) * sizeof *dx);
  for (int32_t y = 0; y < r.out_height; y++) {
    const ft_share v = ft_share_of(rows[y], r.in_height);
    float *above = dx + v.lower * r.in_width * r.channels;
    float *below = dx + v.upper * r.in_width * r.channels;
    for (int32_t x = 0; x < r.out_width; x++, gradient += r.channels) {
      const ft_share h = ft_share_of(columns[x], r.in_width);
      const int32_t left = h.lower * r.channels;
      const int32_t right = h.upper * r.channels;
      for (int32_t c = 0; c < r.channels; c++) {
        const float up = gradient[c] * (1.0f - v.weight);
        const float down = gradient[c] * v.weight;
        above[left + c] += up * (1.0f - h.weight);
        above[right + c] += up * h.weight;
        below[left + c] += down * (1.0f - h.weight);
        below[right + c] += down * h.weight;
      }
    }
  }
}
