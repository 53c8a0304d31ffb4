#include "recording_data.h"

#include <math.h>
#include <string.h>

#include "observed.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/model/predictor.h"
#include "rheobase/parallel/agree.h"

/* Parts of a current's mean square that a difference may have before it is warned of or refused. */
static const double LIKE_CURRENT = 0.01, OTHER_CURRENT = 0.1;

/* A window of a sweep, which becomes one of the model's recordings. */
typedef struct window {
  int64_t sweep, first, steps;
} window;

/* A data set while it is put together. */
typedef struct layout {
  const rb_model *model;
  const char *path;
  const rb_recorded *recording;
  int64_t room, length;  // recordings of the model, steps of each
  int64_t shortest;      // steps that a window needs
  bool stimulus, mask;   // whether the model has such a channel
  int64_t windows;
  window *window;  // (room)
} layout;

rb_status rb_recording_fits(rb_context *ctx, const rb_model *model, const char *path,
                            const rb_recorded_sweep *sweep) {
  const double dt = sweep->steps.dt_ms, step = model->axis_step;
  if (strcmp(model->axis.unit, "ms") != 0) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "%s: samples of model \"%s\" are no milliseconds apart",
                   path, model->name);
  }
  if (fabs(dt - step) > 1e-6 * step) {
    return RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: sweep %lld has steps of %.10g ms and the model has %.10g: import it again "
                   "with --dt %.10g",
                   path, (long long)sweep->number, dt, step, step);
  }
  return RB_OK;
}

/* Steps that a recording needs where a mask can tell that it is shorter than others. */
static int64_t shortest_of(const rb_model *model, int64_t length) {
  return model->shortest > 0 ? model->shortest : (length + 1) / 2;
}

/* How many steps window w of a sweep has; 0: there is none. */
static int64_t steps_of(const layout *l, const rb_recorded_sweep *sweep, int64_t w) {
  const int64_t left = sweep->steps.steps - w * l->length;
  if (left >= l->length) return l->length;
  return left >= l->shortest ? left : 0;
}

/* The first window of each sweep, then the second of each, while there is room. */
static void place_windows(layout *l) {
  bool more = true;
  for (int64_t w = 0; more && l->windows < l->room; ++w) {
    more = false;
    for (int64_t s = 0; s < l->recording->sweeps && l->windows < l->room; ++s) {
      const int64_t steps = steps_of(l, &l->recording->sweep[s], w);
      if (steps == 0) continue;
      l->window[l->windows++] = (window){s, w * l->length, steps};
      more = l->stimulus;  // else only a sweep's beginning is what the model gets
    }
  }
}

static rb_status check_room(rb_context *ctx, const layout *l) {
  const double step = l->model->axis_step, lasts = (double)l->length * step;
  const rb_recorded *r = l->recording;
  if (r->sweeps > l->room) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "%s: has %lld sweeps where a data set of the model has %lld: choose some with "
                   "--sweeps, or train for more",
                   l->path, (long long)r->sweeps, (long long)l->room);
  }
  for (int64_t s = 0; s < r->sweeps; ++s) {
    const rb_recorded_sweep *sweep = &r->sweep[s];
    const double has = (double)sweep->steps.steps * step;
    if (!l->stimulus && sweep->steps.steps != l->length) {
      return RB_FAIL(ctx, RB_ERR_FORMAT,
                     "%s: sweep %lld lasts %.10g ms, and the model, whose stimulus is always the "
                     "same, %.10g: import that window with --from and --to",
                     l->path, (long long)sweep->number, has, lasts);
    }
    if (steps_of(l, sweep, 0) == 0) {
      return RB_FAIL(ctx, RB_ERR_FORMAT,
                     "%s: sweep %lld lasts %.10g ms, too short for the model's %.10g ms: leave it "
                     "out with --sweeps, or train for shorter recordings",
                     l->path, (long long)sweep->number, has, lasts);
    }
  }
  return RB_OK;
}

static rb_status check_filled(rb_context *ctx, const layout *l) {
  if (l->windows == l->room || l->mask) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_FORMAT,
                 "%s: makes %lld recording%s of %.10g ms where the model has %lld, and no mask to "
                 "say that some are missing: give more sweeps, or train with one",
                 l->path, (long long)l->windows, rb_plural(l->windows),
                 (double)l->length * l->model->axis_step, (long long)l->room);
}

/* One channel of all windows. @param x (L) @param sweep_values room for the longest sweep */
static rb_status fill_channel(rb_context *ctx, const layout *l, int c, double *values, float *x) {
  const rb_channel *channel = &l->model->channel[c];
  char name[RB_OBSERVED_NAME];
  const bool padding = channel->role == RB_CHANNEL_MASK;
  rb_observed_column(channel, name);
  for (int64_t n = 0; n < l->room * l->length; ++n) x[n] = padding ? 1.0F : 0.0F;
  for (int64_t w = 0; w < l->windows; ++w) {
    const window *from = &l->window[w];
    if (!rb_recorded_array(&l->recording->sweep[from->sweep], name, values)) {
      return RB_FAIL(ctx, RB_ERR_SETTING,
                     "%s: a recording has no %s, which is a channel of the model: train without it",
                     l->path, name);
    }
    for (int64_t n = 0; n < from->steps; ++n) {
      x[w * l->length + n] = (float)values[from->first + n];
    }
  }
  return RB_OK;
}

bool rb_recording_compare_mask(const rb_context *ctx, const rb_model *model, const char *path,
                               const rb_recorded_sweep *sweep) {
  const double dt = sweep->steps.dt_ms;
  if (model->predictor == NULL || ceil(sweep->tref_ms / dt - 1e-6) == model->predictor->masked) {
    return false;
  }
  rb_log_warning(ctx,
                 "%s, sweep %lld: spikes are blanked for %.4g ms, and the model holds %.4g ms "
                 "after one: import it again with --tref %.4g",
                 path, (long long)sweep->number, sweep->tref_ms, model->predictor->masked * dt,
                 model->predictor->masked * dt);
  return true;
}

/* What is masked is 0, in data and simulations alike. @param x (C, L) */
static void blank(const layout *l, float *x) {
  const int64_t L = l->room * l->length;
  const int mask = rb_model_channel(l->model, RB_CHANNEL_MASK);
  for (int c = 0; c < l->model->channels; ++c) {
    const rb_channel *channel = &l->model->channel[c];
    if (mask < 0 || channel->binary || channel->role != RB_CHANNEL_OBSERVED) continue;
    for (int64_t n = 0; n < L; ++n) {
      if (x[mask * L + n] != 0) x[c * L + n] = 0;
    }
  }
}

static rb_status fill(rb_context *ctx, const layout *l, float *x) {
  rb_status status = RB_OK;
  double *values = NULL;
  int64_t longest = 0;
  for (int64_t s = 0; s < l->recording->sweeps; ++s) {
    const int64_t steps = l->recording->sweep[s].steps.steps;
    longest = steps > longest ? steps : longest;
  }
  RB_TRY(RB_ALLOCATE(ctx, values, longest));
  for (int c = 0; c < l->model->channels; ++c) {
    RB_TRY(fill_channel(ctx, l, c, values, x + c * l->room * l->length));
  }
  blank(l, x);
cleanup:
  free(values);
  return status;
}

/* The current that all simulations are given, of a model that does not see it, has to be the one
 * that the cell was given, but for the noise of its reading. */
static rb_status check_current(rb_context *ctx, const layout *l) {
  for (int64_t w = 0; l->model->injected != NULL && w < l->windows; ++w) {
    const window *from = &l->window[w];
    const rb_recorded_sweep *sweep = &l->recording->sweep[from->sweep];
    const double *given = sweep->steps.current_pA + from->first;
    double square = 0, difference = 0;
    for (int64_t n = 0; n < from->steps; ++n) {
      square += pow(l->model->injected[n], 2) / (double)from->steps;
      difference += pow(given[n] - l->model->injected[n], 2) / (double)from->steps;
    }
    if (difference <= fmax(LIKE_CURRENT * square, 1)) continue;
    const double off = sqrt(difference), size = sqrt(square);
    if (difference > fmax(OTHER_CURRENT * square, 1)) {
      return RB_FAIL(ctx, RB_ERR_SETTING,
                     "%s: sweep %lld was given another current than the model injects (%.3g pA "
                     "apart, where that has %.3g): give the model the recorded one, or train with "
                     "the current among recording.channels",
                     l->path, (long long)sweep->number, off, size);
    }
    rb_log_warning(ctx,
                   "%s, sweep %lld: its current and the one that the model injects are %.3g pA "
                   "apart, where that has %.3g: were both imported alike?",
                   l->path, (long long)sweep->number, off, size);
  }
  return RB_OK;
}

static void print(const rb_context *ctx, const char *stage, const layout *l) {
  const double step = l->model->axis_step;
  bool told = !l->mask;
  for (int64_t s = 0; s < l->recording->sweeps; ++s) {
    const rb_recorded_sweep *sweep = &l->recording->sweep[s];
    int64_t windows = 0, used = 0;
    for (int64_t w = 0; w < l->windows; ++w) {
      if (l->window[w].sweep != s) continue;
      ++windows;
      used += l->window[w].steps;
    }
    rb_log_info(ctx, "%-10s %s, sweep %lld: %lld window%s, 0 to %.10g of its %.10g ms", stage,
                l->path, (long long)sweep->number, (long long)windows, rb_plural(windows),
                (double)used * step, (double)sweep->steps.steps * step);
    told = told || rb_recording_compare_mask(ctx, l->model, l->path, sweep);
  }
}

static rb_status lay_out(rb_context *ctx, layout *l, float *x) {
  rb_status status = RB_OK;
  for (int64_t s = 0; s < l->recording->sweeps; ++s) {
    RB_TRY(rb_recording_fits(ctx, l->model, l->path, &l->recording->sweep[s]));
  }
  RB_TRY(check_room(ctx, l));
  RB_TRY(RB_ALLOCATE(ctx, l->window, l->room));
  place_windows(l);
  RB_TRY(check_filled(ctx, l));
  RB_TRY(check_current(ctx, l));
  RB_TRY(fill(ctx, l, x));
cleanup:
  return status;
}

rb_status rb_recording_observe(rb_context *ctx, const rb_model *model, const char *path,
                               const char *list, const char *stage, float *x) {
  rb_status status = RB_OK;
  const int64_t room = model->recordings > 0 ? model->recordings : 1;
  const int64_t length = model->length / room;
  const bool mask = rb_model_channel(model, RB_CHANNEL_MASK) >= 0;
  rb_recorded recording = {0};
  layout l = {.model = model,
              .path = path,
              .recording = &recording,
              .room = room,
              .length = length,
              .shortest = mask ? shortest_of(model, length) : length,
              .stimulus = rb_model_channel(model, RB_CHANNEL_STIMULUS) >= 0,
              .mask = mask};
  RB_TRY(rb_recorded_read(ctx, path, list, &recording));
  RB_TRY(rb_agree(ctx, lay_out(ctx, &l, x)));
  if (stage != NULL) print(ctx, stage, &l);
cleanup:
  free(l.window);
  rb_recorded_free(&recording);
  return status;
}
