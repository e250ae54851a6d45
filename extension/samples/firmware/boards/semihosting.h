/* Asks the emulator (or a debugger) for a service of the host: files and the end of the run. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include <stdint.h>

enum {
  SEMIHOSTING_OPEN = 0x01,
  SEMIHOSTING_WRITE = 0x05,
  SEMIHOSTING_READ = 0x06,
  SEMIHOSTING_SEEK = 0x0a,
  SEMIHOSTING_EXIT_EXTENDED = 0x20,
  SEMIHOSTING_APPLICATION_EXIT = 0x20026,
  SEMIHOSTING_OPEN_UPDATE = 3, /* "r+b" */
  SEMIHOSTING_OPEN_CREATE = 7  /* "w+b" */
};

#if defined(__riscv)
static inline int32_t semihosting(int32_t operation, const void *argument) {
  register int32_t a0 __asm__("a0") = operation;
  register const void *a1 __asm__("a1") = argument;
  /* These three, uncompressed and on one page, are what makes a breakpoint a service call. */
  __asm__ volatile(".option push\n\t.option norvc\n\t.balign 16\n\tslli zero, zero, 0x1f\n\tebreak\n\t"
                   "srai zero, zero, 7\n\t.option pop"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
  return a0;
}
#else
static inline int32_t semihosting(int32_t operation, const void *argument) {
  register int32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
#endif

#endif
