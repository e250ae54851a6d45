/* What Armv8.1-M's integer vectors (Helium) do in one go, exactly as the portable code: Cortex-M55 and M85.
 */
#ifndef FT_MVE_H
#define FT_MVE_H

#include "ft_layout.h"

#ifdef FT_ARM_MVE
#include <arm_mve.h>

/* What requantising four channels takes; shifts to the left and to the right (negative). */
typedef struct ft_mve_scale {
  int32x4_t multiplier, left, right;
} ft_mve_scale;

static inline ft_mve_scale ft_mve_scale_of(int32x4_t multiplier, int32x4_t shift) {
  const int32x4_t none = vdupq_n_s32(0);
  const ft_mve_scale scale = {multiplier, vmaxq_s32(shift, none), vminq_s32(shift, none)};
  return scale;
}

/* ft_requantise. Vectors round halves upwards; a negative value less 1 sends them away from zero. There are
 * no halves where the shift is 0, and then its sign keeps the value as it is. In assembly, because compilers
 * keep the address of each factor rather than the factor. */
static inline int32x4_t ft_mve_requantise(int32x4_t sums, const ft_mve_scale *scale) {
  int32x4_t factor, nudge;
  __asm__("vldrw.32 %q[factor], [%[scale], #16]\n\t"
          "vshl.s32 %q[sums], %q[sums], %q[factor]\n\t"
          "vldrw.32 %q[factor], [%[scale]]\n\t"
          "vqrdmulh.s32 %q[sums], %q[sums], %q[factor]\n\t"
          "vldrw.32 %q[factor], [%[scale], #32]\n\t"
          "vand %q[nudge], %q[sums], %q[factor]\n\t"
          "vshr.s32 %q[nudge], %q[nudge], #31\n\t"
          "vqadd.s32 %q[sums], %q[sums], %q[nudge]\n\t"
          "vrshl.s32 %q[sums], %q[sums], %q[factor]"
          : [sums] "+w"(sums), [factor] "=&w"(factor), [nudge] "=&w"(nudge)
          : [scale] "r"(scale), "m"(*scale));
  return sums;
}

/* The same with one scale for all lanes; a compiler keeps its numbers in general registers. */
static inline int32x4_t ft_mve_requantise_all(int32x4_t sums, int32_t multiplier, int32_t shift) {
  const int32_t left = ft_max(shift, 0), right = ft_min(shift, 0);
  const int32x4_t high = vqrdmulhq_n_s32(vshlq_r_s32(sums, left), multiplier);
  const int32x4_t nudge = vshrq_n_s32(vandq_s32(high, vdupq_n_s32(right)), 31);
  return vrshlq_n_s32(vqaddq_s32(high, nudge), right);
}

/* Mask bits one by one, where they share a byte with others. */
static FT_FALLBACK void ft_mve_store_bits(uint8_t *mask, uint32_t bit, uint32_t count, uint32_t bits) {
  for (uint32_t b = 0; b < count; b++)
    ft_store_mask_bit(mask, bit + b, (int32_t)(bits >> b & 1u));
}

/* The bits of `count` values, up to four: whether they are as their codes. */
static inline void ft_mve_store_mask(uint8_t *mask, uint32_t bit, uint32_t count, int32x4_t values,
                                     int32x4_t codes) {
  static const uint32_t weights[] = {1, 2, 4, 8};
  const uint32_t bits = vaddvq_p_u32(vld1q_u32(weights), vcmpeqq_s32(values, codes));
  uint8_t *byte = mask + (bit >> 3);
  if ((bit & 3u) == 0 && count == 4)
    *byte = (uint8_t)((bit & 4u) == 0 ? (*byte & 0xf0u) | bits : (*byte & 0x0fu) | bits << 4);
  else
    ft_mve_store_bits(mask, bit, count, bits);
}

/* Copies whole vectors but for the last one. */
static inline int8_t *ft_mve_copy(const int8_t *codes, int32_t count, int8_t *to) {
  for (; count >= 16; count -= 16, codes += 16, to += 16)
    vst1q_s8(to, vld1q_s8(codes));
  const mve_pred16_t rest = vctp8q((uint32_t)count);
  vst1q_p_s8(to, vld1q_z_s8(codes, rest), rest);
  return to + count;
}

static inline int8_t *ft_mve_fill(int32_t code, int32_t count, int8_t *to) {
  const int8x16_t codes = vdupq_n_s8((int8_t)code);
  for (; count > 0; to += ft_min(count, 16), count -= 16)
    vst1q_p_s8(to, codes, vctp8q((uint32_t)count));
  return to;
}
#endif

#endif
