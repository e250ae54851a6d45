/* Integer requantisation, rounding, and random numbers: the one definition that every kernel shares. */
#ifndef FT_ARITHMETIC_H
#define FT_ARITHMETIC_H

#include <stddef.h>
#include <stdint.h>

static inline int32_t ft_min(int32_t a, int32_t b) {
  return a < b ? a : b;
}

static inline int32_t ft_max(int32_t a, int32_t b) {
  return a > b ? a : b;
}

static inline int32_t ft_clamp(int32_t value, int32_t low, int32_t high) {
  return value < low ? low : value > high ? high : value;
}

/* The reference adds in int32, which wraps where a dead channel holds a saturated bias. Modulo 2^32 the
 * result is the same, in any order of adding, and it is defined. */
static inline int32_t ft_wrapping_add(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t ft_wrapping_shift_left(int32_t value, int32_t bits) {
  return (int32_t)((uint32_t)value << bits);
}

/* gemmlowp's SaturatingRoundingDoublingHighMul: round(a * b / 2^31), halves upwards. Its sign-dependent nudge
 * before a truncating division comes to this floor. Its saturating case, both at -2^31, needs a negative
 * multiplier; there are none. */
static inline int32_t ft_high_multiply(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* gemmlowp's RoundingDivideByPOT: round(value / 2^exponent), halves away from zero; exponent in [0, 31]. */
static inline int32_t ft_rounding_shift_right(int32_t value, int32_t exponent) {
  const uint32_t low = (UINT32_C(1) << exponent) - 1;
  const uint32_t threshold = (low >> 1) + (value < 0 ? 1u : 0u);
  return (value >> exponent) + (((uint32_t)value & low) > threshold ? 1 : 0);
}

/* TFLite's MultiplyByQuantizedMultiplier with double rounding: value * multiplier / 2^31 * 2^shift. */
static inline int32_t ft_requantise(int32_t value, int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0;
  const int32_t right = shift > 0 ? 0 : -shift;
  return ft_rounding_shift_right(ft_high_multiply(ft_wrapping_shift_left(value, left), multiplier), right);
}

/* Clamped first, since the conversion of a float beyond int32 is undefined; a NaN becomes 0. */
static inline float ft_clamp_f32(float value, float low, float high) {
  const float below = value < high ? value : high;
  const float inside = below > low ? below : low;
  return value == value ? inside : 0.0f;
}

/* Half away from zero. Adding 0.5 instead would round 0.49999997 up; the remainder is exact. |value| < 2^31.
 */
static inline int32_t ft_round_f32(float value) {
  const int32_t whole = (int32_t)value;
  const float rest = value - (float)whole;
  return whole + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0);
}

/* |value| < 2^31 */
static inline int32_t ft_floor_f32(float value) {
  const int32_t whole = (int32_t)value;
  return whole - ((float)whole > value ? 1 : 0);
}

/* A bijection of 32 bits in which every input bit moves about half of the output bits. */
static inline uint32_t ft_mix(uint32_t bits) {
  bits ^= bits >> 16;
  bits *= UINT32_C(0x7feb352d);
  bits ^= bits >> 15;
  bits *= UINT32_C(0x846ca68b);
  bits ^= bits >> 16;
  return bits;
}

/* Counter-based random bits: a function of where the number is used, so that the order of work does not
 * matter. hash(seed, step, layer, index) = mix(mix(mix(mix(seed) + step) + layer) + index * 0x9e3779b9). The
 * key is the part that all weights of a layer share in one step. */
static inline uint32_t ft_hash_key(uint32_t seed, uint32_t step, uint32_t layer) {
  return ft_mix(ft_mix(ft_mix(seed) + step) + layer);
}

static inline uint32_t ft_hash(uint32_t key, uint32_t index) {
  return ft_mix(key + index * UINT32_C(0x9e3779b9));
}

/* [0, 1) in steps of 2^-24, each exact in float32. */
static inline float ft_uniform(uint32_t bits) {
  return (float)(bits >> 8) * 0x1p-24f;
}

#endif
