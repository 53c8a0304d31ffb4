#include "rheobase/analysis/event_scores.h"

#include <math.h>

#include "rheobase/base/memory.h"

static const double ROUNDING = 1e-9;  // of times: a difference of exactly the precision counts
static const double LEAST_EXPECTED = 1e-12;  // of events on a step, so that a log stays finite

rb_train rb_train_of_events(int64_t count, const uint8_t *event, int64_t first, double step,
                            double *time) {
  rb_train train = {0, time};
  for (int64_t n = first; n < count; ++n) {
    if (event[n]) time[train.count++] = (double)n * step;
  }
  return train;
}

rb_status rb_trains_of_events(rb_context *ctx, int64_t runs, int64_t count, const uint8_t *event,
                              int64_t first, double step, rb_train *train, double **times) {
  rb_status status = RB_OK;
  int64_t used = 0;
  for (int64_t i = 0; i < runs * count; ++i) used += event[i];
  RB_TRY(RB_ALLOCATE(ctx, *times, used));
  used = 0;
  for (int64_t r = 0; r < runs; ++r) {
    train[r] = rb_train_of_events(count, event + r * count, first, step, *times + used);
    used += train[r].count;
  }
cleanup:
  return status;
}

int64_t rb_coincidences(rb_train data, rb_train model, double precision) {
  int64_t i = 0, j = 0, found = 0;
  while (i < data.count && j < model.count) {
    const double ahead = model.time[j] - data.time[i];
    const int both = fabs(ahead) <= precision + ROUNDING;
    found += both;
    i += both || ahead > 0;
    j += both || ahead < 0;
  }
  return found;
}

double rb_coincidence_factor(rb_train data, rb_train model, double duration, double precision) {
  const double N = (double)data.count, M = (double)model.count;
  const double by_chance = 2 * precision * M / duration;
  if (!(by_chance < 1) || N + M == 0) return NAN;
  const double found = (double)rb_coincidences(data, model, precision);
  return (found - by_chance * N) / (0.5 * (N + M)) / (1 - by_chance);
}

double rb_reliability(int64_t count, const rb_train *repeat, double duration, double precision) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < count; ++j) {
      if (i != j) sum += rb_coincidence_factor(repeat[i], repeat[j], duration, precision);
    }
  }
  return sum / (double)(count * (count - 1));
}

/* Pairs of events within +-window. */
static double pairs(rb_train a, rb_train b, double window) {
  int64_t first = 0, last = 0, found = 0;
  for (int64_t i = 0; i < a.count; ++i) {
    while (first < b.count && b.time[first] < a.time[i] - window - ROUNDING) ++first;
    while (last < b.count && b.time[last] <= a.time[i] + window + ROUNDING) ++last;
    found += last - first;
  }
  return (double)found;
}

/* Mean over pairs of different trains; NaN with fewer than two. */
static double mean_pairs(int64_t count, const rb_train *train, double window) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = i + 1; j < count; ++j) sum += pairs(train[i], train[j], window);
  }
  return sum / (0.5 * (double)(count * (count - 1)));
}

double rb_md_star(int64_t data_count, const rb_train *data, int64_t model_count,
                  const rb_train *model, double window) {
  double across = 0;
  for (int64_t i = 0; i < data_count; ++i) {
    for (int64_t j = 0; j < model_count; ++j) across += pairs(data[i], model[j], window);
  }
  across /= (double)(data_count * model_count);
  const double own =
      model_count > 1 ? mean_pairs(model_count, model, window) : pairs(model[0], model[0], window);
  return 2 * across / (mean_pairs(data_count, data, window) + own);
}

/* The first step that is not left out from step n on. @param next the event that may still be near;
 * moves on with n */
static int64_t next_step(const rb_response_window *w, int64_t n, rb_train events, int64_t *next) {
  while (*next < events.count) {
    const double time = events.time[*next];
    const int64_t begin = (int64_t)floor((time - w->before) / w->dt);
    const int64_t end = (int64_t)ceil((time + w->after) / w->dt);
    if (n < begin) return n;
    if (n < end) n = end;
    ++*next;
  }
  return n;
}

rb_response_fit rb_response_compare(const rb_response_window *w, int64_t steps,
                                    const double *recorded, const double *predicted,
                                    rb_train events) {
  double sum = 0, squares = 0, errors = 0;
  int64_t count = 0, next = 0;
  double origin = NAN;  // near the mean, so that the variance does not cancel
  for (int64_t n = next_step(w, w->first, events, &next); n < steps;
       n = next_step(w, n + 1, events, &next)) {
    if (count++ == 0) origin = recorded[n];
    const double y = recorded[n] - origin, error = predicted[n] - recorded[n];
    sum += y;
    squares += y * y;
    errors += error * error;
  }
  const double N = (double)count, variance = squares / N - sum / N * (sum / N);
  return (rb_response_fit){count, sqrt(errors / N), 1 - errors / N / variance};
}

double rb_bits_per_event(int64_t steps, const double *expected, const uint8_t *event,
                         const uint8_t *mask, int64_t first) {
  double model = 0;
  int64_t events = 0, free_steps = 0;
  for (int64_t n = first; n < steps; ++n) {
    const int begins = event[n] && !(n > 0 && mask[n - 1]);
    if (mask[n] && !begins) continue;
    const double x = fmax(expected[n], LEAST_EXPECTED);
    ++free_steps;
    events += event[n] != 0;
    model += event[n] ? log(-expm1(-x)) : -x;
  }
  if (events == 0) return NAN;
  const double N = (double)events, others = (double)(free_steps - events);
  const double share = N / (double)free_steps;
  const double flat = N * log(share) + (others > 0 ? others * log1p(-share) : 0);
  return (model - flat) / N / M_LN2;
}
