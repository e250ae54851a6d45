#include "ft_kernels.h"
#include "ft_pairs.h"

/* What becomes of complete sums: the mantissas of the layer below. */
typedef struct ft_target {
  const uint8_t *mask;
  const uint16_t *reach;
  int16_t *dx;
  int32_t dx_stride, mask_channels, mask_channel;
} ft_target;

#ifdef FT_ARM_DSP
/* Positions whose sums wait where the outputs take several turns. */
#define FT_WAITING 16

/* Four channels from `channel` of the range on. */
static __attribute__((noinline)) void ft_pairs_to_mantissas(const ft_matrix *s, const ft_target *t,
                                                            const int16_t *gradient, const int8_t *weights,
                                                            int32_t positions, int32_t channel) {
  int32_t pairs[2 * FT_PAIR_OUTPUTS];
  int32_t waiting[FT_WAITING][4];
  int32_t multiplier[4];
  for (int32_t c = 0; c < 4; c++)
    multiplier[c] = ft_reach_multiplier(t->reach[channel + c]);
  const int32_t together = s->outputs <= FT_PAIR_OUTPUTS ? positions : FT_WAITING;
  for (int32_t p = 0; p < positions; p += together)
    for (int32_t o = 0; o < s->outputs; o += FT_PAIR_OUTPUTS) {
      const int32_t outputs = ft_min(FT_PAIR_OUTPUTS, s->outputs - o);
      const int32_t places = ft_min(together, positions - p);
      const int16_t *g = gradient + p * s->gradient_stride + o;
      int16_t *dx = t->dx + p * t->dx_stride + channel;
      uint32_t bit = (uint32_t)(p * t->mask_channels + t->mask_channel + channel);
      ft_widen_pairs(weights + o * s->weights_stride, s->weights_stride, outputs, 0, pairs);
      for (int32_t q = 0; q < places; q++, g += s->gradient_stride) {
        int32_t sums[4] = {0};
        if (o > 0)
          memcpy(sums, waiting[q], sizeof sums);
        ft_pair_products(g, pairs, outputs, sums);
        if (o + outputs < s->outputs) {
          memcpy(waiting[q], sums, sizeof sums);
          continue;
        }
        ft_store_mantissas(dx, sums, multiplier, ft_mask_bits(t->mask, bit, 4), 4);
        dx += t->dx_stride;
        bit += (uint32_t)t->mask_channels;
      }
    }
}
#endif

/* Channels from `c` on. */
static FT_FALLBACK void ft_products_to_mantissas(const ft_matrix *s, const ft_target *t,
                                                 const int16_t *gradient, const int8_t *weights,
                                                 int32_t positions, int32_t channels, int32_t c) {
  for (; c < channels; c += FT_BLOCK) {
    const int32_t count = ft_min(FT_BLOCK, channels - c);
    int32_t multiplier[FT_BLOCK];
    for (int32_t i = 0; i < count; i++)
      multiplier[i] = ft_reach_multiplier(t->reach[c + i]);
    for (int32_t p = 0; p < positions; p += FT_PRODUCT_POSITIONS) {
      const int32_t places = ft_min(FT_PRODUCT_POSITIONS, positions - p);
      const int16_t *g = gradient + p * s->gradient_stride;
      int32_t sums[FT_PRODUCT_POSITIONS][FT_BLOCK] = {{0}};
      /* Constant sizes let the compiler keep the sums in registers. */
      if (places == FT_PRODUCT_POSITIONS && count == FT_BLOCK)
        ft_matrix_products(s, g, weights + c, sums, FT_PRODUCT_POSITIONS, FT_BLOCK);
      else
        ft_matrix_products(s, g, weights + c, sums, places, count);
      for (int32_t q = p; q < p + places; q++) {
        const uint32_t bit = (uint32_t)(q * t->mask_channels + t->mask_channel + c);
        ft_store_mantissas(t->dx + q * t->dx_stride + c, sums[q - p], multiplier,
                           ft_mask_bits(t->mask, bit, count), count);
      }
    }
  }
}

void ft_pointwise_input_gradient_s16(const ft_window *window, const int16_t *restrict gradient,
                                     const int8_t *restrict weights, const uint8_t *restrict mask,
                                     const uint16_t *restrict reach, int16_t *restrict dx, int32_t dx_stride,
                                     int32_t mask_channels, int32_t mask_channel, int32_t channel_begin,
                                     int32_t channel_end) {
  const ft_matrix s = {window->out_channels, window->out_channels, window->in_channels};
  const ft_target t = {mask, reach, dx, dx_stride, mask_channels, mask_channel};
  const int32_t positions = window->in_height * window->in_width;
  const int32_t channels = channel_end - channel_begin;
  int32_t c = 0;
  weights += channel_begin;
#ifdef FT_ARM_DSP
  if (ft_pairs_fit(&s, gradient))
    for (; c + 4 <= channels; c += 4)
      ft_pairs_to_mantissas(&s, &t, gradient, weights + c, positions, c);
#endif
  if (c < channels)
    ft_products_to_mantissas(&s, &t, gradient, weights, positions, channels, c);
}
