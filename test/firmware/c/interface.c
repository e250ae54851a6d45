/* Every function of a model's interface, on the samples that the test gives. Prints what was learned, in
 * hexadecimal. */
#include "small.h"

#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                                                   \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      printf("line %d: %s\n", __LINE__, #condition);                                                         \
      exit(1);                                                                                               \
    }                                                                                                        \
  } while (0)

typedef struct saved {
  uint8_t bytes[SMALL_SAVE_ALL_BYTES];
  uint32_t count;
} saved;

static int32_t append(void *context, const void *bytes, uint32_t count) {
  saved *into = (saved *)context;
  REQUIRE(into->count + count <= sizeof into->bytes);
  memcpy(into->bytes + into->count, bytes, count);
  into->count += count;
  return 0;
}

static saved save(int32_t with_optimiser) {
  saved blob;
  memset(&blob, 0, sizeof blob);
  REQUIRE(small_save(with_optimiser, append, &blob) == FT_OK);
  REQUIRE(blob.count == (with_optimiser ? SMALL_SAVE_ALL_BYTES : SMALL_SAVE_BYTES));
  return blob;
}

static int32_t same(float a, float b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

static void train(int32_t first, int32_t end, float *losses) {
  for (int32_t i = first; i < end; i++)
    losses[i] = small_train_step(samples[i], labels[i]);
}

#if defined(SMALL_HOOK)
static int32_t hook_before, hook_after, hook_order_broken;
void SMALL_HOOK(int32_t step, int32_t done) {
  static int32_t open = -1;
  hook_order_broken |= done ? open != step : open != -1;
  open = done ? -1 : step;
  hook_before += done == 0;
  hook_after += done == 1;
}
#endif

int main(void) {
  float losses[SAMPLES], again[SAMPLES];
  uint8_t learned[SMALL_LEARNED_BYTES];

  small_init();
  REQUIRE(small_train_poll() == 0);
  train(0, SAMPLES, losses);
  REQUIRE(same(small_loss(), losses[SAMPLES - 1]));
  memcpy(learned, small_learned(), sizeof learned);

  /* In slices: the same bits. */
  small_reset();
  REQUIRE(memcmp(learned, small_learned(), sizeof learned) != 0);
  for (int32_t i = 0; i < SAMPLES; i++) {
    small_train_begin(samples[i], labels[i]);
    int32_t polls = 1;
    while (small_train_poll())
      polls++;
    REQUIRE(polls == SMALL_STEPS);
    REQUIRE(same(small_loss(), losses[i]));
  }
  REQUIRE(small_train_poll() == 0);
  REQUIRE(memcmp(learned, small_learned(), sizeof learned) == 0);

  /* An evaluation gives the loss that a training step would give, and changes nothing. */
  const saved before = save(1);
  for (int32_t i = 0; i < SAMPLES; i++) {
    const float last = small_loss();
    int32_t correct = -1;
    const float loss = small_evaluate(samples[i], labels[i], &correct);
    REQUIRE(same(loss, small_evaluate(samples[i], labels[i], NULL)));
    REQUIRE(correct == (small_prediction() == labels[i] ? 1 : 0));
    REQUIRE(small_prediction() == small_infer(samples[i]));
    REQUIRE(same(small_loss(), last));
    const saved after = save(1);
    REQUIRE(memcmp(&before, &after, sizeof before) == 0);
    REQUIRE(same(loss, small_train_step(samples[i], labels[i])));
    REQUIRE(small_load(before.bytes, before.count) == FT_OK);
  }

  /* Saved after half of the samples, trained further, loaded, trained further again: the same bits. */
  small_reset();
  train(0, SAMPLES / 2, losses);
  const saved half = save(1);
  train(SAMPLES / 2, SAMPLES, losses);
  REQUIRE(memcmp(learned, small_learned(), sizeof learned) == 0);
  small_reset();
  REQUIRE(small_load(half.bytes, half.count) == FT_OK);
  train(SAMPLES / 2, SAMPLES, again);
  for (int32_t i = SAMPLES / 2; i < SAMPLES; i++)
    REQUIRE(same(losses[i], again[i]));
  REQUIRE(memcmp(learned, small_learned(), sizeof learned) == 0);

  /* Without the optimiser's state, the weights at least. */
  const saved weights = save(0);
  small_reset();
  REQUIRE(small_load(weights.bytes, sizeof weights.bytes) == FT_OK);
  const saved loaded = save(0);
  REQUIRE(memcmp(&weights, &loaded, sizeof weights) == 0);

  for (int32_t i = 0; i < SMALL_CLASSES; i++)
    printf("class %s\n", small_class_names[i]);
#if defined(SMALL_HOOK)
  REQUIRE(hook_before == hook_after && hook_before > SMALL_STEPS && !hook_order_broken);
  for (int32_t i = 0; i < SMALL_STEPS; i++)
    printf("step %s\n", small_step_names[i]);
#endif
  printf("learned ");
  for (uint32_t i = 0u; i < sizeof learned; i++)
    printf("%02x", learned[i]);
  printf("\nsaved ");
  for (uint32_t i = 0u; i < weights.count; i++)
    printf("%02x", weights.bytes[i]);
  printf("\n");
  return 0;
}
