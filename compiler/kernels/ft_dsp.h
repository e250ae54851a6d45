/* What Armv7E-M's DSP instructions do in one go, exactly as the portable code: Cortex-M4, M7, M33 and up. */
#ifndef FT_DSP_H
#define FT_DSP_H

#include "ft_layout.h"

#ifdef FT_ARM_DSP
#include <string.h>

/* Two int16 in a word, the first in the low half. */
static inline int32_t ft_pair(int32_t low, int32_t high) {
  return (int32_t)(((uint32_t)low & 0xffffu) | (uint32_t)high << 16);
}

static inline int32_t ft_load_word(const void *bytes) {
  int32_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

/* The first `count` codes of a word, 0 behind; nothing behind them is read. */
static inline int32_t ft_load_part(const int8_t *codes, int32_t count) {
  if (count >= 4)
    return ft_load_word(codes);
  uint32_t word = (uint8_t)codes[0];
  if (count > 1)
    word |= (uint32_t)(uint8_t)codes[1] << 8;
  if (count > 2)
    word |= (uint32_t)(uint8_t)codes[2] << 16;
  return (int32_t)word;
}

/* Elements 0 and 2, or 1 and 3, of four codes, each plus a half of `offsets`. */
static inline int32_t ft_widen_even(int32_t offsets, int32_t codes) {
  int32_t pair;
  __asm__("sxtab16 %0, %1, %2" : "=r"(pair) : "r"(offsets), "r"(codes));
  return pair;
}

static inline int32_t ft_widen_odd(int32_t offsets, int32_t codes) {
  int32_t pair;
  __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(pair) : "r"(offsets), "r"(codes));
  return pair;
}

/* The same pairs of codes as they are. */
static inline int32_t ft_even_codes(int32_t codes) {
  int32_t pair;
  __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(codes));
  return pair;
}

static inline int32_t ft_odd_codes(int32_t codes) {
  int32_t pair;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(codes));
  return pair;
}

/* The low halves of two words, or their high halves. */
static inline int32_t ft_join_low(int32_t low, int32_t high) {
  int32_t pair;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(low), "r"(high));
  return pair;
}

static inline int32_t ft_join_high(int32_t low, int32_t high) {
  int32_t pair;
  __asm__("pkhtb %0, %2, %1, asr #16" : "=r"(pair) : "r"(low), "r"(high));
  return pair;
}

/* sum + x.low * w.low + x.high * w.high, modulo 2^32. */
static inline int32_t ft_multiply_pairs(int32_t x, int32_t w, int32_t sum) {
  __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(w));
  return sum;
}

/* sum + a half of x * a half of w: both low, both high, or one of each. */
static inline int32_t ft_multiply_low(int32_t x, int32_t w, int32_t sum) {
  __asm__("smlabb %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(w));
  return sum;
}

static inline int32_t ft_multiply_high(int32_t x, int32_t w, int32_t sum) {
  __asm__("smlatt %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(w));
  return sum;
}

static inline int32_t ft_multiply_low_high(int32_t x, int32_t w, int32_t sum) {
  __asm__("smlabt %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(w));
  return sum;
}

static inline int32_t ft_multiply_high_low(int32_t x, int32_t w, int32_t sum) {
  __asm__("smlatb %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(w));
  return sum;
}

/* One channel's requantisation in five instructions with the clamp, for multipliers from 2^30 and shifts from
 * -31 to -2: all but those of dead channels and of scales above 1/4. */
typedef struct ft_scale {
  int32_t doubled; /* 2 * multiplier - 2^32 */
  int32_t shift;   /* to the right, less 1 */
} ft_scale;

static inline int ft_is_ordinary(int32_t multiplier, int32_t shift) {
  return multiplier >= INT32_C(0x40000000) && (uint32_t)(shift + 31) <= 29u;
}

static inline int ft_all_ordinary(const int32_t *multiplier, const int8_t *shift, int32_t count) {
  for (int32_t c = 0; c < count; c++)
    if (!ft_is_ordinary(multiplier[c], shift[c]))
      return 0;
  return 1;
}

static inline ft_scale ft_scale_of(int32_t multiplier, int32_t shift) {
  const ft_scale scale = {(int32_t)((uint32_t)multiplier << 1), -shift - 1};
  return scale;
}

/* ft_high_multiply: (value * 2^32 + value * doubled + 2^31) / 2^32, rounded down. */
static inline int32_t ft_high_doubled(int32_t value, int32_t doubled) {
  int32_t high;
  __asm__("smmlar %0, %1, %2, %1" : "=r"(high) : "r"(value), "r"(doubled));
  return high;
}

/* Twice the requantised sum plus `nudge`; half of it, rounded down, is ft_requantise + offset where nudge is
 * 2 * offset + 1. A negative product less 1 sends halves away from zero; shifting by all but one place first
 * leaves room for the nudge. */
static inline int32_t ft_requantise_twice(int32_t sum, ft_scale scale, int32_t nudge) {
  const int32_t high = ft_high_doubled(sum, scale.doubled);
  return ((high + (high >> 31)) >> scale.shift) + nudge;
}

static inline int32_t ft_requantise_any(int32_t sum, int32_t multiplier, int32_t shift, int32_t offset) {
  if (ft_is_ordinary(multiplier, shift))
    return ft_requantise_twice(sum, ft_scale_of(multiplier, shift), 2 * offset + 1) >> 1;
  return ft_wrapping_add(ft_requantise(sum, multiplier, shift), offset);
}

/* Half of the value, saturated to int8. */
static inline int32_t ft_saturate_half(int32_t twice) {
  int32_t code;
  __asm__("ssat %0, #8, %1, asr #1" : "=r"(code) : "r"(twice));
  return code;
}
#endif

#endif
