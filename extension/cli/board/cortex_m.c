/* A Cortex-M with an FPU under semihosting: start-up code, files, exit code, the clock, the painted stack. */
#include "harness.h"

/* From firmware.ld. */
extern uint32_t harness_data_load[], harness_data_start[], harness_data_end[];
extern uint32_t harness_bss_start[], harness_bss_end[], harness_stack_top[];

#define HARNESS_REGISTER(address) (*(volatile uint32_t *)(address))
#define HARNESS_CPACR HARNESS_REGISTER(0xe000ed88u)
#define HARNESS_PAINT 0xc5c5c5c5u

enum {
  HARNESS_SYS_OPEN = 0x01,
  HARNESS_SYS_WRITE0 = 0x04,
  HARNESS_SYS_WRITE = 0x05,
  HARNESS_SYS_READ = 0x06,
  HARNESS_SYS_EXIT_EXTENDED = 0x20,
  HARNESS_OPEN_READ_BINARY = 1,
  HARNESS_OPEN_WRITE_BINARY = 5,
  HARNESS_APPLICATION_EXIT = 0x20026
};

/* Static, because what lies on the stack would count as the model's. */
static uint32_t harness_block[3];
static int32_t harness_samples, harness_results;

static inline int32_t harness_semihosting(int32_t operation, const void *argument) {
  register int32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void __attribute__((noreturn)) harness_exit(uint32_t code) {
  harness_block[0] = HARNESS_APPLICATION_EXIT;
  harness_block[1] = code;
  for (;;)
    harness_semihosting(HARNESS_SYS_EXIT_EXTENDED, harness_block);
}

void harness_print(const char *text) {
  harness_semihosting(HARNESS_SYS_WRITE0, text);
}

static int32_t harness_open(const char *name, uint32_t name_length, uint32_t mode) {
  harness_block[0] = (uint32_t)name;
  harness_block[1] = mode;
  harness_block[2] = name_length;
  const int32_t file = harness_semihosting(HARNESS_SYS_OPEN, harness_block);
  if (file < 0) {
    harness_print("error: cannot open a file of the host\n");
    harness_exit(1);
  }
  return file;
}

/* Both calls return the number of bytes that were not transferred. */
static void harness_transfer(int32_t operation, int32_t file, uint32_t address, uint32_t bytes) {
  harness_block[0] = (uint32_t)file;
  harness_block[1] = address;
  harness_block[2] = bytes;
  if (harness_semihosting(operation, harness_block) != 0) {
    harness_print("error: a file of the host ended early or cannot be written\n");
    harness_exit(1);
  }
}

void harness_read(void *destination, uint32_t bytes) {
  harness_transfer(HARNESS_SYS_READ, harness_samples, (uint32_t)destination, bytes);
}

void harness_write(const void *source, uint32_t bytes) {
  harness_transfer(HARNESS_SYS_WRITE, harness_results, (uint32_t)source, bytes);
}

#if defined(HARNESS_CLOCK_SSE) /* the SSE-300's system counter, 32 MHz, counts up */
static void harness_start_clock(void) {
  HARNESS_REGISTER(0x58100000u) = 1u;
}

uint32_t harness_ticks(void) {
  return HARNESS_REGISTER(0x48101000u);
}
#else /* CMSDK timer 0, 25 MHz, counts down */
static void harness_start_clock(void) {
  HARNESS_REGISTER(0x40000008u) = 0xffffffffu; /* reload: the first value and the one after 0 */
  HARNESS_REGISTER(0x40000004u) = 0xffffffffu;
  HARNESS_REGISTER(0x40000000u) = 1u;
}

uint32_t harness_ticks(void) {
  return 0xffffffffu - HARNESS_REGISTER(0x40000004u);
}
#endif

uint32_t harness_stack_bytes(void) {
  const uint32_t *word = harness_bss_end;
  if (*word != HARNESS_PAINT) {
    harness_print("error: the stack ran into the variables; the SRAM is too small\n");
    harness_exit(1);
  }
  while (word < harness_stack_top && *word == HARNESS_PAINT)
    ++word;
  return (uint32_t)(harness_stack_top - word) * (uint32_t)sizeof *word;
}

static void __attribute__((noreturn)) harness_fault(void) {
  harness_print("error: the processor faulted\n");
  harness_exit(2);
}

/* The loops write through volatile: a memset or memcpy in their place would run on the stack that is being
 * painted. */
static void __attribute__((noreturn)) harness_reset(void) {
  volatile uint32_t *target = harness_data_start;
  for (const uint32_t *source = harness_data_load; target < harness_data_end; ++source)
    *target++ = *source;
  for (target = harness_bss_start; target < harness_bss_end; ++target)
    *target = 0u;
  volatile uint32_t *stack_pointer;
  __asm__ volatile("mov %0, sp" : "=r"(stack_pointer));
  for (; target < stack_pointer; ++target)
    *target = HARNESS_PAINT;

  HARNESS_CPACR |= 0xfu << 20; /* full access to the FPU */
  __asm__ volatile("dsb\n\tisb" ::: "memory");

  harness_samples = harness_open("samples.bin", 11, HARNESS_OPEN_READ_BINARY);
  harness_results = harness_open("results.bin", 11, HARNESS_OPEN_WRITE_BINARY);
  harness_start_clock();
  harness_exit((uint32_t)harness_run());
}

typedef void (*harness_handler)(void);

/* The exceptions of the architecture; interrupts stay off. */
extern const struct harness_vector_table {
  uint32_t *stack_top;
  harness_handler handlers[15];
} harness_vectors;

__attribute__((section(".vectors"), used)) const struct harness_vector_table harness_vectors = {
    harness_stack_top,
    {harness_reset, harness_fault, harness_fault, harness_fault, harness_fault, harness_fault, harness_fault,
     harness_fault, harness_fault, harness_fault, harness_fault, harness_fault, harness_fault, harness_fault,
     harness_fault}};
