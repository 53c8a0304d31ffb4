#include "rheobase/analysis/reach.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"
#include "rheobase/model/draw.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/partition.h"

/* Statistics of a course, and of a train of events. */
enum { LOW, MEDIAN, HIGH, DEVIATION, ROUGHNESS, BEFORE, BEFORE_SPREAD, AFTER, OF_COURSE };
enum { RATE, SHORTEST, VARIATION, OF_EVENTS };
enum { CHUNK = 32 };  // simulations made at once

static const char *const course_text[OF_COURSE] = {
    [LOW] = "1% quantile of %s",
    [MEDIAN] = "median of %s",
    [HIGH] = "99% quantile of %s",
    [DEVIATION] = "standard deviation of %s",
    [ROUGHNESS] = "change of %s from sample to sample (standard deviation)",
    [BEFORE] = "%s just before an event (mean)",
    [BEFORE_SPREAD] = "%s just before an event (standard deviation)",
    [AFTER] = "%s where it is seen again after an event (mean)"};
static const char *const event_text[OF_EVENTS] = {
    [RATE] = "number of %s",
    [SHORTEST] = "shortest interval of %s",
    [VARIATION] = "coefficient of variation of the intervals of %s"};

/* A data set that is looked at, and room to sort. */
typedef struct looking {
  const rb_model *model;
  int64_t recordings, length;
  int mask, event;  // channels; -1: none
  const float *x;   // (C, L)
  double *work;     // (L)
} looking;

static bool is_seen(const looking *l, int64_t t) {
  return l->mask < 0 || l->x[l->mask * l->model->length + t] < 0.5F;
}

static bool is_event(const looking *l, int64_t t) {
  return l->event >= 0 && l->x[l->event * l->model->length + t] > 0.5F;
}

/* Sums of a value: count, mean and standard deviation. */
typedef struct moments {
  double n, sum, square;
} moments;

static void add(moments *m, double value) {
  m->n += 1;
  m->sum += value;
  m->square += value * value;
}
static double mean_of(const moments *m) { return m->n > 0 ? m->sum / m->n : NAN; }
static double deviation_of(const moments *m) {
  if (m->n < 2) return NAN;
  const double mean = m->sum / m->n;
  return sqrt(fmax(m->square / m->n - mean * mean, 0));
}

/* Around events: the last sample seen before one, the first seen after. */
static void look_at_events(const looking *l, int c, moments *before, moments *after) {
  const float *y = l->x + c * l->model->length;
  for (int64_t r = 0; r < l->recordings; ++r) {
    bool waiting = false;  // for a sample after an event
    for (int64_t t = r * l->length; t < (r + 1) * l->length; ++t) {
      const bool first = t == r * l->length;
      if (is_event(l, t)) {
        waiting = true;
        if (!first && is_seen(l, t - 1)) add(before, (double)y[t - 1]);
      } else if (waiting && is_seen(l, t)) {
        waiting = false;
        add(after, (double)y[t]);
      }
    }
  }
}

static void describe_course(const looking *l, int c, double out[OF_COURSE]) {
  const float *y = l->x + c * l->model->length;
  moments all = {0}, change = {0}, before = {0}, after = {0};
  int64_t count = 0;
  for (int64_t t = 0; t < l->recordings * l->length; ++t) {
    if (!is_seen(l, t)) continue;
    if (t % l->length > 0 && is_seen(l, t - 1)) add(&change, (double)y[t] - (double)y[t - 1]);
    add(&all, (double)y[t]);
    l->work[count++] = (double)y[t];
  }
  if (l->model->channel[c].role == RB_CHANNEL_OBSERVED) look_at_events(l, c, &before, &after);
  rb_sort(count, l->work);
  out[LOW] = count > 0 ? rb_quantile_of_sorted(count, l->work, 0.01) : NAN;
  out[MEDIAN] = count > 0 ? rb_quantile_of_sorted(count, l->work, 0.5) : NAN;
  out[HIGH] = count > 0 ? rb_quantile_of_sorted(count, l->work, 0.99) : NAN;
  out[DEVIATION] = deviation_of(&all);
  out[ROUGHNESS] = deviation_of(&change);
  out[BEFORE] = mean_of(&before);
  out[BEFORE_SPREAD] = before.n > 2 ? deviation_of(&before) : NAN;
  out[AFTER] = mean_of(&after);
}

static void describe_events(const looking *l, int c, double out[OF_EVENTS]) {
  const float *y = l->x + c * l->model->length;
  moments interval = {0};
  double events = 0, shortest = NAN;
  for (int64_t r = 0; r < l->recordings; ++r) {
    int64_t last = -1;
    for (int64_t t = r * l->length; t < (r + 1) * l->length; ++t) {
      if (y[t] < 0.5F) continue;
      const double since = (double)(t - last) * l->model->axis_step;
      if (last >= 0) add(&interval, since);
      if (last >= 0) shortest = fmin(shortest, since);
      last = t;
      events += 1;
    }
  }
  out[RATE] = events;
  out[SHORTEST] = shortest;
  out[VARIATION] = deviation_of(&interval) / mean_of(&interval);
}

static int count_rows(const rb_model *model) {
  int rows = 0;
  for (int c = 0; c < model->channels; ++c) {
    if (model->channel[c].role == RB_CHANNEL_MASK) continue;
    rows += model->channel[c].binary ? OF_EVENTS : OF_COURSE;
  }
  return rows;
}

/* All statistics of a data set. @param out (rows) */
static void describe(looking *l, const float *x, double *out) {
  l->x = x;
  for (int c = 0; c < l->model->channels; ++c) {
    const rb_channel *channel = &l->model->channel[c];
    if (channel->role == RB_CHANNEL_MASK) continue;
    if (channel->binary) {
      describe_events(l, c, out);
    } else {
      describe_course(l, c, out);
    }
    out += channel->binary ? OF_EVENTS : OF_COURSE;
  }
}

/* What the rows are called. */
static void name_rows(const rb_model *model, rb_reach *reach) {
  rb_reach_row *row = reach->row;
  for (int c = 0; c < model->channels; ++c) {
    const rb_channel *channel = &model->channel[c];
    if (channel->role == RB_CHANNEL_MASK) continue;
    const char *unit = channel->quantity.unit;
    const int count = channel->binary ? OF_EVENTS : OF_COURSE;
    for (int k = 0; k < count; ++k, ++row) {
      const char *text = channel->binary ? event_text[k] : course_text[k];
      const char *place = strstr(text, "%s");
      (void)snprintf(row->what, sizeof row->what, "%.*s%s%s", (int)(place - text), text,
                     channel->quantity.name, place + 2);
      row->unit = channel->binary ? (k == SHORTEST ? model->axis.unit : "") : unit;
      if (strcmp(row->unit, "1") == 0) row->unit = "";
    }
  }
}

static looking look(const rb_model *model) {
  looking l = {.model = model, .mask = rb_model_channel(model, RB_CHANNEL_MASK), .event = -1};
  l.recordings = model->recordings > 0 ? model->recordings : 1;
  l.length = model->length / l.recordings;
  for (int c = model->channels - 1; c >= 0; --c) {
    const rb_channel *channel = &model->channel[c];
    if (rb_channel_is_event(channel)) l.event = c;
  }
  return l;
}

static void widen(int rows, const double *value, double *end, int64_t *defined) {
  for (int r = 0; r < rows; ++r) {
    if (!isfinite(value[r])) continue;
    end[r] = fmax(end[r], -value[r]);
    end[rows + r] = fmax(end[rows + r], value[r]);
    ++defined[r];
  }
}

/* The ranges over this rank's simulations. Local. @param end (2, rows) largest of -value and value
 */
static rb_status simulate_ranges(rb_context *ctx, looking *l, uint64_t seed, int64_t simulations,
                                 int rows, double *end, int64_t *defined) {
  rb_status status = RB_OK;
  const rb_model *m = l->model;
  const rb_partition all = rb_partition_make(ctx, simulations, CHUNK);
  const int64_t size = m->channels * m->length;
  double *theta = NULL, *value = NULL;
  float *x = NULL;
  RB_TRY(RB_ALLOCATE(ctx, x, CHUNK * size));
  RB_TRY(RB_ALLOCATE(ctx, theta, CHUNK * m->dim));
  RB_TRY(RB_ALLOCATE(ctx, value, rows));
  for (int64_t round = 0; round < all.rounds; ++round) {
    const rb_range r = rb_partition_round(&all, round);
    if (r.count == 0) continue;
    RB_TRY(rb_model_draw(m, ctx, seed, RB_FOR_PRIOR_CHECK, r.first, r.count, theta, NULL, x));
    for (int64_t i = 0; i < r.count; ++i) {
      describe(l, x + i * size, value);
      widen(rows, value, end, defined);
    }
  }
cleanup:
  free(x);
  free(theta);
  free(value);
  return status;
}

/* Gathers them. Collective. */
static void gather(rb_context *ctx, const double *observed, double *end, int64_t *defined,
                   rb_reach *reach) {
  const int rows = reach->rows;
  MPI_Allreduce(MPI_IN_PLACE, end, 2 * rows, MPI_DOUBLE, MPI_MAX, ctx->comm);
  MPI_Allreduce(MPI_IN_PLACE, defined, rows, MPI_INT64_T, MPI_SUM, ctx->comm);
  for (int r = 0; r < rows; ++r) {
    rb_reach_row *row = &reach->row[r];
    row->observed = observed[r];
    row->defined = defined[r];
    row->least = defined[r] > 0 ? -end[r] : NAN;
    row->most = defined[r] > 0 ? end[rows + r] : NAN;
  }
}

rb_status rb_reach_create(rb_context *ctx, const rb_model *model, uint64_t seed,
                          int64_t simulations, const float *x, rb_reach *reach) {
  rb_status status = RB_OK;
  looking l = look(model);
  const int rows = count_rows(model);
  double *observed = NULL, *end = NULL;
  int64_t *defined = NULL;
  *reach = (rb_reach){.rows = rows};
  status = RB_ALLOCATE(ctx, reach->row, rows);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, observed, rows);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, end, 2 * rows);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, defined, rows);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, l.work, model->length);
  RB_TRY(rb_agree(ctx, status));
  name_rows(model, reach);
  describe(&l, x, observed);
  for (int r = 0; r < 2 * rows; ++r) end[r] = -DBL_MAX;
  RB_TRY(rb_agree(ctx, simulate_ranges(ctx, &l, seed, simulations, rows, end, defined)));
  gather(ctx, observed, end, defined, reach);
cleanup:
  free(observed);
  free(end);
  free(defined);
  free(l.work);
  return status;
}

bool rb_reach_is_beyond(const rb_reach_row *row) {
  if (isnan(row->observed)) return false;
  return row->defined == 0 || row->observed < row->least || row->observed > row->most;
}
