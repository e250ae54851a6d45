#include "harness.h"
#include "harness_model.h"

#define HARNESS_MAGIC 0x4e525446u /* "FTRN" */

/* The sample file: this header, then per record an int32 label and the input's codes. A negative label asks
 * for an inference alone. */
static struct {
  uint32_t magic;
  uint32_t records;
  uint32_t input_bytes;
  uint32_t progress_every;
} harness_header;

/* The result file: one of these per record, then the learned bytes, then the summary. */
static struct {
  float loss;
  int32_t prediction;
  uint32_t ticks_before;
  uint32_t ticks_after;
} harness_record;

static struct {
  uint32_t magic;
  uint32_t records;
  uint32_t learned_bytes;
  uint32_t stack_bytes;
  uint32_t ticks_before; /* two readings with nothing in between: what the reading costs */
  uint32_t ticks_after;
} harness_summary;

static char harness_line[] = "record          0\n";

/* By hand, because printf would bring in more stack and statics than many a model has. */
static void harness_print_progress(uint32_t done) {
  char *digit = harness_line + sizeof harness_line - 3;
  do {
    *digit-- = (char)('0' + done % 10u);
    done /= 10u;
  } while (done != 0u);
  harness_print(harness_line);
}

int harness_run(void) {
  harness_read(&harness_header, sizeof harness_header);
  if (harness_header.magic != HARNESS_MAGIC || harness_header.input_bytes != HARNESS_INPUT_BYTES) {
    harness_print("error: the sample file is not for this model\n");
    return 1;
  }
  harness_model_init();
  for (uint32_t i = 0; i < harness_header.records; ++i) {
    int32_t label;
    harness_read(&label, sizeof label);
    harness_read(harness_model_input(), HARNESS_INPUT_BYTES);
    if (label < 0) {
      harness_record.loss = 0.0f;
      harness_record.ticks_before = harness_ticks();
      harness_record.prediction = harness_model_infer(harness_model_input());
      harness_record.ticks_after = harness_ticks();
    } else {
      harness_record.ticks_before = harness_ticks();
      harness_record.loss = harness_model_train_step(harness_model_input(), label);
      harness_record.ticks_after = harness_ticks();
      harness_record.prediction = harness_model_prediction();
    }
    harness_write(&harness_record, sizeof harness_record);
    if ((i + 1u) % harness_header.progress_every == 0u)
      harness_print_progress(i + 1u);
  }
  harness_write(harness_model_learned(), HARNESS_LEARNED_BYTES);
  harness_summary.magic = HARNESS_MAGIC;
  harness_summary.records = harness_header.records;
  harness_summary.learned_bytes = HARNESS_LEARNED_BYTES;
  harness_summary.stack_bytes = harness_stack_bytes();
  harness_summary.ticks_before = harness_ticks();
  harness_summary.ticks_after = harness_ticks();
  harness_write(&harness_summary, sizeof harness_summary);
  return 0;
}
