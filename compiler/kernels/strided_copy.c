#include <string.h>

#include "ft_kernels.h"
#include "ft_walk.h"

void ft_strided_copy_s8(const ft_strides *strides, const int8_t *restrict input, int8_t *restrict output) {
  const ft_strides s = *strides;
  const int32_t count = s.shape[FT_OUTER];
  const int32_t from = s.first[FT_OUTER];
  const int32_t to = s.second[FT_OUTER];
  ft_walk walk = {{0}, 0, 0};
  do {
    const int8_t *in = input + walk.first;
    int8_t *out = output + walk.second;
    if (from == 1 && to == 1)
      memcpy(out, in, (size_t)count);
    else
      for (int32_t i = 0; i < count; i++)
        out[i * to] = in[i * from];
  } while (ft_walk_next(&walk, &s));
}

void ft_strided_copy_f32(const ft_strides *strides, const float *restrict input, float *restrict output) {
  const ft_strides s = *strides;
  const int32_t count = s.shape[FT_OUTER];
  const int32_t from = s.first[FT_OUTER];
  const int32_t to = s.second[FT_OUTER];
  ft_walk walk = {{0}, 0, 0};
  do {
    const float *in = input + walk.first;
    float *out = output + walk.second;
    for (int32_t i = 0; i < count; i++)
      out[i * to] = in[i * from];
  } while (ft_walk_next(&walk, &s));
}

void ft_strided_sum_f32(const ft_strides *strides, const float *restrict input, float *restrict output) {
  const ft_strides s = *strides;
  const int32_t count = s.shape[FT_OUTER];
  const int32_t from = s.first[FT_OUTER];
  const int32_t to = s.second[FT_OUTER];
  ft_walk walk = {{0}, 0, 0};
  do {
    const float *in = input + walk.first;
    float *out = output + walk.second;
    for (int32_t i = 0; i < count; i++)
      out[i * to] += in[i * from];
  } while (ft_walk_next(&walk, &s));
}
