/* The host: the same run as a plain program, for sanitizers. Called with the sample file and the result file.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

static FILE *harness_samples, *harness_results;

void harness_read(void *destination, uint32_t bytes) {
  if (fread(destination, 1, bytes, harness_samples) != bytes) {
    harness_print("error: the sample file ended early\n");
    exit(1);
  }
}

void harness_write(const void *source, uint32_t bytes) {
  if (fwrite(source, 1, bytes, harness_results) != bytes) {
    harness_print("error: the result file cannot be written\n");
    exit(1);
  }
}

void harness_print(const char *text) {
  fputs(text, stderr);
}

uint32_t harness_ticks(void) {
  return 0;
}

uint32_t harness_stack_bytes(void) {
  return 0;
}

int main(int count, char **arguments) {
  if (count != 3)
    return 1;
  harness_samples = fopen(arguments[1], "rb");
  harness_results = fopen(arguments[2], "wb");
  if (harness_samples == NULL || harness_results == NULL) {
    harness_print("error: cannot open the files\n");
    return 1;
  }
  const int code = harness_run();
  return fclose(harness_results) == 0 ? code : 1;
}
