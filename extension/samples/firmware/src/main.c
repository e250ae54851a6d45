/* A product that learns its user's classes: it looks at a picture in every turn, tells what it sees, and
 * while the button is held, learns the label. Training is cut into slices, so that the main loop and its
 * watchdog live on. What was learned survives a reset. */
#include <stddef.h>

#include "board.h"
#include "garments.h"
#include "report.h"
#include "samples.h"

/* Steps between two looks at the test pictures, each of which ends with saving. */
#ifndef ROUND_STEPS
#define ROUND_STEPS 300
#endif
#ifndef ROUNDS
#define ROUNDS 4
#endif
/* Pictures of an evaluation; all of them would take a slow board a minute. */
#ifndef TEST_PICTURES
#define TEST_PICTURES 100
#endif

static void announce(void) {
  report_begin("start");
  report_integer("classes", GARMENTS_CLASSES);
  report_hexadecimal("plan", GARMENTS_PLAN_HASH);
  report_words("names", garments_class_names, GARMENTS_CLASSES);
  report_end();
}

static void see(const uint8_t *pixels) {
  garments_picture(pixels, FT_GREY, SAMPLE_WIDTH, SAMPLE_HEIGHT, garments_input());
}

static void recall(void) {
  const int32_t result = garments_restore(&board_flash);
  report_begin(result == FT_OK ? "restored" : "factory");
  report_integer("result", result);
  report_end();
}

static void keep(void) {
  const int32_t result = garments_store(0, &board_flash);
  report_begin("saved");
  report_integer("bytes", GARMENTS_SAVE_BYTES);
  report_integer("result", result);
  report_end();
}

static void evaluate(int32_t step) {
  int32_t correct = 0;
  float loss = 0.0f;
  for (int32_t i = 0; i < TEST_PICTURES; i++) {
    int32_t right;
    board_feed_watchdog();
    see(test_pictures + i * SAMPLE_BYTES);
    loss += garments_evaluate(garments_input(), test_labels[i], &right);
    correct += right;
  }
  report_begin("eval");
  report_integer("step", step);
  report_integer("correct", correct);
  report_integer("of", TEST_PICTURES);
  report_decimal("loss", loss / (float)TEST_PICTURES);
  report_end();
}

static void tell(int32_t label) {
  const int32_t prediction = garments_infer(garments_input());
  report_begin("infer");
  report_integer("label", label);
  report_integer("prediction", prediction);
  report_end();
}

static void tell_step(int32_t step, int32_t label) {
  report_begin(NULL);
  report_integer("step", step);
  report_decimal("loss", garments_loss());
  report_integer("label", label);
  report_integer("prediction", garments_prediction());
  report_end();
}

int main(void) {
  const uint32_t pictures = (uint32_t)(train_labels_end - train_labels);
  uint32_t picture = 0;
  int32_t training = 0, step = 0, label = 0;

  board_init();
  garments_init();
  announce();
  recall();
  evaluate(0);
  for (;;) {
    board_feed_watchdog();
    if (training) {
      training = garments_train_poll();
      if (training)
        continue;
      step++;
      tell_step(step, label);
      if (step % ROUND_STEPS == 0) {
        evaluate(step);
        keep();
      }
      if (step == ROUND_STEPS * ROUNDS)
        board_finished(0);
      continue;
    }
    see(train_pictures + picture * SAMPLE_BYTES);
    label = train_labels[picture];
    picture = (picture + 1u) % pictures;
    if (board_button()) {
      garments_train_begin(garments_input(), label);
      training = 1;
    } else {
      tell(label);
    }
  }
}
