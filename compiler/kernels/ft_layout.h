/* Where things lie: windows over a picture, rings of rows, mask bits. */
#ifndef FT_LAYOUT_H
#define FT_LAYOUT_H

#include <stdint.h>

#include "ft_arithmetic.h"
#include "ft_kernels.h"

/* The paths that are written with intrinsics; all others are portable. */
#if defined(__wasm_simd128__)
#define FT_WASM_SIMD 1
#include <wasm_simd128.h>
#elif defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && defined(__OPTIMIZE__)
#define FT_ARM_DSP 1
#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)
#define FT_ARM_MVE 1
#endif
#endif

/* The portable way where another one is the rule: small, and with a stack of its own. */
#ifdef FT_ARM_DSP
#define FT_FALLBACK __attribute__((cold, noinline))
#else
#define FT_FALLBACK
#endif

/* Channels that a kernel works on at once, in accumulators of its own: two vectors where there is SIMD, what
 * fits into registers where there is none. Channels are independent, so the number does not change a result.
 */
#if defined(FT_WASM_SIMD) || defined(__SSE2__) || defined(__ARM_NEON)
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

/* One tap of a window: where it lies from the window's first coordinate less the padding, and the windows in
 * which it lies inside of the picture. */
typedef struct ft_tap {
  int32_t offset_y, offset_x;
  ft_range ys, xs;
} ft_tap;

static inline ft_tap ft_tap_of(const ft_window *w, int32_t ky, int32_t kx) {
  ft_tap tap = {ky * w->dilation_y - w->pad_top, kx * w->dilation_x - w->pad_left, {0, 0}, {0, 0}};
  tap.ys = ft_windows_inside(tap.offset_y, w->stride_y, w->out_height, w->in_height);
  tap.xs = ft_windows_inside(tap.offset_x, w->stride_x, w->out_width, w->in_width);
  return tap;
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

/* Rows that are finished together: all of them where the output does not lie in the input's memory, else one
 * after the other. */
static inline int32_t ft_rows_together(const ft_window *w, const int8_t *input, const int8_t *output,
                                       int32_t rows) {
  const uintptr_t in = (uintptr_t)input, out = (uintptr_t)output;
  const uintptr_t in_bytes = (uintptr_t)(w->in_rows * w->in_width * w->in_channels);
  const uintptr_t out_bytes = (uintptr_t)(w->out_rows * w->out_width * w->out_channels);
  return out + out_bytes <= in || in + in_bytes <= out ? rows : 1;
}

static inline int32_t ft_mask_bit(const uint8_t *mask, uint32_t bit) {
  return (mask[bit >> 3] >> (bit & 7u)) & 1;
}

static inline void ft_store_mask_bit(uint8_t *mask, uint32_t bit, int32_t value) {
  const uint32_t one = 1u << (bit & 7u);
  const uint32_t others = mask[bit >> 3] & ~one;
  mask[bit >> 3] = (uint8_t)(value ? others | one : others);
}

/* Clamps `count` values, writes their codes and, where a mask is wanted, their bits from `bit` on. */
static inline void ft_store_s8(const int32_t *values, int32_t count, int32_t act_min, int32_t act_max,
                               int8_t *output, uint8_t *mask, uint32_t bit) {
  const int whole_bytes = (bit & 7u) == 0;
  int32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    uint32_t byte = 0;
#ifdef FT_WASM_SIMD
    /* Values beyond 16 bits saturate, and stay out of range. */
    const v128_t wide = wasm_i16x8_narrow_i32x4(wasm_v128_load(values + i), wasm_v128_load(values + i + 4));
    const v128_t low = wasm_i16x8_splat((int16_t)act_min), high = wasm_i16x8_splat((int16_t)act_max);
    const v128_t clamped = wasm_i16x8_min(wasm_i16x8_max(wide, low), high);
    wasm_v128_store64_lane(output + i, wasm_i8x16_narrow_i16x8(clamped, clamped), 0);
    byte = wasm_i16x8_bitmask(wasm_i16x8_eq(wide, clamped));
#else
    for (int32_t b = 0; b < 8; b++) {
      const int32_t clamped = ft_clamp(values[i + b], act_min, act_max);
      output[i + b] = (int8_t)clamped;
      byte |= (uint32_t)(values[i + b] == clamped) << b;
    }
#endif
    if (mask == NULL)
      continue;
    if (whole_bytes)
      mask[(bit + (uint32_t)i) >> 3] = (uint8_t)byte;
    else
      for (uint32_t b = 0; b < 8; b++)
        ft_store_mask_bit(mask, bit + (uint32_t)i + b, (int32_t)(byte >> b & 1u));
  }
  for (; i < count; i++) {
    const int32_t clamped = ft_clamp(values[i], act_min, act_max);
    output[i] = (int8_t)clamped;
    if (mask != NULL)
      ft_store_mask_bit(mask, bit + (uint32_t)i, values[i] == clamped);
  }
}

#endif
