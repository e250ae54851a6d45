/* ft_store.c on a flash that keeps its rules and loses power at a chosen byte. Prints one line per check:
 * name, tries, how often the old and the new state came back. Ends at the first wrong answer. */
#include "kernels/ft_store.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 128, SLOT = 3 * SECTOR, STATE = 199, GAP = 5, MEMORY = 240 };

#define REQUIRE(condition)                                                                                   \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      printf("line %d: %s\n", __LINE__, #condition);                                                         \
      exit(1);                                                                                               \
    }                                                                                                        \
  } while (0)

static uint32_t seed = 1u;
static uint32_t random_below(uint32_t limit) {
  seed = seed * 1664525u + 1013904223u;
  return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

/* ---- the flash ---- */

static uint8_t cells[2 * SLOT];
static uint8_t programmed[2 * SLOT]; /* since the last erase: a unit takes one programming */
static int32_t power_left = -1;      /* bytes until the power fails; -1: it does not */
static jmp_buf power_failed;

static void spend(uint8_t *cell, uint8_t after, int32_t erasing) {
  if (power_left == 0) {
    /* The byte under way: some bits have changed. */
    const uint8_t noise = (uint8_t)random_below(256u);
    *cell = erasing ? (uint8_t)(*cell | (after & noise)) : (uint8_t)(*cell & (after | noise));
    longjmp(power_failed, 1);
  }
  if (power_left > 0)
    power_left--;
  *cell = after;
}

static int32_t erase(void *context, uint32_t address) {
  REQUIRE(address % SECTOR == 0u && address < sizeof cells);
  (void)context;
  for (uint32_t i = address; i < address + SECTOR; i++)
    programmed[i] = 1u; /* half erased is not erased */
  for (uint32_t i = address; i < address + SECTOR; i++)
    spend(&cells[i], 0xffu, 1);
  memset(programmed + address, 0, SECTOR);
  return 0;
}

static int32_t program(void *context, uint32_t address, const void *bytes, uint32_t count) {
  const uint32_t unit = *(const uint32_t *)context;
  REQUIRE(address % unit == 0u && count % unit == 0u && count > 0u && address + count <= sizeof cells);
  REQUIRE((uintptr_t)bytes % 4u == 0u);
  for (uint32_t i = 0u; i < count; i++) {
    REQUIRE(!programmed[address + i] && cells[address + i] == 0xffu);
  }
  for (uint32_t i = 0u; i < count; i++) {
    programmed[address + i] = 1u;
    spend(&cells[address + i], ((const uint8_t *)bytes)[i], 0);
  }
  return 0;
}

static int32_t read(void *context, uint32_t address, void *bytes, uint32_t count) {
  (void)context;
  REQUIRE(address + count <= sizeof cells);
  memcpy(bytes, cells + address, count);
  return 0;
}

/* ---- the model: two stretches of memory that train, one of the optimiser ---- */

static uint8_t memory[MEMORY];
static const ft_part parts[] = {{0u, 99u}, {99u + GAP, STATE - 99u}, {STATE + GAP, MEMORY - STATE - GAP}};
static const ft_learned learned = {memory,      parts,      2u, 3u, STATE, MEMORY - STATE - GAP,
                                   0x12345678u, 0x9abcdef0u};

/* State number `state`; what is between the parts stays as it is. */
static void set_state(uint32_t state) {
  for (uint32_t part = 0u; part < 3u; part++) {
    for (uint32_t i = 0u; i < parts[part].bytes; i++)
      memory[parts[part].offset + i] = (uint8_t)((state * 2654435761u + i * 40503u + part) >> 7);
  }
}

static int32_t is_state(uint32_t state) {
  uint8_t now[MEMORY];
  memcpy(now, memory, sizeof now);
  set_state(state);
  return memcmp(now, memory, sizeof now) == 0;
}

static int32_t save(uint32_t state, const ft_flash *flash, int32_t bytes) {
  set_state(state);
  power_left = bytes;
  volatile int32_t result = -1;
  if (setjmp(power_failed) == 0)
    result = ft_slots_save(&learned, 1, flash);
  power_left = -1;
  return result;
}

static void load(const ft_flash *flash) {
  set_state(99999u);
  REQUIRE(ft_slots_load(&learned, flash) == FT_OK);
}

/* Every byte of a save: the first after a factory flash, and later ones. */
static void cut_everywhere(uint32_t unit) {
  const ft_flash flash = {&unit, SECTOR, SLOT, unit, erase, program, read};
  uint32_t tries = 0u, old_states = 0u, new_states = 0u;
  for (uint32_t before = 1u; before <= 3u; before++) {
    for (int32_t cut = 0;; cut++) {
      memset(cells, 0xff, sizeof cells);
      memset(programmed, 0, sizeof programmed);
      for (uint32_t state = 1u; state <= before; state++)
        REQUIRE(save(state, &flash, -1) == FT_OK);
      const int32_t result = save(before + 1u, &flash, cut);
      load(&flash);
      const int32_t is_new = is_state(before + 1u);
      if (!is_new) {
        load(&flash);
        REQUIRE(is_state(before));
      }
      tries++;
      old_states += is_new ? 0u : 1u;
      new_states += is_new ? 1u : 0u;
      REQUIRE(save(7u, &flash, -1) == FT_OK);
      load(&flash);
      REQUIRE(is_state(7u));
      if (result == FT_OK)
        break;
    }
  }
  printf("every byte, units of %u: %u tries, %u old, %u new\n", unit, tries, old_states, new_states);
}

static void cut_at_random(uint32_t cuts) {
  uint32_t unit = 8u;
  const ft_flash flash = {&unit, SECTOR, SLOT, unit, erase, program, read};
  uint32_t last = 1u, old_states = 0u, new_states = 0u, failures = 0u;
  memset(cells, 0xff, sizeof cells);
  memset(programmed, 0, sizeof programmed);
  REQUIRE(save(last, &flash, -1) == FT_OK);
  for (uint32_t next = 2u; failures < cuts; next++) {
    const int32_t result = save(next, &flash, (int32_t)random_below(3u * SECTOR + 2u * MEMORY));
    failures += result == FT_OK ? 0u : 1u;
    load(&flash);
    if (is_state(next)) {
      new_states++;
      last = next;
    } else {
      load(&flash);
      REQUIRE(is_state(last));
      REQUIRE(result != FT_OK);
      old_states++;
    }
  }
  printf("at random: %u cuts, %u old, %u new\n", failures, old_states, new_states);
}

/* ---- blobs that must be refused ---- */

typedef struct sink {
  uint8_t bytes[FT_BLOB_OVERHEAD + MEMORY];
  uint32_t count;
} sink;

static int32_t append(void *context, const void *bytes, uint32_t count) {
  sink *into = (sink *)context;
  memcpy(into->bytes + into->count, bytes, count);
  into->count += count;
  return 0;
}

static int32_t refuse(const ft_learned *model, const sink *blob, uint32_t bytes) {
  set_state(5u);
  memset(memory + 99, 0x5a, GAP);
  const int32_t result = ft_blob_load(model, blob->bytes, bytes);
  REQUIRE(result != FT_OK);
  for (uint32_t i = 0u; i < GAP; i++)
    REQUIRE(memory[99u + i] == 0x5au);
  REQUIRE(is_state(5u));
  return result;
}

static void refuse_damage(int32_t with_optimiser) {
  sink blob = {{0}, 0u};
  set_state(3u);
  REQUIRE(ft_blob_write(&learned, with_optimiser, append, &blob) == FT_OK);
  for (uint32_t bytes = 0u; bytes < blob.count; bytes++)
    REQUIRE(refuse(&learned, &blob, bytes) == FT_TRUNCATED);
  uint32_t damaged = 0u;
  for (uint32_t bit = 0u; bit < 8u * blob.count; bit++) {
    blob.bytes[bit / 8u] ^= (uint8_t)(1u << (bit % 8u));
    const int32_t result = refuse(&learned, &blob, blob.count);
    const int32_t expected = bit < 32u ? FT_EMPTY : bit < 64u ? FT_VERSION : FT_DAMAGED;
    REQUIRE(result == expected || (bit >= 160u && bit < 224u && result == FT_TRUNCATED));
    damaged += result == FT_DAMAGED ? 1u : 0u;
    blob.bytes[bit / 8u] ^= (uint8_t)(1u << (bit % 8u));
  }
  ft_learned other = learned;
  other.plan ^= 1u;
  REQUIRE(refuse(&other, &blob, blob.count) == FT_OTHER_PLAN);
  set_state(5u);
  REQUIRE(ft_blob_load(&learned, blob.bytes, blob.count) == FT_OK);
  const int32_t optimiser_is_zero = memory[STATE + GAP] == 0u && memory[MEMORY - 1] == 0u;
  REQUIRE(with_optimiser ? is_state(3u) : optimiser_is_zero);
  printf("blob of %u bytes: refused truncated, with each bit flipped (%u damaged), of another plan\n",
         blob.count, damaged);
}

/* The optimiser was changed in a new plan: the weights are taken, its state starts anew. */
static void take_weights_of_another_optimiser(void) {
  sink blob = {{0}, 0u};
  set_state(3u);
  REQUIRE(ft_blob_write(&learned, 1, append, &blob) == FT_OK);
  ft_learned other = learned;
  other.optimiser ^= 1u;
  set_state(5u);
  REQUIRE(ft_blob_load(&other, blob.bytes, blob.count) == FT_OK);
  for (uint32_t i = parts[2].offset; i < MEMORY; i++)
    REQUIRE(memory[i] == 0u);
  uint8_t taken[STATE + GAP];
  memcpy(taken, memory, sizeof taken);
  set_state(3u);
  REQUIRE(memcmp(taken, memory, sizeof taken) == 0);
  printf("optimiser changed: weights taken\n");
}

/* ---- slots that hold nothing good ---- */

static int32_t fail(void *context, uint32_t address, const void *bytes, uint32_t count) {
  (void)context, (void)address, (void)bytes, (void)count;
  return 1;
}
static int32_t forget(void *context, uint32_t address, const void *bytes, uint32_t count) {
  (void)context, (void)address, (void)bytes, (void)count;
  return 0;
}

static void tell_what_is_wrong(void) {
  uint32_t unit = 4u;
  const ft_flash flash = {&unit, SECTOR, SLOT, unit, erase, program, read};
  memset(cells, 0xff, sizeof cells);
  memset(programmed, 0, sizeof programmed);
  set_state(5u);
  REQUIRE(ft_slots_load(&learned, &flash) == FT_EMPTY);
  REQUIRE(save(1u, &flash, -1) == FT_OK);
  ft_learned other = learned;
  other.plan ^= 1u;
  set_state(5u);
  REQUIRE(ft_slots_load(&other, &flash) == FT_OTHER_PLAN);
  REQUIRE(is_state(5u));
  REQUIRE(save(2u, &flash, -1) == FT_OK);
  cells[40] ^= 1u;
  cells[SLOT + 40] ^= 1u;
  set_state(5u);
  REQUIRE(ft_slots_load(&learned, &flash) == FT_DAMAGED);
  REQUIRE(is_state(5u));
  cells[SLOT + 40] ^= 1u; /* the newer one is good again */
  load(&flash);
  REQUIRE(is_state(2u));

  ft_flash broken = flash;
  broken.program = fail;
  REQUIRE(ft_slots_save(&learned, 1, &broken) == FT_FAILED);
  broken.program = forget;
  REQUIRE(ft_slots_save(&learned, 1, &broken) == FT_UNVERIFIED);
  load(&flash);
  REQUIRE(is_state(2u));
  broken = flash;
  broken.slot_bytes = SECTOR;
  REQUIRE(ft_slots_save(&learned, 1, &broken) == FT_TOO_LARGE);
  broken.slot_bytes = SLOT - 1;
  REQUIRE(ft_slots_save(&learned, 1, &broken) == FT_TOO_LARGE);
  broken.slot_bytes = SLOT;
  broken.write_bytes = 12u;
  REQUIRE(ft_slots_save(&learned, 1, &broken) == FT_TOO_LARGE);
  printf("what is wrong is told\n");
}

int main(void) {
  const uint32_t units[] = {1u, 2u, 4u, 8u, 16u, 32u, 64u};
  for (uint32_t i = 0u; i < sizeof units / sizeof units[0]; i++)
    cut_everywhere(units[i]);
  cut_at_random(10000u);
  refuse_damage(0);
  refuse_damage(1);
  take_weights_of_another_optimiser();
  tell_what_is_wrong();
  return 0;
}
