/* Sums of int8 products, the inner loops of the forward pass: modulo 2^32, so that the order does not matter.
 * Codes less the zero point fit 16 bits. */
#ifndef FT_DOT_H
#define FT_DOT_H

#include <stdint.h>

#include "ft_dsp.h"
#include "ft_layout.h"

#ifdef FT_ARM_DSP
#define FT_DOT_ROW(sum, row)                                                                                 \
  "ldr %[word], " row "\n\t"                                                                                 \
  "sxtb16 %[pair], %[word]\n\t"                                                                              \
  "sxtb16 %[word], %[word], ror #8\n\t"                                                                      \
  "smlad %[" sum "], %[even], %[pair], %[" sum "]\n\t"                                                       \
  "smlad %[" sum "], %[odd], %[word], %[" sum "]\n\t"

/* ft_dot4 for a multiple of four elements, at least four. In assembly, because it takes all registers, and
 * therefore a function of its own. */
static __attribute__((noinline)) void ft_dot4_words(const int8_t *input, const int8_t *weights,
                                                    int32_t row_size, int32_t count, int32_t zero_point,
                                                    uint32_t *sums) {
  uint32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
  const int8_t *end = input + count;
  int32_t even, odd, word, pair;
  __asm__ volatile(
      "1:\n\t"
      "ldr %[odd], [%[x]], #4\n\t"
      "sxtab16 %[even], %[offsets], %[odd]\n\t"
      "sxtab16 %[odd], %[offsets], %[odd], ror #8\n\t" FT_DOT_ROW(
          "s0", "[%[w]]") "add %[w], %[w], %[row]\n\t" FT_DOT_ROW("s2", "[%[w], %[row]]")
          FT_DOT_ROW("s3", "[%[w], %[row], lsl #1]")
              FT_DOT_ROW("s1", "[%[w]], #4") "sub %[w], %[w], %[row]\n\t"
                                             "cmp %[x], %[end]\n\t"
                                             "bne 1b"
      : [x] "+r"(input), [w] "+r"(weights), [s0] "+r"(sum0), [s1] "+r"(sum1), [s2] "+r"(sum2),
        [s3] "+r"(sum3), [even] "=&r"(even), [odd] "=&r"(odd), [word] "=&r"(word), [pair] "=&r"(pair)
      : [offsets] "r"(ft_pair(-zero_point, -zero_point)), [row] "r"(row_size), [end] "r"(end)
      : "cc", "memory");
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
}
#endif

/* sums[r] += sum of weights[r][i] * (input[i] - zero_point), for four rows of weights `row_size` apart, which
 * share the loads of the input. */
static inline void ft_dot4(const int8_t *input, const int8_t *weights, int32_t row_size, int32_t count,
                           int32_t zero_point, uint32_t *sums) {
  const int8_t *row0 = weights, *row1 = row0 + row_size, *row2 = row1 + row_size, *row3 = row2 + row_size;
#ifdef FT_WASM_SIMD
  const v128_t zero = wasm_i16x8_splat((int16_t)zero_point);
  v128_t sum0 = wasm_i32x4_const_splat(0), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  int32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const v128_t x = wasm_i16x8_sub(wasm_i16x8_load8x8(input + i), zero);
    sum0 = wasm_i32x4_add(sum0, wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(row0 + i), x));
    sum1 = wasm_i32x4_add(sum1, wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(row1 + i), x));
    sum2 = wasm_i32x4_add(sum2, wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(row2 + i), x));
    sum3 = wasm_i32x4_add(sum3, wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(row3 + i), x));
  }
  const v128_t pair01 =
      wasm_i32x4_add(wasm_i32x4_shuffle(sum0, sum1, 0, 4, 1, 5), wasm_i32x4_shuffle(sum0, sum1, 2, 6, 3, 7));
  const v128_t pair23 =
      wasm_i32x4_add(wasm_i32x4_shuffle(sum2, sum3, 0, 4, 1, 5), wasm_i32x4_shuffle(sum2, sum3, 2, 6, 3, 7));
  v128_t all = wasm_i32x4_add(wasm_i32x4_shuffle(pair01, pair23, 0, 1, 4, 5),
                              wasm_i32x4_shuffle(pair01, pair23, 2, 3, 6, 7));
  for (; i < count; i++)
    all = wasm_i32x4_add(all, wasm_i32x4_mul(wasm_i32x4_make(row0[i], row1[i], row2[i], row3[i]),
                                             wasm_i32x4_splat(input[i] - zero_point)));
  wasm_v128_store(sums, wasm_i32x4_add(wasm_v128_load(sums), all));
#else
  int32_t i = 0;
#ifdef FT_ARM_DSP
  i = count & ~3;
  if (i > 0)
    ft_dot4_words(input, weights, row_size, i, zero_point, sums);
#endif
  uint32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
  for (; i < count; i++) {
    const int32_t x = input[i] - zero_point;
    sum0 += (uint32_t)(row0[i] * x);
    sum1 += (uint32_t)(row1[i] * x);
    sum2 += (uint32_t)(row2[i] * x);
    sum3 += (uint32_t)(row3[i] * x);
  }
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
#endif
}

static inline void ft_dot1(const int8_t *input, const int8_t *weights, int32_t count, int32_t zero_point,
                           uint32_t *sum) {
  uint32_t total = sum[0];
  for (int32_t i = 0; i < count; i++)
    total += (uint32_t)(weights[i] * (input[i] - zero_point));
  sum[0] = total;
}

/* sums[c] += sum over taps of weights[tap][c] * (input[tap][c] - zero_point), for FT_BLOCK channels. Steps:
 * elements from one tap to the next. */
static inline void ft_multiply_taps(const int8_t *input, int32_t input_step, const int8_t *weights,
                                    int32_t weights_step, int32_t taps, int32_t zero_point, uint32_t *sums) {
#ifdef FT_WASM_SIMD
  const v128_t zero = wasm_i16x8_splat((int16_t)zero_point);
  v128_t sum0 = wasm_v128_load(sums), sum1 = wasm_v128_load(sums + 4);
  v128_t sum2 = wasm_v128_load(sums + 8), sum3 = wasm_v128_load(sums + 12);
  for (int32_t t = 0; t < taps; t++, input += input_step, weights += weights_step) {
    const v128_t x0 = wasm_i16x8_sub(wasm_i16x8_load8x8(input), zero);
    const v128_t x1 = wasm_i16x8_sub(wasm_i16x8_load8x8(input + 8), zero);
    const v128_t w0 = wasm_i16x8_load8x8(weights);
    const v128_t w1 = wasm_i16x8_load8x8(weights + 8);
    sum0 = wasm_i32x4_add(sum0, wasm_i32x4_extmul_low_i16x8(w0, x0));
    sum1 = wasm_i32x4_add(sum1, wasm_i32x4_extmul_high_i16x8(w0, x0));
    sum2 = wasm_i32x4_add(sum2, wasm_i32x4_extmul_low_i16x8(w1, x1));
    sum3 = wasm_i32x4_add(sum3, wasm_i32x4_extmul_high_i16x8(w1, x1));
  }
  wasm_v128_store(sums, sum0);
  wasm_v128_store(sums + 4, sum1);
  wasm_v128_store(sums + 8, sum2);
  wasm_v128_store(sums + 12, sum3);
#else
  uint32_t totals[FT_BLOCK];
  for (int32_t c = 0; c < FT_BLOCK; c++)
    totals[c] = sums[c];
  for (int32_t t = 0; t < taps; t++, input += input_step, weights += weights_step)
    for (int32_t c = 0; c < FT_BLOCK; c++)
      totals[c] += (uint32_t)(weights[c] * (input[c] - zero_point));
  for (int32_t c = 0; c < FT_BLOCK; c++)
    sums[c] = totals[c];
#endif
}

#endif
