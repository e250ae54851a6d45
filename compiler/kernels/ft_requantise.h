/* Requantisation of neighbouring elements: their factors are made once and serve many positions. */
#ifndef FT_REQUANTISE_H
#define FT_REQUANTISE_H

#include <stdint.h>

#include "ft_arithmetic.h"
#include "ft_layout.h"

/* The largest number of elements that are requantised at once. */
#define FT_REQUANTISE_LANES 16

typedef struct ft_requantiser {
  int32_t multiplier[FT_REQUANTISE_LANES];
  int32_t shift[FT_REQUANTISE_LANES];
  int32_t right_factor[FT_REQUANTISE_LANES]; /* 2^(30 + shift) */
  int ordinary;                              /* every shift is in [-30, 0], as in all but contrived layers */
} ft_requantiser;

/* `step` 1: factors of `count` channels; 0: the same factors for all. */
static inline void ft_prepare_requantiser(ft_requantiser *r, const int32_t *multiplier, const int32_t *shift,
                                          int32_t step, int32_t count) {
  r->ordinary = 1;
  for (int32_t c = 0; c < FT_REQUANTISE_LANES; c++) {
    r->multiplier[c] = c < count ? multiplier[c * step] : 0;
    r->shift[c] = c < count ? shift[c * step] : 0;
    if (r->shift[c] < -30 || r->shift[c] > 0)
      r->ordinary = 0;
    else
      r->right_factor[c] = 1 << (30 + r->shift[c]);
  }
}

#ifdef FT_WASM_SIMD
/* The factors' extension to 64 bits must not be moved out of a loop: it is free within an extending product,
 * and leaves a 64-bit product behind, for which x86 has no vector instruction. */
static inline v128_t ft_load_factors(const int32_t *factors) {
  v128_t loaded = wasm_v128_load(factors);
  __asm__ volatile("" : "+r"(loaded));
  return loaded;
}
#endif

/* values[c] = ft_requantise(sums[c], ...) + offset. The rounding shift is written as a product, since vectors
 * have no shift of each lane's own: (value * 2^(30 - e) + 2^29) >> 30, less 1 before the shift where the
 * value is negative, which sends its halves away from zero. Both shifts keep the low 32 bits, so that they
 * may be logical. */
static inline void ft_requantise_lanes(const ft_requantiser *r, const uint32_t *sums, int32_t lanes,
                                       int32_t offset, int32_t *values) {
  if (!r->ordinary) {
    for (int32_t c = 0; c < lanes; c++)
      values[c] = ft_wrapping_add(ft_requantise((int32_t)sums[c], r->multiplier[c], r->shift[c]), offset);
    return;
  }
#ifdef FT_WASM_SIMD
  const v128_t nudge31 = wasm_i64x2_const_splat(1 << 30);
  const v128_t nudge30 = wasm_i64x2_const_splat(1 << 29);
  for (int32_t c = 0; c < lanes; c += 4) {
    const v128_t sum = wasm_v128_load(sums + c);
    const v128_t multiplier = ft_load_factors(r->multiplier + c);
    const v128_t right = ft_load_factors(r->right_factor + c);
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
#else
  for (int32_t c = 0; c < lanes; c++) {
    const int64_t product = (int64_t)(int32_t)sums[c] * r->multiplier[c] + (INT64_C(1) << 30);
    const int32_t value = (int32_t)(uint32_t)((uint64_t)product >> 31);
    const int64_t shifted = (int64_t)value * r->right_factor[c] + (INT64_C(1) << 29) - (value < 0 ? 1 : 0);
    values[c] = ft_wrapping_add((int32_t)(uint32_t)((uint64_t)shifted >> 30), offset);
  }
#endif
}

#endif
