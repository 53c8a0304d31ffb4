#include <math.h>
#include <string.h>

#include "recording_window.h"
#include "rheobase/analysis/event_scores.h"
#include "rheobase/analysis/recording_prediction.h"
#include "rheobase/base/memory.h"

/* A model that draws its events has, without noise, one wherever their hazard is above a level. The
 * level is a part of the fit, as a threshold is: it comes from the recordings the posterior is of.
 */

enum { LEVELS = 32 };
/* Levels of the log hazard. */
static const double LOWEST = -6, BETWEEN = 0.25;

/* Room for runs at all levels. Owned. */
typedef struct work {
  double level[LEVELS], coincidence[LEVELS];
  double *theta;     // (LEVELS, D), the same in all rows
  double *response;  // (LEVELS, length)
  uint8_t *event;    // (LEVELS, length)
  double *recorded;  // (length) times
} work;

static rb_status allocate(rb_context *ctx, const rb_model *model, const rb_recordings *r, work *w) {
  rb_status status = RB_OK;
  int64_t longest = 0;
  for (int64_t k = 0; k < r->count; ++k) {
    if (r->recording[k].length > longest) longest = r->recording[k].length;
  }
  for (int k = 0; k < LEVELS; ++k) w->level[k] = exp(LOWEST + BETWEEN * k);
  RB_TRY(RB_ALLOCATE(ctx, w->theta, LEVELS * model->dim));
  RB_TRY(RB_ALLOCATE(ctx, w->response, LEVELS * longest));
  RB_TRY(RB_ALLOCATE(ctx, w->event, LEVELS * longest));
  RB_TRY(RB_ALLOCATE(ctx, w->recorded, longest));
cleanup:
  return status;
}

static void free_work(work *w) {
  free(w->theta);
  free(w->response);
  free(w->event);
  free(w->recorded);
}

/* Adds the coincidence factors of the runs with one recording. Two without events coincide wholly;
 * a run with so many that there is no factor is as bad as can be. */
static rb_status compare(rb_context *ctx, const rb_model *model, const rb_stimulated *given,
                         work *w) {
  rb_status status = RB_OK;
  const double step = model->axis_step;
  const int64_t first = rb_prediction_first(given->length, step);
  const double lasts = (double)(given->length - first) * step;
  rb_train run[LEVELS];
  double *times = NULL;
  const rb_train recorded =
      rb_train_of_events(given->length, given->event, first, step, w->recorded);
  RB_TRY(
      rb_predictor_run(model, ctx, given, 0, 0, LEVELS, w->theta, w->level, w->response, w->event));
  RB_TRY(rb_trains_of_events(ctx, LEVELS, given->length, w->event, first, step, run, &times));
  for (int k = 0; k < LEVELS; ++k) {
    const double gamma = rb_coincidence_factor(recorded, run[k], lasts, RB_PREDICTION_PRECISION_MS);
    const bool silent = recorded.count == 0 && run[k].count == 0;
    w->coincidence[k] += silent ? 1 : isnan(gamma) ? -1 : gamma;
  }
cleanup:
  free(times);
  return status;
}

/* Adds those of the runs of one draw with all recordings. */
static rb_status add_draw(rb_context *ctx, const rb_model *model, const rb_recordings *r,
                          const double *theta, work *w) {
  rb_status status = RB_OK;
  for (int k = 0; k < LEVELS; ++k) {
    memcpy(w->theta + (ptrdiff_t)k * model->dim, theta, (size_t)model->dim * sizeof *theta);
  }
  for (int64_t k = 0; k < r->count; ++k) RB_TRY(compare(ctx, model, &r->recording[k], w));
cleanup:
  return status;
}

/* The best level, and of those that are alike the highest, with the fewest events. */
static double best_level(const work *w) {
  int best = LEVELS - 1;
  for (int k = LEVELS - 2; k >= 0; --k) {
    if (w->coincidence[k] > w->coincidence[best]) best = k;
  }
  return w->level[best];
}

double rb_prediction_level_bytes(const rb_model *model) {
  if (!model->predictor->drawn) return 0;
  const double runs = LEVELS * (2 * sizeof(double) + sizeof(uint8_t)) + sizeof(double);
  const double recordings = 2 * sizeof(double) + sizeof(uint8_t);
  return (double)model->length * (runs + recordings);
}

rb_status rb_prediction_level(rb_context *ctx, const rb_model *model, const float *x, int64_t draws,
                              const double *theta, double *level) {
  rb_status status = RB_OK;
  rb_recordings recordings = {0};
  work w = {.theta = NULL};
  *level = model->predictor->drawn ? NAN : 0;
  if (!model->predictor->drawn) return RB_OK;
  RB_TRY(rb_predictor_recordings(model, ctx, x, &recordings));
  if (recordings.count == 0) goto cleanup;
  RB_TRY(allocate(ctx, model, &recordings, &w));
  for (int64_t i = 0; i < draws; ++i) {
    RB_TRY(add_draw(ctx, model, &recordings, theta + i * model->dim, &w));
  }
  *level = best_level(&w);
cleanup:
  free_work(&w);
  rb_recordings_free(&recordings);
  return status;
}
