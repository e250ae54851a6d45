/* The firmware run: a model's generated C, driven by a file of samples. harness.c is the run; cortex_m.c and
 * host.c are the two machines that it runs on. Everything here is named harness_, so that a linker map can
 * tell it from the model: it does not count as the model's memory. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdint.h>

/* Trains and infers through the whole sample file and writes the result file. Returns the process's exit
 * code. */
int harness_run(void);

/* ---- provided by the machine ---- */

/* The next bytes of the sample file. A short read ends the run. */
void harness_read(void *destination, uint32_t bytes);
/* Appends to the result file. A failed write ends the run. */
void harness_write(const void *source, uint32_t bytes);
/* Prints a line for the user; the text brings its own line end. */
void harness_print(const char *text);
/* A clock that wraps at 32 bits; 0 where the machine has none that counts instructions. */
uint32_t harness_ticks(void);
/* The deepest that the stack has been since the start, in bytes; 0 where it is not measured. */
uint32_t harness_stack_bytes(void);

#endif
