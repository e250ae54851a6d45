/* Where pictures come from: on a product a camera and the user's buttons, here the files of data/, linked
 * into flash. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <stdint.h>

#define SAMPLE_WIDTH 28
#define SAMPLE_HEIGHT 28
#define SAMPLE_BYTES (SAMPLE_WIDTH * SAMPLE_HEIGHT)

/* Grey pixels, row by row, picture after picture; their classes; where they end. */
extern const uint8_t train_pictures[], train_labels[], train_labels_end[];
extern const uint8_t test_pictures[], test_labels[], test_labels_end[];

#endif
