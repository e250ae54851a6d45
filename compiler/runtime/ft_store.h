/* Keeps what a model has learned: a blob with a checksum, and two slots of flash that take turns, so that a
 * loss of power at any byte leaves the last state or the new one. One file for all models of a firmware; no
 * memory of its own, some 400 bytes of stack. Calls itself nowhere, allocates nothing.
 *
 * The blob, every word little-endian (as on all supported processors):
 *   0  magic "FTL1"     4  format version     8  sequence number     12  plan      16  optimiser, 0: not
 * inside 20  bytes of trained parameters           24  bytes of optimiser state          28  these, in this
 * order and at the end the CRC-32 (as zlib's) of everything before it. */
#ifndef FT_STORE_H
#define FT_STORE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Header and checksum: a blob's bytes beyond what it keeps. */
#define FT_BLOB_OVERHEAD 32
#define FT_BLOB_VERSION 1
/* The largest unit that a flash may be programmed in. */
#define FT_WRITE_BYTES_MAX 64

/* What the functions below return. A refused blob leaves the model as it is, whatever the reason. */
enum ft_result {
  FT_OK = 0,
  FT_EMPTY = 1,      /* nothing was ever saved here: no blob begins here */
  FT_VERSION = 2,    /* a blob of another format version */
  FT_TRUNCATED = 3,  /* it ends before its end */
  FT_DAMAGED = 4,    /* the checksum does not fit */
  FT_OTHER_PLAN = 5, /* of another model, or of a plan that trains other channels */
  FT_TOO_LARGE = 6,  /* the slot does not hold the blob, or the flash's figures make no sense */
  FT_FAILED = 7,     /* a function of the caller returned an error */
  FT_UNVERIFIED =
      8 /* what was programmed reads back differently; the last good state is still the one that counts */
};

/* Where a model has what it learned; its own functions pass it on. */
typedef struct ft_part {
  uint32_t offset, bytes;
} ft_part;

typedef struct ft_learned {
  uint8_t *memory;
  const ft_part *parts;                    /* trained parameters, then the optimiser's state */
  uint32_t trained_parts, all_parts;       /* how many */
  uint32_t trained_bytes, optimiser_bytes; /* their sums */
  uint32_t plan, optimiser;                /* hashes */
} ft_learned;

/* Takes the next `count` bytes. Returns 0, or another value to give up. */
typedef int32_t (*ft_writer)(void *context, const void *bytes, uint32_t count);
/* Gives `count` bytes from `offset` on. Returns 0, or another value to give up. */
typedef int32_t (*ft_reader)(void *context, uint32_t offset, void *bytes, uint32_t count);

/* A stretch of flash for two slots, at addresses 0 to 2 * slot_bytes - 1 of the functions, which return 0 or
 * an error. Erased bytes are 0xff. */
typedef struct ft_flash {
  void *context;         /* handed to the functions */
  uint32_t sector_bytes; /* what one erase erases */
  uint32_t slot_bytes;   /* whole sectors */
  uint32_t write_bytes;  /* programmed together and only once: 1, 2, 4, ... FT_WRITE_BYTES_MAX */
  int32_t (*erase)(void *context, uint32_t address);
  /* `address` and `count` are multiples of write_bytes, `bytes` lies at a multiple of 4. */
  int32_t (*program)(void *context, uint32_t address, const void *bytes, uint32_t count);
  int32_t (*read)(void *context, uint32_t address, void *bytes, uint32_t count);
} ft_flash;

/* One blob, front to back: into a file, over a wire, into memory. */
int32_t ft_blob_write(const ft_learned *learned, int32_t with_optimiser, ft_writer writer, void *context);
/* Checks the whole blob, then reads it again to load it. A reader that fails, or gives other bytes, on the
 * second way returns FT_FAILED or FT_DAMAGED with the model changed: reset it. */
int32_t ft_blob_read(const ft_learned *learned, ft_reader reader, void *context, uint32_t bytes);
/* The same from memory, or flash that is mapped into it. */
int32_t ft_blob_load(const ft_learned *learned, const void *blob, uint32_t bytes);

/* Saves into the slot that does not hold the newest good state, and reads it back. */
int32_t ft_slots_save(const ft_learned *learned, int32_t with_optimiser, const ft_flash *flash);
/* Loads the newest good state; where there is none, tells what is wrong with the slots. */
int32_t ft_slots_load(const ft_learned *learned, const ft_flash *flash);

#ifdef __cplusplus
}
#endif

#endif
