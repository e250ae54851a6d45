/* Kernels of the operators beyond convolution, sum and average. Included by ft_kernels.h, whose conventions
 * hold.
 */
#ifndef FT_OPERATORS_H
#define FT_OPERATORS_H

#include <stdint.h>

#include "ft_kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- moving elements ---- */
/* Which elements of two tensors belong together: position p of `shape` (row-major) is element sum(p[d] *
 * first[d]) of the one and sum(p[d] * second[d]) of the other. A distance of 0 repeats an element, a negative
 * one goes backwards. */
typedef struct ft_strides {
  int32_t shape[5], first[5], second[5];
} ft_strides;

/* output[second] = input[first]; no element of output may be written twice. */
void ft_strided_copy_s8(const ft_strides *strides, const int8_t *input, int8_t *output);
void ft_strided_copy_f32(const ft_strides *strides, const float *input, float *output);
/* output[second] = output[second] + input[first], in the order of the positions */
void ft_strided_sum_f32(const ft_strides *strides, const float *input, float *output);

/* ---- one code in, one code out ---- */
/* output[i] = table[code], mask bit i = bit `code` of inside (NULL: none wanted), where `code` is input[i] as
 * an unsigned byte. Input and output are int8 or uint8, and may be the same memory. */
void ft_lookup_s8(const void *input, const int8_t *table, const uint8_t *inside, void *output, uint8_t *mask,
                  int32_t count);
/* gradient[i] = gradient[i] * derivative[code] */
void ft_lookup_gradient_f32(const int8_t *input, const float *derivative, float *gradient, int32_t count);
/* output[i] = clamp(round(input[i] / scale) + zero_point, low, high) as a byte, halves away from zero; a NaN
 * becomes the zero point. Output: int8 or uint8; it may lie at the start of the input's memory. */
void ft_quantise_f32_s8(const float *input, void *output, float scale, int32_t zero_point, int32_t low,
                        int32_t high, int32_t count);
void ft_dequantise_u8_f32(const uint8_t *input, float *output, float scale, int32_t zero_point,
                          int32_t count);

/* ---- two tensors, element by element ---- */
/* operands: distances in x1 and x2 for the elements of the output, which lie one behind the other. The output
 * may be an operand that is not repeated. */
void ft_add_broadcast_s8(const ft_add *add, const ft_strides *operands, const int8_t *x1, const int8_t *x2,
                         int8_t *output, uint8_t *mask);
/* x1 - x2 in the arithmetic of ft_add; its rows are not used. */
void ft_sub_s8(const ft_add *sub, const ft_strides *operands, const int8_t *x1, const int8_t *x2,
               int8_t *output, uint8_t *mask);

typedef struct ft_mul {
  int32_t zero_point1, zero_point2, out_zero_point;
  int32_t multiplier, shift;
  int32_t act_min, act_max;
} ft_mul;
void ft_mul_s8(const ft_mul *mul, const ft_strides *operands, const int8_t *x1, const int8_t *x2,
               int8_t *output, uint8_t *mask);
/* output[i] = mask bit i ? (gradient[i] * factor) * (other[second] - zero_point) : 0; output may be gradient.
 */
void ft_mul_gradient_f32(const ft_strides *operands, const float *gradient, const int8_t *other,
                         const uint8_t *mask, float *output, float factor, int32_t zero_point);

/* x where x >= 0, else slope x. */
typedef struct ft_prelu {
  int32_t zero_point, slope_zero_point, out_zero_point;
  int32_t multiplier, shift;             /* input scale / output scale */
  int32_t slope_multiplier, slope_shift; /* input scale * slope scale / output scale */
} ft_prelu;
void ft_prelu_s8(const ft_prelu *prelu, const ft_strides *operands, const int8_t *input, const int8_t *slopes,
                 int8_t *output, uint8_t *mask);
/* In place: gradient[i] times factor where the input's code is at least its zero point, else times (slope -
 * slope_zero_point) * slope_factor; 0 outside of the mask. */
void ft_prelu_gradient_f32(const ft_prelu *prelu, const ft_strides *operands, const int8_t *input,
                           const int8_t *slopes, const uint8_t *mask, float *gradient, float factor,
                           float slope_factor);

/* ---- along axes ---- */
/* Largest value in each window, the first of equals; same quantisation in and out. */
void ft_max_pool_s8(const ft_window *window, const int8_t *input, int8_t *output, uint8_t *mask,
                    int32_t row_begin, int32_t row_end);
/* dx: each window's gradient goes to its largest input, the first of equals; windows ascending, summed. */
void ft_max_pool_input_gradient_f32(const ft_window *window, const int8_t *input, const float *gradient,
                                    float *dx);

/* Mean over `reduced` positions for each of the `kept` ones, with TFLite's multiplier, into which 1 / count
 * is folded. */
typedef struct ft_mean {
  int32_t kept[4], kept_stride[4];
  int32_t reduced[4], reduced_stride[4];
  int32_t zero_sum; /* zero point of the input times count */
  int32_t out_zero_point, multiplier, shift;
} ft_mean;
void ft_mean_s8(const ft_mean *mean, const int8_t *input, int8_t *output, uint8_t *mask);

/* output[o][i] = position of the largest of input[o][..][i], the first of equals */
void ft_arg_max_s8(const int8_t *input, int32_t *output, int32_t outer, int32_t depth, int32_t inner);

/* dx of ft_softmax_s8, in place over the gradient: scale = beta * input scale; factor = scale / output scale.
 * The probabilities are computed anew in float; a gradient at a probability above `limit` counts as 0. */
void ft_softmax_gradient_f32(const int8_t *input, float *gradient, float scale, float factor, float limit,
                             int32_t rows, int32_t depth);

/* ---- change of size ---- */
typedef struct ft_resize {
  int32_t in_height, in_width, channels;
  int32_t out_height, out_width;
  int32_t scale_y, scale_x, offset_y,
      offset_x; /* bilinear: position of output i in 1/1024 pixels: i * scale + offset */
} ft_resize;
/* output[y][x] = input[rows[y]][columns[x]] */
void ft_resize_nearest_s8(const ft_resize *resize, const uint16_t *rows, const uint16_t *columns,
                          const int8_t *input, int8_t *output);
void ft_resize_nearest_gradient_f32(const ft_resize *resize, const uint16_t *rows, const uint16_t *columns,
                                    const float *gradient, float *dx);
/* TFLite's integer interpolation: weights in 1/1024, rounded half away from zero. */
void ft_resize_bilinear_s8(const ft_resize *resize, const int8_t *input, int8_t *output);
/* rows, columns: positions of the output's rows and columns among the input's, in pixels. */
void ft_resize_bilinear_gradient_f32(const ft_resize *resize, const float *rows, const float *columns,
                                     const float *gradient, float *dx);

/* ---- products ---- */
/* Transposed convolution: window's stride and padding are those of the convolution from output to input.
 * weights: [out_channels][kernel_height][kernel_width][in_channels]. */
void ft_transpose_conv_s8(const ft_window *window, const int8_t *input, const int8_t *weights,
                          const int32_t *bias, const int32_t *multiplier, const int8_t *shift, int8_t *output,
                          uint8_t *mask);
/* Sums over output channel, ky, kx, ascending. */
void ft_transpose_conv_input_gradient_f32(const ft_window *window, const float *gradient,
                                          const int8_t *weights, float *dx);

/* out[b][r][c] = sum over i of left[b][r][i] * right[b][i][c]; distances in elements, a batch's may be 0. */
typedef struct ft_product {
  int32_t batch[3], left_batch[3], right_batch[3], out_batch[3];
  int32_t rows, inner, columns;
  int32_t left_row, left_inner, right_inner, right_column, out_row, out_column;
  int32_t left_zero_point, right_zero_point, out_zero_point;
  int32_t multiplier, shift;
} ft_product;
/* out's elements lie one behind the other. */
void ft_product_s8(const ft_product *product, const int8_t *left, const int8_t *right, int8_t *output,
                   uint8_t *mask);
/* output += gradient * (right - right_zero_point) */
void ft_product_gradient_f32(const ft_product *product, const float *gradient, const int8_t *right,
                             float *output);

#ifdef __cplusplus
}
#endif
#endif
