#include "ft_dsp.h"
#include "ft_kernels.h"
#include "ft_layout.h"
#include "ft_mve.h"
#include "ft_requantise.h"

#if defined(FT_ARM_MVE)
static inline int32x4_t ft_add_terms(int32x4_t codes, int32_t zero_point, int32_t left_shift,
                                     int32_t multiplier, int32_t shift) {
  return ft_mve_requantise_all(vshlq_r_s32(vsubq_n_s32(codes, zero_point), left_shift), multiplier, shift);
}

static void ft_add_elements(const ft_add *add, const int8_t *x1, const int8_t *x2, int8_t *output,
                            uint8_t *mask, uint32_t bit) {
  const ft_add a = *add;
  for (int32_t left = a.row_size; left > 0; left -= 4, x1 += 4, x2 += 4, output += 4, bit += 4) {
    const mve_pred16_t lanes = vctp32q((uint32_t)left);
    const int32x4_t terms1 =
        ft_add_terms(vldrbq_z_s32(x1, lanes), a.zero_point1, a.left_shift, a.multiplier1, a.shift1);
    const int32x4_t terms2 =
        ft_add_terms(vldrbq_z_s32(x2, lanes), a.zero_point2, a.left_shift, a.multiplier2, a.shift2);
    const int32x4_t sums = ft_mve_requantise_all(vaddq_s32(terms1, terms2), a.out_multiplier, a.out_shift);
    const int32x4_t values = vaddq_n_s32(sums, a.out_zero_point);
    const int32x4_t codes = vminq_s32(vmaxq_s32(values, vdupq_n_s32(a.act_min)), vdupq_n_s32(a.act_max));
    vstrbq_p_s32(output, codes, lanes);
    if (mask != NULL)
      ft_mve_store_mask(mask, bit, (uint32_t)ft_min(left, 4), values, codes);
  }
}
#else
#ifdef FT_ARM_DSP
/* A summand on the common scale; `whole`: its shift is 0. */
static inline int32_t ft_add_term(int32_t code, int32_t zero_point, int32_t left_shift, ft_scale scale,
                                  int whole) {
  const int32_t high = ft_high_doubled((int32_t)((uint32_t)(code - zero_point) << left_shift), scale.doubled);
  return whole ? high : (((high + (high >> 31)) >> scale.shift) + 1) >> 1;
}

static inline void ft_add_row(const ft_add *a, const int8_t *x1, const int8_t *x2, int8_t *output,
                              uint8_t *mask, int whole1, int whole2) {
  const ft_scale scale1 = ft_scale_of(a->multiplier1, a->shift1),
                 scale2 = ft_scale_of(a->multiplier2, a->shift2);
  const ft_scale scale = ft_scale_of(a->out_multiplier, a->out_shift);
  const int32_t zero_point1 = a->zero_point1, zero_point2 = a->zero_point2, left_shift = a->left_shift;
  const int32_t nudge = 2 * a->out_zero_point + 1, row_size = a->row_size;
  uint32_t bits = 0;
  for (int32_t i = 0; i < row_size; i++) {
    const int32_t sum = ft_add_term(x1[i], zero_point1, left_shift, scale1, whole1) +
                        ft_add_term(x2[i], zero_point2, left_shift, scale2, whole2);
    const int32_t twice = ft_requantise_twice(sum, scale, nudge);
    const int32_t code = ft_saturate_half(twice);
    output[i] = (int8_t)code;
    if (mask == NULL)
      continue;
    bits = bits >> 1 | (code == twice >> 1 ? 0x80u : 0u);
    if ((i & 7) == 7)
      mask[i >> 3] = (uint8_t)bits;
  }
}

/* Whether ft_add_row does what is asked for: all codes allowed, the usual scales, whole bytes of mask. */
static inline int ft_fits_add_row(const ft_add *a, const uint8_t *mask) {
  return a->act_min == -128 && a->act_max == 127 && ft_is_ordinary(a->out_multiplier, a->out_shift) &&
         ft_min(a->multiplier1, a->multiplier2) >= INT32_C(0x40000000) && ft_max(a->shift1, a->shift2) <= 0 &&
         ft_min(a->shift1, a->shift2) >= -31 && (uint32_t)a->left_shift <= 20u &&
         (mask == NULL || (a->row_size & 7) == 0);
}
#endif

static inline void ft_add_shift(const int8_t *codes, int32_t count, int32_t zero_point, int32_t shift,
                                uint32_t *shifted) {
  for (int32_t i = 0; i < count; i++)
    shifted[i] = (uint32_t)(codes[i] - zero_point) << shift;
}

/* The portable way: any scales, any codes allowed. */
static FT_FALLBACK void ft_add_elements(const ft_add *add, const int8_t *row1, const int8_t *row2,
                                        int8_t *out, uint8_t *mask, uint32_t bit) {
  const ft_add a = *add;
  const int8_t shifts[] = {(int8_t)a.shift1, (int8_t)a.shift2, (int8_t)a.out_shift};
  ft_requantiser first, second, result;
  ft_prepare_requantiser(&first, &a.multiplier1, shifts, 0, FT_BLOCK);
  ft_prepare_requantiser(&second, &a.multiplier2, shifts + 1, 0, FT_BLOCK);
  ft_prepare_requantiser(&result, &a.out_multiplier, shifts + 2, 0, FT_BLOCK);
  for (int32_t i = 0; i < a.row_size; i += FT_BLOCK) {
    const int32_t count = ft_min(FT_BLOCK, a.row_size - i);
    uint32_t shifted1[FT_BLOCK] = {0}, shifted2[FT_BLOCK] = {0}, sums[FT_BLOCK] = {0};
    int32_t values1[FT_BLOCK], values2[FT_BLOCK], values[FT_BLOCK];
    if (count == FT_BLOCK) { /* constants let the compiler use vectors */
      ft_add_shift(row1 + i, FT_BLOCK, a.zero_point1, a.left_shift, shifted1);
      ft_add_shift(row2 + i, FT_BLOCK, a.zero_point2, a.left_shift, shifted2);
    } else {
      ft_add_shift(row1 + i, count, a.zero_point1, a.left_shift, shifted1);
      ft_add_shift(row2 + i, count, a.zero_point2, a.left_shift, shifted2);
    }
    ft_requantise_lanes(&first, shifted1, count, 0, values1);
    ft_requantise_lanes(&second, shifted2, count, 0, values2);
    for (int32_t c = 0; c < count; c++)
      sums[c] = (uint32_t)values1[c] + (uint32_t)values2[c];
    ft_requantise_lanes(&result, sums, count, a.out_zero_point, values);
    ft_store_s8(values, count, a.act_min, a.act_max, out + i, mask, bit + (uint32_t)i);
  }
}
#endif

void ft_add_s8(const ft_add *add, const int8_t *x1, const int8_t *x2, int8_t *output, uint8_t *mask,
               int32_t row_begin, int32_t row_end) {
  for (int32_t y = row_begin; y < row_end; y++) {
    const int8_t *row1 = x1 + ft_ring_row(y, add->rows1) * add->row_size;
    const int8_t *row2 = x2 + ft_ring_row(y, add->rows2) * add->row_size;
    int8_t *out = output + ft_ring_row(y, add->out_rows) * add->row_size;
#if defined(FT_ARM_DSP) && !defined(FT_ARM_MVE)
    if (ft_fits_add_row(add, mask)) {
      uint8_t *bits = mask == NULL ? NULL : mask + ((y * add->row_size) >> 3);
      if (add->shift1 == 0)
        ft_add_row(add, row1, row2, out, bits, 1, add->shift2 == 0);
      else
        ft_add_row(add, row1, row2, out, bits, 0, add->shift2 == 0);
      continue;
    }
#endif
    ft_add_elements(add, row1, row2, out, mask, (uint32_t)(y * add->row_size));
  }
}
