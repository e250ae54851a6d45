/* Float32 pre-training: SGD with momentum, cosine rate, flips and shifts.
 *
 *   train NETWORK IMAGES LABELS TEST_IMAGES TEST_LABELS OUT EPOCHS SEED
 *
 * NETWORK is read by read_network. Images are uint8 [n,28,28,1], real value pixel / 255; labels uint8 [n].
 * OUT holds float32, layer by layer: weights and biases with the normalisation folded in (if the layer has
 * any), then the least and the greatest output over the calibration pictures. Prints the accuracy on the test
 * set. */

#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALIBRATION = 2048, SHIFT = 2 };
static const float PEAK_RATE = 0.1f, MOMENTUM = 0.9f, DECAY = 5e-4f;

typedef struct {
  int count;
  uint8_t *images, *labels;
} Set;

/* Mean cross-entropy; leaves the gradient of the logits in the last layer; counts right answers. */
static double loss(const uint8_t *labels, int batch, int *right) {
  Layer *last = &layers[layer_count - 1];
  double sum = 0;
  for (int n = 0; n < batch; n++) {
    const float *logits = last->output + n * last->channels;
    float *gradient = last->gradient + n * last->channels;
    int best = 0;
    for (int c = 1; c < last->channels; c++)
      if (logits[c] > logits[best])
        best = c;
    double total = 0;
    for (int c = 0; c < last->channels; c++)
      total += exp(logits[c] - logits[best]);
    for (int c = 0; c < last->channels; c++)
      gradient[c] = (float)((exp(logits[c] - logits[best]) / total - (c == labels[n])) / batch);
    sum += log(total) - (logits[labels[n]] - logits[best]);
    *right += best == labels[n];
  }
  return sum / batch;
}

static void step(Parameter *p, float rate, float decay) {
  for (int i = 0; i < p->count; i++) {
    p->velocity[i] = MOMENTUM * p->velocity[i] + p->gradient[i] + decay * p->value[i];
    p->value[i] -= rate * p->velocity[i];
    p->gradient[i] = 0;
  }
}

/* ---- Pictures ---- */

static uint8_t *read_bytes(const char *path, int *count) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0)
    fail("cannot read", path);
  *count = (int)ftell(file);
  rewind(file);
  uint8_t *bytes = malloc((size_t)*count);
  if (bytes == NULL || fread(bytes, 1, (size_t)*count, file) != (size_t)*count)
    fail("cannot read", path);
  fclose(file);
  return bytes;
}

static Set read_set(const char *images, const char *labels) {
  Set set;
  int bytes;
  set.images = read_bytes(images, &bytes);
  set.labels = read_bytes(labels, &set.count);
  if (bytes != set.count * PIXELS)
    fail("labels do not match", images);
  return set;
}

static void load_picture(int slot, const uint8_t *image, int flip, int down, int right) {
  for (int p = 0; p < PIXELS; p++) {
    int y = p / SIDE - down, x = p % SIDE - right;
    int inside = y >= 0 && y < SIDE && x >= 0 && x < SIDE;
    picture[slot * PIXELS + p] = inside ? (float)image[y * SIDE + (flip ? SIDE - 1 - x : x)] / 255 : 0;
  }
}

static double accuracy(const Set *set) {
  int right = 0;
  for (int first = 0; first < set->count; first += BATCH) {
    int batch = set->count - first < BATCH ? set->count - first : BATCH;
    for (int n = 0; n < batch; n++)
      load_picture(n, set->images + (size_t)(first + n) * PIXELS, 0, 0, 0);
    forward(batch, 0);
    loss(set->labels + first, batch, &right);
  }
  return (double)right / set->count;
}

/* ---- Training, calibration, result ---- */

static void train_epoch(const Set *set, int *order, int epoch, int epochs) {
  int steps = set->count / BATCH, right = 0;
  double sum = 0;
  for (int i = set->count - 1; i > 0; i--) {
    int j = random_below(i + 1), kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  for (int s = 0; s < steps; s++) {
    uint8_t labels[BATCH];
    for (int n = 0; n < BATCH; n++) {
      int from = order[s * BATCH + n];
      int flip = random_below(2), down = random_below(2 * SHIFT + 1), across = random_below(2 * SHIFT + 1);
      load_picture(n, set->images + (size_t)from * PIXELS, flip, down - SHIFT, across - SHIFT);
      labels[n] = set->labels[from];
    }
    forward(BATCH, 1);
    sum += loss(labels, BATCH, &right);
    backward(BATCH);
    double progress = (epoch + (double)s / steps) / epochs;
    float rate = PEAK_RATE * (float)(0.5 + 0.5 * cos(3.14159265358979 * progress));
    for (int index = 0; index < layer_count; index++) {
      step(&layers[index].weights, rate, DECAY);
      step(&layers[index].gain, rate, 0);
      step(&layers[index].bias, rate, 0);
    }
  }
  fprintf(stderr, "epoch %d: loss %.4f, train %.2f %%\n", epoch + 1, sum / steps,
          100.0 * right / (steps * BATCH));
}

/* Of each layer's outputs, 0 included. */
static float least[MAX_LAYERS], greatest[MAX_LAYERS];

static void calibrate(const Set *set, const int *order) {
  for (int first = 0; first < CALIBRATION; first += BATCH) {
    for (int n = 0; n < BATCH; n++)
      load_picture(n, set->images + (size_t)order[first + n] * PIXELS, 0, 0, 0);
    forward(BATCH, 0);
    for (int index = 0; index < layer_count; index++) {
      const Layer *l = &layers[index];
      for (size_t i = 0; i < output_size(l, BATCH); i++) {
        least[index] = fminf(least[index], l->output[i]);
        greatest[index] = fmaxf(greatest[index], l->output[i]);
      }
    }
  }
}

static void write_network(const char *path) {
  FILE *file = fopen(path, "wb");
  if (file == NULL)
    fail("cannot write", path);
  for (int index = 0; index < layer_count; index++) {
    Layer *l = &layers[index];
    if (l->kind == CONV || l->kind == DEPTHWISE) {
      float scale[MAX_CHANNELS], shift[MAX_CHANNELS];
      fold(l, scale, shift);
      for (int i = 0; i < l->weights.count; i++)
        l->weights.value[i] *= scale[i % l->channels];
      fwrite(l->weights.value, sizeof(float), (size_t)l->weights.count, file);
      fwrite(shift, sizeof(float), (size_t)l->channels, file);
    }
    fwrite(&least[index], sizeof(float), 1, file);
    fwrite(&greatest[index], sizeof(float), 1, file);
  }
  if (fclose(file) != 0)
    fail("cannot write", path);
}

int main(int argc, char **argv) {
  if (argc != 9)
    fail("needs", "NETWORK IMAGES LABELS TEST_IMAGES TEST_LABELS OUT EPOCHS SEED");
  int epochs = atoi(argv[7]);
  random_state = strtoull(argv[8], NULL, 10);
  read_network(argv[1]);
  Set train = read_set(argv[2], argv[3]), test = read_set(argv[4], argv[5]);
  if (train.count < CALIBRATION)
    fail("too few pictures in", argv[2]);
  int *order = malloc((size_t)train.count * sizeof(int));
  if (order == NULL)
    fail("out of memory", "");
  for (int i = 0; i < train.count; i++)
    order[i] = i;
  for (int epoch = 0; epoch < epochs; epoch++)
    train_epoch(&train, order, epoch, epochs);
  calibrate(&train, order);
  printf("%.6f\n", accuracy(&test));
  write_network(argv[6]);
  return 0;
}
