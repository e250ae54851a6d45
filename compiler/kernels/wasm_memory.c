/* memcpy and memset for the WebAssembly build, which has no C library: the instructions for bulk memory. The
 * rest is compiled without these, since the compiler would take them for small local arrays too, where a call
 * into the engine costs more than the work. Not part of generated projects. */
#include <stddef.h>

#define FT_BULK __attribute__((target("bulk-memory,bulk-memory-opt")))

void *memcpy(void *restrict target, const void *restrict source, size_t bytes);
void *memset(void *target, int value, size_t bytes);

FT_BULK void *memcpy(void *restrict target, const void *restrict source, size_t bytes) {
  return __builtin_memcpy(target, source, bytes);
}

FT_BULK void *memset(void *target, int value, size_t bytes) {
  return __builtin_memset(target, value, bytes);
}
