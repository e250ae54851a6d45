/* The I/O of ST's NUCLEO-F767ZI, at register level (reference manual RM0410), with the clock as it is after
 * reset: 16 MHz from the internal oscillator. Serial port: USART3 through the ST-LINK, 115200 baud. Button:
 * the blue one. What was learned lies in the last two sectors of the flash. */
#include <stddef.h>
#include <string.h>

#include "board.h"
#include "garments.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define RCC_AHB1ENR REGISTER(0x40023830u)
#define RCC_APB1ENR REGISTER(0x40023840u)
#define GPIOC_IDR REGISTER(0x40020810u)
#define GPIOD_MODER REGISTER(0x40020c00u)
#define GPIOD_AFRH REGISTER(0x40020c24u)
#define USART3_CR1 REGISTER(0x40004800u)
#define USART3_BRR REGISTER(0x4000480cu)
#define USART3_ISR REGISTER(0x4000481cu)
#define USART3_TDR REGISTER(0x40004828u)
#define IWDG_KR REGISTER(0x40003000u)
#define IWDG_PR REGISTER(0x40003004u)
#define IWDG_RLR REGISTER(0x40003008u)
#define IWDG_SR REGISTER(0x4000300cu)
#define FLASH_KEYR REGISTER(0x40023c04u)
#define FLASH_SR REGISTER(0x40023c0cu)
#define FLASH_CR REGISTER(0x40023c10u)

enum {
  CLOCK_HZ = 16000000,
  BAUD = 115200,
  /* Sectors 10 and 11 of the 2 MB in one bank, as delivered. The linker script keeps the firmware out of
     them. */
  FIRST_SECTOR = 10,
  SECTOR_BYTES = 256 * 1024
};
#define SLOTS_ADDRESS 0x08180000u

#define FLASH_BUSY (1u << 16)
#define FLASH_ERRORS 0xf2u /* OPERR, WRPERR, PGAERR, PGPERR, ERSERR */
#define FLASH_PROGRAM (1u << 0)
#define FLASH_SECTOR_ERASE (1u << 1)
#define FLASH_SECTOR(number) ((uint32_t)(number) << 3)
#define FLASH_BY_WORDS (2u << 8) /* 32 bits at once: a supply of 2.7 V or more */
#define FLASH_START (1u << 16)
#define FLASH_LOCK (1u << 31)

typedef char slot_is_large_enough[GARMENTS_SAVE_BYTES <= SECTOR_BYTES ? 1 : -1];

static int32_t flash_finish(void) {
  while ((FLASH_SR & FLASH_BUSY) != 0u) {
  }
  const uint32_t errors = FLASH_SR & FLASH_ERRORS;
  FLASH_SR = errors; /* writing ones clears them */
  FLASH_CR = FLASH_LOCK;
  return errors != 0u;
}

static void flash_unlock(void) {
  while ((FLASH_SR & FLASH_BUSY) != 0u) {
  }
  if ((FLASH_CR & FLASH_LOCK) != 0u) {
    FLASH_KEYR = 0x45670123u;
    FLASH_KEYR = 0xcdef89abu;
  }
}

static int32_t flash_erase(void *context, uint32_t address) {
  (void)context;
  const uint32_t sector = FIRST_SECTOR + address / SECTOR_BYTES;
  board_feed_watchdog();
  flash_unlock();
  FLASH_CR = FLASH_SECTOR_ERASE | FLASH_SECTOR(sector) | FLASH_BY_WORDS;
  FLASH_CR |= FLASH_START;
  const int32_t result = flash_finish(); /* one to four seconds; fetching from this bank waits as well */
  board_feed_watchdog();
  return result;
}

static int32_t flash_program(void *context, uint32_t address, const void *bytes, uint32_t count) {
  (void)context;
  flash_unlock();
  FLASH_CR = FLASH_PROGRAM | FLASH_BY_WORDS;
  for (uint32_t i = 0; i < count; i += 4u) {
    uint32_t word;
    memcpy(&word, (const uint8_t *)bytes + i, sizeof word);
    REGISTER(SLOTS_ADDRESS + address + i) = word;
    __asm__ volatile("dsb" ::: "memory");
    while ((FLASH_SR & FLASH_BUSY) != 0u) {
    }
  }
  return flash_finish();
}

static int32_t flash_read(void *context, uint32_t address, void *bytes, uint32_t count) {
  (void)context;
  memcpy(bytes, (const void *)(SLOTS_ADDRESS + address), count);
  return 0;
}

const ft_flash board_flash = {
    .context = NULL,
    .sector_bytes = SECTOR_BYTES,
    .slot_bytes = SECTOR_BYTES,
    .write_bytes = 4,
    .erase = flash_erase,
    .program = flash_program,
    .read = flash_read,
};

void board_init(void) {
  RCC_AHB1ENR |= (1u << 2) | (1u << 3);       /* ports C and D */
  RCC_APB1ENR |= 1u << 18;                    /* USART3 */
  (void)RCC_APB1ENR;                          /* a peripheral may be used two cycles after its clock is on */
  GPIOD_AFRH = (GPIOD_AFRH & ~0xffu) | 0x77u; /* PD8, PD9: USART3 */
  GPIOD_MODER = (GPIOD_MODER & ~(0xfu << 16)) | (0xau << 16); /* alternate function */
  USART3_BRR = (CLOCK_HZ + BAUD / 2) / BAUD;
  USART3_CR1 = (1u << 0) | (1u << 3); /* on, transmitter */

  IWDG_KR = 0xccccu; /* starts the watchdog: 32 kHz / 256, 4095 ticks, 32 s */
  IWDG_KR = 0x5555u;
  IWDG_PR = 6u;
  IWDG_RLR = 0xfffu;
  while (IWDG_SR != 0u) {
  }
  board_feed_watchdog();
}

void board_put(char character) {
  while ((USART3_ISR & (1u << 7)) == 0u) { /* not empty */
  }
  USART3_TDR = (uint8_t)character;
}

void board_feed_watchdog(void) {
  IWDG_KR = 0xaaaau;
}

int32_t board_button(void) {
  return (GPIOC_IDR & (1u << 13)) != 0u;
}

void board_finished(int32_t exit_code) {
  (void)exit_code; /* the device goes on */
}
