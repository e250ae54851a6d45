/* The innermost loops of convolution on Armv7E-M, in assembly: the products and the requantisation of four
 * positions take every register there is, and compilers spill half of them. */
#ifndef FT_CONV_TILE_H
#define FT_CONV_TILE_H

#include "ft_dsp.h"

#ifdef FT_ARM_DSP

/* A tile holds the windows of `positions` output positions, widened to int16 less the zero point: for every
 * four elements, of each position in turn the pairs (0, 2) and (1, 3), the order in which SXTB16 takes
 * weights apart. It ends with a whole group of four elements, and what is not there is 0. */
typedef struct ft_tile_state {
  int32_t channel; /* the next one */
  int8_t *output;  /* of the first position */
  const int32_t *multiplier;
  const int8_t *shift;
  int32_t out_channels;
  int32_t nudge; /* of ft_requantise_twice */
  const int8_t *output_end;
  const int32_t *bias;
  const int32_t *tile, *tile_end;
  const int8_t *weights;
  int32_t step_back;  /* from the end of a row as it is read to the next row */
  uint32_t mask_bits; /* a byte of each position, the newest bit on top */
} ft_tile_state;

/* The offsets that the assembly has as numbers. */
typedef char ft_tile_state_is_as_expected[offsetof(ft_tile_state, output_end) == 24 &&
                                                  offsetof(ft_tile_state, bias) == 28 &&
                                                  offsetof(ft_tile_state, tile_end) == 36 &&
                                                  offsetof(ft_tile_state, step_back) == 44
                                              ? 1
                                              : -1];

/* Four elements of a row of weights (r7) with two positions (from r6), and with two more. */
#define FT_TILE_PAIR_OF_POSITIONS                                                                            \
  "ldr r5, [r7], #4\n\t"                                                                                     \
  "ldmia r6!, {r0, r1, r2, r3}\n\t"                                                                          \
  "sxtb16 r4, r5\n\t"                                                                                        \
  "sxtb16 r5, r5, ror #8\n\t"                                                                                \
  "smlad r9, r0, r4, r9\n\t"                                                                                 \
  "smlad r10, r2, r4, r10\n\t"                                                                               \
  "smlad r9, r1, r5, r9\n\t"                                                                                 \
  "smlad r10, r3, r5, r10\n\t"
#define FT_TILE_FOUR_POSITIONS                                                                               \
  FT_TILE_PAIR_OF_POSITIONS                                                                                  \
  "ldmia r6!, {r0, r1, r2, r3}\n\t"                                                                          \
  "smlad r11, r0, r4, r11\n\t"                                                                               \
  "smlad lr, r2, r4, lr\n\t"                                                                                 \
  "smlad r11, r1, r5, r11\n\t"                                                                               \
  "smlad lr, r3, r5, lr\n\t"

/* ft_requantise_twice in place; r2 and r3 are the scale, r5 is the nudge. */
#define FT_TILE_REQUANTISE(sum)                                                                              \
  "smmlar " sum ", " sum ", r2, " sum "\n\t"                                                                 \
  "add " sum ", " sum ", " sum ", asr #31\n\t"                                                               \
  "asr " sum ", " sum ", r3\n\t"                                                                             \
  "add " sum ", " sum ", r5\n\t"
#define FT_TILE_SATURATE(sum) "ssat " sum ", #8, " sum ", asr #1\n\t"
/* The same, with the mask's bit in r6. */
#define FT_TILE_SATURATE_AND_MASK(sum, bit)                                                                  \
  "ssat r2, #8, " sum ", asr #1\n\t"                                                                         \
  "cmp r2, " sum ", asr #1\n\t"                                                                              \
  "it eq\n\t"                                                                                                \
  "orreq r6, r6, #" bit "\n\t"                                                                               \
  "mov " sum ", r2\n\t"
#define FT_TILE_MASK_BEGIN                                                                                   \
  "ldr r6, [r12, #48]\n\t"                                                                                   \
  "lsr r6, r6, #1\n\t"                                                                                       \
  "and r6, r6, #0x7f7f7f7f\n\t"
#define FT_TILE_MASK_END                                                                                     \
  "str r6, [r12, #48]\n\t"                                                                                   \
  "ldr r6, [r12, #24]\n\t"

/* What follows the products of two and of four positions. */
#define FT_TILE_PLAIN2                                                                                       \
  FT_TILE_REQUANTISE("r9") FT_TILE_REQUANTISE("r10") FT_TILE_SATURATE("r9") FT_TILE_SATURATE("r10")
#define FT_TILE_PLAIN4                                                                                       \
  FT_TILE_PLAIN2 FT_TILE_REQUANTISE("r11") FT_TILE_REQUANTISE("lr") FT_TILE_SATURATE("r11")                  \
      FT_TILE_SATURATE("lr")
#define FT_TILE_MASKED2                                                                                      \
  FT_TILE_REQUANTISE("r9")                                                                                   \
  FT_TILE_REQUANTISE("r10")                                                                                  \
  FT_TILE_MASK_BEGIN FT_TILE_SATURATE_AND_MASK("r9", "0x80") FT_TILE_SATURATE_AND_MASK("r10", "0x8000")      \
      FT_TILE_MASK_END
#define FT_TILE_MASKED4                                                                                      \
  FT_TILE_REQUANTISE("r9")                                                                                   \
  FT_TILE_REQUANTISE("r10")                                                                                  \
  FT_TILE_REQUANTISE("r11")                                                                                  \
  FT_TILE_REQUANTISE("lr")                                                                                   \
  FT_TILE_MASK_BEGIN FT_TILE_SATURATE_AND_MASK("r9", "0x80") FT_TILE_SATURATE_AND_MASK("r10", "0x8000")      \
      FT_TILE_SATURATE_AND_MASK("r11", "0x800000") FT_TILE_SATURATE_AND_MASK("lr", "0x80000000")             \
          FT_TILE_MASK_END
#define FT_TILE_STORE2                                                                                       \
  "strb r9, [r1]\n\t"                                                                                        \
  "strb r10, [r1, r4]\n\t"
#define FT_TILE_STORE4                                                                                       \
  "add r2, r1, r4\n\t"                                                                                       \
  "strb r9, [r1]\n\t"                                                                                        \
  "strb r11, [r1, r4, lsl #1]\n\t"                                                                           \
  "strb r10, [r2]\n\t"                                                                                       \
  "strb lr, [r2, r4, lsl #1]\n\t"
#define FT_TILE_BIAS4                                                                                        \
  "mov r11, r9\n\t"                                                                                          \
  "mov lr, r9\n\t"
/* To the next row from where the reading of one by whole words ends. */
#define FT_TILE_STEP_BACK                                                                                    \
  "ldr r0, [r12, #44]\n\t"                                                                                   \
  "sub r7, r7, r0\n\t"

/* Channels from state->channel to where the output ends. */
#define FT_TILE_CHANNELS(bias, elements, next_row, finish, store)                                            \
  __asm__ volatile("ldr r0, [r12]\n\t"                                                                       \
                   "ldrd r8, r7, [r12, #36]\n"                                                               \
                   "1:\n\t"                                                                                  \
                   "ldrd r1, r6, [r12, #28]\n\t"                                                             \
                   "ldr r9, [r1, r0, lsl #2]\n\t"                                                            \
                   "mov r10, r9\n\t" bias "2:\n\t" elements "cmp r6, r8\n\t"                                 \
                   "bne 2b\n\t" next_row "ldm r12, {r0, r1, r2, r3, r4, r5, r6}\n\t"                         \
                   "ldr r2, [r2, r0, lsl #2]\n\t"                                                            \
                   "ldrsb r3, [r3, r0]\n\t"                                                                  \
                   "lsl r2, r2, #1\n\t"                                                                      \
                   "mvn r3, r3\n\t"                                                                          \
                   "add r0, r0, #1\n\t" finish store "add r1, r1, #1\n\t"                                    \
                   "strd r0, r1, [r12]\n\t"                                                                  \
                   "cmp r1, r6\n\t"                                                                          \
                   "bne 1b"                                                                                  \
                   : "+r"(state)                                                                             \
                   :                                                                                         \
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "lr", "cc",   \
                     "memory")

/* Of rows that are no multiple of eight elements, up to three codes behind each are read. */
static inline void ft_tile_run(ft_tile_state *in_memory, int32_t positions, int by_eights, int masked) {
  register ft_tile_state *state __asm__("r12") = in_memory;
  if (positions == 4 && by_eights && !masked)
    FT_TILE_CHANNELS(FT_TILE_BIAS4, FT_TILE_FOUR_POSITIONS FT_TILE_FOUR_POSITIONS, "", FT_TILE_PLAIN4,
                     FT_TILE_STORE4);
  else if (positions == 4 && by_eights)
    FT_TILE_CHANNELS(FT_TILE_BIAS4, FT_TILE_FOUR_POSITIONS FT_TILE_FOUR_POSITIONS, "", FT_TILE_MASKED4,
                     FT_TILE_STORE4);
  else if (positions == 4 && !masked)
    FT_TILE_CHANNELS(FT_TILE_BIAS4, FT_TILE_FOUR_POSITIONS, FT_TILE_STEP_BACK, FT_TILE_PLAIN4,
                     FT_TILE_STORE4);
  else if (positions == 4)
    FT_TILE_CHANNELS(FT_TILE_BIAS4, FT_TILE_FOUR_POSITIONS, FT_TILE_STEP_BACK, FT_TILE_MASKED4,
                     FT_TILE_STORE4);
  else if (by_eights && !masked)
    FT_TILE_CHANNELS("", FT_TILE_PAIR_OF_POSITIONS FT_TILE_PAIR_OF_POSITIONS, "", FT_TILE_PLAIN2,
                     FT_TILE_STORE2);
  else if (by_eights)
    FT_TILE_CHANNELS("", FT_TILE_PAIR_OF_POSITIONS FT_TILE_PAIR_OF_POSITIONS, "", FT_TILE_MASKED2,
                     FT_TILE_STORE2);
  else if (!masked)
    FT_TILE_CHANNELS("", FT_TILE_PAIR_OF_POSITIONS, FT_TILE_STEP_BACK, FT_TILE_PLAIN2, FT_TILE_STORE2);
  else
    FT_TILE_CHANNELS("", FT_TILE_PAIR_OF_POSITIONS, FT_TILE_STEP_BACK, FT_TILE_MASKED2, FT_TILE_STORE2);
}

/* Adds the products of a row of weights with two positions. */
static inline void ft_tile_add2(const int32_t *tile, const int32_t *tile_end, const int8_t *weights,
                                int32_t *sums) {
  register const int32_t *x __asm__("r6") = tile;
  register const int8_t *w __asm__("r7") = weights;
  register const int32_t *end __asm__("r8") = tile_end;
  register int32_t sum0 __asm__("r9") = sums[0], sum1 __asm__("r10") = sums[1];
  if (((tile_end - tile) & 7) == 0)
    __asm__ volatile("1:\n\t" FT_TILE_PAIR_OF_POSITIONS FT_TILE_PAIR_OF_POSITIONS "cmp r6, r8\n\t"
                     "bne 1b"
                     : "+r"(x), "+r"(w), "+r"(sum0), "+r"(sum1)
                     : "r"(end)
                     : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
  else
    __asm__ volatile("1:\n\t" FT_TILE_PAIR_OF_POSITIONS "cmp r6, r8\n\t"
                     "bne 1b"
                     : "+r"(x), "+r"(w), "+r"(sum0), "+r"(sum1)
                     : "r"(end)
                     : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
  sums[0] = sum0;
  sums[1] = sum1;
}
#endif

#endif
