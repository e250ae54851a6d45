#include "ft_store.h"

#include <string.h>

#define FT_MAGIC 0x314c5446u /* "FTL1" */

typedef struct ft_header {
  uint32_t magic, version, sequence, plan, optimiser, trained_bytes, optimiser_bytes;
} ft_header;

/* ---- CRC-32, four bits at a time: a table of 64 bytes ---- */

static const uint32_t ft_crc_table[16] = {
    0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u, 0x4db26158u, 0x5005713cu,
    0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu, 0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu,
};

static uint32_t ft_crc_add(uint32_t crc, const void *bytes, uint32_t count) {
  const uint8_t *byte = (const uint8_t *)bytes;
  for (uint32_t i = 0u; i < count; i++) {
    crc ^= byte[i];
    crc = (crc >> 4) ^ ft_crc_table[crc & 15u];
    crc = (crc >> 4) ^ ft_crc_table[crc & 15u];
  }
  return crc;
}

/* ---- writing ---- */

typedef struct ft_sink {
  ft_writer writer;
  void *context;
  uint32_t crc;
} ft_sink;

static int32_t ft_put(ft_sink *sink, const void *bytes, uint32_t count) {
  sink->crc = ft_crc_add(sink->crc, bytes, count);
  return sink->writer(sink->context, bytes, count) == 0 ? FT_OK : FT_FAILED;
}

static int32_t ft_write(const ft_learned *learned, int32_t with_optimiser, uint32_t sequence,
                        ft_writer writer, void *context) {
  const int32_t all = with_optimiser != 0 && learned->optimiser_bytes > 0u;
  const uint32_t parts = all ? learned->all_parts : learned->trained_parts;
  const ft_header header = {FT_MAGIC,
                            FT_BLOB_VERSION,
                            sequence,
                            learned->plan,
                            all ? learned->optimiser : 0u,
                            learned->trained_bytes,
                            all ? learned->optimiser_bytes : 0u};
  ft_sink sink = {writer, context, 0xffffffffu};
  int32_t result = ft_put(&sink, &header, (uint32_t)sizeof header);
  for (uint32_t i = 0u; i < parts && result == FT_OK; i++)
    result = ft_put(&sink, learned->memory + learned->parts[i].offset, learned->parts[i].bytes);
  if (result == FT_OK) {
    const uint32_t checksum = ~sink.crc;
    result = ft_put(&sink, &checksum, (uint32_t)sizeof checksum);
  }
  return result;
}

int32_t ft_blob_write(const ft_learned *learned, int32_t with_optimiser, ft_writer writer, void *context) {
  return ft_write(learned, with_optimiser, 0u, writer, context);
}

/* ---- reading ---- */

typedef struct ft_source {
  ft_reader reader;
  void *context;
} ft_source;

static int32_t ft_get(const ft_source *source, uint32_t offset, void *bytes, uint32_t count) {
  return source->reader(source->context, offset, bytes, count) == 0 ? FT_OK : FT_FAILED;
}

/* The checksum of the blob's first `count` bytes, and the one that stands behind them. */
static int32_t ft_compare_checksum(const ft_source *source, uint32_t count) {
  uint8_t chunk[64];
  uint32_t crc = 0xffffffffu, written = 0u;
  for (uint32_t offset = 0u; offset < count; offset += (uint32_t)sizeof chunk) {
    const uint32_t left = count - offset;
    const uint32_t bytes = left < (uint32_t)sizeof chunk ? left : (uint32_t)sizeof chunk;
    if (ft_get(source, offset, chunk, bytes) != FT_OK)
      return FT_FAILED;
    crc = ft_crc_add(crc, chunk, bytes);
  }
  if (ft_get(source, count, &written, (uint32_t)sizeof written) != FT_OK)
    return FT_FAILED;
  return written == ~crc ? FT_OK : FT_DAMAGED;
}

/* Reads every byte of the blob and changes nothing. The checksum comes before the plan, so that a flipped bit
 * in the plan's hash is told as what it is. */
static int32_t ft_check(const ft_learned *learned, const ft_source *source, uint32_t bytes,
                        ft_header *header) {
  if (bytes < FT_BLOB_OVERHEAD)
    return FT_TRUNCATED;
  if (ft_get(source, 0u, header, (uint32_t)sizeof *header) != FT_OK)
    return FT_FAILED;
  if (header->magic != FT_MAGIC)
    return FT_EMPTY;
  if (header->version != FT_BLOB_VERSION)
    return FT_VERSION;
  const uint32_t room = bytes - FT_BLOB_OVERHEAD;
  if (header->trained_bytes > room || header->optimiser_bytes > room - header->trained_bytes)
    return FT_TRUNCATED;
  const uint32_t content = header->trained_bytes + header->optimiser_bytes;
  const int32_t result = ft_compare_checksum(source, (uint32_t)sizeof *header + content);
  if (result != FT_OK)
    return result;
  return header->plan == learned->plan && header->trained_bytes == learned->trained_bytes ? FT_OK
                                                                                          : FT_OTHER_PLAN;
}

/* Of a blob that was checked. The state of another optimiser is as good as none. */
static int32_t ft_take(const ft_learned *learned, const ft_source *source, const ft_header *header) {
  const int32_t all = header->optimiser != 0u && header->optimiser == learned->optimiser &&
                      header->optimiser_bytes == learned->optimiser_bytes;
  uint32_t offset = (uint32_t)sizeof *header;
  uint32_t crc = ft_crc_add(0xffffffffu, header, (uint32_t)sizeof *header);
  for (uint32_t i = 0u; i < learned->all_parts; i++) {
    uint8_t *memory = learned->memory + learned->parts[i].offset;
    const uint32_t bytes = learned->parts[i].bytes;
    if (i < learned->trained_parts || all) {
      if (ft_get(source, offset, memory, bytes) != FT_OK)
        return FT_FAILED;
      crc = ft_crc_add(crc, memory, bytes);
      offset += bytes;
    } else {
      memset(memory, 0, bytes);
    }
  }
  uint32_t written = 0u;
  if (header->optimiser_bytes > 0u && !all)
    return FT_OK; /* the checksum covers bytes that were not read again */
  if (ft_get(source, offset, &written, (uint32_t)sizeof written) != FT_OK)
    return FT_FAILED;
  return written == ~crc ? FT_OK : FT_DAMAGED;
}

int32_t ft_blob_read(const ft_learned *learned, ft_reader reader, void *context, uint32_t bytes) {
  const ft_source source = {reader, context};
  ft_header header;
  const int32_t result = ft_check(learned, &source, bytes, &header);
  return result == FT_OK ? ft_take(learned, &source, &header) : result;
}

static int32_t ft_read_memory(void *context, uint32_t offset, void *bytes, uint32_t count) {
  const uint8_t *const *blob = (const uint8_t *const *)context;
  memcpy(bytes, *blob + offset, count);
  return 0;
}

int32_t ft_blob_load(const ft_learned *learned, const void *blob, uint32_t bytes) {
  const uint8_t *memory = (const uint8_t *)blob;
  return ft_blob_read(learned, ft_read_memory, &memory, bytes);
}

/* ---- two slots ---- */

typedef struct ft_place {
  const ft_flash *flash;
  uint32_t address;
} ft_place;

static int32_t ft_read_place(void *context, uint32_t offset, void *bytes, uint32_t count) {
  const ft_place *place = (const ft_place *)context;
  return place->flash->read(place->flash->context, place->address + offset, bytes, count);
}

/* A slot that is being written. */
typedef struct ft_slot {
  const ft_flash *flash;
  uint32_t address; /* of the next unit */
  uint32_t waiting; /* bytes in `units` that are not programmed yet */
  uint32_t units[FT_WRITE_BYTES_MAX / 4];
} ft_slot;

/* Programs what waits, filled up to whole units with what erased flash holds anyway. */
static int32_t ft_flush(ft_slot *slot) {
  const ft_flash *flash = slot->flash;
  const uint32_t unit = flash->write_bytes;
  const uint32_t count = (slot->waiting + unit - 1u) / unit * unit;
  if (count == 0u)
    return 0;
  memset((uint8_t *)slot->units + slot->waiting, 0xff, count - slot->waiting);
  const int32_t result = flash->program(flash->context, slot->address, slot->units, count);
  slot->address += count;
  slot->waiting = 0u;
  return result;
}

static int32_t ft_write_slot(void *context, const void *bytes, uint32_t count) {
  ft_slot *slot = (ft_slot *)context;
  const uint8_t *from = (const uint8_t *)bytes;
  int32_t result = 0;
  while (count > 0u && result == 0) {
    const uint32_t room = (uint32_t)sizeof slot->units - slot->waiting;
    const uint32_t part = count < room ? count : room;
    memcpy((uint8_t *)slot->units + slot->waiting, from, part);
    slot->waiting += part;
    from += part;
    count -= part;
    if (slot->waiting == (uint32_t)sizeof slot->units)
      result = ft_flush(slot);
  }
  return result;
}

static int32_t ft_flash_is_sound(const ft_flash *flash) {
  const uint32_t unit = flash->write_bytes;
  return unit > 0u && unit <= FT_WRITE_BYTES_MAX && (unit & (unit - 1u)) == 0u && flash->sector_bytes > 0u &&
         flash->sector_bytes % unit == 0u && flash->slot_bytes > 0u &&
         flash->slot_bytes % flash->sector_bytes == 0u;
}

static int32_t ft_check_slot(const ft_learned *learned, const ft_flash *flash, uint32_t index,
                             ft_header *header) {
  ft_place place = {flash, index * flash->slot_bytes};
  const ft_source source = {ft_read_place, &place};
  return ft_check(learned, &source, flash->slot_bytes, header);
}

/* Which slot holds the newest good state; where none does, FT_OK is not what comes back. */
static int32_t ft_newest(const ft_learned *learned, const ft_flash *flash, uint32_t *index,
                         ft_header *header) {
  ft_header headers[2];
  const int32_t first = ft_check_slot(learned, flash, 0u, &headers[0]);
  const int32_t second = ft_check_slot(learned, flash, 1u, &headers[1]);
  if (first != FT_OK && second != FT_OK)
    return first > second ? first : second;
  /* Sequence numbers may wrap: the newer one is less than half of their range ahead. */
  const int32_t second_is_newer = headers[1].sequence - headers[0].sequence - 1u < 0x7fffffffu;
  *index = second == FT_OK && (first != FT_OK || second_is_newer) ? 1u : 0u;
  *header = headers[*index];
  return FT_OK;
}

static int32_t ft_erase_for(const ft_flash *flash, uint32_t address, uint32_t bytes) {
  for (uint32_t done = 0u; done < bytes; done += flash->sector_bytes) {
    if (flash->erase(flash->context, address + done) != 0)
      return FT_FAILED;
  }
  return FT_OK;
}

int32_t ft_slots_save(const ft_learned *learned, int32_t with_optimiser, const ft_flash *flash) {
  const uint32_t most =
      FT_BLOB_OVERHEAD + learned->trained_bytes + (with_optimiser != 0 ? learned->optimiser_bytes : 0u);
  if (!ft_flash_is_sound(flash) || most > flash->slot_bytes)
    return FT_TOO_LARGE;
  uint32_t newest = 1u;
  ft_header header;
  const uint32_t sequence = ft_newest(learned, flash, &newest, &header) == FT_OK ? header.sequence + 1u : 1u;
  const uint32_t target = newest ^ 1u;
  ft_slot slot = {flash, target * flash->slot_bytes, 0u, {0u}};
  int32_t result = ft_erase_for(flash, slot.address, most);
  if (result == FT_OK)
    result = ft_write(learned, with_optimiser, sequence, ft_write_slot, &slot);
  if (result == FT_OK && ft_flush(&slot) != 0)
    result = FT_FAILED;
  if (result != FT_OK)
    return result;
  const int32_t check = ft_check_slot(learned, flash, target, &header);
  return check == FT_OK && header.sequence == sequence ? FT_OK : FT_UNVERIFIED;
}

int32_t ft_slots_load(const ft_learned *learned, const ft_flash *flash) {
  uint32_t index = 0u;
  ft_header header;
  if (!ft_flash_is_sound(flash))
    return FT_TOO_LARGE;
  const int32_t result = ft_newest(learned, flash, &index, &header);
  if (result != FT_OK)
    return result;
  ft_place place = {flash, index * flash->slot_bytes};
  const ft_source source = {ft_read_place, &place};
  return ft_take(learned, &source, &header);
}
