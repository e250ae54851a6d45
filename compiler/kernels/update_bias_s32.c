#include "ft_arithmetic.h"
#include "ft_kernels.h"

static inline int32_t ft_moved_bias(int32_t bias, int32_t initial, float step) {
  /* 2147483520 is the largest float below 2^31. */
  const int64_t moved = (int64_t)bias - ft_round_f32(ft_clamp_f32(step, -2147483520.0f, 2147483520.0f));
  const int64_t start = initial < 0 ? -(int64_t)initial : initial;
  const int64_t limit = start > (INT64_C(1) << 30) ? start : INT64_C(1) << 30;
  const int64_t high = limit > INT32_MAX ? INT32_MAX : limit;
  return (int32_t)(moved < -limit ? -limit : moved > high ? high : moved);
}

void ft_update_bias_s32(int32_t *restrict bias, const int32_t *restrict initial,
                        const float *restrict gradient, const float *restrict factor,
                        const float *restrict rate, int32_t count) {
  for (int32_t i = 0; i < count; i++)
    if (factor[i] != 0.0f)
      bias[i] = ft_moved_bias(bias[i], initial[i], (rate[0] * factor[i]) * gradient[i]);
}

void ft_update_bias_scaled_s32(int32_t *restrict bias, const int32_t *restrict initial,
                               const float *restrict gradient, const float *restrict scale, float factor,
                               float least, const float *restrict rate, int32_t count) {
  const float of_all = rate[0] * factor;
  for (int32_t i = 0; i < count; i++)
    if (scale[i] >= least)
      bias[i] = ft_moved_bias(bias[i], initial[i], (of_all / (scale[i] * scale[i])) * gradient[i]);
}
