/* One step of one trained weight, for each way of holding it. `step` is in units of the code. */
#ifndef FT_UPDATE_H
#define FT_UPDATE_H

#include "ft_arithmetic.h"

/* The code that runs, of a weight held in 256ths of a code. */
static inline int8_t ft_high_code(int16_t weight) {
  return (int8_t)ft_clamp((weight + 128) >> 8, -127, 127);
}

static inline int8_t ft_step_s8(int8_t weight, float step) {
  return (int8_t)ft_round_f32(ft_clamp_f32((float)weight - step, -127.0f, 127.0f));
}

/* The weight is held in 256ths of a code. */
static inline int16_t ft_step_s16(int16_t weight, float step) {
  return (int16_t)ft_round_f32(ft_clamp_f32((float)weight - 256.0f * step, -32512.0f, 32512.0f));
}

/* The weight is whole, so floor(w - step + r) = w + floor(r - step), which keeps what a sum with w would
 * round off. */
static inline int8_t ft_step_stochastic_s8(int8_t weight, float step, uint32_t bits) {
  const int32_t moved = weight + ft_floor_f32(ft_clamp_f32(ft_uniform(bits) - step, -512.0f, 512.0f));
  return (int8_t)(step == step ? ft_clamp(moved, -127, 127) : 0);
}

#endif
