/* Depthwise convolution on Armv7E-M: four channels at a time, whose weights are widened once for a row. */
#ifndef FT_DEPTHWISE_DSP_H
#define FT_DEPTHWISE_DSP_H

#include "ft_dsp.h"

#if defined(FT_ARM_DSP) && !defined(FT_ARM_MVE)

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

/* `input`: the first tap of the first position. Functions of their own, since the assembly leaves no register
 * to what is around it. */
typedef void ft_lanes_function(ft_lanes *lanes, const int8_t *input);

#define FT_LANES_FUNCTION(name, taps, codes)                                                                 \
  static __attribute__((noinline)) void name(ft_lanes *lanes, const int8_t *input) {                         \
    register const int8_t *x __asm__("r0") = input;                                                          \
    register ft_lanes *state __asm__("r12") = lanes;                                                         \
    FT_LANES_POSITIONS(taps, codes);                                                                         \
  }
FT_LANES_FUNCTION(ft_lanes_some, FT_LANES_SOME_TAPS, FT_LANES_CODES)
FT_LANES_FUNCTION(ft_lanes_some_masked, FT_LANES_SOME_TAPS, FT_LANES_CODES_AND_MASK)
FT_LANES_FUNCTION(ft_lanes_3, FT_LANES_TAPS3, FT_LANES_CODES)
FT_LANES_FUNCTION(ft_lanes_3_masked, FT_LANES_TAPS3, FT_LANES_CODES_AND_MASK)
FT_LANES_FUNCTION(ft_lanes_5, FT_LANES_TAPS5, FT_LANES_CODES)
FT_LANES_FUNCTION(ft_lanes_5_masked, FT_LANES_TAPS5, FT_LANES_CODES_AND_MASK)
FT_LANES_FUNCTION(ft_lanes_7, FT_LANES_TAPS7, FT_LANES_CODES)
FT_LANES_FUNCTION(ft_lanes_7_masked, FT_LANES_TAPS7, FT_LANES_CODES_AND_MASK)

/* For positions of which `taps` columns lie inside: all of them, or 0 for what weights_before and the next
 * fields say. */
static inline ft_lanes_function *ft_lanes_for(int32_t taps, int masked) {
  switch (taps) {
  case 3:
    return masked ? ft_lanes_3_masked : ft_lanes_3;
  case 5:
    return masked ? ft_lanes_5_masked : ft_lanes_5;
  case 7:
    return masked ? ft_lanes_7_masked : ft_lanes_7;
  default:
    return masked ? ft_lanes_some_masked : ft_lanes_some;
  }
}

/* Neighbouring positions of a row that are done alike; the same in all rows and for all channels, in bytes.
 */
typedef struct ft_lanes_run {
  ft_lanes_function *function;   /* NULL: no column lies inside */
  int32_t input, output, length; /* the first column inside, the output and how long it is */
  int32_t columns[4];            /* weights_before and the next fields of ft_lanes */
} ft_lanes_run;

/* More runs than a window of 7 columns with the usual padding has. */
#define FT_LANES_RUNS 8

/* Splits a row into runs and says how many there are; 0: too many. Positions are alike if all columns are
 * inside. */
static inline int32_t ft_lanes_runs(const ft_window *w, int masked, ft_lanes_run *runs) {
  const int32_t channels = w->in_channels, taps = w->kernel_width;
  const int32_t last_column = (taps - 1) * w->dilation_x - w->pad_left;
  const int32_t inner_end = ft_windows_inside(last_column, w->stride_x, w->out_width, w->in_width).end;
  const int usual = taps == 3 || taps == 5 || taps == 7;
  int32_t count = 0, positions;
  for (int32_t x = 0; x < w->out_width; x += positions, count++) {
    if (count == FT_LANES_RUNS)
      return 0;
    const int32_t left = x * w->stride_x - w->pad_left;
    const ft_range kx = ft_taps_inside(left, taps, w->dilation_x, w->in_width);
    const int32_t inside = kx.end - kx.begin;
    const int whole = usual && inside == taps;
    positions = whole ? inner_end - x : 1;
    const ft_lanes_run run = {
        inside == 0 ? NULL : ft_lanes_for(whole ? taps : 0, masked),
        (left + kx.begin * w->dilation_x) * channels,
        x * channels,
        positions * channels,
        {8 * kx.begin, 8 * inside, (taps - 3 - inside) * w->dilation_x * channels, 8 * (taps - kx.end)}};
    runs[count] = run;
  }
  return count;
}

/* Whether ft_lanes_rows takes a layer's channels four by four. */
static inline int ft_fits_lanes(const ft_window *w, int32_t channel_begin, int32_t channel_end) {
  return w->in_channels == w->out_channels && ((w->out_channels | channel_begin | channel_end) & 3) == 0 &&
         w->kernel_height * (2 * w->kernel_width + 1) <= FT_LANES_WORDS && w->act_min == -128 &&
         w->act_max == 127;
}

/* What reading a row of taps does not advance the input by. */
static inline int32_t ft_lanes_read(const ft_window *w) {
  return (w->kernel_width - 3) * w->dilation_x * w->in_channels;
}

/* From where reading a row of taps ends to the row below. */
static inline int32_t ft_lanes_row_step(const ft_window *w) {
  return w->dilation_y * w->in_width * w->in_channels - ft_lanes_read(w);
}

/* Rows [begin, end) of taps; weights: of row 0. */
static inline void ft_load_lanes(const ft_window *w, int32_t begin, int32_t end, const int8_t *weights,
                                 const int32_t *bias, const int32_t *multiplier, const int8_t *shift,
                                 ft_lanes *lanes) {
  const int32_t step = w->weight_channels, row_step = ft_lanes_row_step(w);
  int32_t *pairs = lanes->table + begin * (2 * w->kernel_width + 1);
  weights += begin * w->kernel_width * step;
  for (int32_t ky = end - begin; ky > 0; ky--) {
    for (int32_t kx = w->kernel_width; kx > 0; kx--, weights += step, pairs += 2) {
      const int32_t codes = ft_load_word(weights);
      pairs[0] = ft_even_codes(codes);
      pairs[1] = ft_odd_codes(codes);
    }
    *pairs++ = row_step;
  }
  for (int32_t c = 0; c < 4; c++) {
    lanes->bias[c] = bias[c];
    lanes->scale[c] = ft_scale_of(multiplier[c], shift[c]);
  }
}

/* What one call of the kernel works on. */
typedef struct ft_lanes_layer {
  const int8_t *input;
  int8_t *output;
  uint8_t *mask;
  int32_t channels, run_count;
  /* Bytes of input and output from one call of a run's function to the next; 0: there is one call. The mask's
   * bits of neighbouring positions lie alike only if channels are whole bytes. */
  int32_t input_step, output_step;
  ft_lanes_run runs[FT_LANES_RUNS];
} ft_lanes_layer;

/* run_count is 0 where lanes do not fit. */
static inline void ft_prepare_layer(const ft_window *w, const int8_t *input, int8_t *output, uint8_t *mask,
                                    int32_t channel_begin, int32_t channel_end, ft_lanes_layer *layer) {
  const int alone = mask != NULL && (w->out_channels & 7) != 0;
  layer->input = input;
  layer->output = output;
  layer->mask = mask;
  layer->channels = w->out_channels;
  layer->input_step = alone ? w->stride_x * w->in_channels : 0;
  layer->output_step = alone ? w->out_channels : 0;
  layer->run_count =
      ft_fits_lanes(w, channel_begin, channel_end) ? ft_lanes_runs(w, mask != NULL, layer->runs) : 0;
}

/* Positions all of whose taps lie outside. */
static __attribute__((noinline)) void ft_lanes_of_bias(ft_lanes *lanes, int32_t channels, uint8_t *mask,
                                                       uint32_t bit) {
  for (int8_t *output = lanes->output; output < lanes->output_end;
       output += channels, bit += (uint32_t)channels) {
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
}

/* What a row's place in the picture decides, the same for all channels. */
typedef struct ft_lanes_place {
  int32_t input, output;   /* of the first row of taps inside and of the row's codes; elements */
  uint32_t bit;            /* of the mask */
  int32_t begin, end;      /* of the table; equal: no row of taps lies inside */
  int32_t last_step;       /* from the last row of taps to the next position */
  int32_t wrap, wrap_step; /* the place in the table of the step to where the ring begins anew; or 0 */
} ft_lanes_place;

/* Rows whose places are found at once, and which then share the widened weights. */
#define FT_LANES_ROWS 4

/* Returns the rows of taps that lie inside. */
static inline ft_range ft_place_lanes(const ft_window *w, int32_t y, ft_lanes_place *place) {
  const int32_t top = y * w->stride_y - w->pad_top, row_size = w->in_width * w->in_channels;
  const int32_t pitch = 2 * w->kernel_width + 1;
  const ft_range ky = ft_taps_inside(top, w->kernel_height, w->dilation_y, w->in_height);
  const int32_t first = ft_ring_row(top + ky.begin * w->dilation_y, w->in_rows);
  const int32_t over = first + (ky.end - 1 - ky.begin) * w->dilation_y - w->in_rows;
  place->input = first * row_size;
  place->output = ft_ring_row(y, w->out_rows) * w->out_width * w->out_channels;
  place->bit = (uint32_t)(y * w->out_width * w->out_channels);
  place->begin = ky.begin * pitch;
  place->end = ky.end * pitch;
  place->last_step = w->stride_x * w->in_channels - ft_lanes_read(w) -
                     ((over < 0 ? over + w->in_rows : over) - first) * row_size;
  place->wrap = 0;
  if (over >= 0 && place->begin < place->end) {
    place->wrap = (ky.begin + ft_divide_up(w->in_rows - first, w->dilation_y)) * pitch - 1;
    place->wrap_step = ft_lanes_row_step(w) - w->in_rows * row_size;
  }
  return ky;
}

/* A row of four channels, the first of which is `channel`. */
static inline void ft_lanes_row(const ft_lanes_layer *layer, const ft_lanes_place *place, ft_lanes *lanes,
                                int32_t channel) {
  const int8_t *row = layer->input + place->input + channel;
  const int32_t first = place->output + channel;
  const uint32_t first_bit = place->bit + (uint32_t)channel;
  const int inside = place->begin < place->end;
  const int32_t usual_step = lanes->table[place->end - 1];
  lanes->weights = lanes->table + place->begin;
  lanes->weights_end = lanes->table + place->end;
  if (inside)
    lanes->table[place->end - 1] = place->last_step;
  if (place->wrap > 0)
    lanes->table[place->wrap] = place->wrap_step;
  for (const ft_lanes_run *run = layer->runs, *end = run + layer->run_count; run < end; run++) {
    const int8_t *in = row + run->input;
    const int32_t step = layer->output_step > 0 ? layer->output_step : run->length;
    for (int32_t done = 0; done < run->length; done += step, in += layer->input_step) {
      const int32_t at = run->output + done;
      const uint32_t bit = first_bit + (uint32_t)at;
      lanes->output = layer->output + first + at;
      lanes->output_end = lanes->output + step;
      memcpy(&lanes->weights_before, run->columns, sizeof run->columns);
      if (layer->mask != NULL) {
        lanes->mask_shift = bit & 4u;
        lanes->mask_others = 0xf0u >> lanes->mask_shift;
        lanes->mask = layer->mask + (bit >> 3);
      }
      if (run->function != NULL && inside)
        run->function(lanes, in);
      else
        ft_lanes_of_bias(lanes, layer->channels, layer->mask, bit);
    }
  }
  if (place->wrap > 0)
    lanes->table[place->wrap] = usual_step;
  if (inside)
    lanes->table[place->end - 1] = usual_step;
}

/* Rows of all channels, four by four, of which those that are not ordinary are left to `other`. */
typedef void ft_lanes_fallback(const ft_window *w, const int8_t *input, const int8_t *weights,
                               const int32_t *bias, const int32_t *multiplier, const int8_t *shift,
                               int8_t *out, uint8_t *mask, int32_t y, int32_t channel, int32_t count);

static __attribute__((noinline)) void ft_lanes_rows(const ft_window *w, const ft_lanes_layer *layer,
                                                    const int8_t *weights, const int32_t *bias,
                                                    const int32_t *multiplier, const int8_t *shift,
                                                    int32_t row_begin, int32_t row_end, int32_t channel_begin,
                                                    int32_t channel_end, ft_lanes_fallback *other) {
  ft_lanes lanes;
  ft_lanes_place places[FT_LANES_ROWS];
  lanes.tap_step = w->dilation_x * w->in_channels;
  lanes.offsets = ft_pair(-w->in_zero_point, -w->in_zero_point);
  lanes.output_step = w->out_channels;
  lanes.nudge = 2 * w->out_zero_point + 1;
  lanes.mask_step = w->out_channels >> 3;
  for (int32_t begin = row_begin; begin < row_end; begin += FT_LANES_ROWS) {
    const int32_t rows = ft_min(FT_LANES_ROWS, row_end - begin);
    ft_range ky = {w->kernel_height, 0};
    for (int32_t r = 0; r < rows; r++) {
      const ft_range inside = ft_place_lanes(w, begin + r, places + r);
      ky.begin = ft_min(ky.begin, inside.begin);
      ky.end = ft_max(ky.end, inside.end);
    }
    const int8_t *taps = weights;
    for (int32_t channel = channel_begin; channel < channel_end; channel += 4, taps += 4) {
      if (!ft_all_ordinary(multiplier + channel, shift + channel, 4)) {
        for (int32_t r = 0; r < rows; r++)
          other(w, layer->input, taps, bias, multiplier, shift, layer->output + places[r].output, layer->mask,
                begin + r, channel, 4);
        continue;
      }
      ft_load_lanes(w, ky.begin, ky.end, taps, bias + channel, multiplier + channel, shift + channel, &lanes);
      for (int32_t r = 0; r < rows; r++)
        ft_lanes_row(layer, places + r, &lanes, channel);
    }
  }
}
#endif

#endif
