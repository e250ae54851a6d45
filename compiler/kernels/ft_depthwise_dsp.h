/* Depthwise convolution on Armv7E-M: four channels at a time, whose weights are widened once for a row. */
#ifndef FT_DEPTHWISE_DSP_H
#define FT_DEPTHWISE_DSP_H

#include "ft_dsp.h"

#ifdef FT_ARM_DSP

/* Room for the weights of four channels: 7x7 taps. */
#define FT_LANES_WORDS 105

/* What four channels of a row need; the assembly knows the offsets. */
typedef struct ft_lanes {
  ft_scale scale[4];
  int32_t bias[4];
  int32_t tap_step; /* bytes from a tap to the next */
  int32_t offsets;
  const int32_t *weights, *weights_end;
  int8_t *output;
  int32_t output_step;
  const int8_t *output_end;
  int32_t nudge;
  uint8_t *mask;
  int32_t mask_step;
  uint32_t mask_others, mask_shift; /* the bits of the other channels in a byte, where these four begin */
  /* Of a window of which only some columns lie inside, in bytes: the weights before its taps and of its taps,
   * and what leads input and weights from there to where reading a whole row ends. */
  int32_t weights_before, weights_inside, input_rest, weights_rest;
  /* For each row of taps the pairs (0, 2) and (1, 3) of every tap, then the bytes from where reading the row
   * ends to the next one, or from the last row to the next position. */
  int32_t table[FT_LANES_WORDS];
} ft_lanes;

typedef char
    ft_lanes_are_as_expected[offsetof(ft_lanes, bias) == 32 && offsetof(ft_lanes, tap_step) == 48 &&
                                     offsetof(ft_lanes, weights) == 56 && offsetof(ft_lanes, output) == 64 &&
                                     offsetof(ft_lanes, output_end) == 72 && offsetof(ft_lanes, mask) == 80 &&
                                     offsetof(ft_lanes, mask_others) == 88 &&
                                     offsetof(ft_lanes, weights_before) == 96
                                 ? 1
                                 : -1];

/* In assembly, because the sums of four channels and what they take use every register: r0 input, r1 weights,
 * r2 tap_step, r3 offsets, r8 to r11 sums. */
#define FT_LANES_TAP(address)                                                                                \
  "ldr r4, [r0" address "]\n\t"                                                                              \
  "ldrd r6, r7, [r1], #8\n\t"                                                                                \
  "sxtab16 r5, r3, r4, ror #8\n\t"                                                                           \
  "sxtab16 r4, r3, r4\n\t"                                                                                   \
  "smlabb r8, r4, r6, r8\n\t"                                                                                \
  "smlabb r9, r5, r7, r9\n\t"                                                                                \
  "smlatt r10, r4, r6, r10\n\t"                                                                              \
  "smlatt r11, r5, r7, r11\n\t"
#define FT_LANES_TWO_TAPS FT_LANES_TAP("") FT_LANES_TAP(", r2") "add r0, r0, r2, lsl #1\n\t"
#define FT_LANES_TAPS3 FT_LANES_TAP("") FT_LANES_TAP(", r2") FT_LANES_TAP(", r2, lsl #1")
#define FT_LANES_TAPS5 FT_LANES_TWO_TAPS FT_LANES_TAPS3
#define FT_LANES_TAPS7 FT_LANES_TWO_TAPS FT_LANES_TAPS5

#define FT_LANES_SOME_TAPS                                                                                   \
  "ldrd r4, lr, [r12, #96]\n\t"                                                                              \
  "add r1, r1, r4\n\t"                                                                                       \
  "add lr, lr, r1\n"                                                                                         \
  "3:\n\t" FT_LANES_TAP("") "add r0, r0, r2\n\t"                                                             \
                            "cmp r1, lr\n\t"                                                                 \
                            "bne 3b\n\t"                                                                     \
                            "ldrd r4, r5, [r12, #104]\n\t"                                                   \
                            "add r0, r0, r4\n\t"                                                             \
                            "add r1, r1, r5\n\t"                                                             \
                            "ldr lr, [r12, #60]\n\t"

#define FT_LANES_CODE(sum, place)                                                                            \
  "ssat " sum ", #8, " sum ", asr #1\n\t"                                                                    \
  "strb " sum ", [r2, #" place "]\n\t"
#define FT_LANES_CODES                                                                                       \
  FT_LANES_CODE("r8", "0") FT_LANES_CODE("r9", "1") FT_LANES_CODE("r10", "2") FT_LANES_CODE("r11", "3")
#define FT_LANES_CODE_AND_BIT(sum, place, bit)                                                               \
  "ssat r4, #8, " sum ", asr #1\n\t"                                                                         \
  "strb r4, [r2, #" place "]\n\t"                                                                            \
  "cmp r4, " sum ", asr #1\n\t"                                                                              \
  "it eq\n\t"                                                                                                \
  "orreq r5, r5, #" bit "\n\t"
#define FT_LANES_CODES_AND_MASK                                                                              \
  "mov r5, #0\n\t" FT_LANES_CODE_AND_BIT("r8", "0", "1") FT_LANES_CODE_AND_BIT("r9", "1", "2")               \
      FT_LANES_CODE_AND_BIT("r10", "2", "4")                                                                 \
          FT_LANES_CODE_AND_BIT("r11", "3", "8") "ldrd r6, r7, [r12, #80]\n\t"                               \
                                                 "ldrd r8, r9, [r12, #88]\n\t"                               \
                                                 "ldrb r4, [r6]\n\t"                                         \
                                                 "and r4, r4, r8\n\t"                                        \
                                                 "lsl r5, r5, r9\n\t"                                        \
                                                 "orr r4, r4, r5\n\t"                                        \
                                                 "strb r4, [r6]\n\t"                                         \
                                                 "add r6, r6, r7\n\t"                                        \
                                                 "str r6, [r12, #80]\n\t"

/* Positions until the output ends, all taps of which lie side by side inside of the picture. */
#define FT_LANES_POSITIONS(taps, codes)                                                                      \
  __asm__ volatile("1:\n\t"                                                                                  \
                   "add r7, r12, #32\n\t"                                                                    \
                   "ldm r7, {r8, r9, r10, r11}\n\t"                                                          \
                   "ldrd r2, r3, [r12, #48]\n\t"                                                             \
                   "ldrd r1, lr, [r12, #56]\n"                                                               \
                   "2:\n\t" taps "ldr r4, [r1], #4\n\t"                                                      \
                   "add r0, r0, r4\n\t"                                                                      \
                   "cmp r1, lr\n\t"                                                                          \
                   "bne 2b\n\t"                                                                              \
                   "ldm r12, {r1, r2, r3, r4, r5, r6, r7, lr}\n\t"                                           \
                   "smmlar r8, r8, r1, r8\n\t"                                                               \
                   "smmlar r9, r9, r3, r9\n\t"                                                               \
                   "smmlar r10, r10, r5, r10\n\t"                                                            \
                   "smmlar r11, r11, r7, r11\n\t"                                                            \
                   "ldr r1, [r12, #76]\n\t"                                                                  \
                   "add r8, r8, r8, asr #31\n\t"                                                             \
                   "add r9, r9, r9, asr #31\n\t"                                                             \
                   "add r10, r10, r10, asr #31\n\t"                                                          \
                   "add r11, r11, r11, asr #31\n\t"                                                          \
                   "asr r8, r8, r2\n\t"                                                                      \
                   "asr r9, r9, r4\n\t"                                                                      \
                   "asr r10, r10, r6\n\t"                                                                    \
                   "asr r11, r11, lr\n\t"                                                                    \
                   "ldrd r2, r3, [r12, #64]\n\t"                                                             \
                   "add r8, r8, r1\n\t"                                                                      \
                   "add r9, r9, r1\n\t"                                                                      \
                   "add r10, r10, r1\n\t"                                                                    \
                   "add r11, r11, r1\n\t" codes "ldr r4, [r12, #72]\n\t"                                     \
                   "add r2, r2, r3\n\t"                                                                      \
                   "str r2, [r12, #64]\n\t"                                                                  \
                   "cmp r2, r4\n\t"                                                                          \
                   "bne 1b"                                                                                  \
                   : "+r"(x), "+r"(state)                                                                    \
                   :                                                                                         \
                   : "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "lr", "cc",         \
                     "memory")

/* `input`: the first tap of the first position. taps: 3, 5, 7, or
 * anything else for what weights_before and the next fields say. */
static inline void ft_lanes_positions(ft_lanes *lanes, const int8_t *input, int32_t taps, int masked) {
  register const int8_t *x __asm__("r0") = input;
  register ft_lanes *state __asm__("r12") = lanes;
  if (taps == 3 && !masked)
    FT_LANES_POSITIONS(FT_LANES_TAPS3, FT_LANES_CODES);
  else if (taps == 3)
    FT_LANES_POSITIONS(FT_LANES_TAPS3, FT_LANES_CODES_AND_MASK);
  else if (taps == 5 && !masked)
    FT_LANES_POSITIONS(FT_LANES_TAPS5, FT_LANES_CODES);
  else if (taps == 5)
    FT_LANES_POSITIONS(FT_LANES_TAPS5, FT_LANES_CODES_AND_MASK);
  else if (taps == 7 && !masked)
    FT_LANES_POSITIONS(FT_LANES_TAPS7, FT_LANES_CODES);
  else if (taps == 7)
    FT_LANES_POSITIONS(FT_LANES_TAPS7, FT_LANES_CODES_AND_MASK);
  else if (!masked)
    FT_LANES_POSITIONS(FT_LANES_SOME_TAPS, FT_LANES_CODES);
  else
    FT_LANES_POSITIONS(FT_LANES_SOME_TAPS, FT_LANES_CODES_AND_MASK);
}

/* Whether ft_depthwise_lanes_row takes the four channels from `channel` on. */
static inline int ft_fits_lanes(const ft_window *w, const int32_t *multiplier, const int8_t *shift,
                                int32_t channel) {
  return w->in_channels == w->out_channels &&
         w->kernel_height * (2 * w->kernel_width + 1) <= FT_LANES_WORDS && w->act_min == -128 &&
         w->act_max == 127 && ((w->out_channels | channel) & 3) == 0 &&
         ft_all_ordinary(multiplier + channel, shift + channel, 4);
}

static inline void ft_load_lanes(const ft_window *w, const int8_t *weights, const int32_t *bias,
                                 const int32_t *multiplier, const int8_t *shift, ft_lanes *lanes) {
  int32_t *pairs = lanes->table;
  for (int32_t ky = 0; ky < w->kernel_height; ky++, pairs++)
    for (int32_t kx = 0; kx < w->kernel_width; kx++, weights += w->weight_channels, pairs += 2) {
      const int32_t codes = ft_load_word(weights);
      pairs[0] = ft_even_codes(codes);
      pairs[1] = ft_odd_codes(codes);
    }
  for (int32_t c = 0; c < 4; c++) {
    lanes->bias[c] = bias[c];
    lanes->scale[c] = ft_scale_of(multiplier[c], shift[c]);
  }
  lanes->tap_step = w->dilation_x * w->in_channels;
  lanes->offsets = ft_pair(-w->in_zero_point, -w->in_zero_point);
  lanes->output_step = w->out_channels;
  lanes->nudge = 2 * w->out_zero_point + 1;
}

/* A position all of whose taps lie outside. */
static inline void ft_lanes_of_bias(const ft_lanes *lanes, int8_t *output, uint8_t *mask, uint32_t bit) {
  uint32_t bits = 0;
  for (int32_t c = 0; c < 4; c++) {
    const int32_t twice = ft_requantise_twice(lanes->bias[c], lanes->scale[c], lanes->nudge);
    const int32_t code = ft_saturate_half(twice);
    output[c] = (int8_t)code;
    bits |= (uint32_t)(code == twice >> 1) << c;
  }
  if (mask != NULL) {
    uint8_t *byte = mask + (bit >> 3);
    *byte = (uint8_t)((bit & 4) == 0 ? (*byte & 0xf0u) | bits : (*byte & 0x0fu) | bits << 4);
  }
}

/* Row y of four channels, the first of which is `channel`; input and out: channel 0 of the picture and of the
 * row. */
static __attribute__((noinline)) void ft_lanes_row(const ft_window *w, ft_lanes *lanes, const int8_t *input,
                                                   int8_t *out, uint8_t *mask, int32_t y, int32_t channel) {
  const int32_t channels = w->in_channels, row_size = w->in_width * channels;
  const int32_t top = y * w->stride_y - w->pad_top;
  const ft_range ky = ft_taps_inside(top, w->kernel_height, w->dilation_y, w->in_height);
  const int32_t first = ft_ring_row(top + ky.begin * w->dilation_y, w->in_rows);
  /* Rows until the ring begins anew. */
  const int32_t rows = ft_min(ky.end - ky.begin, ft_divide_up(w->in_rows - first, w->dilation_y));
  const int32_t others = ky.end - ky.begin - rows;
  const int32_t again = others > 0 ? first + rows * w->dilation_y - w->in_rows : 0;
  const int32_t pitch = 2 * w->kernel_width + 1;
  /* What reading a row of taps does not advance the input by. */
  const int32_t read = (w->kernel_width - 3) * lanes->tap_step;
  int32_t *step = lanes->table + ky.begin * pitch + pitch - 1;
  for (int32_t k = 1; k < rows + others; k++, step += pitch)
    *step = (k == rows ? again - first - (rows - 1) * w->dilation_y : w->dilation_y) * row_size - read;
  const int32_t last = others > 0 ? again + (others - 1) * w->dilation_y : first + (rows - 1) * w->dilation_y;
  if (rows > 0)
    *step = (first - last) * row_size + w->stride_x * channels - read;
  lanes->weights = lanes->table + ky.begin * pitch;
  lanes->weights_end = step + 1;

  /* Positions all of whose columns lie inside. */
  const int32_t last_column = (w->kernel_width - 1) * w->dilation_x - w->pad_left;
  const ft_range inner = {ft_windows_inside(-w->pad_left, w->stride_x, w->out_width, w->in_width).begin,
                          ft_windows_inside(last_column, w->stride_x, w->out_width, w->in_width).end};
  const int usual = w->kernel_width == 3 || w->kernel_width == 5 || w->kernel_width == 7;
  uint32_t bit = (uint32_t)(y * w->out_width * channels + channel);
  input += channel + first * row_size;
  out += channel;
  int32_t count = 1;
  for (int32_t x = 0; x < w->out_width; x += count, bit += (uint32_t)(count * channels)) {
    const int32_t left = x * w->stride_x - w->pad_left;
    const ft_range kx = ft_taps_inside(left, w->kernel_width, w->dilation_x, w->in_width);
    const int32_t taps = kx.end - kx.begin;
    const int whole = usual && taps == w->kernel_width;
    /* The mask's bits of neighbouring positions lie alike only if channels are whole bytes. */
    count = whole && (mask == NULL || (channels & 7) == 0) ? inner.end - x : 1;
    lanes->output = out;
    out += count * channels;
    lanes->output_end = out;
    if (taps == 0 || rows == 0) {
      ft_lanes_of_bias(lanes, lanes->output, mask, bit);
      continue;
    }
    if (mask != NULL) {
      lanes->mask_shift = bit & 4u;
      lanes->mask_others = 0xf0u >> lanes->mask_shift;
      lanes->mask = mask + (bit >> 3);
      lanes->mask_step = channels >> 3;
    }
    lanes->weights_before = 8 * kx.begin;
    lanes->weights_inside = 8 * taps;
    lanes->input_rest = read - taps * lanes->tap_step;
    lanes->weights_rest = 8 * (w->kernel_width - kx.end);
    ft_lanes_positions(lanes, input + (left + kx.begin * w->dilation_x) * channels,
                       whole ? w->kernel_width : 0, mask != NULL);
  }
}

/* Rows of four channels; weights: the first channel's. */
static __attribute__((noinline)) void
ft_depthwise_lanes_rows(const ft_window *w, const int8_t *input, const int8_t *weights, const int32_t *bias,
                        const int32_t *multiplier, const int8_t *shift, int8_t *output, uint8_t *mask,
                        int32_t row_begin, int32_t row_end, int32_t channel) {
  ft_lanes lanes;
  ft_load_lanes(w, weights, bias + channel, multiplier + channel, shift + channel, &lanes);
  for (int32_t y = row_begin; y < row_end; y++)
    ft_lanes_row(w, &lanes, input, output + ft_ring_row(y, w->out_rows) * w->out_width * w->out_channels,
                 mask, y, channel);
}
#endif

#endif
