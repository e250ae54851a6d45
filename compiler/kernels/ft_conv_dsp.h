/* Convolution as a product of matrices on Armv7E-M: the windows of a few positions, widened once, against all
 * rows of weights. */
#ifndef FT_CONV_DSP_H
#define FT_CONV_DSP_H

#include "ft_conv_tile.h"

#if defined(FT_ARM_DSP) && !defined(FT_ARM_MVE)

/* Stack for the widened windows: four positions of 120 elements, or two of 240. */
#define FT_TILE_WORDS 240

/* One position of a tile, from `count` codes. */
static inline int32_t *ft_tile_widen(const int8_t *codes, int32_t count, int32_t offsets, int32_t positions,
                                     int32_t *tile) {
  for (; count >= 4; count -= 4, codes += 4, tile += 2 * positions) {
    const int32_t word = ft_load_word(codes);
    tile[0] = ft_widen_even(offsets, word);
    tile[1] = ft_widen_odd(offsets, word);
  }
  if (count > 0) {
    const int32_t word = ft_load_part(codes, count);
    tile[0] = ft_widen_even(offsets, word) & (count > 2 ? -1 : 0xffff);
    tile[1] = ft_widen_odd(offsets, word) & (count > 1 ? 0xffff : 0);
  }
  return tile;
}

/* A tile of the codes of positions `stride` codes apart, `count` of each: a multiple of four. */
static inline void ft_tile_copy(const int8_t *codes, int32_t stride, int32_t count, int32_t offsets,
                                int32_t positions, int32_t *tile) {
  for (const int8_t *end = codes + count; codes < end; codes += 4)
    for (int32_t p = 0; p < positions; p++, tile += 2) {
      const int32_t word = ft_load_word(codes + p * stride);
      tile[0] = ft_widen_even(offsets, word);
      tile[1] = ft_widen_odd(offsets, word);
    }
}

/* Copies by words, which may be unaligned. */
static inline int8_t *ft_copy_codes(const int8_t *codes, int32_t count, int8_t *to) {
  for (; count >= 4; count -= 4, codes += 4, to += 4)
    memcpy(to, codes, 4);
  for (; count > 0; count--)
    *to++ = *codes++;
  return to;
}

static inline int8_t *ft_fill_codes(int32_t code, int32_t count, int8_t *to) {
  for (; count > 0; count--)
    *to++ = (int8_t)code;
  return to;
}

/* The same by words alone, so that up to three codes too many are read and written. In assembly, since
 * compilers make long preparations of so short a loop. */
static inline void ft_copy_words(const int8_t *codes, int32_t count, int8_t *to) {
  const int8_t *end = codes + count;
  int32_t word;
  __asm__ volatile("1:\n\t"
                   "ldr %[word], [%[from]], #4\n\t"
                   "str %[word], [%[to]], #4\n\t"
                   "cmp %[from], %[end]\n\t"
                   "bcc 1b"
                   : [from] "+r"(codes), [to] "+r"(to), [word] "=&r"(word)
                   : [end] "r"(end)
                   : "cc", "memory");
}

/* Whether the windows of positions [x, x + positions) of row y lie inside of the picture, in rows that follow
 * on each other. */
static inline int ft_tile_inside(const ft_window *w, int32_t y, int32_t x, int32_t positions) {
  const int32_t top = y * w->stride_y - w->pad_top, left = x * w->stride_x - w->pad_left;
  return top >= 0 && top + w->kernel_height <= w->in_height && left >= 0 &&
         left + (positions - 1) * w->stride_x + w->kernel_width <= w->in_width &&
         w->dilation_y * w->dilation_x == 1 && w->in_rows == w->in_height;
}

/* A tile of such windows, for channels that are no multiple of four. */
static __attribute__((noinline)) void ft_tile_gather_inside(const ft_window *w, const int8_t *input,
                                                            int32_t y, int32_t x, int32_t positions,
                                                            int32_t *tile, int8_t *bytes) {
  const int32_t channels = w->in_channels, row_size = w->in_width * channels;
  const int32_t width = w->kernel_width * channels, rows = w->kernel_height;
  const int32_t offsets = ft_pair(-w->in_zero_point, -w->in_zero_point);
  const int8_t *in =
      input + ((y * w->stride_y - w->pad_top) * w->in_width + x * w->stride_x - w->pad_left) * channels;
  for (int32_t p = 0; p < positions; p++, in += w->stride_x * channels) {
    const int8_t *row = in;
    int8_t *to = bytes;
    /* By whole words: what a row reads too much lies before the next row's end, and what it writes too much
     * that row overwrites, so that only the last row needs care. */
    for (int32_t ky = 1; ky < rows; ky++, row += row_size, to += width)
      ft_copy_words(row, width, to);
    ft_copy_codes(row, width, to);
    /* Constants let the compiler step through the tile with its stores. */
    if (positions == 4)
      ft_tile_widen(bytes, rows * width, offsets, 4, tile + 2 * p);
    else
      ft_tile_widen(bytes, rows * width, offsets, 2, tile + 2 * p);
  }
}

/* A window of which taps may lie outside of the picture, for channels that are no multiple of four. */
static inline void ft_gather_bytes(const ft_window *w, const int8_t *input, int32_t top, int32_t left,
                                   int8_t *bytes) {
  const int32_t channels = w->in_channels;
  const ft_range kx = ft_taps_inside(left, w->kernel_width, w->dilation_x, w->in_width);
  const int32_t run = w->dilation_x == 1 ? kx.end - kx.begin : 1;
  for (int32_t ky = 0; ky < w->kernel_height; ky++) {
    const int32_t y = top + ky * w->dilation_y;
    if (y < 0 || y >= w->in_height) {
      bytes = ft_fill_codes(w->in_zero_point, w->kernel_width * channels, bytes);
      continue;
    }
    const int8_t *in = input + (ft_ring_row(y, w->in_rows) * w->in_width + left) * channels;
    bytes = ft_fill_codes(w->in_zero_point, kx.begin * channels, bytes);
    for (int32_t k = kx.begin; k < kx.end; k += run)
      bytes = ft_copy_codes(in + k * w->dilation_x * channels, run * channels, bytes);
    bytes = ft_fill_codes(w->in_zero_point, (w->kernel_width - kx.end) * channels, bytes);
  }
}

/* Widens the window of output position (y, x) into a position of the tile; `bytes` is room for its codes. */
static __attribute__((noinline)) void ft_tile_gather(const ft_window *w, const int8_t *input, int32_t y,
                                                     int32_t x, int32_t positions, int32_t *tile,
                                                     int8_t *bytes) {
  const int32_t top = y * w->stride_y - w->pad_top, left = x * w->stride_x - w->pad_left;
  const int32_t channels = w->in_channels;
  const int32_t offsets = ft_pair(-w->in_zero_point, -w->in_zero_point);
  if ((channels & 3) != 0 && w->kernel_height * w->kernel_width > 1) {
    ft_gather_bytes(w, input, top, left, bytes);
    ft_tile_widen(bytes, w->kernel_height * w->kernel_width * channels, offsets, positions, tile);
    return;
  }
  for (int32_t ky = 0; ky < w->kernel_height; ky++) {
    const int32_t in_y = top + ky * w->dilation_y;
    const int8_t *row = input + ft_ring_row(ft_max(in_y, 0), w->in_rows) * w->in_width * channels;
    for (int32_t kx = 0; kx < w->kernel_width; kx++) {
      const int32_t in_x = left + kx * w->dilation_x;
      if (in_y >= 0 && in_y < w->in_height && in_x >= 0 && in_x < w->in_width)
        tile = ft_tile_widen(row + in_x * channels, channels, offsets, positions, tile);
      else
        for (int32_t c = 0; c < channels; c += 4, tile += 2 * positions)
          tile[0] = tile[1] = 0;
    }
  }
}

typedef struct ft_conv_layer {
  const int8_t *weights;
  const int32_t *bias, *multiplier;
  const int8_t *shift;
  int32_t row_size, channel_begin, channel_end;
  int32_t readable_end; /* channels of whose rows up to three codes too many may be read */
  int ordinary;         /* all channels of the range are */
} ft_conv_layer;

/* Where a tile's results go: the first position's code and mask bit of channel 0. */
typedef struct ft_tile_place {
  int8_t *output;
  uint8_t *mask;
  uint32_t bit;
} ft_tile_place;

/* One channel, whatever its scale and the codes allowed. */
static inline void ft_tile_channel(const ft_window *w, const ft_conv_layer *layer, const int32_t *tile,
                                   int32_t positions, int32_t channel, ft_tile_place place) {
  const int8_t *weights = layer->weights + (channel - layer->channel_begin) * layer->row_size;
  for (int32_t p = 0; p < positions; p++, tile += 2) {
    int32_t sum = layer->bias[channel];
    const int32_t *x = tile;
    for (int32_t i = 0; i < layer->row_size; i += 4, x += 2 * positions) {
      const int32_t word = ft_load_part(weights + i, layer->row_size - i);
      sum = ft_multiply_pairs(x[0], ft_even_codes(word), sum);
      sum = ft_multiply_pairs(x[1], ft_odd_codes(word), sum);
    }
    const int32_t value =
        ft_requantise_any(sum, layer->multiplier[channel], layer->shift[channel], w->out_zero_point);
    const int32_t code = ft_clamp(value, w->act_min, w->act_max);
    const int32_t element = p * w->out_channels + channel;
    place.output[element] = (int8_t)code;
    if (place.mask != NULL)
      ft_store_mask_bit(place.mask, place.bit + (uint32_t)element, value == code);
  }
}

/* All channels of the range. rest: room for a row of weights. */
static inline void ft_tile_outputs(const ft_window *w, const ft_conv_layer *layer, const int32_t *tile,
                                   int32_t *rest, int32_t positions, ft_tile_place place) {
  ft_tile_state state;
  state.multiplier = layer->multiplier;
  state.shift = layer->shift;
  state.bias = layer->bias;
  state.out_channels = w->out_channels;
  state.nudge = 2 * w->out_zero_point + 1;
  state.tile = tile;
  state.tile_end = rest;
  state.step_back = -layer->row_size & 3;
  const int all_codes = w->act_min == -128 && w->act_max == 127;
  for (int32_t c = layer->channel_begin; c < layer->channel_end;) {
    /* Eight channels of a position are a byte of mask. */
    const int32_t most = place.mask != NULL || !layer->ordinary ? 8 : layer->channel_end;
    const int32_t count = c < layer->readable_end ? ft_min(most, layer->readable_end - c) : 1;
    const int whole_bytes = count == 8 && ((w->out_channels | c) & 7) == 0;
    if (!all_codes || (place.mask != NULL && !whole_bytes) ||
        !(layer->ordinary || ft_all_ordinary(layer->multiplier + c, layer->shift + c, count))) {
      ft_tile_channel(w, layer, tile, positions, c++, place);
      continue;
    }
    state.channel = c;
    state.output = place.output + c;
    state.output_end = state.output + count;
    state.weights = layer->weights + (c - layer->channel_begin) * layer->row_size;
    if (c >= layer->readable_end) {
      ft_copy_codes(state.weights, layer->row_size, (int8_t *)rest);
      state.weights = (const int8_t *)rest;
    }
    ft_tile_run(&state, positions, (layer->row_size & 7) == 0, place.mask != NULL);
    if (place.mask != NULL)
      for (int32_t p = 0; p < positions; p++)
        place.mask[(place.bit + (uint32_t)(p * w->out_channels + c)) >> 3] =
            (uint8_t)(state.mask_bits >> (8 * p));
    c += count;
  }
}

/* A window of one position each, whole words of codes. */
static inline int ft_is_pointwise(const ft_window *w) {
  return w->kernel_height * w->kernel_width * w->stride_y * w->stride_x == 1 &&
         w->pad_top + w->pad_left == 0 && w->out_height <= w->in_height && w->out_width <= w->in_width &&
         (w->in_channels & 3) == 0;
}

/* Positions of a tile: 4, 2, or 0 where even two windows do not fit. Rows of weights and windows that are no
 * multiple of four take room for their codes as well. */
static inline int32_t ft_tile_positions(const ft_window *w) {
  const int32_t row_size = w->kernel_height * w->kernel_width * w->in_channels;
  const int32_t fours = ft_divide_up(row_size, 4);
  for (int32_t positions = 4; positions >= 2; positions -= 2)
    if (w->out_width >= positions && (2 * positions + ((w->in_channels & 3) != 0)) * fours <= FT_TILE_WORDS)
      return positions;
  return 0;
}

/* ft_conv_s8 by tiles of 2 or 4 positions. */
static __attribute__((noinline)) void
ft_conv_tiles(const ft_window *w, const int8_t *input, const int8_t *weights, const int32_t *bias,
              const int32_t *multiplier, const int8_t *shift, int8_t *output, uint8_t *mask,
              int32_t row_begin, int32_t row_end, int32_t channel_begin, int32_t channel_end) {
  const int32_t positions = ft_tile_positions(w);
  const int32_t row_size = w->kernel_height * w->kernel_width * w->in_channels;
  const int32_t tails = (row_size & 3) == 0 ? 0 : ft_divide_up(3, row_size);
  const int ordinary =
      ft_all_ordinary(multiplier + channel_begin, shift + channel_begin, channel_end - channel_begin);
  const ft_conv_layer layer = {weights,       bias,        multiplier,          shift,   row_size,
                               channel_begin, channel_end, channel_end - tails, ordinary};
  int32_t tile[FT_TILE_WORDS];
  const int32_t offsets = ft_pair(-w->in_zero_point, -w->in_zero_point);
  const int pointwise = ft_is_pointwise(w);
  int32_t *rest = tile + 2 * positions * ft_divide_up(row_size, 4);
  for (int32_t y = row_begin; y < row_end; y++) {
    int8_t *out = output + ft_ring_row(y, w->out_rows) * w->out_width * w->out_channels;
    const int8_t *in = input + ft_ring_row(y, w->in_rows) * w->in_width * w->in_channels;
    for (int32_t next = 0; next < w->out_width; next += positions) {
      /* The last tile may do positions again. */
      const int32_t x = ft_min(next, w->out_width - positions);
      const ft_tile_place place = {out + x * w->out_channels, mask,
                                   (uint32_t)((y * w->out_width + x) * w->out_channels)};
      if (pointwise)
        ft_tile_copy(in + x * w->in_channels, w->in_channels, w->in_channels, offsets, positions, tile);
      else if ((w->in_channels & 3) != 0 && ft_tile_inside(w, y, x, positions))
        ft_tile_gather_inside(w, input, y, x, positions, tile, (int8_t *)rest);
      else
        for (int32_t p = 0; p < positions; p++)
          ft_tile_gather(w, input, y, x + p, positions, tile + 2 * p, (int8_t *)rest);
      ft_tile_outputs(w, &layer, tile, rest, positions, place);
    }
  }
}

/* Channels done together where a tile does not hold whole rows: a tile is made anew for each of them. */
#define FT_LONG_CHANNELS 8

/* ft_conv_s8 of a 1x1 window whose rows are longer than a tile of two positions: part by part. */
static __attribute__((noinline)) void
ft_conv_long_rows(const ft_window *w, const int8_t *input, const int8_t *weights, const int32_t *bias,
                  const int32_t *multiplier, const int8_t *shift, int8_t *output, uint8_t *mask,
                  int32_t row_begin, int32_t row_end, int32_t channel_begin, int32_t channel_end) {
  const int32_t offsets = ft_pair(-w->in_zero_point, -w->in_zero_point), row_size = w->in_channels;
  int32_t tile[FT_TILE_WORDS];
  for (int32_t y = row_begin; y < row_end; y++)
    for (int32_t next = 0; next < w->out_width; next += 2) {
      const int32_t x = ft_min(next, w->out_width - 2);
      const int8_t *in = input + (ft_ring_row(y, w->in_rows) * w->in_width + x) * row_size;
      int8_t *out = output + (ft_ring_row(y, w->out_rows) * w->out_width + x) * w->out_channels;
      for (int32_t channel = channel_begin; channel < channel_end; channel += FT_LONG_CHANNELS) {
        const int32_t channels = ft_min(FT_LONG_CHANNELS, channel_end - channel);
        const int8_t *rows = weights + (channel - channel_begin) * row_size;
        int32_t sums[FT_LONG_CHANNELS][2];
        for (int32_t c = 0; c < channels; c++)
          sums[c][0] = sums[c][1] = bias[channel + c];
        for (int32_t i = 0; i < row_size; i += FT_TILE_WORDS) {
          const int32_t count = ft_min(FT_TILE_WORDS, row_size - i);
          ft_tile_copy(in + i, row_size, count, offsets, 2, tile);
          for (int32_t c = 0; c < channels; c++)
            ft_tile_add2(tile, tile + count, rows + c * row_size + i, sums[c]);
        }
        for (int32_t c = channel; c < channel + channels; c++)
          for (int32_t p = 0; p < 2; p++) {
            const int32_t value =
                ft_requantise_any(sums[c - channel][p], multiplier[c], shift[c], w->out_zero_point);
            const int32_t code = ft_clamp(value, w->act_min, w->act_max);
            out[p * w->out_channels + c] = (int8_t)code;
            if (mask != NULL)
              ft_store_mask_bit(mask, (uint32_t)((y * w->out_width + x + p) * w->out_channels + c),
                                value == code);
          }
      }
    }
}
#endif

#endif
