/* TFLite's int8 softmax in gemmlowp's fixed point. A value "with n integer bits" is raw / 2^(31 - n). */
#include "ft_arithmetic.h"
#include "ft_kernels.h"

static int32_t ft_saturating_shift_left(int32_t value, int32_t bits) {
  const int32_t limit = (int32_t)((UINT32_C(1) << (31 - bits)) - 1);
  if (value > limit)
    return INT32_MAX;
  return value < -limit ? INT32_MIN : ft_wrapping_shift_left(value, bits);
}

/* exp(x) for x in [-1/4, 0), no integer bits: Taylor's series around -1/8, of the fourth order. */
static int32_t ft_fixed_exp_quarter(int32_t value) {
  const int32_t exp_minus_eighth = 1895147668;
  const int32_t third = 715827883;
  const int32_t x = value + (1 << 28);
  const int32_t x2 = ft_high_multiply(x, x);
  const int32_t x3 = ft_high_multiply(x2, x);
  const int32_t x4 = ft_high_multiply(x2, x2);
  const int32_t x4_over_4 = ft_rounding_shift_right(x4, 2);
  const int32_t tail = ft_rounding_shift_right(ft_high_multiply(x4_over_4 + x3, third) + x2, 1);
  return exp_minus_eighth + ft_high_multiply(exp_minus_eighth, x + tail);
}

/* exp of a value <= 0 with 5 integer bits; the result has none. */
static int32_t ft_fixed_exp(int32_t value) {
  /* exp(-2^k), k from -2: one factor for each bit of the distance to the quarter's end. */
  static const int32_t powers[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  if (value == 0)
    return INT32_MAX;
  const int32_t quarter = 1 << 24;
  const int32_t rest = (value & (quarter - 1)) - quarter;
  const int32_t distance = rest - value;
  int32_t result = ft_fixed_exp_quarter(rest * (1 << 5));
  for (int32_t k = 0; k < 7; k++)
    if (distance & (quarter << k))
      result = ft_high_multiply(result, powers[k]);
  return result;
}

/* 1 / (1 + x) for x in [0, 1], no integer bits: Newton and Raphson, three steps, with 2 integer bits. */
static int32_t ft_fixed_reciprocal(int32_t value) {
  const int32_t constant_48_over_17 = 1515870810;
  const int32_t constant_minus_32_over_17 = -1010580540;
  const int32_t one = 1 << 29;
  const int32_t half_denominator = (int32_t)(((int64_t)value + INT32_MAX + 1) / 2);
  int32_t x = constant_48_over_17 + ft_high_multiply(half_denominator, constant_minus_32_over_17);
  for (int32_t i = 0; i < 3; i++) {
    const int32_t error = one - ft_high_multiply(half_denominator, x);
    x += ft_saturating_shift_left(ft_high_multiply(x, error), 2);
  }
  return ft_saturating_shift_left(x, 1);
}

static int32_t ft_softmax_exp(const ft_softmax *s, int32_t difference) {
  return ft_fixed_exp(ft_high_multiply(ft_wrapping_shift_left(difference, s->left_shift), s->multiplier));
}

void ft_softmax_s8(const ft_softmax *softmax, const int8_t *input, int8_t *output) {
  const ft_softmax s = *softmax;
  for (int32_t row = 0; row < s.rows; row++, input += s.depth, output += s.depth) {
    int32_t max = -128;
    for (int32_t i = 0; i < s.depth; i++)
      max = ft_max(max, input[i]);
    uint32_t sum = 0; /* 12 integer bits */
    for (int32_t i = 0; i < s.depth; i++)
      if (input[i] - max >= s.diff_min)
        sum += (uint32_t)ft_rounding_shift_right(ft_softmax_exp(&s, input[i] - max), 12);
    /* sum = 2^(12 - zeros) (1 + x); at least 1, since the largest element adds exp(0). */
    int32_t zeros = 0;
    while (!((sum << zeros) & UINT32_C(0x80000000)))
      zeros++;
    const int32_t scale = ft_fixed_reciprocal((int32_t)((sum << zeros) - UINT32_C(0x80000000)));
    for (int32_t i = 0; i < s.depth; i++) {
      const int32_t difference = input[i] - max;
      int32_t code = -128;
      if (difference >= s.diff_min)
        code +=
            ft_rounding_shift_right(ft_high_multiply(scale, ft_softmax_exp(&s, difference)), 12 - zeros + 23);
      output[i] = (int8_t)ft_clamp(code, -128, 127);
    }
  }
}
