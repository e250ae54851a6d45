/* Lines for the training monitor, see README.md: "firmtune: event key=value ...". Without printf, which takes
 * more flash and stack than many a model. */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

/* Starts a line. `event`: a word, or NULL for a training step. */
void report_begin(const char *event);
void report_integer(const char *key, int32_t value);
void report_hexadecimal(const char *key, uint32_t value);
/* Four decimals; "inf" and "nan" as such. */
void report_decimal(const char *key, float value);
/* Words without spaces, with commas in between. */
void report_words(const char *key, const char *const *words, int32_t count);
void report_end(void);

#endif
