/* memcpy and memset for the WebAssembly build, which has no C library: bulk memory instructions. Not part of
 * generated projects. */
#include <stddef.h>

void *memcpy(void *restrict target, const void *restrict source, size_t bytes);
void *memset(void *target, int value, size_t bytes);

void *memcpy(void *restrict target, const void *restrict source, size_t bytes) {
  return __builtin_memcpy(target, source, bytes);
}

void *memset(void *target, int value, size_t bytes) {
  return __builtin_memset(target, value, bytes);
}
