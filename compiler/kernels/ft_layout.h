/* Where things lie: windows over a picture, rings of rows, mask bits. */
#ifndef FT_LAYOUT_H
#define FT_LAYOUT_H

#include <stdint.h>

#include "ft_arithmetic.h"
#include "ft_kernels.h"

/* Channels that a kernel works on at once, in accumulators of its own: two vectors where there is SIMD, what
 * fits into registers where there is none. Channels are independent, so the number does not change a result.
 */
#if defined(__wasm_simd128__) || defined(__SSE2__) || defined(__ARM_NEON)
#define FT_BLOCK 16
#define FT_BLOCK_F32 8
#else
#define FT_BLOCK 4
#define FT_BLOCK_F32 4
#endif

typedef struct ft_range {
  int32_t begin, end;
} ft_range;

static inline int32_t ft_divide_up(int32_t value, int32_t divisor) {
  return (value + divisor - 1) / divisor;
}

static inline int32_t ft_ring_row(int32_t y, int32_t rows) {
  return y < rows ? y : y % rows;
}

/* Taps of a window that lie inside of the picture; its first tap is at coordinate `origin`. */
static inline ft_range ft_taps_inside(int32_t origin, int32_t kernel, int32_t dilation, int32_t size) {
  ft_range taps = {0, kernel};
  if (origin < 0)
    taps.begin = ft_divide_up(-origin, dilation);
  if (origin + (kernel - 1) * dilation >= size)
    taps.end = ft_divide_up(size - origin, dilation);
  taps.end = ft_max(taps.end, taps.begin);
  return taps;
}

/* Windows whose tap at `offset` from their origin (less the padding) lies inside of the picture. */
static inline ft_range ft_windows_inside(int32_t offset, int32_t stride, int32_t windows, int32_t size) {
  ft_range range = {0, windows};
  if (offset < 0)
    range.begin = ft_divide_up(-offset, stride);
  if (offset + (windows - 1) * stride >= size)
    range.end = ft_divide_up(size - offset, stride);
  range.end = ft_max(range.end, range.begin);
  return range;
}

/* The taps that read one coordinate of the picture, ascending, and the window that each belongs to. */
typedef struct ft_readers {
  int32_t count, tap, tap_step, window, window_step;
} ft_readers;

static inline ft_readers ft_readers_of(int32_t coordinate, int32_t padding, int32_t kernel, int32_t stride,
                                       int32_t dilation, int32_t windows) {
  ft_readers readers = {0, 0, 0, 0, 0};
  for (int32_t tap = 0; tap < kernel; tap++) {
    const int32_t distance = coordinate + padding - tap * dilation;
    if (distance < 0)
      break;
    if (distance % stride != 0 || distance / stride >= windows)
      continue;
    if (readers.count == 0) {
      readers.tap = tap;
      readers.window = distance / stride;
    } else if (readers.count == 1) {
      readers.tap_step = tap - readers.tap;
      readers.window_step = distance / stride - readers.window;
    }
    readers.count++;
  }
  return readers;
}

static inline int32_t ft_mask_bit(const uint8_t *mask, uint32_t bit) {
  return (mask[bit >> 3] >> (bit & 7u)) & 1;
}

/* Clamps `count` values, writes their codes and, where a mask is wanted, their bits from `bit` on. */
static inline void ft_store_s8(const int32_t *values, int32_t count, int32_t act_min, int32_t act_max,
                               int8_t *output, uint8_t *mask, uint32_t bit) {
  for (int32_t i = 0; i < count; i++)
    output[i] = (int8_t)ft_clamp(values[i], act_min, act_max);
  if (mask == NULL)
    return;
  int32_t i = 0;
  if ((bit & 7u) == 0) {
    for (; i + 8 <= count; i += 8) {
      uint32_t byte = 0;
      for (uint32_t b = 0; b < 8; b++)
        byte |= (uint32_t)(values[i + (int32_t)b] >= act_min && values[i + (int32_t)b] <= act_max) << b;
      mask[(bit + (uint32_t)i) >> 3] = (uint8_t)byte;
    }
  }
  for (; i < count; i++) {
    const uint32_t at = bit + (uint32_t)i;
    const uint32_t one = 1u << (at & 7u);
    const uint32_t others = mask[at >> 3] & ~one;
    mask[at >> 3] = (uint8_t)(values[i] >= act_min && values[i] <= act_max ? others | one : others);
  }
}

#endif
