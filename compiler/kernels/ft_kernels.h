/* Firmtune kernels: the one header. Every kernel is in a file of its own name. Sizes come as arguments,
 * nothing is allocated, and a kernel computes a range of rows or channels, so that a whole layer and a strip
 * of a streamed one use the same code. Pictures are [rows][columns][channels]. A tensor may be held in a ring
 * of `rows` rows: row y is at y % rows (rows == height: the whole tensor). Codes are int8, gradients float32
 * in units of the tensor's codes. Results are the same on every target: no FMA, sums in the stated order, no
 * libm. */
#ifndef FT_KERNELS_H
#define FT_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Geometry and quantisation of a layer that slides a window: convolution, depthwise, pooling. Fully connected
 * layers are 1x1 convolutions of a 1x1 picture. Positions outside of the picture count as the input's zero
 * point. */
typedef struct ft_window {
  int32_t in_height, in_width, in_channels;
  int32_t out_height, out_width, out_channels;
  int32_t kernel_height, kernel_width;
  int32_t stride_y, stride_x;
  int32_t dilation_y, dilation_x;
  int32_t pad_top, pad_left;
  int32_t in_zero_point, out_zero_point;
  int32_t act_min, act_max;  /* codes, both ends inclusive */
  int32_t in_rows, out_rows; /* rows held: the height, or the length of the ring */
  int32_t weight_channels;   /* depthwise: distance of two taps in `weights` */
} ft_window;

/* Element-wise sum in TFLite's integer arithmetic (left shift 20, three multipliers). */
typedef struct ft_add {
  int32_t zero_point1, multiplier1, shift1;
  int32_t zero_point2, multiplier2, shift2;
  int32_t out_zero_point, out_multiplier, out_shift;
  int32_t left_shift;
  int32_t act_min, act_max;
  int32_t row_size;               /* elements of a row */
  int32_t rows1, rows2, out_rows; /* rows held of each tensor */
} ft_add;

/* ---- forward, int8 ---- */
/* mask: one bit per output element, bit (position * out_channels + channel), least significant first; 1 where
 * act_min <= value before the clamp <= act_max. NULL: not wanted. It is never a ring. Both bit values are
 * written. */

/* In the three window kernels, output may lie below the input in the same memory as long as no row still
 * needed is overwritten: rows are finished in order, from the first. */

/* Output rows [row_begin, row_end) and channels [channel_begin, channel_end). weights: [channels of the
 * range] [kernel_height][kernel_width][in_channels], its first row is channel_begin's; bias, multiplier
 * (Q31), shift (positive = left): indexed by the absolute channel. */
void ft_conv_s8(const ft_window *window, const int8_t *input, const int8_t *weights, const int32_t *bias,
                const int32_t *multiplier, const int8_t *shift, int8_t *output, uint8_t *mask,
                int32_t row_begin, int32_t row_end, int32_t channel_begin, int32_t channel_end);

/* weights: [kernel_height][kernel_width] taps, weight_channels apart; its first element is channel_begin's.
 * Output channel c reads input channel c / (out_channels / in_channels). */
void ft_depthwise_s8(const ft_window *window, const int8_t *input, const int8_t *weights, const int32_t *bias,
                     const int32_t *multiplier, const int8_t *shift, int8_t *output, uint8_t *mask,
                     int32_t row_begin, int32_t row_end, int32_t channel_begin, int32_t channel_end);

/* Elements of rows [row_begin, row_end), two tensors of one shape. output may be x1 or x2. */
void ft_add_s8(const ft_add *add, const int8_t *x1, const int8_t *x2, int8_t *output, uint8_t *mask,
               int32_t row_begin, int32_t row_end);

/* Mean over the valid part of each window, rounded half away from zero; same quantisation in and out. */
void ft_average_pool_s8(const ft_window *window, const int8_t *input, int8_t *output, uint8_t *mask,
                        int32_t row_begin, int32_t row_end);

/* Four dimensions; before and after: elements added in each dimension, value: their code. */
typedef struct ft_pad {
  int32_t in_shape[4], before[4], after[4];
  int32_t value;
} ft_pad;
void ft_pad_s8(const ft_pad *pad, const int8_t *input, int8_t *output);

/* TFLite's integer softmax over rows of `depth`; scratch: none. */
typedef struct ft_softmax {
  int32_t rows, depth;
  int32_t multiplier, left_shift, diff_min;
} ft_softmax;
void ft_softmax_s8(const ft_softmax *softmax, const int8_t *input, int8_t *output);

void ft_copy_s8(const int8_t *input, int8_t *output, int32_t count);

/* ---- weights that train in part ---- */
/* frozen [rows][taps][channels] in flash, trained [rows][taps][trained_channels] in SRAM; table: the trained
 * channels, ascending (NULL: all). Writes int8 rows [row_begin, row_end) to `rows`, the first at rows[0]. */
void ft_merge_weights_s8(const int8_t *frozen, const int8_t *trained, const uint16_t *table, int8_t *rows,
                         int32_t taps, int32_t channels, int32_t trained_channels, int32_t row_begin,
                         int32_t row_end);
/* The same for weights held with eight more bits: the code that runs is clamp((w + 128) >> 8, -127, 127). */
void ft_merge_weights_s16(const int8_t *frozen, const int16_t *trained, const uint16_t *table, int8_t *rows,
                          int32_t taps, int32_t channels, int32_t trained_channels, int32_t row_begin,
                          int32_t row_end);
/* Columns of a 1x1 layer: for every row of frozen [rows][channels] and trained [rows][trained_channels] the
 * channels [channel_begin, channel_end), to columns [rows][stride]. */
void ft_merge_columns_s8(const int8_t *frozen, const int8_t *trained, const uint16_t *table, int8_t *columns,
                         int32_t rows, int32_t channels, int32_t trained_channels, int32_t stride,
                         int32_t channel_begin, int32_t channel_end);
void ft_merge_columns_s16(const int8_t *frozen, const int16_t *trained, const uint16_t *table,
                          int8_t *columns, int32_t rows, int32_t channels, int32_t trained_channels,
                          int32_t stride, int32_t channel_begin, int32_t channel_end);
/* Depthwise: frozen [taps][channels], trained [taps][trained_channels]; writes [taps][channel_end -
 * channel_begin]. */
void ft_merge_depthwise_s8(const int8_t *frozen, const int8_t *trained, const uint16_t *table, int8_t *rows,
                           int32_t taps, int32_t channels, int32_t trained_channels, int32_t channel_begin,
                           int32_t channel_end);
void ft_merge_depthwise_s16(const int8_t *frozen, const int16_t *trained, const uint16_t *table, int8_t *rows,
                            int32_t taps, int32_t channels, int32_t trained_channels, int32_t channel_begin,
                            int32_t channel_end);
/* The other way, once, at initialisation: trained [outer][trained_channels] from frozen [outer][channels]. */
void ft_extract_weights_s8(const int8_t *frozen, const uint16_t *table, int8_t *trained, int32_t outer,
                           int32_t channels, int32_t trained_channels);
void ft_extract_weights_s16(const int8_t *frozen, const uint16_t *table, int16_t *trained, int32_t outer,
                            int32_t channels, int32_t trained_channels); /* code * 256 */
void ft_copy_s32(const int32_t *input, int32_t *output, int32_t count);

/* saved[position][j] = input[position][table[j]] for rows [row_begin, row_end) of a picture held in in_rows
 * rows; saved is whole. */
void ft_gather_channels_s8(const int8_t *input, const uint16_t *table, int8_t *saved, int32_t width,
                           int32_t in_rows, int32_t channels, int32_t saved_channels, int32_t row_begin,
                           int32_t row_end);

/* ---- loss ---- */
/* real[i] = scale * (input[i] - zero_point) */
void ft_dequantise_s8_f32(const int8_t *input, float *output, float scale, int32_t zero_point, int32_t count);
/* output[row][o] = (sum over i, ascending, of weights[o][i] * input[row][i]) + bias[o] */
void ft_dense_f32(const float *input, const float *weights, const float *bias, float *output, int32_t rows,
                  int32_t outputs, int32_t inputs);
/* output[o] = (sum over i, ascending, of weights[o][i] * (scale * (input[i] - zero_point))) + bias[o] */
void ft_dense_s8_f32(const int8_t *input, const float *weights, const float *bias, float *output, float scale,
                     int32_t zero_point, int32_t outputs, int32_t inputs);
/* index[0] = position of the largest value, the first of equals */
void ft_arg_max_f32(const float *values, int32_t *index, int32_t count);
/* loss[0] = -log softmax(logits)[label]; gradient = softmax(logits) - onehot(label); prediction[0] = arg max
 * (the first of equals). gradient may be logits. The true maximum is subtracted first. A label outside of [0,
 * classes) is taken as class 0's absence: onehot = 0 and loss = 0. */
void ft_softmax_cross_entropy_f32(const float *logits, float *gradient, float *loss, int32_t *prediction,
                                  int32_t classes, int32_t label);
/* target = onehot(label), or the label itself where count is 1; a negative label leaves the target as it is.
 */
void ft_label_target_f32(float *target, int32_t count, int32_t label);
/* loss[0] = sum (output - target)^2 / count, gradient = 2 (output - target) / count. */
void ft_mean_squared_error_f32(const float *output, const float *target, float *gradient, float *loss,
                               int32_t count);

/* ---- backward, float32 ---- */
/* Gradients are [positions][stride] with the channels of the range first; a range of channels begins at the
 * pointer. */

void ft_zero_f32(float *values, int32_t count);
/* values[i] = values[i] * factor */
void ft_scale_f32(float *values, float factor, int32_t count);
/* sum[i] = sum[i] + values[i] */
void ft_accumulate_f32(const float *values, float *sum, int32_t count);
/* Gradient at the accumulator: gradient[p][c] = mask bit (p, mask_channel + c) ? gradient[p][c] * scale[c] :
 * 0. mask NULL: all ones. scale[c] = input scale * weight scale / output scale, its first element is the
 * range's. */
void ft_mask_scale_f32(float *gradient, const uint8_t *mask, const float *scale, int32_t positions,
                       int32_t channels, int32_t stride, int32_t mask_channels, int32_t mask_channel);
/* gradient[i] = mask bit i ? gradient[i] * factor : 0; output may be gradient */
void ft_mask_f32(const float *gradient, float *output, const uint8_t *mask, float factor, int32_t count);
/* sum[c] = sum over positions, ascending */
void ft_bias_gradient_f32(const float *gradient, float *sum, int32_t positions, int32_t channels,
                          int32_t stride);

/* Adds to dx [in_height][in_width][in_channels] (zeroed by the caller before the first range) the input
 * gradient of output channels [channel_begin, channel_end); gradient's first channel is channel_begin's;
 * weights as in ft_conv_s8. Each element of dx sums over output channel, then ky, then kx, ascending, one
 * after the other. */
void ft_conv_input_gradient_f32(const ft_window *window, const float *gradient, const int8_t *weights,
                                float *dx, int32_t stride, int32_t channel_begin, int32_t channel_end);
/* Range of INPUT channels [channel_begin, channel_end) of a 1x1 convolution (stride 1, no padding): dx[p][i]
 * for i in the range, dx pixel stride dx_stride, from 0. weights: [out_channels][in_channels], whole. For
 * streaming. */
void ft_pointwise_input_gradient_f32(const ft_window *window, const float *gradient, const int8_t *weights,
                                     float *dx, int32_t dx_stride, int32_t channel_begin,
                                     int32_t channel_end);
/* dx of input channels [channel_begin, channel_end); gradient pixel stride `stride`, its first channel is
 * channel_begin * (out_channels / in_channels); dx pixel stride dx_stride, its first channel is
 * channel_begin; weights' first element is that of the gradient's first channel. */
void ft_depthwise_input_gradient_f32(const ft_window *window, const float *gradient, const int8_t *weights,
                                     float *dx, int32_t stride, int32_t dx_stride, int32_t channel_begin,
                                     int32_t channel_end);

/* Weight gradients of output channels [channel_begin, channel_end): rows[o][ky][kx][i] over the saved input
 * channels, input [in_height][in_width][saved_channels]; each sums over output positions, row by row, of
 * gradient * (input - in_zero_point); positions outside of the picture are left out. */
void ft_conv_weight_gradient_f32(const ft_window *window, const int8_t *input, const float *gradient,
                                 float *rows, int32_t saved_channels, int32_t stride, int32_t channel_begin,
                                 int32_t channel_end);
/* rows[ky][kx][j] for the saved channels: gradient channel table[j] (NULL: j). in_channels == out_channels or
 * any multiplier: channel numbers are output channels, input holds channel j of the saved ones (of output
 * channel table[j], already gathered). */
void ft_depthwise_weight_gradient_f32(const ft_window *window, const int8_t *input, const float *gradient,
                                      const uint16_t *table, float *rows, int32_t saved_channels,
                                      int32_t stride);
/* rows[o][i] = gradient[o] * (scale * (input[i] - zero_point)), outputs [row_begin, row_end) */
void ft_dense_weight_gradient_f32(const int8_t *input, const float *gradient, float *rows, float scale,
                                  int32_t zero_point, int32_t inputs, int32_t row_begin, int32_t row_end);
/* dx[i] = (sum over o, ascending, of gradient[o] * weights[o][i]) * scale */
void ft_dense_input_gradient_f32(const float *gradient, const float *weights, float *dx, float scale,
                                 int32_t outputs, int32_t inputs);
/* Every input position gets gradient / (positions of its window), windows ascending, summed. */
void ft_average_pool_input_gradient_f32(const ft_window *window, const float *gradient, float *dx);

/* ---- backward, int16 ---- */
/* Block floating point: a gradient is mantissa * unit[0], or mantissa * unit[0] * scale[c] * reach[c] where a
 * layer's channels have ranges of their own (else scale and reach are NULL). Sums are int32; the caller sees
 * to it that none overflows. Layout of ranges as above; the tables' first element is the range's. */

/* Gradient at the accumulator: first in place as ft_mask_scale_f32 (what is not finite becomes 0), then
 * mantissa[i] = gradient[i] / unit[0], half away from zero, |mantissa| < 2^(bits - 1), bits in [2, 16], with
 * the smallest unit for that. mantissa may begin where gradient does. */
void ft_quantise_gradient_s16(float *gradient, const uint8_t *mask, const float *scale, int16_t *mantissa,
                              float *unit, int32_t positions, int32_t channels, int32_t bits);
/* sum[c] = (sum over positions) * unit[0] * scale[c] * reach[c] */
void ft_bias_gradient_s16(const int16_t *gradient, const float *unit, const float *scale,
                          const uint16_t *reach, float *sum, int32_t positions, int32_t channels,
                          int32_t stride);
/* dx [in_height][in_width][in_channels] = (sum over output channels and taps) * unit[0]. Ranges of output
 * channels [channel_begin, channel_end) come one after the other from 0 to out_channels; before the last one
 * dx holds int32. */
void ft_conv_input_gradient_s16(const ft_window *window, const int16_t *gradient, const int8_t *weights,
                                const float *unit, float *dx, int32_t stride, int32_t channel_begin,
                                int32_t channel_end);
/* ft_pointwise_input_gradient_f32 with the mask and scale of the layer below: dx[p][i] = mask bit (p,
 * mask_channel + i) ? sum / reach[i] : 0, as round(sum * floor((2^32 - 1) / reach[i]) / 2^32), halves
 * upwards, saturated to int16; reach is at least 2. mask_channels: of a position. mask NULL: all ones. */
void ft_pointwise_input_gradient_s16(const ft_window *window, const int16_t *gradient, const int8_t *weights,
                                     const uint8_t *mask, const uint16_t *reach, int16_t *dx,
                                     int32_t dx_stride, int32_t mask_channels, int32_t mask_channel,
                                     int32_t channel_begin, int32_t channel_end);
/* multiplier[c] = scale[c] * reach[c] * below[c] * factor, at most 2^31 - 128; scale NULL: below[c] * factor
 */
void ft_reach_multipliers(const float *scale, const uint16_t *reach, const float *below, float factor,
                          int32_t *multiplier, int32_t count);
/* For the sums that [positions][inputs][group] mantissas can have where reach[i] is the sum of the magnitudes
 * of weights: output[0] is the smallest unit with which those times below[i] are mantissas of `bits` bits,
 * and output[1] what ft_measured_multipliers takes. */
void ft_measure_gradient_s16(const int16_t *gradient, const uint16_t *reach, const float *below,
                             const float *unit, float *output, int32_t positions, int32_t inputs,
                             int32_t group, int32_t bits);
/* multiplier[c] = below[c] * factor[0] */
void ft_measured_multipliers(const float *below, const float *factor, int32_t *multiplier, int32_t count);
/* ft_depthwise_input_gradient_f32, likewise, with round(sum * multiplier[i] / 2^32); the mask has in_channels
 * of a position. */
void ft_depthwise_input_gradient_s16(const ft_window *window, const int16_t *gradient, const int8_t *weights,
                                     const uint8_t *mask, const int32_t *multiplier, int16_t *dx,
                                     int32_t stride, int32_t dx_stride, int32_t mask_channel,
                                     int32_t channel_begin, int32_t channel_end);
/* The same in float32: dx[p][i] = sum * unit[0] * scale[i] * reach[i]. */
void ft_depthwise_input_gradient_s16_f32(const ft_window *window, const int16_t *gradient,
                                         const int8_t *weights, const float *unit, const float *scale,
                                         const uint16_t *reach, float *dx, int32_t stride, int32_t dx_stride,
                                         int32_t channel_begin, int32_t channel_end);
/* output[0] = unit[0] * factor */
void ft_scale_unit_f32(const float *unit, float *output, float factor);
/* As ft_conv_weight_gradient_f32: sums of 256 positions are int32, and those are added in float32. */
void ft_conv_weight_gradient_s16(const ft_window *window, const int8_t *input, const int16_t *gradient,
                                 const float *unit, float *rows, int32_t saved_channels, int32_t stride,
                                 int32_t channel_begin, int32_t channel_end);
/* As ft_depthwise_weight_gradient_f32, likewise; scale and reach are those of channel table[j]. */
void ft_depthwise_weight_gradient_s16(const ft_window *window, const int8_t *input, const int16_t *gradient,
                                      const uint16_t *table, const float *unit, const float *scale,
                                      const uint16_t *reach, float *rows, int32_t saved_channels,
                                      int32_t stride);

/* ---- update ---- */
/* step = (rate[0] * factor[row]) * gradient; rows with factor 0 are not written (dead channels). Clamped in
 * float, then rounded half away from zero; a NaN becomes 0. rate[0] holds learning rate / batch of this step.
 * weights and factor begin at row 0. s16: the weights' unit is 1/256 code, so the step is taken 256 times,
 * with the same factor; the limits are +-127 * 256. */
void ft_update_weights_s8(int8_t *weights, const float *gradient, const float *factor, const float *rate,
                          int32_t row_begin, int32_t row_end,
                          int32_t row_size); /* gradient's first row: row_begin */
void ft_update_weights_s16(int16_t *weights, const float *gradient, const float *factor, const float *rate,
                           int32_t row_begin, int32_t row_end, int32_t row_size);
/* floor(w - step + r), r in [0, 1) from ft_hash(seed, step_count, layer, index) */
void ft_update_weights_stochastic_s8(int8_t *weights, const float *gradient, const float *factor,
                                     const float *rate, const int32_t *step_count, int32_t seed,
                                     int32_t layer, int32_t row_begin, int32_t row_end, int32_t row_size);
/* Depthwise: weights and gradient [taps][channels], factor per channel. */
void ft_update_depthwise_s8(int8_t *weights, const float *gradient, const float *factor, const float *rate,
                            int32_t taps, int32_t channels);
void ft_update_depthwise_s16(int16_t *weights, const float *gradient, const float *factor, const float *rate,
                             int32_t taps, int32_t channels);
void ft_update_depthwise_stochastic_s8(int8_t *weights, const float *gradient, const float *factor,
                                       const float *rate, const int32_t *step_count, int32_t seed,
                                       int32_t layer, int32_t taps, int32_t channels);
/* Saturated to +-max(2^30, |initial|). factor's and the others' first element belong to the range. */
void ft_update_bias_s32(int32_t *bias, const int32_t *initial, const float *gradient, const float *factor,
                        const float *rate, int32_t count);
/* The same with factor / scale^2 in place of a table of factors, and 0 where the scale is below `least`. */
void ft_update_bias_scaled_s32(int32_t *bias, const int32_t *initial, const float *gradient,
                               const float *scale, float factor, float least, const float *rate,
                               int32_t count);
/* values[i] -= rate[0] * gradient[i] */
void ft_update_f32(float *values, const float *gradient, const float *rate, int32_t count);

/* Adam: replaces a gradient by its direction, which the updates above then multiply by rate[0] * factor. Here
 * the factor is 1 / scale (1 without quantisation-aware scaling), which takes a gradient to real units and
 * the direction back to codes. g = clamp(gradient * factor, +-1e18); mean = beta1 mean + (1 - beta1) g;
 * square = beta2 square + (1 - beta2) g^2; direction = (mean correction[0]) / (sqrt(square correction[1]) +
 * epsilon). [rows][row_size]; the factor of element i of a row is factor[row * factor_row + i *
 * factor_element]. */
void ft_adam_f32(float *gradient, float *mean, float *square, const float *factor, const float *correction,
                 float beta1, float beta2, float epsilon, int32_t rows, int32_t row_size, int32_t factor_row,
                 int32_t factor_element);
/* correction[0] = 1 / (1 - beta1^t), correction[1] = 1 / (1 - beta2^t), t = step_count[0] + 1 */
void ft_adam_correction_f32(float *correction, const int32_t *step_count, float beta1, float beta2);

/* The rate of this step, and the count of steps: rate[0] = learning_rate * schedule(step_count[0]) / batch.
 * warm-up: (step + 1) / warm_up, linear; then constant, or cosine: 0.5 (1 + cos(pi min(1, (step - warm_up) /
 * steps))). */
void ft_rate_constant(float *rate, const float *learning_rate, const int32_t *step_count, int32_t warm_up,
                      int32_t batch);
void ft_rate_cosine(float *rate, const float *learning_rate, const int32_t *step_count, int32_t warm_up,
                    int32_t steps, int32_t batch);
void ft_count(int32_t *counter); /* counter[0] += 1 */

#ifdef __cplusplus
}
#endif

#include "ft_operators.h"

#endif
