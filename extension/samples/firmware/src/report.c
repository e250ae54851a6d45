#include "report.h"

#include <stddef.h>

#include "board.h"

static void put_text(const char *text) {
  while (*text != '\0')
    board_put(*text++);
}

static void put_number(uint32_t value, uint32_t base, uint32_t least_digits) {
  char digits[10];
  uint32_t count = 0;
  while (value != 0u || count < least_digits) {
    digits[count++] = "0123456789abcdef"[value % base];
    value /= base;
  }
  while (count > 0u)
    board_put(digits[--count]);
}

static void put_key(const char *key) {
  board_put(' ');
  put_text(key);
  board_put('=');
}

void report_begin(const char *event) {
  put_text("firmtune:");
  if (event != NULL) {
    board_put(' ');
    put_text(event);
  }
}

void report_integer(const char *key, int32_t value) {
  put_key(key);
  if (value < 0)
    board_put('-');
  put_number(value < 0 ? 0u - (uint32_t)value : (uint32_t)value, 10u, 1u);
}

void report_hexadecimal(const char *key, uint32_t value) {
  put_key(key);
  put_number(value, 16u, 8u);
}

void report_decimal(const char *key, float value) {
  put_key(key);
  if (value != value) {
    put_text("nan");
    return;
  }
  if (value < 0.0f) {
    board_put('-');
    value = -value;
  }
  if (value >= 400000.0f) { /* times 10000 it would not fit */
    put_text("inf");
    return;
  }
  const uint32_t scaled = (uint32_t)(value * 10000.0f + 0.5f);
  put_number(scaled / 10000u, 10u, 1u);
  board_put('.');
  put_number(scaled % 10000u, 10u, 4u);
}

void report_words(const char *key, const char *const *words, int32_t count) {
  put_key(key);
  for (int32_t i = 0; i < count; i++) {
    if (i > 0)
      board_put(',');
    for (const char *letter = words[i]; *letter != '\0'; letter++)
      board_put(*letter == ' ' || *letter == ',' ? '-' : *letter);
  }
}

void report_end(void) {
  put_text("\r\n");
}
