#include "rheobase/analysis/recording_prediction.h"

#include <math.h>
#include <string.h>

#include "recording_window.h"
#include "rheobase/analysis/event_scores.h"
#include "rheobase/analysis/predictive.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"

/* Of spikes: Md*'s window. Of the potential: how far from spikes it is compared. In ms, as are the
 * others. */
static const double WINDOW = 4, BEFORE = 5, AFTER = 10;
static const double AFTER_POTENTIAL[2] = {10, 50};
/* Currents are the same if their difference, the noise of two readings, has at most the first share
 * of their variance (of unrelated currents it is 2). Their means then differ by less than the
 * second, in standard deviations, and their variances by that share of it beside the noise: a
 * current that is scaled has another variance long before it differs as much. */
static const double SAME_CURRENT = 0.1, SAME_MOMENTS = 0.03;

enum { BATCH = 32 };  // draws that are followed at once

const rb_quantity rb_prediction_scores[RB_SCORES] = {
    [RB_SCORE_RATE] = {"rate", "Hz", "spikes of a run per second"},
    [RB_SCORE_GAMMA] = {"gamma", "1", "coincidence factor of a run and the recording, +-2 ms"},
    [RB_SCORE_GAMMA_NOISELESS] = {"gamma_noiseless", "1",
                                  "the same without noise; where spikes are drawn, of a hard "
                                  "threshold where it coincides best with the observation"},
    [RB_SCORE_BITS] = {"bits_per_spike", "bit",
                       "by which the recorded spikes are more probable than at a constant rate, "
                       "given those before"},
    [RB_SCORE_RMSE] = {"rmse", "mV",
                       "error of the potential with the recorded spikes, away from them"},
    [RB_SCORE_EXPLAINED] = {"explained", "1", "share of that potential's variance explained"},
    [RB_SCORE_CV] = {"cv", "1", "coefficient of variation of the intervals of a run"},
    [RB_SCORE_SHORTEST] = {"shortest_interval", "ms", "10% quantile of the intervals of a run"},
    [RB_SCORE_AFTER] = {"after_potential", "mV",
                        "recorded minus predicted potential, 10 to 50 ms after spikes"}};

static int64_t first_step(const rb_steps *steps) {
  return rb_prediction_first(steps->steps, steps->dt_ms);
}

/* The onsets from the first scored step on. */
static rb_train recorded_train(const rb_steps *steps) {
  const double begin = (double)first_step(steps) * steps->dt_ms;
  int64_t k = 0;
  while (k < steps->spikes && steps->onset_ms[k] < begin) ++k;
  return (rb_train){steps->spikes - k, steps->onset_ms + k};
}

static double duration(const rb_steps *steps) {
  return (double)(steps->steps - first_step(steps)) * steps->dt_ms;
}

/* The spikes of a run as times. @param time (steps) */
static rb_train run_train(const rb_steps *steps, const uint8_t *spike, double *time) {
  return rb_train_of_events(steps->steps, spike, first_step(steps), steps->dt_ms, time);
}

/* Rate, variation and shortest of the intervals. @param work room for the intervals */
static void describe_train(rb_train train, double lasts, double *work, double score[RB_SCORES]) {
  double sum = 0, squares = 0;
  const int64_t n = train.count - 1;
  score[RB_SCORE_RATE] = 1000 * (double)train.count / lasts;
  score[RB_SCORE_CV] = score[RB_SCORE_SHORTEST] = NAN;
  if (n < 2) return;
  for (int64_t k = 0; k < n; ++k) work[k] = train.time[k + 1] - train.time[k];
  for (int64_t k = 0; k < n; ++k) sum += work[k];
  for (int64_t k = 0; k < n; ++k) squares += pow(work[k] - sum / (double)n, 2);
  score[RB_SCORE_CV] = sqrt(squares / (double)n) / (sum / (double)n);
  rb_sort(n, work);
  score[RB_SCORE_SHORTEST] = rb_quantile_of_sorted(n, work, 0.1);
}

/* Mean of recorded minus predicted in the time after spikes that no other spike follows. */
static double after_potential(const rb_steps *steps, const double *predicted) {
  const rb_train train = recorded_train(steps);
  double sum = 0;
  int64_t count = 0;
  for (int64_t k = 0; k < train.count; ++k) {
    const double end = train.time[k] + AFTER_POTENTIAL[1];
    const double next = k + 1 < train.count ? train.time[k + 1] - BEFORE : INFINITY;
    const int64_t from = (int64_t)ceil((train.time[k] + AFTER_POTENTIAL[0]) / steps->dt_ms);
    for (int64_t n = from; n < steps->steps && (double)n * steps->dt_ms < fmin(end, next); ++n) {
      sum += steps->voltage_mV[n] - predicted[n];
      ++count;
    }
  }
  return count > 0 ? sum / (double)count : NAN;
}

/* What is being computed of a sweep. */
typedef struct work {
  rb_context *ctx;
  const rb_model *model;
  uint64_t seed;
  int64_t number;
  double level;  // of runs without noise
  const rb_steps *steps;
  rb_stimulated given;
  double *response, *expected;  // (BATCH, steps)
  uint8_t *spike;               // (BATCH, steps)
  double *time, *interval;      // (steps)
  float *followed;              // (draws, steps)
  rb_prediction *out;
} work;

static double gamma_of(const work *w, rb_train model) {
  return rb_coincidence_factor(recorded_train(w->steps), model, duration(w->steps),
                               RB_PREDICTION_PRECISION_MS);
}

static void score_run(const work *w, int64_t draw, const uint8_t *spike) {
  const rb_train model = run_train(w->steps, spike, w->time);
  double score[RB_SCORES];
  const int64_t D = w->out->draws;
  describe_train(model, duration(w->steps), w->interval, score);
  w->out->score[RB_SCORE_GAMMA * D + draw] = gamma_of(w, model);
  w->out->score[RB_SCORE_RATE * D + draw] = score[RB_SCORE_RATE];
  w->out->score[RB_SCORE_CV * D + draw] = score[RB_SCORE_CV];
  w->out->score[RB_SCORE_SHORTEST * D + draw] = score[RB_SCORE_SHORTEST];
}

/* Scores draws first .. first+count-1 by runs without noise. @param theta (count, D) */
static rb_status score_noiseless(const work *w, int64_t first, int64_t count, const double *theta) {
  rb_status status = RB_OK;
  double level[BATCH];
  const int64_t T = w->steps->steps;
  double *score = w->out->score + RB_SCORE_GAMMA_NOISELESS * w->out->draws + first;
  for (int64_t i = 0; i < count; ++i) level[i] = w->level;
  RB_TRY(rb_predictor_run(w->model, w->ctx, &w->given, w->seed, 0, count, theta, level, w->response,
                          w->spike));
  for (int64_t i = 0; i < count; ++i) {
    score[i] = isnan(w->level) ? NAN : gamma_of(w, run_train(w->steps, w->spike + i * T, w->time));
  }
cleanup:
  return status;
}

static void score_response(const work *w, int64_t draw, const double *response,
                           const double *expected) {
  const rb_steps *s = w->steps;
  const int64_t D = w->out->draws;
  const rb_response_window window = {s->dt_ms, BEFORE, AFTER, w->out->first};
  const rb_train all = {s->spikes, s->onset_ms};
  const rb_response_fit fit = rb_response_compare(&window, s->steps, s->voltage_mV, response, all);
  w->out->score[RB_SCORE_RMSE * D + draw] = fit.rmse;
  w->out->score[RB_SCORE_EXPLAINED * D + draw] = fit.explained;
  w->out->score[RB_SCORE_AFTER * D + draw] = after_potential(s, response);
  w->out->score[RB_SCORE_BITS * D + draw] =
      isnan(expected[s->steps - 1])
          ? NAN
          : rb_bits_per_event(s->steps, expected, s->spike, s->mask, w->out->first);
}

/* Draws first .. first+count-1, count <= BATCH. @param theta of the first */
static rb_status predict_batch(work *w, int64_t first, int64_t count, const double *theta) {
  rb_status status = RB_OK;
  rb_context *ctx = w->ctx;
  const int64_t T = w->steps->steps;
  const int64_t item = w->number * w->out->draws + first;
  RB_TRY(score_noiseless(w, first, count, theta));
  RB_TRY(rb_predictor_run(w->model, ctx, &w->given, w->seed, item, count, theta, NULL, w->response,
                          w->spike));
  for (int64_t i = 0; i < count; ++i) score_run(w, first + i, w->spike + i * T);
  memcpy(w->out->spike + first * T, w->spike, (size_t)(count * T));
  RB_TRY(rb_predictor_follow(w->model, ctx, &w->given, count, theta, w->response, w->expected));
  for (int64_t i = 0; i < count; ++i) {
    score_response(w, first + i, w->response + i * T, w->expected + i * T);
    for (int64_t n = 0; n < T; ++n) {
      w->followed[(first + i) * T + n] = (float)w->response[i * T + n];
    }
  }
cleanup:
  return status;
}

static rb_status make_bands(work *w) {
  rb_status status = RB_OK;
  rb_context *ctx = w->ctx;
  const int64_t T = w->steps->steps;
  if (w->model->predictor->follow == NULL) {
    for (int b = 0; b < RB_PREDICTION_BANDS; ++b) {
      for (int64_t n = 0; n < T; ++n) w->out->band[b][n] = NAN;
    }
    return RB_OK;
  }
  double *band[RB_PREDICTION_BANDS] = {w->response, w->response + T, w->response + 2 * T};
  RB_TRY(
      rb_predictive_band(ctx, w->out->draws, T, w->followed, NULL, T, band[0], band[1], band[2]));
  for (int b = 0; b < RB_PREDICTION_BANDS; ++b) {
    for (int64_t n = 0; n < T; ++n) w->out->band[b][n] = (float)band[b][n];
  }
cleanup:
  return status;
}

double rb_prediction_bytes(int64_t draws, int64_t total, int64_t longest) {
  const double batch = BATCH * (2 * sizeof(double) + sizeof(uint8_t)) + 2 * sizeof(double);
  const double bands = RB_PREDICTION_BANDS * sizeof(float);
  const double draw = (double)(longest * (int64_t)sizeof(float) + total * (int64_t)sizeof(uint8_t));
  return (double)draws * draw + (double)longest * batch + (double)total * bands;
}

static rb_status allocate(work *w) {
  rb_status status = RB_OK;
  rb_context *ctx = w->ctx;
  const int64_t T = w->steps->steps, D = w->out->draws;
  RB_TRY(RB_ALLOCATE(ctx, w->response, BATCH * T));
  RB_TRY(RB_ALLOCATE(ctx, w->expected, BATCH * T));
  RB_TRY(RB_ALLOCATE(ctx, w->spike, BATCH * T));
  RB_TRY(RB_ALLOCATE(ctx, w->time, T));
  RB_TRY(RB_ALLOCATE(ctx, w->interval, T));
  RB_TRY(RB_ALLOCATE(ctx, w->followed, D * T));
  RB_TRY(RB_ALLOCATE(ctx, w->out->score, RB_SCORES * D));
  RB_TRY(RB_ALLOCATE(ctx, w->out->spike, D * T));
  for (int b = 0; b < RB_PREDICTION_BANDS; ++b) RB_TRY(RB_ALLOCATE(ctx, w->out->band[b], T));
cleanup:
  return status;
}

static void free_work(work *w) {
  free(w->response);
  free(w->expected);
  free(w->spike);
  free(w->time);
  free(w->interval);
  free(w->followed);
}

rb_status rb_prediction_create(rb_context *ctx, const rb_model *model, uint64_t seed,
                               int64_t number, const rb_recorded_sweep *sweep, int64_t draws,
                               const double *theta, double level, rb_prediction *p) {
  rb_status status = RB_OK;
  const rb_steps *s = &sweep->steps;
  work w = {.ctx = ctx,
            .model = model,
            .seed = seed,
            .number = number,
            .level = level,
            .steps = s,
            .given = {s->steps, s->current_pA, s->voltage_mV, s->spike},
            .out = p};
  *p = (rb_prediction){.draws = draws, .steps = s->steps, .first = first_step(s)};
  RB_TRY(allocate(&w));
  for (int k = 0; k < RB_SCORES; ++k) p->observed[k] = NAN;
  describe_train(recorded_train(s), duration(s), w.interval, p->observed);
  for (int64_t i = 0; i < draws; i += BATCH) {
    const int64_t count = draws - i < BATCH ? draws - i : BATCH;
    RB_TRY(predict_batch(&w, i, count, theta + i * model->dim));
  }
  RB_TRY(make_bands(&w));
cleanup:
  free_work(&w);
  return status;
}

void rb_prediction_free(rb_prediction *p) {
  free(p->score);
  free(p->spike);
  for (int b = 0; b < RB_PREDICTION_BANDS; ++b) free(p->band[b]);
  *p = (rb_prediction){0};
}

static double mean_of(const rb_steps *steps) {
  double mean = 0;
  for (int64_t n = 0; n < steps->steps; ++n) mean += steps->current_pA[n] / (double)steps->steps;
  return mean;
}

static double variance_of(const rb_steps *steps, double mean) {
  double variance = 0;
  for (int64_t n = 0; n < steps->steps; ++n) {
    variance += pow(steps->current_pA[n] - mean, 2) / (double)steps->steps;
  }
  return variance;
}

/* Whether two sweeps were given the same current, but for the noise of its reading. */
static bool is_repeat(const rb_steps *a, const rb_steps *b) {
  double differences = 0;
  if (a->steps != b->steps || a->dt_ms != b->dt_ms) return false;
  const double mean = mean_of(a), other = mean_of(b);
  const double variance = variance_of(a, mean), sd = sqrt(variance);
  for (int64_t n = 0; n < a->steps; ++n) {
    differences += pow(a->current_pA[n] - b->current_pA[n], 2) / (double)a->steps;
  }
  return differences <= SAME_CURRENT * variance && fabs(other - mean) <= SAME_MOMENTS * sd &&
         fabs(variance_of(b, other) - variance) <= differences + SAME_MOMENTS * variance;
}

/* Md* of the runs. @param train (count) */
static rb_status compare_runs(rb_context *ctx, const rb_steps *steps, int64_t count,
                              const rb_train *train, const rb_prediction *p, double *md_star) {
  rb_status status = RB_OK;
  rb_train *run = NULL;
  double *time = NULL;
  RB_TRY(RB_ALLOCATE(ctx, run, p->draws));
  RB_TRY(rb_trains_of_events(ctx, p->draws, p->steps, p->spike, first_step(steps), steps->dt_ms,
                             run, &time));
  *md_star = rb_md_star(count, train, p->draws, run, WINDOW);
cleanup:
  free(run);
  free(time);
  return status;
}

rb_status rb_prediction_repeats(rb_context *ctx, const rb_recorded *recording, int64_t sweep,
                                const rb_prediction *p, rb_repeats *repeats) {
  rb_status status = RB_OK;
  const rb_steps *own = &recording->sweep[sweep].steps;
  rb_train *train = NULL;
  *repeats = (rb_repeats){0};
  RB_TRY(RB_ALLOCATE(ctx, train, recording->sweeps));
  for (int64_t s = 0; s < recording->sweeps; ++s) {
    const rb_steps *steps = &recording->sweep[s].steps;
    if (s == sweep || is_repeat(own, steps)) train[repeats->count++] = recorded_train(steps);
  }
  repeats->reliability =
      rb_reliability(repeats->count, train, duration(own), RB_PREDICTION_PRECISION_MS);
  RB_TRY(compare_runs(ctx, own, repeats->count, train, p, &repeats->md_star));
cleanup:
  free(train);
  return status;
}

void rb_score_summary(int64_t draws, const double *value, double *defined,
                      double number[RB_SCORE_NUMBERS]) {
  double sum = 0;
  int64_t count = 0;
  for (int64_t d = 0; d < draws; ++d) {
    if (!isfinite(value[d])) continue;
    defined[count++] = value[d];
    sum += value[d];
  }
  number[0] = number[1] = number[2] = NAN;
  if (count == 0) return;
  rb_sort(count, defined);
  number[0] = sum / (double)count;
  number[1] = rb_quantile_of_sorted(count, defined, 0.025);
  number[2] = rb_quantile_of_sorted(count, defined, 0.975);
}

rb_status rb_prediction_summary(rb_context *ctx, const rb_prediction *p, rb_prediction_score score,
                                double number[RB_SCORE_NUMBERS]) {
  rb_status status = RB_OK;
  double *defined = NULL;
  RB_TRY(RB_ALLOCATE(ctx, defined, p->draws));
  rb_score_summary(p->draws, &p->score[score * p->draws], defined, number);
cleanup:
  free(defined);
  return status;
}
