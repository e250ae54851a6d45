/* Products of int16 gradients and int8 weights over output channels: a matrix product, shared by the input
 * gradients of 1x1 windows. */
#ifndef FT_PAIRS_H
#define FT_PAIRS_H

#include "ft_block_float.h"
#include "ft_layout.h"

/* Positions done together share each load of weights. */
#define FT_PRODUCT_POSITIONS 4

typedef struct ft_matrix {
  int32_t outputs;         /* summed */
  int32_t gradient_stride; /* elements from a position to the next */
  int32_t weights_stride;  /* elements from an output's row to the next */
} ft_matrix;

/* sums[p][c] += sum over o of gradient[p][o] * weights[o][c] */
static inline void ft_matrix_products(const ft_matrix *s, const int16_t *restrict gradient,
                                      const int8_t *restrict weights, int32_t (*restrict sums)[FT_BLOCK],
                                      int32_t positions, int32_t channels) {
  for (int32_t o = 0; o < s->outputs; o++, weights += s->weights_stride)
    for (int32_t p = 0; p < positions; p++) {
      const int32_t g = gradient[p * s->gradient_stride + o];
      for (int32_t c = 0; c < channels; c++)
        sums[p][c] += g * weights[c];
    }
}

#ifdef FT_ARM_DSP
/* Outputs whose weights, of four channels, are widened at once: 768 bytes of stack. */
#define FT_PAIR_OUTPUTS 96

/* Of four channels the pairs of two rows each, a row after the other: pairs[rows / 2][4]. Each code plus a
 * half of `offsets`; `rows` is even. */
static inline void ft_widen_pairs(const int8_t *codes, int32_t stride, int32_t rows, int32_t offsets,
                                  int32_t *pairs) {
  for (int32_t r = 0; r < rows; r += 2, codes += 2 * stride, pairs += 4) {
    const int32_t first = ft_load_word(codes), second = ft_load_word(codes + stride);
    const int32_t even = ft_widen_even(offsets, first), odd = ft_widen_odd(offsets, first);
    const int32_t next_even = ft_widen_even(offsets, second), next_odd = ft_widen_odd(offsets, second);
    pairs[0] = ft_join_low(even, next_even);
    pairs[1] = ft_join_low(odd, next_odd);
    pairs[2] = ft_join_high(even, next_even);
    pairs[3] = ft_join_high(odd, next_odd);
  }
}

/* Two pairs of outputs: their weights, of four channels, and their gradients at one position. */
#define FT_PAIR_PRODUCTS                                                                                     \
  "ldrd r6, r7, [r9], #8\n\t"                                                                                \
  "ldmia r8!, {r2, r3, r4, r5}\n\t"                                                                          \
  "smlad r0, r2, r6, r0\n\t"                                                                                 \
  "smlad r1, r3, r6, r1\n\t"                                                                                 \
  "smlad r11, r4, r6, r11\n\t"                                                                               \
  "smlad r12, r5, r6, r12\n\t"                                                                               \
  "ldmia r8!, {r2, r3, r4, r5}\n\t"                                                                          \
  "smlad r0, r2, r7, r0\n\t"                                                                                 \
  "smlad r1, r3, r7, r1\n\t"                                                                                 \
  "smlad r11, r4, r7, r11\n\t"                                                                               \
  "smlad r12, r5, r7, r12\n\t"

#define FT_PAIR_LOOP(body)                                                                                   \
  __asm__ volatile("1:\n\t" body "cmp r8, r10\n\t"                                                           \
                   "bne 1b"                                                                                  \
                   : "+r"(weights), "+r"(place), "+r"(sum0), "+r"(sum1), "+r"(sum2), "+r"(sum3)              \
                   : "r"(end)                                                                                \
                   : "r2", "r3", "r4", "r5", "r6", "r7", "cc", "memory")

/* Adds the products of a multiple of four outputs at one position; the gradient lies at a whole word. */
static inline void ft_pair_products(const int16_t *gradient, const int32_t *pairs, int32_t outputs,
                                    int32_t *sums) {
  register const int32_t *weights __asm__("r8") = pairs;
  register const int16_t *place __asm__("r9") = gradient;
  register const int32_t *end __asm__("r10") = pairs + 2 * outputs;
  register int32_t sum0 __asm__("r0") = sums[0], sum1 __asm__("r1") = sums[1];
  register int32_t sum2 __asm__("r11") = sums[2], sum3 __asm__("r12") = sums[3];
  if ((outputs & 7) == 0)
    FT_PAIR_LOOP(FT_PAIR_PRODUCTS FT_PAIR_PRODUCTS);
  else
    FT_PAIR_LOOP(FT_PAIR_PRODUCTS);
  sums[0] = sum0;
  sums[1] = sum1;
  sums[2] = sum2;
  sums[3] = sum3;
}

/* Whether ft_pair_products does them. */
static inline int ft_pairs_fit(const ft_matrix *s, const int16_t *gradient) {
  return s->outputs > 0 && (s->outputs & 3) == 0 && (s->gradient_stride & 1) == 0 &&
         ((uintptr_t)gradient & 3u) == 0;
}
#endif

#endif
