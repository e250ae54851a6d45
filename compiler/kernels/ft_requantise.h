/* Requantisation of neighbouring elements. */
#ifndef FT_REQUANTISE_H
#define FT_REQUANTISE_H

#include <stdint.h>

#include "ft_arithmetic.h"
#include "ft_layout.h"

typedef struct ft_requantiser {
  const int32_t *multiplier;
  const int8_t *shift;
  int32_t step; /* 1: factors of each channel; 0: the same factors for all elements */
#ifdef FT_WASM_SIMD
  int32_t multipliers[FT_BLOCK], right_factors[FT_BLOCK]; /* the latter 2^(30 + shift) */
  int ordinary;                                           /* every shift is in [-30, 0] */
#endif
} ft_requantiser;

static inline int32_t ft_requantise_lane(const ft_requantiser *r, int32_t lane, uint32_t sum,
                                         int32_t offset) {
  return ft_wrapping_add(ft_requantise((int32_t)sum, r->multiplier[lane * r->step], r->shift[lane * r->step]),
                         offset);
}

#ifdef FT_WASM_SIMD
static inline void ft_prepare_requantiser(ft_requantiser *r, const int32_t *multiplier, const int8_t *shift,
                                          int32_t step, int32_t count) {
  r->multiplier = multiplier;
  r->shift = shift;
  r->step = step;
  r->ordinary = 1;
  for (int32_t c = 0; c < FT_BLOCK; c++) {
    const int32_t bits = c < count ? shift[c * step] : 0;
    r->multipliers[c] = c < count ? multiplier[c * step] : 0;
    r->right_factors[c] = bits >= -30 && bits <= 0 ? 1 << (30 + bits) : 0;
    if (r->right_factors[c] == 0)
      r->ordinary = 0;
  }
}

/* The factors' extension to 64 bits must not be moved out of a loop: it is free within an extending product,
 * and leaves a 64-bit product behind, for which x86 has no vector instruction. */
static inline v128_t ft_load_factors(const int32_t *factors) {
  v128_t loaded = wasm_v128_load(factors);
  __asm__ volatile("" : "+r"(loaded));
  return loaded;
}

/* values[c] = ft_requantise(sums[c], ...) + offset; both arrays hold a multiple of four elements. The
 * rounding shift is written as a product, since vectors have no shift of each lane's own: (value * 2^(30 - e)
 * + 2^29) >> 30, less 1 before the shift where the value is negative, which sends its halves away from zero.
 * Both shifts keep the low 32 bits, so that they may be logical. */
static inline void ft_requantise_lanes(const ft_requantiser *r, const uint32_t *sums, int32_t count,
                                       int32_t offset, int32_t *values) {
  if (!r->ordinary) {
    for (int32_t c = 0; c < count; c++)
      values[c] = ft_requantise_lane(r, c, sums[c], offset);
    return;
  }
  const v128_t nudge31 = wasm_i64x2_const_splat(1 << 30);
  const v128_t nudge30 = wasm_i64x2_const_splat(1 << 29);
  for (int32_t c = 0; c < count; c += 4) {
    const v128_t sum = wasm_v128_load(sums + c);
    const v128_t multiplier = ft_load_factors(r->multipliers + c);
    const v128_t right = ft_load_factors(r->right_factors + c);
    const v128_t low = wasm_i64x2_add(wasm_i64x2_extmul_low_i32x4(sum, multiplier), nudge31);
    const v128_t high = wasm_i64x2_add(wasm_i64x2_extmul_high_i32x4(sum, multiplier), nudge31);
    const v128_t value = wasm_i32x4_shuffle(wasm_u64x2_shr(low, 31), wasm_u64x2_shr(high, 31), 0, 2, 4, 6);
    const v128_t sign = wasm_i32x4_shr(value, 31);
    const v128_t low_nudge = wasm_i64x2_add(wasm_i64x2_extend_low_i32x4(sign), nudge30);
    const v128_t high_nudge = wasm_i64x2_add(wasm_i64x2_extend_high_i32x4(sign), nudge30);
    const v128_t low_shifted = wasm_i64x2_add(wasm_i64x2_extmul_low_i32x4(value, right), low_nudge);
    const v128_t high_shifted = wasm_i64x2_add(wasm_i64x2_extmul_high_i32x4(value, right), high_nudge);
    const v128_t rounded =
        wasm_i32x4_shuffle(wasm_u64x2_shr(low_shifted, 30), wasm_u64x2_shr(high_shifted, 30), 0, 2, 4, 6);
    wasm_v128_store(values + c, wasm_i32x4_add(rounded, wasm_i32x4_splat(offset)));
  }
}
#else
static inline void ft_prepare_requantiser(ft_requantiser *r, const int32_t *multiplier, const int8_t *shift,
                                          int32_t step, int32_t count) {
  (void)count;
  r->multiplier = multiplier;
  r->shift = shift;
  r->step = step;
}

static inline void ft_requantise_lanes(const ft_requantiser *r, const uint32_t *sums, int32_t count,
                                       int32_t offset, int32_t *values) {
  for (int32_t c = 0; c < count; c++)
    values[c] = ft_requantise_lane(r, c, sums[c], offset);
}
#endif

#endif
