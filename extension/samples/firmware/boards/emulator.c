/* The I/O of the emulated boards. Their flash is a model of one: erased by sectors, each byte programmed
 * once. Its content lies in the file flash.bin in the emulator's folder, so that what was learned survives;
 * remove it to start anew. */
#include <stddef.h>
#include <string.h>

#include "board.h"
#include "garments.h"
#include "semihosting.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#if defined(__riscv) /* QEMU's virt: a 16550, whose registers are bytes */
#define UART 0x10000000u
static void uart_init(void) {
}
void board_put(char character) {
  while ((*(volatile uint8_t *)(UART + 5u) & 0x20u) == 0u) {
  }
  *(volatile uint8_t *)UART = (uint8_t)character;
}
#else /* Arm's MPS boards: the CMSDK's */
#if !defined(UART)
#define UART 0x40004000u
#endif
static void uart_init(void) {
  REGISTER(UART + 0x10u) = 16u; /* baud rate divider: the least that is allowed */
  REGISTER(UART + 0x08u) = 1u;  /* transmitter on */
}
void board_put(char character) {
  while ((REGISTER(UART + 0x04u) & 1u) != 0u) { /* full */
  }
  REGISTER(UART) = (uint8_t)character;
}
#endif

enum {
  SECTOR_BYTES = 4096,
  SLOT_BYTES = (GARMENTS_SAVE_BYTES + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES
};

static uint8_t flash[2 * SLOT_BYTES];
static int32_t flash_file;

static int32_t write_through(uint32_t address, uint32_t count) {
  if (flash_file < 0)
    return 0; /* without the file the flash forgets at the end of the run, and works otherwise */
  const uintptr_t place[2] = {(uintptr_t)flash_file, address};
  const uintptr_t bytes[3] = {(uintptr_t)flash_file, (uintptr_t)(flash + address), count};
  return semihosting(SEMIHOSTING_SEEK, place) != 0 || semihosting(SEMIHOSTING_WRITE, bytes) != 0;
}

static int32_t open_flash(uintptr_t mode) {
  static const char name[] = "flash.bin";
  const uintptr_t request[3] = {(uintptr_t)name, mode, sizeof name - 1u};
  return semihosting(SEMIHOSTING_OPEN, request);
}

static void flash_init(void) {
  memset(flash, 0xff, sizeof flash);
  flash_file = open_flash(SEMIHOSTING_OPEN_UPDATE);
  if (flash_file < 0) {
    flash_file = open_flash(SEMIHOSTING_OPEN_CREATE);
    write_through(0u, sizeof flash);
    return;
  }
  const uintptr_t request[3] = {(uintptr_t)flash_file, (uintptr_t)flash, sizeof flash};
  semihosting(SEMIHOSTING_READ, request);
}

static int32_t flash_erase(void *context, uint32_t address) {
  (void)context;
  memset(flash + address, 0xff, SECTOR_BYTES);
  return write_through(address, SECTOR_BYTES);
}

static int32_t flash_program(void *context, uint32_t address, const void *bytes, uint32_t count) {
  (void)context;
  for (uint32_t i = 0; i < count; i++) {
    if (flash[address + i] != 0xffu)
      return 1; /* was not erased */
  }
  memcpy(flash + address, bytes, count);
  return write_through(address, count);
}

static int32_t flash_read(void *context, uint32_t address, void *bytes, uint32_t count) {
  (void)context;
  memcpy(bytes, flash + address, count);
  return 0;
}

const ft_flash board_flash = {
    .context = NULL,
    .sector_bytes = SECTOR_BYTES,
    .slot_bytes = SLOT_BYTES,
    .write_bytes = 8,
    .erase = flash_erase,
    .program = flash_program,
    .read = flash_read,
};

void board_init(void) {
  uart_init();
  flash_init();
}

void board_feed_watchdog(void) {
}

int32_t board_button(void) {
  return 1; /* always held: an emulation is there to train */
}

void board_finished(int32_t exit_code) {
  const uintptr_t request[2] = {SEMIHOSTING_APPLICATION_EXIT, (uintptr_t)exit_code};
  semihosting(SEMIHOSTING_EXIT_EXTENDED, request);
}
