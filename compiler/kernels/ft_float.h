/* exp, log, sin and sqrt in float32 from IEEE and integer operations alone, so that they agree on every
 * target; libm does not, and a compiler without an FPU instruction calls it for sqrt. */
#ifndef FT_FLOAT_H
#define FT_FLOAT_H

#include <stdint.h>
#include <string.h>

#include "ft_arithmetic.h"

static inline uint32_t ft_float_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline float ft_float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Within 1 ulp on [-87, 88]. Below, 0: the results would be subnormal, and some FPUs flush these. Above,
 * exp(88). */
static inline float ft_exp_f32(float x) {
  if (x < -87.0f)
    return 0.0f;
  if (x > 88.0f)
    x = 88.0f;
  if (x != x)
    return x;
  /* x = n ln 2 + r; the high part of ln 2 has 11 bits, so that n * high is exact. */
  const int32_t n = ft_round_f32(x * 1.44269502f);
  const float r = (x - (float)n * 0.693359375f) - (float)n * -2.12194440e-4f;
  /* Taylor's series: |r| <= 0.347 leaves 5e-9 after the seventh power. */
  float sum = 1.98412698e-4f;
  sum = sum * r + 1.38888889e-3f;
  sum = sum * r + 8.33333333e-3f;
  sum = sum * r + 4.16666667e-2f;
  sum = sum * r + 1.66666667e-1f;
  sum = sum * r + 0.5f;
  sum = sum * (r * r) + r;
  return (sum + 1.0f) * ft_float_of((uint32_t)(n + 127) << 23);
}

/* Within 2 ulp for normal x > 0 (away from 1: absolutely within 1e-7 around it). */
static inline float ft_log_f32(float x) {
  const uint32_t bits = ft_float_bits(x);
  /* x = 2^n m, m in [sqrt(1/2), sqrt(2)); 0x3f3504f3 is sqrt(1/2). */
  const uint32_t offset = bits - UINT32_C(0x3f3504f3);
  const int32_t n = (int32_t)offset >> 23;
  const float m = ft_float_of((offset & UINT32_C(0x007fffff)) + UINT32_C(0x3f3504f3));
  /* log m = 2 atanh(s), s = (m - 1) / (m + 1), |s| <= 0.172: the series leaves 4e-9 after the ninth power. */
  const float f = m - 1.0f;
  const float s = f / (2.0f + f);
  const float z = s * s;
  float tail = 2.22222222e-1f;
  tail = tail * z + 2.85714286e-1f;
  tail = tail * z + 4.0e-1f;
  tail = tail * z + 6.66666667e-1f;
  const float log_m = s * 2.0f + s * (tail * z);
  return (float)n * 0.693359375f + ((float)n * -2.12194440e-4f + log_m);
}

/* sin(pi/2 u) for u in [0, 1/2], within 1 ulp: Taylor's series leaves 2e-9 after the ninth power. */
static inline float ft_sin_quarter_f32(float u) {
  const float y = u * 1.57079633f;
  const float z = y * y;
  float sum = 2.75573192e-6f;
  sum = sum * z - 1.98412698e-4f;
  sum = sum * z + 8.33333333e-3f;
  sum = sum * z - 1.66666667e-1f;
  return y + y * (z * sum);
}

/* The nearest float32 for x in [2^-126, 2^128); 0 below. Digit by digit: 25 bits of the root, of which the
 * last one rounds. It is never a tie, because the square of an odd number of 25 bits is none of the
 * radicands. */
static inline float ft_sqrt_f32(float x) {
  const uint32_t bits = ft_float_bits(x);
  const int32_t exponent = (int32_t)(bits >> 23) - 127;
  if (x < 0x1p-126f)
    return 0.0f;
  /* x = m 2^-23 2^even; m has 24 bits, or 25 where the exponent was odd. Its top pair of bits goes first. */
  const uint32_t odd = (uint32_t)exponent & 1u;
  uint32_t m = ((bits & UINT32_C(0x007fffff)) | UINT32_C(0x00800000)) << (7u + odd);
  uint32_t root = 0;
  uint32_t rest = 0;
  for (int32_t digit = 0; digit < 25; digit++) {
    rest = (rest << 2) | (m >> 30);
    m <<= 2;
    const uint32_t trial = (root << 2) | 1u;
    root <<= 1;
    if (rest >= trial) {
      rest -= trial;
      root |= 1u;
    }
  }
  /* The leading bit of the rounded root adds the 1 that is missing to the exponent's bias. */
  return ft_float_of(((root + 1u) >> 1) + ((uint32_t)((exponent - (int32_t)odd) / 2 + 126) << 23));
}

#endif
