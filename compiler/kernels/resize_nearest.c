#include <string.h>

#include "ft_kernels.h"
#include "ft_operators.h"

void ft_resize_nearest_s8(const ft_resize *resize, const uint16_t *restrict rows,
                          const uint16_t *restrict columns, const int8_t *restrict input,
                          int8_t *restrict output) {
  const ft_resize r = *resize;
  for (int32_t y = 0; y < r.out_height; y++)
    for (int32_t x = 0; x < r.out_width; x++, output += r.channels)
      memcpy(output, input + (rows[y] * r.in_width + columns[x]) * r.channels, (size_t)r.channels);
}

void ft_resize_nearest_gradient_f32(const ft_resize *resize, const uint16_t *restrict rows,
                                    const uint16_t *restrict columns, const float *restrict gradient,
                                    float *restrict dx) {
  const ft_resize r = *resize;
  memset(dx, 0, (size_t)(r.in_height * r.in_width * r.channels) * sizeof *dx);
  for (int32_t y = 0; y < r.out_height; y++)
    for (int32_t x = 0; x < r.out_width; x++, gradient += r.channels) {
      float *to = dx + (rows[y] * r.in_width + columns[x]) * r.channels;
      for (int32_t c = 0; c < r.channels; c++)
        to[c] += gradient[c];
    }
}
