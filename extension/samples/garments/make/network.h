/* The network in float32: convolutions with batch normalisation and ReLU6, residual additions, an average
 * pool. Sums run in a fixed order (no fast-math, no contraction): one seed gives one model. */

#ifndef NETWORK_H
#define NETWORK_H

#include <stddef.h>
#include <stdint.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, BATCH = 64, MAX_LAYERS = 64, MAX_CHANNELS = 256 };

typedef enum { CONV, DEPTHWISE, ADD, POOL } Kind;

/* A trained array with its gradient and momentum. */
typedef struct {
  int count;
  float *value, *gradient, *velocity;
} Parameter;

typedef struct {
  Kind kind;
  int input, other; /* layer numbers; -1: the picture */
  int kernel, stride, pad_y, pad_x;
  int in_height, in_width, in_channels, height, width, channels;
  int clamp, norm;                       /* ReLU6; batch normalisation (else a plain bias) */
  Parameter weights, gain, bias;         /* weights: [ky, kx, in, out], depthwise [ky, kx, channels] */
  float *mean, *variance;                /* running statistics */
  float *normalised, *inverse_deviation; /* of the batch, for the backward pass */
  float *output, *gradient;              /* [BATCH, height, width, channels] */
} Layer;

extern Layer layers[MAX_LAYERS];
extern int layer_count;
extern float picture[BATCH * PIXELS];

void fail(const char *what, const char *which);
float *floats(size_t count);

/* splitmix64: uniform in [0, bound), and in [-1, 1). */
extern uint64_t random_state;
int random_below(int bound);
float random_signed(void);

/* One layer a line, inputs by layer number (-1: the picture):
 *   conv INPUT CHANNELS KERNEL STRIDE CLAMP NORM
 *   depthwise INPUT KERNEL STRIDE CLAMP NORM
 *   add A B
 *   pool INPUT */
void read_network(const char *path);

/* From `picture` to the last layer's output; `training` uses and gathers the statistics of the batch. */
void forward(int batch, int training);

/* From the last layer's gradient, already in place, to the gradient of every parameter. */
void backward(int batch);

/* The factor and the term that normalisation with the running statistics comes to, per channel. */
void fold(const Layer *layer, float *scale, float *shift);

size_t output_size(const Layer *layer, int batch);

#endif
