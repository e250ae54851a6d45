/* Gradients as block floating point: int16 mantissas with one float32 unit, a power of two, for a tensor.
 * Products and sums of mantissas are integers, so no order of work changes a result, and no target differs.
 */
#ifndef FT_BLOCK_FLOAT_H
#define FT_BLOCK_FLOAT_H

#include <string.h>

#include "ft_dsp.h"
#include "ft_float.h"

/* round(sum * multiplier / 2^32), halves upwards, saturated to int16. */
static inline int32_t ft_mantissa(int32_t sum, int32_t multiplier) {
#ifdef FT_ARM_DSP
  int32_t high;
  __asm__("smmulr %0, %1, %2\n\t"
          "ssat %0, #16, %0"
          : "=r"(high)
          : "r"(sum), "r"(multiplier));
  return high;
#else
  const int32_t high = (int32_t)(((int64_t)sum * multiplier + INT64_C(0x80000000)) >> 32);
  return ft_clamp(high, -32768, 32767);
#endif
}

/* What divides sums by `reach`, which is at least 2, in 2^-32. */
static inline int32_t ft_reach_multiplier(uint16_t reach) {
  return (int32_t)(UINT32_MAX / reach);
}

/* What a mantissa of channel c means; scale NULL: `unit` itself. */
static inline float ft_channel_unit(float unit, const float *scale, const uint16_t *reach, int32_t c) {
  return scale == NULL ? unit : unit * (scale[c] * (float)reach[c]);
}

/* `count` mask bits, at most 16, the first lowest; all ones where there is no mask. */
static inline uint32_t ft_mask_bits(const uint8_t *mask, uint32_t bit, int32_t count) {
  uint32_t bits = 0;
  if (mask == NULL)
    return 0xffffu;
  if ((bit & 7u) + (uint32_t)count <= 8)
    return (uint32_t)mask[bit >> 3] >> (bit & 7u);
  for (int32_t i = 0; i < count; i++)
    bits |= (uint32_t)ft_mask_bit(mask, bit + (uint32_t)i) << i;
  return bits;
}

/* `count` mantissas and which of them to keep, a bit each; the others become 0. */
static inline void ft_store_mantissas(int16_t *mantissas, const int32_t *sums, const int32_t *multiplier,
                                      uint32_t kept, int32_t count) {
#ifdef FT_ARM_DSP
  static const int32_t halves[4] = {0, 0xffff, -0x10000, -1};
  if (count == 4) {
    const int32_t low = ft_join_low(ft_mantissa(sums[0], multiplier[0]), ft_mantissa(sums[1], multiplier[1]));
    const int32_t high =
        ft_join_low(ft_mantissa(sums[2], multiplier[2]), ft_mantissa(sums[3], multiplier[3]));
    const int32_t words[2] = {low & halves[kept & 3u], high & halves[kept >> 2 & 3u]};
    memcpy(mantissas, words, sizeof words);
    return;
  }
#endif
  for (int32_t c = 0; c < count; c++)
    mantissas[c] = (int16_t)(kept >> c & 1u ? ft_mantissa(sums[c], multiplier[c]) : 0);
}

/* So many products of a mantissa and a code less its zero point add up to less than 2^31. */
#define FT_PRODUCTS_OF_SUM 256

/* Sums of int32 wait in memory that holds float32 when they are complete. */
static inline int32_t ft_load_sum(const float *place) {
  int32_t sum;
  memcpy(&sum, place, sizeof sum);
  return sum;
}

static inline void ft_store_sum(float *place, int32_t sum) {
  memcpy(place, &sum, sizeof sum);
}

#endif
