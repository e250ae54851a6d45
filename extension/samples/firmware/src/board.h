/* What main.c needs of a board. Another board: another file of these functions, and another linker script. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#include "kernels/ft_store.h"

/* Clocks, serial port, button, flash. */
void board_init(void);

/* Sends one character through the serial port; waits while it is busy. */
void board_put(char character);

/* Called in every turn of the main loop, which never takes longer than one slice of a training step. */
void board_feed_watchdog(void);

/* Whether the user holds the button that says: this label is right, learn it. */
int32_t board_button(void);

/* Two slots for what was learned. */
extern const ft_flash board_flash;

/* The planned training is over. Ends an emulation; returns on a device, which then goes on. */
void board_finished(int32_t exit_code);

#endif
