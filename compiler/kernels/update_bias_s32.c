#include "ft_arithmetic.h"
#include "ft_kernels.h"

void ft_update_bias_s32(int32_t *restrict bias, const int32_t *restrict initial,
                        const float *restrict gradient, const float *restrict factor,
                        const float *restrict rate, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    if (factor[i] == 0.0f)
      continue;
    const float step = (rate[0] * factor[i]) * gradient[i];
    /* 2147483520 is the largest float below 2^31. */
    const int64_t moved = (int64_t)bias[i] - ft_round_f32(ft_clamp_f32(step, -2147483520.0f, 2147483520.0f));
    const int64_t start = initial[i] < 0 ? -(int64_t)initial[i] : initial[i];
    const int64_t limit = start > (INT64_C(1) << 30) ? start : INT64_C(1) << 30;
    const int64_t high = limit > INT32_MAX ? INT32_MAX : limit;
    bias[i] = (int32_t)(moved < -limit ? -limit : moved > high ? high : moved);
  }
}
