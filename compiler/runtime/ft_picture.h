/* From a camera's picture to the codes of a model's input, bit for bit as Firmtune's simulator makes them
 * from a file of the same pixels. One file for all models of a firmware; integers only, no memory of its own.
 */
#ifndef FT_PICTURE_H
#define FT_PICTURE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How pixels lie in memory, row after row without gaps. */
typedef enum ft_pixels {
  FT_GREY = 0,          /* a byte */
  FT_RGB888 = 1,        /* three bytes: red, green, blue */
  FT_RGB565 = 2,        /* two bytes, low byte first: red in the upper five bits of a uint16_t */
  FT_RGB565_SWAPPED = 3 /* the same, high byte first, as many cameras send it */
} ft_pixels;

/* The picture that a model takes. */
typedef struct ft_picture {
  int32_t width, height, channels; /* channels: 1 (grey) or 3 (red, green, blue) */
  /* The code's byte of each pixel value, where it is not the pixel (flip 0) or the pixel - 128 (flip 0x80).
   */
  const uint8_t *table;
  uint8_t flip;
} ft_picture;

/* Resizes (bilinear, half-pixel centres, clamped edges; left out where the sizes are equal), makes grey of
 * colours or colours of grey, and writes width * height * channels codes. Sizes up to 2048. `codes` must not
 * overlap `pixels`. */
void ft_picture_codes(const ft_picture *picture, const void *pixels, ft_pixels format, int32_t width,
                      int32_t height, int8_t *codes);

#ifdef __cplusplus
}
#endif

#endif
