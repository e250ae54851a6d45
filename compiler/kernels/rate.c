#include "ft_float.h"
#include "ft_kernels.h"

void ft_rate_constant(float *rate, const float *learning_rate, const int32_t *step_count, int32_t warm_up,
                      int32_t batch) {
  const int32_t step = step_count[0];
  const float schedule = step < warm_up ? ((float)step + 1.0f) / (float)warm_up : 1.0f;
  rate[0] = learning_rate[0] * schedule / (float)batch;
}

void ft_rate_cosine(float *rate, const float *learning_rate, const int32_t *step_count, int32_t warm_up,
                    int32_t steps, int32_t batch) {
  const int32_t step = step_count[0];
  float schedule;
  if (step < warm_up) {
    schedule = ((float)step + 1.0f) / (float)warm_up;
  } else {
    const float t = step - warm_up < steps ? (float)(step - warm_up) / (float)steps : 1.0f;
    /* (1 + cos(pi t)) / 2 = 1 - sin^2(pi/2 t) = sin^2(pi/2 (1 - t)): exact at both ends. */
    const float sine = ft_sin_quarter_f32(t < 0.5f ? t : 1.0f - t);
    schedule = t < 0.5f ? 1.0f - sine * sine : sine * sine;
  }
  rate[0] = learning_rate[0] * schedule / (float)batch;
}

void ft_count(int32_t *counter) {
  counter[0] = ft_wrapping_add(counter[0], 1);
}
