#include "ft_float.h"
#include "ft_kernels.h"

void ft_softmax_cross_entropy_f32(const float *logits, float *gradient, float *loss, int32_t *prediction,
                                  int32_t classes, int32_t label) {
  int32_t best = 0;
  for (int32_t c = 1; c < classes; c++)
    if (logits[c] > logits[best])
      best = c;
  const float max = logits[best];
  const int has_label = label >= 0 && label < classes;
  const float distance = has_label ? logits[label] - max : 0.0f;
  float sum = 0.0f;
  for (int32_t c = 0; c < classes; c++) {
    gradient[c] = ft_exp_f32(logits[c] - max);
    sum += gradient[c];
  }
  for (int32_t c = 0; c < classes; c++)
    gradient[c] = gradient[c] / sum - (c == label ? 1.0f : 0.0f);
  /* -log(exp(distance) / sum), which stays finite where the exp is 0. */
  loss[0] = has_label ? ft_log_f32(sum) - distance : 0.0f;
  prediction[0] = best;
}
