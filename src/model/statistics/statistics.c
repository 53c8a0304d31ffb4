#include "rheobase/model/statistics.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "numbers.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/settings.h"

enum { TEXT = 160 };

struct rb_statistics {
  rb_statistics_form form;
  rb_channel channel[RB_MAX_CHANNELS];
  rb_plan plan;
  int series, series_channel[RB_MAX_CHANNELS];   // continuous channels
  int sources, source_channel[RB_MAX_CHANNELS];  // of events; -1: crossings, or none
  bool aligned;                                  // there are events
  int count;
  int first[RB_STATISTICS_BLOCKS];  // where each block begins
  rb_statistics_block *block;       // (count)
  rb_quantity *quantity;            // (count)
  char (*text)[2][TEXT];            // (count) names and descriptions
  double *log_of;                   // (T + 2) logarithms of 0, 1, ...; that of 0 is not used
  rb_events events;
  rb_sums_memory memory;
  rb_statistics_sums sums;
};

static const char *const BLOCKS[RB_STATISTICS_BLOCKS] = {
    "moments", "since",      "until",     "begin",    "residuals",
    "lags",    "increments", "intervals", "extremes", "lines"};

const char *rb_statistics_block_name(rb_statistics_block block) { return BLOCKS[block]; }

uint32_t rb_statistics_blocks(const char *names, const char **unknown) {
  uint32_t bits = 0;
  char name[32];
  if (unknown != NULL) *unknown = NULL;
  for (const char *at = names; *at != '\0';) {
    const char *next = rb_settings_next_text(at, sizeof name, name);
    int block = 0;
    while (block < RB_STATISTICS_BLOCKS && strcmp(name, BLOCKS[block]) != 0) ++block;
    if (block == RB_STATISTICS_BLOCKS) {
      if (unknown != NULL) *unknown = at;
      return bits;
    }
    bits |= UINT32_C(1) << block;
    if (next == NULL) break;
    at = next;
  }
  return bits;
}

static bool has_block(const rb_statistics *s, rb_statistics_block block) {
  if ((s->form.without >> block & 1) != 0) return false;
  switch (block) {
    case RB_STATISTICS_MOMENTS:
      return !s->aligned;
    case RB_STATISTICS_SINCE:
    case RB_STATISTICS_UNTIL:
    case RB_STATISTICS_RESIDUALS:
    case RB_STATISTICS_INTERVALS:
      return s->aligned;
    default:
      return true;
  }
}

/* How often a block comes: intervals for each source of events, others for each channel, too. */
static int repeats(const rb_statistics *s, rb_statistics_block block) {
  if (!has_block(s, block)) return 0;
  return block == RB_STATISTICS_INTERVALS ? s->sources : s->sources * s->series;
}

static void find_channels(rb_statistics *s) {
  const rb_statistics_form *form = &s->form;
  for (int c = 0; c < form->channels; ++c) {
    if (s->channel[c].binary) {
      s->source_channel[s->sources++] = c;
    } else {
      s->series_channel[s->series++] = c;
    }
  }
  s->aligned = s->sources > 0 || !isnan(form->level);
  if (s->sources == 0) s->source_channel[s->sources++] = -1;
}

static const char *source_name(const rb_statistics *s, int source) {
  const int c = s->source_channel[source];
  return c >= 0 ? s->channel[c].quantity.name : "crossings";
}

/* Name and description of number i of the block's repeat. */
static void name_number(rb_statistics *s, rb_statistics_block block, int repeat, int i, int at) {
  char name[TEXT / 2], description[TEXT / 2];
  rb_numbers_name(&s->plan, block, i, sizeof name, name, description);
  const bool intervals = block == RB_STATISTICS_INTERVALS;
  const int source = intervals ? repeat : repeat / s->series;
  const char *events = source_name(s, source);
  const char *of =
      intervals ? events : s->channel[s->series_channel[repeat % s->series]].quantity.name;
  const bool tell = s->sources > 1 && !intervals;
  (void)snprintf(s->text[at][0], TEXT, "%.16s_%.16s%s%s_%s", of, tell ? events : "",
                 tell ? "_" : "", BLOCKS[block], name);
  (void)snprintf(s->text[at][1], TEXT, "%.16s%s%.16s: %s", of, tell ? " by " : "",
                 tell ? events : "", description);
  s->quantity[at] = (rb_quantity){s->text[at][0], "1", s->text[at][1]};
  s->block[at] = block;
}

static rb_status lay_out(rb_context *ctx, rb_statistics *s) {
  rb_status status = RB_OK;
  for (rb_statistics_block b = 0; b < RB_STATISTICS_BLOCKS; ++b) {
    s->first[b] = s->count;
    s->count += repeats(s, b) * rb_numbers_count(&s->plan, b);
  }
  if (s->count == 0) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "statistics: every block is left out");
  }
  if (s->count > RB_MAX_FEATURES) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "%d statistics of %d channels of %" PRId64 " samples; at most %d are possible",
                   s->count, s->form.channels, s->form.length, (int)RB_MAX_FEATURES);
  }
  RB_TRY(RB_ALLOCATE(ctx, s->block, s->count));
  RB_TRY(RB_ALLOCATE(ctx, s->quantity, s->count));
  RB_TRY(RB_ALLOCATE(ctx, s->text, s->count));
  for (rb_statistics_block b = 0; b < RB_STATISTICS_BLOCKS; ++b) {
    const int size = rb_numbers_count(&s->plan, b);
    for (int i = 0; i < repeats(s, b) * size; ++i) {
      name_number(s, b, i / size, i % size, s->first[b] + i);
    }
  }
cleanup:
  return status;
}

static rb_status create_memory(rb_context *ctx, const rb_plan *plan, rb_sums_memory *m) {
  rb_status status = RB_OK;
  double **const arrays[] = {&m->v,     &m->d,          &m->average,    &m->x,           &m->left,
                             &m->sum,   &m->moment,     &m->back_sum,   &m->back_moment, &m->value,
                             &m->drift, &m->since_mean, &m->begin_mean, &m->until_mean};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i) {
    RB_TRY(RB_ALLOCATE(ctx, *arrays[i], plan->length + plan->margin));
  }
  RB_TRY(RB_ALLOCATE(ctx, m->near, (int64_t)plan->lags * RB_PLAN_NEAR));
  RB_TRY(RB_ALLOCATE(ctx, m->far, (int64_t)plan->lags * plan->ages * RB_PLAN_LANES));
cleanup:
  return status;
}

static void free_memory(rb_sums_memory *m) {
  double *const arrays[] = {m->v,           m->d,          m->average, m->x,
                            m->left,        m->sum,        m->moment,  m->back_sum,
                            m->back_moment, m->value,      m->drift,   m->since_mean,
                            m->begin_mean,  m->until_mean, m->near,    m->far};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i) free(arrays[i]);
}

rb_status rb_statistics_create(rb_context *ctx, const rb_statistics_form *form,
                               rb_statistics **result) {
  rb_status status = RB_OK;
  rb_statistics *s = NULL;
  RB_TRY(RB_ALLOCATE(ctx, s, 1));
  s->form = *form;
  memcpy(s->channel, form->channel, (size_t)form->channels * sizeof *form->channel);
  s->form.channel = s->channel;
  find_channels(s);
  const int64_t T = form->length;
  RB_TRY(rb_plan_create(ctx, T, form->reach > 0 ? form->reach : T, &s->plan));
  RB_TRY(lay_out(ctx, s));
  RB_TRY(rb_events_create(ctx, T, s->plan.margin, &s->events));
  RB_TRY(create_memory(ctx, &s->plan, &s->memory));
  RB_TRY(RB_ALLOCATE(ctx, s->log_of, T + 2));
  for (int64_t t = 1; t < T + 2; ++t) s->log_of[t] = log((double)t);
  *result = s;
  s = NULL;
cleanup:
  rb_statistics_free(s);
  return status;
}

void rb_statistics_free(rb_statistics *s) {
  if (s == NULL) return;
  rb_plan_free(&s->plan);
  rb_events_free(&s->events);
  free_memory(&s->memory);
  free(s->block);
  free(s->quantity);
  free(s->text);
  free(s->log_of);
  free(s);
}

int rb_statistics_count(const rb_statistics *s) { return s->count; }
const rb_quantity *rb_statistics_quantities(const rb_statistics *s) { return s->quantity; }
rb_statistics_block rb_statistics_block_of(const rb_statistics *s, int i) { return s->block[i]; }

static void find_events(rb_statistics *s, int source, const float *x) {
  const int64_t T = s->form.length;
  const int c = s->source_channel[source];
  if (c >= 0) {
    rb_events_read(&s->events, &x[c * T]);
  } else if (s->aligned && s->series > 0) {
    rb_events_cross(&s->events, &x[s->series_channel[0] * T], s->form.level);
  } else {
    rb_events_read(&s->events, NULL);
  }
}

/* The numbers of one channel by one source of events, each block at its own place. */
static void put_pair(rb_statistics *s, int pair, float *out) {
  for (rb_statistics_block b = 0; b < RB_STATISTICS_BLOCKS; ++b) {
    if (b == RB_STATISTICS_INTERVALS || !has_block(s, b)) continue;
    const int size = rb_numbers_count(&s->plan, b);
    rb_numbers_put(&s->plan, b, &s->events, &s->sums, &out[s->first[b] + pair * size]);
  }
}

static void compute_one(rb_statistics *s, const rb_sums_kernel *kernel, const float *x,
                        float *out) {
  const int64_t T = s->form.length;
  const int intervals = rb_numbers_count(&s->plan, RB_STATISTICS_INTERVALS);
  for (int source = 0; source < s->sources; ++source) {
    find_events(s, source, x);
    if (has_block(s, RB_STATISTICS_INTERVALS)) {
      rb_numbers_put_intervals(&s->events, s->log_of,
                               &out[s->first[RB_STATISTICS_INTERVALS] + source * intervals]);
    }
    for (int i = 0; i < s->series; ++i) {
      const int c = s->series_channel[i];
      kernel->sum(&s->plan, &s->events, &x[c * T], s->form.mean[c], 1 / s->form.sd[c], &s->memory,
                  &s->sums);
      put_pair(s, source * s->series + i, out);
    }
  }
}

void rb_statistics_compute(rb_context *ctx, rb_statistics *s, int64_t n, const float *x,
                           float *out) {
  const rb_sums_kernel *kernel = RB_KERNEL_SELECT(rb_sums_kernel, ctx->isa);
  for (int64_t i = 0; i < n; ++i) {
    compute_one(s, kernel, &x[i * s->form.channels * s->form.length], &out[i * s->count]);
  }
}
