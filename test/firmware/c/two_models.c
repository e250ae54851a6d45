/* Two models of one firmware, trained in turns. Prints what each has learned. */
#include "other.h"
#include "small.h"

#include "samples.h"

#include <stdio.h>

#if defined(SMALL_ARENA_EXTERN)
#define SHARED_BYTES (SMALL_ARENA_BYTES > OTHER_ARENA_BYTES ? SMALL_ARENA_BYTES : OTHER_ARENA_BYTES)
#ifdef __cplusplus
extern "C" {
#endif
extern uint8_t shared_arena[SHARED_BYTES];
uint8_t shared_arena[SHARED_BYTES] __attribute__((aligned(8)));
#ifdef __cplusplus
}
#endif
#endif

static void print(const char *name, const void *learned, uint32_t count) {
  printf("%s ", name);
  for (uint32_t i = 0u; i < count; i++)
    printf("%02x", ((const uint8_t *)learned)[i]);
  printf("\n");
}

int main(void) {
  small_init();
  other_init();
  for (int32_t i = 0; i < SAMPLES; i++) {
    small_train_step(samples[i], labels[i]);
    other_train_begin(samples[i], labels[i]);
    while (other_train_poll()) {
    }
  }
  print("small", small_learned(), SMALL_LEARNED_BYTES);
  print("other", other_learned(), OTHER_LEARNED_BYTES);
  return SMALL_PLAN_HASH == OTHER_PLAN_HASH;
}
