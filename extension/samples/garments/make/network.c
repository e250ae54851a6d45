#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float EPSILON = 1e-3f, STATISTICS_RATE = 0.02f;

Layer layers[MAX_LAYERS];
int layer_count;
float picture[BATCH * PIXELS];
uint64_t random_state;

void fail(const char *what, const char *which) {
  fprintf(stderr, "train: %s %s\n", what, which);
  exit(1);
}

float *floats(size_t count) {
  float *memory = calloc(count, sizeof(float));
  if (memory == NULL)
    fail("out of memory", "");
  return memory;
}

static uint64_t random_bits(void) {
  uint64_t z = (random_state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

int random_below(int bound) {
  return (int)((random_bits() >> 32) * (uint64_t)bound >> 32);
}
float random_signed(void) {
  return (float)((double)(random_bits() >> 11) / 4503599627370496.0 - 1.0);
}

static Parameter parameter(int count, float initial) {
  Parameter p = {count, floats((size_t)count), floats((size_t)count), floats((size_t)count)};
  for (int i = 0; i < count; i++)
    p.value[i] = initial;
  return p;
}

/* TFLite's SAME padding: the odd row goes below. */
static void shape_window(Layer *l) {
  l->height = (l->in_height + l->stride - 1) / l->stride;
  l->width = (l->in_width + l->stride - 1) / l->stride;
  int rows = (l->height - 1) * l->stride + l->kernel - l->in_height;
  int columns = (l->width - 1) * l->stride + l->kernel - l->in_width;
  l->pad_y = rows > 0 ? rows / 2 : 0;
  l->pad_x = columns > 0 ? columns / 2 : 0;
}

static void shape_layer(Layer *l) {
  const Layer *from = l->input < 0 ? NULL : &layers[l->input];
  l->in_height = from ? from->height : SIDE;
  l->in_width = from ? from->width : SIDE;
  l->in_channels = from ? from->channels : 1;
  l->height = l->width = 1;
  if (l->kind == ADD) {
    l->height = l->in_height;
    l->width = l->in_width;
  }
  if (l->kind != CONV)
    l->channels = l->in_channels;
  if (l->kind == CONV || l->kind == DEPTHWISE) {
    shape_window(l);
    int taps = l->kernel * l->kernel, fan_in = l->kind == CONV ? taps * l->in_channels : taps;
    l->weights = parameter(fan_in * l->channels, 0);
    float bound = sqrtf(6.0f / (float)fan_in);
    for (int i = 0; i < l->weights.count; i++)
      l->weights.value[i] = bound * random_signed();
    l->gain = parameter(l->channels, 1);
    l->bias = parameter(l->channels, 0);
    l->mean = floats((size_t)l->channels);
    l->variance = floats((size_t)l->channels);
    l->inverse_deviation = floats((size_t)l->channels);
    for (int c = 0; c < l->channels; c++)
      l->variance[c] = 1;
  }
  size_t size = (size_t)BATCH * (size_t)(l->height * l->width * l->channels);
  l->output = floats(size);
  l->gradient = floats(size);
  l->normalised = floats(size);
}

void read_network(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL)
    fail("cannot read", path);
  char word[16];
  while (fscanf(file, "%15s", word) == 1) {
    if (layer_count == MAX_LAYERS)
      fail("too many layers in", path);
    Layer *l = &layers[layer_count++];
    int read = -1;
    l->other = -1;
    if (strcmp(word, "conv") == 0) {
      l->kind = CONV;
      read = fscanf(file, "%d %d %d %d %d %d", &l->input, &l->channels, &l->kernel, &l->stride, &l->clamp,
                    &l->norm) -
             6;
    } else if (strcmp(word, "depthwise") == 0) {
      l->kind = DEPTHWISE;
      read = fscanf(file, "%d %d %d %d %d", &l->input, &l->kernel, &l->stride, &l->clamp, &l->norm) - 5;
    } else if (strcmp(word, "add") == 0) {
      l->kind = ADD;
      read = fscanf(file, "%d %d", &l->input, &l->other) - 2;
    } else if (strcmp(word, "pool") == 0) {
      l->kind = POOL;
      read = fscanf(file, "%d", &l->input) - 1;
    }
    if (read != 0)
      fail("not a layer:", word);
    shape_layer(l);
    if (l->channels < 1 || l->channels > MAX_CHANNELS)
      fail("too many channels in", path);
  }
  fclose(file);
}

/* ---- Products: the innermost loop runs along memory, so that compilers vectorise it without reordering sums
 * ---- */

/* y[m] += x[n] W[n,m] */
static void multiply_row(int n, int m, const float *restrict x, const float *restrict w, float *restrict y) {
  int i = 0;
  for (; i + 4 <= n; i += 4, w += 4 * m)
    for (int j = 0; j < m; j++)
      y[j] += x[i] * w[j] + x[i + 1] * w[m + j] + x[i + 2] * w[2 * m + j] + x[i + 3] * w[3 * m + j];
  for (; i < n; i++, w += m)
    for (int j = 0; j < m; j++)
      y[j] += x[i] * w[j];
}

/* W[n,m] += x[n] y[m] */
static void outer_product(int n, int m, const float *restrict x, const float *restrict y, float *restrict w) {
  for (int i = 0; i < n; i++, w += m)
    for (int j = 0; j < m; j++)
      w[j] += x[i] * y[j];
}

/* y[m] += a[m] b[m] */
static void multiply_each(int m, const float *restrict a, const float *restrict b, float *restrict y) {
  for (int j = 0; j < m; j++)
    y[j] += a[j] * b[j];
}

static const float *input_of(const Layer *l) {
  return l->input < 0 ? picture : layers[l->input].output;
}

typedef enum { FORWARD, BACKWARD } Direction;

/* One visit of every (output position, tap) pair that lies inside the input. `transposed` is [tap,out,in]. */
static void visit_window(Layer *l, int batch, Direction direction, const float *transposed) {
  const float *input = input_of(l);
  float *input_gradient = l->input < 0 ? NULL : layers[l->input].gradient;
  int in = l->in_channels, out = l->channels, per_tap = l->kind == CONV ? in * out : out;
  for (int p = 0; p < batch * l->height * l->width; p++) {
    int x = p % l->width, y = p / l->width % l->height, n = p / (l->width * l->height);
    for (int tap = 0; tap < l->kernel * l->kernel; tap++) {
      int row = y * l->stride - l->pad_y + tap / l->kernel,
          column = x * l->stride - l->pad_x + tap % l->kernel;
      if (row < 0 || row >= l->in_height || column < 0 || column >= l->in_width)
        continue;
      size_t at = (size_t)((n * l->in_height + row) * l->in_width + column) * (size_t)in;
      size_t weight = (size_t)tap * (size_t)per_tap, to = (size_t)p * (size_t)out;
      if (direction == FORWARD) {
        if (l->kind == CONV)
          multiply_row(in, out, input + at, l->weights.value + weight, l->output + to);
        else
          multiply_each(out, input + at, l->weights.value + weight, l->output + to);
        continue;
      }
      if (l->kind == CONV) {
        outer_product(in, out, input + at, l->gradient + to, l->weights.gradient + weight);
        if (input_gradient)
          multiply_row(out, in, l->gradient + to, transposed + weight, input_gradient + at);
      } else {
        multiply_each(out, input + at, l->gradient + to, l->weights.gradient + weight);
        if (input_gradient)
          multiply_each(out, l->gradient + to, l->weights.value + weight, input_gradient + at);
      }
    }
  }
}

/* ---- Normalisation (per channel, over batch and positions), bias and ReLU6 ---- */

static void batch_statistics(Layer *l, int positions) {
  int channels = l->channels;
  double sum[MAX_CHANNELS] = {0}, squares[MAX_CHANNELS] = {0};
  float mean[MAX_CHANNELS];
  for (int p = 0; p < positions; p++)
    for (int c = 0; c < channels; c++) {
      double v = l->output[p * channels + c];
      sum[c] += v;
      squares[c] += v * v;
    }
  for (int c = 0; c < channels; c++) {
    mean[c] = (float)(sum[c] / positions);
    float variance = (float)fmax(0, squares[c] / positions - (sum[c] / positions) * (sum[c] / positions));
    l->mean[c] += STATISTICS_RATE * (mean[c] - l->mean[c]);
    l->variance[c] += STATISTICS_RATE * (variance - l->variance[c]);
    l->inverse_deviation[c] = 1 / sqrtf(variance + EPSILON);
  }
  for (int p = 0; p < positions; p++)
    for (int c = 0; c < channels; c++)
      l->normalised[p * channels + c] = (l->output[p * channels + c] - mean[c]) * l->inverse_deviation[c];
}

void fold(const Layer *l, float *scale, float *shift) {
  for (int c = 0; c < l->channels; c++) {
    scale[c] = l->norm ? l->gain.value[c] / sqrtf(l->variance[c] + EPSILON) : 1;
    shift[c] = l->bias.value[c] - (l->norm ? scale[c] * l->mean[c] : 0);
  }
}

static void finish_forward(Layer *l, int batch, int training) {
  int positions = batch * l->height * l->width, channels = l->channels;
  float scale[MAX_CHANNELS], shift[MAX_CHANNELS];
  const float *source = l->output;
  fold(l, scale, shift);
  if (l->norm && training) {
    batch_statistics(l, positions);
    source = l->normalised;
    memcpy(scale, l->gain.value, (size_t)channels * sizeof(float));
    memcpy(shift, l->bias.value, (size_t)channels * sizeof(float));
  }
  for (int p = 0; p < positions; p++)
    for (int c = 0; c < channels; c++) {
      float v = scale[c] * source[p * channels + c] + shift[c];
      l->output[p * channels + c] = l->clamp ? (v < 0 ? 0 : v > 6 ? 6 : v) : v;
    }
}

static void begin_backward(Layer *l, int batch) {
  int positions = batch * l->height * l->width, channels = l->channels;
  double sum[MAX_CHANNELS] = {0}, weighted[MAX_CHANNELS] = {0};
  float factor[MAX_CHANNELS], mean[MAX_CHANNELS], slope[MAX_CHANNELS];
  for (int p = 0; p < positions; p++)
    for (int c = 0; c < channels; c++) {
      int i = p * channels + c;
      if (l->clamp && (l->output[i] <= 0 || l->output[i] >= 6))
        l->gradient[i] = 0;
      sum[c] += l->gradient[i];
      weighted[c] += (double)l->gradient[i] * l->normalised[i];
    }
  for (int c = 0; c < channels; c++) {
    l->bias.gradient[c] += (float)sum[c];
    l->gain.gradient[c] += (float)weighted[c];
    factor[c] = l->gain.value[c] * l->inverse_deviation[c];
    mean[c] = (float)(sum[c] / positions);
    slope[c] = (float)(weighted[c] / positions);
  }
  for (int p = 0; p < positions && l->norm; p++)
    for (int c = 0; c < channels; c++) {
      int i = p * channels + c;
      l->gradient[i] = factor[c] * (l->gradient[i] - mean[c] - slope[c] * l->normalised[i]);
    }
}

/* ---- Passes over the network ---- */

size_t output_size(const Layer *l, int batch) {
  return (size_t)batch * (size_t)(l->height * l->width * l->channels);
}

void forward(int batch, int training) {
  for (int index = 0; index < layer_count; index++) {
    Layer *l = &layers[index];
    size_t size = output_size(l, batch);
    const float *a = input_of(l);
    if (l->kind == ADD) {
      for (size_t i = 0; i < size; i++)
        l->output[i] = a[i] + layers[l->other].output[i];
      continue;
    }
    memset(l->output, 0, size * sizeof(float));
    if (l->kind == POOL) {
      int area = l->in_height * l->in_width;
      for (int p = 0; p < batch * area; p++)
        for (int c = 0; c < l->channels; c++)
          l->output[p / area * l->channels + c] += a[p * l->channels + c] / (float)area;
      continue;
    }
    visit_window(l, batch, FORWARD, NULL);
    finish_forward(l, batch, training);
  }
}

static void transpose_taps(const Layer *l, float *to) {
  for (int tap = 0; tap < l->kernel * l->kernel; tap++)
    for (int i = 0; i < l->in_channels; i++)
      for (int o = 0; o < l->channels; o++)
        to[(tap * l->channels + o) * l->in_channels + i] =
            l->weights.value[(tap * l->in_channels + i) * l->channels + o];
}

void backward(int batch) {
  for (int index = 0; index + 1 < layer_count; index++)
    memset(layers[index].gradient, 0, output_size(&layers[index], batch) * sizeof(float));
  for (int index = layer_count - 1; index >= 0; index--) {
    Layer *l = &layers[index];
    size_t size = output_size(l, batch);
    if (l->kind == ADD) {
      for (size_t i = 0; i < size; i++)
        layers[l->input].gradient[i] += l->gradient[i];
      for (size_t i = 0; i < size; i++)
        layers[l->other].gradient[i] += l->gradient[i];
    } else if (l->kind == POOL) {
      int area = l->in_height * l->in_width;
      for (int p = 0; p < batch * area; p++)
        for (int c = 0; c < l->channels; c++)
          layers[l->input].gradient[p * l->channels + c] +=
              l->gradient[p / area * l->channels + c] / (float)area;
    } else {
      begin_backward(l, batch);
      float *transposed = NULL;
      if (l->kind == CONV)
        transpose_taps(l, transposed = floats((size_t)l->weights.count));
      visit_window(l, batch, BACKWARD, transposed);
      free(transposed);
    }
  }
}
