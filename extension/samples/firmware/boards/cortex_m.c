/* Any Cortex-M with an FPU: vectors, variables, FPU, main. */
#include <stdint.h>

#include "board.h"

/* From the linker script. */
extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];

int main(void);

void reset(void);

void reset(void) {
  const uint32_t *source = data_load;
  for (uint32_t *target = data_start; target < data_end;)
    *target++ = *source++;
  for (uint32_t *target = bss_start; target < bss_end;)
    *target++ = 0u;
  *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20; /* CPACR: full access to the FPU */
  __asm__ volatile("dsb\n\tisb" ::: "memory");
  main();
  for (;;) {
  }
}

static void fault(void) {
  static const char message[] = "firmtune: error reason=fault\r\n";
  for (const char *letter = message; *letter != '\0'; letter++)
    board_put(*letter);
  board_finished(2);
  for (;;) {
  }
}

typedef void (*handler)(void);

/* The exceptions of the architecture; no interrupt is switched on. */
__attribute__((section(".vectors"), used)) static const struct {
  uint32_t *stack_top;
  handler handlers[15];
} vectors = {stack_top,
             {reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
              fault, fault}};
