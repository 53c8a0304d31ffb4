#include "rheobase/model/statistics.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "driven_numbers.h"
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
  int stimuli, stimulus_channel[RB_MAX_CHANNELS];
  int masks, mask_channel[RB_MAX_CHANNELS];
  bool aligned;  // there are events
  int count;
  int first[RB_STATISTICS_BLOCKS];  // where each block begins
  rb_statistics_block *block;       // (count)
  rb_quantity *quantity;            // (count)
  char (*text)[2][TEXT];            // (count) names and descriptions
  double *log_of;                   // (T + 2) logarithms of 0, 1, ...; that of 0 is not used
  rb_events events;
  rb_sums_memory memory;
  rb_statistics_sums sums;
  rb_driven stimulus;
};

static const char *const BLOCKS[RB_STATISTICS_BLOCKS] = {
    "moments",     "since",      "until",        "begin",    "residuals",
    "lags",        "increments", "intervals",    "extremes", "lines",
    "regressions", "around",     "correlations", "history",  "left_over"};

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

/* What a block needs, and what it is computed for each of. */
enum { FOR_EVENTS = 1, WITHOUT_EVENTS = 2, FOR_STIMULI = 4, BY_AGE = 8, OF_SOURCES = 16 };
static const int NEEDS[RB_STATISTICS_BLOCKS] = {
    [RB_STATISTICS_MOMENTS] = WITHOUT_EVENTS,
    [RB_STATISTICS_SINCE] = FOR_EVENTS | BY_AGE,
    [RB_STATISTICS_UNTIL] = FOR_EVENTS | BY_AGE,
    [RB_STATISTICS_BEGIN] = BY_AGE,
    [RB_STATISTICS_RESIDUALS] = FOR_EVENTS | BY_AGE,
    [RB_STATISTICS_LAGS] = BY_AGE,
    [RB_STATISTICS_INCREMENTS] = BY_AGE,
    [RB_STATISTICS_INTERVALS] = FOR_EVENTS | OF_SOURCES,
    [RB_STATISTICS_LINES] = BY_AGE,
    [RB_STATISTICS_REGRESSIONS] = FOR_STIMULI,
    [RB_STATISTICS_AROUND] = FOR_STIMULI | FOR_EVENTS,
    [RB_STATISTICS_CORRELATIONS] = FOR_STIMULI,
    [RB_STATISTICS_HISTORY] = FOR_STIMULI | FOR_EVENTS,
    [RB_STATISTICS_LEFT_OVER] = FOR_STIMULI | FOR_EVENTS};

static bool has_bit(uint32_t bits, rb_statistics_block block) { return (bits >> block & 1) != 0; }

static bool has_block(const rb_statistics *s, rb_statistics_block block) {
  const int needs = NEEDS[block];
  if (has_bit(s->form.without, block)) return false;
  if ((needs & FOR_EVENTS) != 0 && !s->aligned) return false;
  if ((needs & WITHOUT_EVENTS) != 0 && s->aligned) return false;
  if ((needs & FOR_STIMULI) != 0 && s->stimuli == 0) return false;
  return (needs & BY_AGE) == 0 || s->stimuli == 0 || has_bit(s->form.with, block);
}

/* Whether any block of a kind is there. */
static bool has_any(const rb_statistics *s, int kind) {
  for (rb_statistics_block b = 0; b < RB_STATISTICS_BLOCKS; ++b) {
    if ((NEEDS[b] & kind) != 0 && has_block(s, b)) return true;
  }
  return false;
}

/* How often a block comes: for each source of events, each channel and each stimulus it is about.
 */
static int repeats(const rb_statistics *s, rb_statistics_block block) {
  if (!has_block(s, block)) return 0;
  if ((NEEDS[block] & OF_SOURCES) != 0) return s->sources;
  return s->sources * s->series * ((NEEDS[block] & FOR_STIMULI) != 0 ? s->stimuli : 1);
}

/* Numbers of one repeat. */
static int size_of(const rb_statistics *s, rb_statistics_block block) {
  return (NEEDS[block] & FOR_STIMULI) != 0 ? rb_driven_count(&s->plan, block)
                                           : rb_numbers_count(&s->plan, block);
}

static void find_channels(rb_statistics *s) {
  const rb_statistics_form *form = &s->form;
  for (int c = 0; c < form->channels; ++c) {
    const rb_channel *channel = &s->channel[c];
    if (channel->role == RB_CHANNEL_MASK) {
      s->mask_channel[s->masks++] = c;
    } else if (channel->role == RB_CHANNEL_STIMULUS) {
      s->stimulus_channel[s->stimuli++] = c;
    } else if (channel->binary || channel->counts) {
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

/* Name and description of number i of the block's repeat. Sources of events and stimuli are told
 * where there are several. */
static void name_number(rb_statistics *s, rb_statistics_block block, int repeat, int i, int at) {
  char name[TEXT / 2], description[TEXT / 2];
  const bool intervals = (NEEDS[block] & OF_SOURCES) != 0;
  const bool driven = (NEEDS[block] & FOR_STIMULI) != 0;
  const int stimuli = driven ? s->stimuli : 1, pair = repeat / stimuli;
  (driven ? rb_driven_name : rb_numbers_name)(&s->plan, block, i, sizeof name, name, description);
  const char *events = source_name(s, intervals ? repeat : pair / s->series);
  const char *of =
      intervals ? events : s->channel[s->series_channel[pair % s->series]].quantity.name;
  const char *stimulus = s->channel[s->stimulus_channel[repeat % stimuli]].quantity.name;
  const char *by[2] = {s->sources > 1 && !intervals ? events : "", stimuli > 1 ? stimulus : ""};
  char short_text[40] = "", long_text[48] = "";
  for (int k = 0; k < 2; ++k) {
    if (*by[k] == '\0') continue;
    const size_t n = strlen(short_text), m = strlen(long_text);
    (void)snprintf(short_text + n, sizeof short_text - n, "_%.16s", by[k]);
    (void)snprintf(long_text + m, sizeof long_text - m, " by %.16s", by[k]);
  }
  (void)snprintf(s->text[at][0], TEXT, "%.16s%s_%s_%s", of, short_text, BLOCKS[block], name);
  (void)snprintf(s->text[at][1], TEXT, "%.16s%s: %s", of, long_text, description);
  s->quantity[at] = (rb_quantity){s->text[at][0], "1", s->text[at][1]};
  s->block[at] = block;
}

static rb_status lay_out(rb_context *ctx, rb_statistics *s) {
  rb_status status = RB_OK;
  for (rb_statistics_block b = 0; b < RB_STATISTICS_BLOCKS; ++b) {
    s->first[b] = s->count;
    s->count += repeats(s, b) * size_of(s, b);
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
    const int size = size_of(s, b);
    for (int i = 0; i < repeats(s, b) * size; ++i) {
      name_number(s, b, i / size, i % size, s->first[b] + i);
    }
  }
cleanup:
  return status;
}

static rb_status create_memory(rb_context *ctx, const rb_plan *plan, rb_sums_memory *m) {
  rb_status status = RB_OK;
  double **const arrays[] = {&m->v,         &m->d,          &m->average,     &m->x,
                             &m->left,      &m->residual,   &m->sum,         &m->moment,
                             &m->begin_sum, &m->back_sum,   &m->back_moment, &m->value,
                             &m->drift,     &m->since_mean, &m->begin_mean,  &m->until_mean};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i) {
    RB_TRY(RB_ALLOCATE(ctx, *arrays[i], plan->places + plan->margin));
  }
  RB_TRY(RB_ALLOCATE(ctx, m->near, (int64_t)plan->lags * RB_PLAN_NEAR));
  RB_TRY(RB_ALLOCATE(ctx, m->far, (int64_t)plan->lags * plan->ages * RB_PLAN_LANES));
cleanup:
  return status;
}

static void free_memory(rb_sums_memory *m) {
  double *const arrays[] = {m->v,           m->d,     m->average, m->x,          m->left,
                            m->residual,    m->sum,   m->moment,  m->begin_sum,  m->back_sum,
                            m->back_moment, m->value, m->drift,   m->since_mean, m->begin_mean,
                            m->until_mean,  m->near,  m->far};
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
  s->form.recordings = form->recordings > 1 ? form->recordings : 1;
  const int64_t T = form->length / s->form.recordings;
  if (T < 1 || T * s->form.recordings != form->length) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "%" PRId64 " samples are not %d recordings of equal length",
                   form->length, s->form.recordings));
  }
  RB_TRY(rb_plan_create(ctx, T, s->form.recordings, form->reach > 0 ? form->reach : T, &s->plan));
  RB_TRY(lay_out(ctx, s));
  RB_TRY(rb_events_create(ctx, &s->plan, &s->events));
  RB_TRY(create_memory(ctx, &s->plan, &s->memory));
  if (has_any(s, FOR_STIMULI)) RB_TRY(rb_driven_create(ctx, &s->plan, &s->stimulus));
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
  rb_driven_free(&s->stimulus);
  rb_events_free(&s->events);
  free_memory(&s->memory);
  free(s->block);
  free(s->quantity);
  free(s->text);
  free(s->log_of);
  free(s);
}

rb_status rb_statistics_create_for(rb_context *ctx, const rb_model *model,
                                   rb_statistics **statistics) {
  const rb_statistics_options *options = &model->statistics_options;
  rb_statistics_form form = {.length = model->length,
                             .recordings = model->recordings,
                             .channels = model->channels,
                             .channel = model->channel,
                             .without = options->without,
                             .with = options->with,
                             .level = options->crossings ? options->level : (double)NAN};
  for (int c = 0; c < model->channels; ++c) form.scale.sd[c] = 1;
  return rb_statistics_create(ctx, &form, statistics);
}

rb_channel_scales *rb_statistics_scales(rb_statistics *s) { return &s->form.scale; }
int rb_statistics_count(const rb_statistics *s) { return s->count; }
const rb_quantity *rb_statistics_quantities(const rb_statistics *s) { return s->quantity; }
rb_statistics_block rb_statistics_block_of(const rb_statistics *s, int i) { return s->block[i]; }

static void find_events(rb_statistics *s, int source, const float *x) {
  const int64_t L = s->form.length;
  const int c = s->source_channel[source];
  if (c >= 0) {
    rb_events_read(&s->events, &x[c * L]);
  } else if (s->aligned && s->series > 0) {
    rb_events_cross(&s->events, &x[s->series_channel[0] * L], s->form.level);
  } else {
    rb_events_read(&s->events, NULL);
  }
}

static void read_masks(rb_statistics *s, const float *x) {
  const float *mask[RB_MAX_CHANNELS];
  for (int i = 0; i < s->masks; ++i) mask[i] = &x[s->mask_channel[i] * s->form.length];
  rb_events_mask(&s->events, s->masks, mask);
}

/* The numbers of one channel by one source of events, each block at its own place. */
static void put_pair(rb_statistics *s, int pair, float *out) {
  for (rb_statistics_block b = 0; b < RB_STATISTICS_BLOCKS; ++b) {
    if ((NEEDS[b] & (OF_SOURCES | FOR_STIMULI)) != 0 || !has_block(s, b)) continue;
    rb_numbers_put(&s->plan, b, &s->events, &s->sums, &out[s->first[b] + pair * size_of(s, b)]);
  }
}

/* The same, and one stimulus. */
static void put_stimulus(rb_statistics *s, const rb_driven_kernel *kernel, int pair, int stimulus,
                         const float *x, float *out) {
  const int c = s->stimulus_channel[stimulus], place = pair * s->stimuli + stimulus;
  rb_driven_sum(&s->stimulus, kernel, &s->events, has_block(s, RB_STATISTICS_HISTORY), s->memory.v,
                s->memory.d, &x[c * s->form.length], 1 / s->form.scale.sd[c]);
  for (rb_statistics_block b = 0; b < RB_STATISTICS_BLOCKS; ++b) {
    if ((NEEDS[b] & FOR_STIMULI) == 0 || !has_block(s, b)) continue;
    rb_driven_put(&s->stimulus, kernel, b, &s->events, s->memory.v, s->sums.mean,
                  &out[s->first[b] + place * size_of(s, b)]);
  }
}

static void compute_one(rb_statistics *s, rb_isa isa, const float *x, float *out) {
  const rb_sums_kernel *sums = RB_KERNEL_SELECT(rb_sums_kernel, isa);
  const rb_driven_kernel *driven = RB_KERNEL_SELECT(rb_driven_kernel, isa);
  const bool by_age = has_any(s, BY_AGE), stimulated = has_any(s, FOR_STIMULI);
  const int intervals = rb_numbers_count(&s->plan, RB_STATISTICS_INTERVALS);
  read_masks(s, x);
  for (int source = 0; source < s->sources; ++source) {
    find_events(s, source, x);
    if (by_age) rb_events_count_ages(&s->events);
    if (has_block(s, RB_STATISTICS_INTERVALS)) {
      rb_numbers_put_intervals(&s->events, s->log_of,
                               &out[s->first[RB_STATISTICS_INTERVALS] + source * intervals]);
    }
    for (int i = 0; i < s->series; ++i) {
      const int c = s->series_channel[i], pair = source * s->series + i;
      sums->sum(&s->plan, &s->events, by_age, &x[c * s->form.length], s->form.scale.mean[c],
                1 / s->form.scale.sd[c], &s->memory, &s->sums);
      put_pair(s, pair, out);
      for (int k = 0; stimulated && k < s->stimuli; ++k) put_stimulus(s, driven, pair, k, x, out);
    }
  }
}

void rb_statistics_compute(rb_context *ctx, rb_statistics *s, int64_t n, const float *x,
                           float *out) {
  for (int64_t i = 0; i < n; ++i) {
    compute_one(s, ctx->isa, &x[i * s->form.channels * s->form.length], &out[i * s->count]);
  }
}
