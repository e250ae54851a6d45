/* Input gradient of a 1x1 window: a matrix product, shared by ft_conv_input_gradient_f32 and its streamed
 * form. */
#ifndef FT_POINTWISE_H
#define FT_POINTWISE_H

#include <stdint.h>

#include "ft_gradient.h"
#include "ft_layout.h"

/* Positions done together share each conversion of weights to float. */
#define FT_POINTWISE_POSITIONS 4

typedef struct ft_pointwise {
  int32_t outputs;         /* summed, ascending */
  int32_t gradient_stride; /* elements from a position to the next */
  int32_t weights_stride;  /* elements from an output's row to the next */
  int32_t dx_stride;
  int accumulate; /* sums begin with what dx holds, otherwise with 0 */
} ft_pointwise;

static inline void ft_pointwise_block(const ft_pointwise *s, const float *restrict gradient,
                                      const int8_t *restrict weights, float *restrict dx, int32_t positions,
                                      int32_t channels) {
  float sums[FT_POINTWISE_POSITIONS][FT_BLOCK_F32];
  for (int32_t p = 0; p < positions; p++)
    for (int32_t c = 0; c < channels; c++)
      sums[p][c] = s->accumulate ? dx[p * s->dx_stride + c] : 0.0f;
  for (int32_t o = 0; o < s->outputs; o++, weights += s->weights_stride)
    for (int32_t p = 0; p < positions; p++) {
      const float g = gradient[p * s->gradient_stride + o];
      for (int32_t c = 0; c < channels; c++)
        sums[p][c] = ft_add_product(sums[p][c], g, (float)weights[c]);
    }
  for (int32_t p = 0; p < positions; p++)
    for (int32_t c = 0; c < channels; c++)
      dx[p * s->dx_stride + c] = sums[p][c];
}

#ifdef FT_ARM_VMLA
/* Outputs whose weights, of four channels, are converted to float at once: 512 bytes of stack. Between two
 * such groups the sums wait in dx, which has their precision. */
#define FT_POINTWISE_GROUP 32

#define FT_POINTWISE_PRODUCTS(g, sum0, sum1, sum2, sum3, w0, w1, w2, w3)                                     \
  "vmla.f32 " sum0 ", " g ", " w0 "\n\t"                                                                     \
  "vmla.f32 " sum1 ", " g ", " w1 "\n\t"                                                                     \
  "vmla.f32 " sum2 ", " g ", " w2 "\n\t"                                                                     \
  "vmla.f32 " sum3 ", " g ", " w3 "\n\t"

/* Adds an even number of outputs to four positions of four channels; weights: [outputs][4]. All registers of
 * the FPU: 16 sums, the gradients of two outputs at four positions, the weights of two outputs. */
static inline void ft_pointwise_tile(const ft_pointwise *s, const float *gradient, const float *weights,
                                     const float *weights_end, float *dx) {
  const float *g1 = gradient + s->gradient_stride;
  const float *g2 = g1 + s->gradient_stride, *g3 = g2 + s->gradient_stride;
  float *dx1 = dx + s->dx_stride, *dx2 = dx1 + s->dx_stride, *dx3 = dx2 + s->dx_stride;
  __asm__ volatile(
      "vldmia %[dx0], {s0-s3}\n\t"
      "vldmia %[dx1], {s4-s7}\n\t"
      "vldmia %[dx2], {s8-s11}\n\t"
      "vldmia %[dx3], {s12-s15}\n"
      "1:\n\t"
      "vldmia %[w]!, {s24-s31}\n\t"
      "vldmia %[g0]!, {s16-s17}\n\t"
      "vldmia %[g1]!, {s18-s19}\n\t"
      "vldmia %[g2]!, {s20-s21}\n\t"
      "vldmia %[g3]!, {s22-s23}\n\t" FT_POINTWISE_PRODUCTS(
          "s16", "s0", "s1", "s2", "s3", "s24", "s25", "s26",
          "s27") FT_POINTWISE_PRODUCTS("s18", "s4", "s5", "s6", "s7", "s24", "s25", "s26", "s27")
          FT_POINTWISE_PRODUCTS("s20", "s8", "s9", "s10", "s11", "s24", "s25", "s26", "s27")
              FT_POINTWISE_PRODUCTS("s22", "s12", "s13", "s14", "s15", "s24", "s25", "s26", "s27")
                  FT_POINTWISE_PRODUCTS("s17", "s0", "s1", "s2", "s3", "s28", "s29", "s30", "s31")
                      FT_POINTWISE_PRODUCTS("s19", "s4", "s5", "s6", "s7", "s28", "s29", "s30", "s31")
                          FT_POINTWISE_PRODUCTS("s21", "s8", "s9", "s10", "s11", "s28", "s29", "s30", "s31")
                              FT_POINTWISE_PRODUCTS("s23", "s12", "s13", "s14", "s15", "s28", "s29", "s30",
                                                    "s31") "cmp %[w], %[end]\n\t"
                                                           "bne 1b\n\t"
                                                           "vstmia %[dx0], {s0-s3}\n\t"
                                                           "vstmia %[dx1], {s4-s7}\n\t"
                                                           "vstmia %[dx2], {s8-s11}\n\t"
                                                           "vstmia %[dx3], {s12-s15}"
      : [g0] "+r"(gradient), [g1] "+r"(g1), [g2] "+r"(g2), [g3] "+r"(g3), [w] "+r"(weights)
      : [dx0] "r"(dx), [dx1] "r"(dx1), [dx2] "r"(dx2), [dx3] "r"(dx3), [end] "r"(weights_end)
      : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15",
        "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29",
        "s30", "s31", "cc", "memory");
}

/* Four channels at a multiple of four positions, for an even number of outputs. */
static __attribute__((noinline)) void ft_pointwise_four_channels(const ft_pointwise *s, const float *gradient,
                                                                 const int8_t *weights, float *dx,
                                                                 int32_t positions, int32_t outputs) {
  float converted[FT_POINTWISE_GROUP][4];
  for (int32_t p = 0; p < positions && !s->accumulate; p++)
    for (int32_t c = 0; c < 4; c++)
      dx[p * s->dx_stride + c] = 0.0f;
  for (int32_t begin = 0; begin < outputs; begin += FT_POINTWISE_GROUP) {
    const int32_t count = ft_min(FT_POINTWISE_GROUP, outputs - begin);
    for (int32_t o = 0; o < count; o++, weights += s->weights_stride)
      for (int32_t c = 0; c < 4; c++)
        converted[o][c] = (float)weights[c];
    for (int32_t p = 0; p < positions; p += FT_POINTWISE_POSITIONS)
      ft_pointwise_tile(s, gradient + p * s->gradient_stride + begin, converted[0], converted[0] + 4 * count,
                        dx + p * s->dx_stride);
  }
}

/* Does what fits tiles and says for how many channels and positions the sums are done. */
static inline int32_t ft_pointwise_tiles(const ft_pointwise *s, const float *gradient, const int8_t *weights,
                                         float *dx, int32_t positions, int32_t channels) {
  const int32_t even = s->outputs & ~1;
  if (positions == 0 || even == 0)
    return 0;
  const ft_pointwise last = {1, s->gradient_stride, s->weights_stride, s->dx_stride, 1};
  for (int32_t c = 0; c < channels; c += 4) {
    ft_pointwise_four_channels(s, gradient, weights + c, dx + c, positions, even);
    for (int32_t p = 0; p < positions && even < s->outputs; p += FT_POINTWISE_POSITIONS)
      ft_pointwise_block(&last, gradient + p * s->gradient_stride + even,
                         weights + even * s->weights_stride + c, dx + p * s->dx_stride + c,
                         FT_POINTWISE_POSITIONS, 4);
  }
  return channels;
}
#endif

static inline void ft_pointwise_gradient(const ft_pointwise *s, const float *restrict gradient,
                                         const int8_t *restrict weights, float *restrict dx,
                                         int32_t positions, int32_t channels) {
  int32_t done = 0; /* channels of all whole tiles */
#ifdef FT_ARM_VMLA
  done = ft_pointwise_tiles(s, gradient, weights, dx, positions & -FT_POINTWISE_POSITIONS, channels & ~3);
#endif
  for (int32_t p = 0; p < positions; p += FT_POINTWISE_POSITIONS) {
    const float *g = gradient + p * s->gradient_stride;
    float *row = dx + p * s->dx_stride;
    const int32_t places = ft_min(FT_POINTWISE_POSITIONS, positions - p);
    int32_t c = places == FT_POINTWISE_POSITIONS ? done : 0;
    /* Constant sizes let the compiler keep the sums in registers. */
    if (places == FT_POINTWISE_POSITIONS)
      for (; c + FT_BLOCK_F32 <= channels; c += FT_BLOCK_F32)
        ft_pointwise_block(s, g, weights + c, row + c, FT_POINTWISE_POSITIONS, FT_BLOCK_F32);
    for (int32_t place = 0; place < places; place++) {
      int32_t i = c;
      for (; i + FT_BLOCK_F32 <= channels; i += FT_BLOCK_F32)
        ft_pointwise_block(s, g + place * s->gradient_stride, weights + i, row + place * s->dx_stride + i, 1,
                           FT_BLOCK_F32);
      if (i < channels)
        ft_pointwise_block(s, g + place * s->gradient_stride, weights + i, row + place * s->dx_stride + i, 1,
                           channels - i);
    }
  }
}

#endif
