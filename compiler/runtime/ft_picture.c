#include "ft_picture.h"

#include <stddef.h>

/* Two positions of the source that a target position lies between: low, low + 1 (or low, at the edge), and
 * the weight of the second out of 2 * target. */
typedef struct ft_sampling {
  int32_t low, high, weight;
} ft_sampling;

static ft_sampling ft_sampling_of(int32_t index, int32_t from, int32_t to) {
  const int32_t position = (2 * index + 1) * from - to;
  ft_sampling sampling = {0, 0, 0};
  if (position > 0) {
    sampling.low = position / (2 * to);
    sampling.weight = position % (2 * to);
  }
  if (sampling.low >= from - 1) {
    sampling.low = from - 1;
    sampling.weight = 0;
  }
  sampling.high = sampling.low + 1 < from ? sampling.low + 1 : sampling.low;
  return sampling;
}

/* 0 to 255 of `bits` bits: the value's upper bits again below it. */
static int32_t ft_widen(uint32_t value, uint32_t bits) {
  return (int32_t)((value << (8u - bits)) | (value >> (2u * bits - 8u)));
}

/* Red, green, blue of one pixel; of grey, three times the same. */
static void ft_pixel(const uint8_t *pixels, ft_pixels format, int32_t index, int32_t rgb[3]) {
  if (format == FT_RGB888) {
    for (int32_t c = 0; c < 3; c++)
      rgb[c] = pixels[3 * index + c];
  } else if (format == FT_GREY) {
    for (int32_t c = 0; c < 3; c++)
      rgb[c] = pixels[index];
  } else {
    const uint32_t first = pixels[2 * index], second = pixels[2 * index + 1];
    const uint32_t value = format == FT_RGB565 ? (second << 8) | first : (first << 8) | second;
    rgb[0] = ft_widen(value >> 11, 5u);
    rgb[1] = ft_widen((value >> 5) & 63u, 6u);
    rgb[2] = ft_widen(value & 31u, 5u);
  }
}

/* Rounds a fraction that is not negative, halves up. */
static int32_t ft_round(uint32_t numerator, uint32_t denominator) {
  return (int32_t)((numerator + denominator / 2u) / denominator);
}

static void ft_resample(const uint8_t *pixels, ft_pixels format, int32_t width, ft_sampling row,
                        ft_sampling column, int32_t row_unit, int32_t column_unit, int32_t rgb[3]) {
  int32_t corner[4][3];
  ft_pixel(pixels, format, row.low * width + column.low, corner[0]);
  ft_pixel(pixels, format, row.low * width + column.high, corner[1]);
  ft_pixel(pixels, format, row.high * width + column.low, corner[2]);
  ft_pixel(pixels, format, row.high * width + column.high, corner[3]);
  for (int32_t c = 0; c < 3; c++) {
    const uint32_t top =
        (uint32_t)(corner[0][c] * (column_unit - column.weight) + corner[1][c] * column.weight);
    const uint32_t bottom =
        (uint32_t)(corner[2][c] * (column_unit - column.weight) + corner[3][c] * column.weight);
    const uint32_t sum = top * (uint32_t)(row_unit - row.weight) + bottom * (uint32_t)row.weight;
    rgb[c] = ft_round(sum, (uint32_t)(row_unit * column_unit));
  }
}

void ft_picture_codes(const ft_picture *picture, const void *pixels, ft_pixels format, int32_t width,
                      int32_t height, int8_t *codes) {
  const int32_t same = width == picture->width && height == picture->height;
  int32_t next = 0;
  for (int32_t y = 0; y < picture->height; y++) {
    const ft_sampling row = ft_sampling_of(y, height, picture->height);
    for (int32_t x = 0; x < picture->width; x++) {
      int32_t rgb[3];
      if (same)
        ft_pixel((const uint8_t *)pixels, format, y * width + x, rgb);
      else
        ft_resample((const uint8_t *)pixels, format, width, row, ft_sampling_of(x, width, picture->width),
                    2 * picture->height, 2 * picture->width, rgb);
      if (picture->channels == 1 && format != FT_GREY)
        rgb[0] = ft_round((uint32_t)(299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2]), 1000u);
      for (int32_t c = 0; c < picture->channels; c++) {
        const uint32_t byte =
            picture->table != NULL ? picture->table[rgb[c]] : (uint32_t)rgb[c] ^ picture->flip;
        codes[next++] = (int8_t)(byte < 128u ? (int32_t)byte : (int32_t)byte - 256);
      }
    }
  }
}
