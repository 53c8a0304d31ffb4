#include "stimulus.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/observation.h"
#include "rheobase/random/distributions.h"

enum { OU_BLOCK = 64 };  // normals drawn at once

#define TYPES "constant|step|ramp|sinusoid|chirp|ou|white|trace"
#define MEMBER(name) RB_SETTING_MEMBER(rb_stimulus_part, name)
#define NUMBER(name, place, what, text)                                          \
  {                                                                              \
    .path = name, .type = RB_SETTING_RANGE, MEMBER(number[RB_STIMULUS_##place]), \
    .range = "[-1e9, 1e9]", .unit = what, .help = text                           \
  }

const rb_setting rb_stimulus_rows[RB_STIMULUS_ROWS] = {
    {.path = "type",
     .type = RB_SETTING_CHOICE,
     MEMBER(type),
     .choices = TYPES,
     .help = "kind of the part"},
    NUMBER("onset", ONSET, "ms", "time at which it begins"),
    NUMBER("offset", OFFSET, "ms", "time at which it ends"),
    NUMBER("amplitude", AMPLITUDE, NULL,
           "value of a constant or a step; of a sinusoid or a chirp, its crest"),
    NUMBER("start", START, NULL, "first value of a ramp"),
    NUMBER("end", END, NULL, "value a ramp goes to"),
    NUMBER("frequency", FREQUENCY, "Hz", "of a sinusoid"),
    NUMBER("phase", PHASE, "rad", "of a sinusoid at its onset; default 0"),
    NUMBER("from", FROM, "Hz", "frequency of a chirp at its onset"),
    NUMBER("to", TO, "Hz", "frequency of a chirp at its offset"),
    NUMBER("mean", MEAN, NULL, "of Ornstein-Uhlenbeck noise"),
    NUMBER("sd", SD, NULL, "standard deviation of noise"),
    NUMBER("tau", TAU, "ms", "correlation time of Ornstein-Uhlenbeck noise"),
    {.path = "seed",
     .type = RB_SETTING_INTEGER,
     MEMBER(seed),
     .standard = "-1",
     .range = "[-1, 9e18]",
     .help = "of Ornstein-Uhlenbeck noise that is the same for all data sets; -1: it is not"},
    {.path = "segment",
     .type = RB_SETTING_BOOL,
     MEMBER(segment),
     .standard = "false",
     .help = "each recording takes a part of the trace that begins anywhere in it"},
    {.path = "file",
     .type = RB_SETTING_STRING,
     MEMBER(file),
     .standard = "\"\"",
     .help = "of a trace in pA"},
    NUMBER("sample_ms", SAMPLE_MS, "ms",
           "interval of a trace, a multiple of dt_ms; default dt_ms")};

static const char *const number_name[RB_STIMULUS_NUMBERS] = {[RB_STIMULUS_ONSET] = "onset",
                                                             [RB_STIMULUS_OFFSET] = "offset",
                                                             [RB_STIMULUS_AMPLITUDE] = "amplitude",
                                                             [RB_STIMULUS_START] = "start",
                                                             [RB_STIMULUS_END] = "end",
                                                             [RB_STIMULUS_FREQUENCY] = "frequency",
                                                             [RB_STIMULUS_PHASE] = "phase",
                                                             [RB_STIMULUS_FROM] = "from",
                                                             [RB_STIMULUS_TO] = "to",
                                                             [RB_STIMULUS_MEAN] = "mean",
                                                             [RB_STIMULUS_SD] = "sd",
                                                             [RB_STIMULUS_TAU] = "tau",
                                                             [RB_STIMULUS_SAMPLE_MS] = "sample_ms"};

#define BIT(name) (1U << RB_STIMULUS_##name)
#define WHEN (BIT(ONSET) | BIT(OFFSET))

/* What a type's samples are added from. */
typedef struct adding {
  const rb_stimulus_part *part;
  const double *number;
  int64_t begin;  // in the trace
  double dt_ms;
  int64_t on, off, stride;
  double *current;
} adding;
typedef void add_part(const adding *a);
static add_part add_constant, add_ramp, add_sinusoid, add_chirp, add_frozen, add_trace;

static const struct type {
  const char *name;
  unsigned needs, may;  // numbers
  add_part *add;        // NULL: no known current
} types[] = {
    [RB_STIMULUS_CONSTANT] = {"constant", BIT(AMPLITUDE), 0, add_constant},
    [RB_STIMULUS_STEP] = {"step", BIT(AMPLITUDE) | WHEN, 0, add_constant},
    [RB_STIMULUS_RAMP] = {"ramp", BIT(START) | BIT(END) | WHEN, 0, add_ramp},
    [RB_STIMULUS_SINUSOID] = {"sinusoid", BIT(AMPLITUDE) | BIT(FREQUENCY) | WHEN, BIT(PHASE),
                              add_sinusoid},
    [RB_STIMULUS_CHIRP] = {"chirp", BIT(AMPLITUDE) | BIT(FROM) | BIT(TO) | WHEN, 0, add_chirp},
    [RB_STIMULUS_OU] = {"ou", BIT(MEAN) | BIT(SD) | BIT(TAU), WHEN, add_frozen},
    [RB_STIMULUS_WHITE] = {"white", BIT(SD), 0, NULL},
    [RB_STIMULUS_TRACE] = {"trace", 0, BIT(SAMPLE_MS), add_trace}};
enum { TYPE_COUNT = sizeof types / sizeof *types };

/* A sample beyond any trace where a time is too large for an integer. */
static int64_t sample_of(double t_ms, double dt_ms) {
  const double k = floor(t_ms / dt_ms + 0.5);
  return k < 1e15 ? (int64_t)k : INT64_C(1000000000000000);
}

void rb_stimulus_span(const double *number, double dt_ms, int64_t L, int64_t *on, int64_t *off) {
  const double onset = number[RB_STIMULUS_ONSET], offset = number[RB_STIMULUS_OFFSET];
  *on = isnan(onset) ? 0 : sample_of(onset, dt_ms);
  *off = isnan(offset) ? L : sample_of(offset, dt_ms);
}

#define PART_FAIL(format, ...)                                                                    \
  RB_FAIL(ctx, RB_ERR_SETTING, "stimulus: part %d, a %s, " format, p + 1, types[part->type].name, \
          __VA_ARGS__)

static rb_status check_numbers(rb_context *ctx, const rb_stimulus_part *part, int p) {
  const struct type *type = &types[part->type];
  for (int n = 0; n < RB_STIMULUS_NUMBERS; ++n) {
    const bool given = !isnan(part->number[n][0]);
    if (!given && (type->needs >> n & 1U)) return PART_FAIL("needs %s", number_name[n]);
    if (given && !((type->needs | type->may) >> n & 1U)) {
      return PART_FAIL("has no %s", number_name[n]);
    }
  }
  const double *sample = part->number[RB_STIMULUS_SAMPLE_MS];
  if (sample[0] < sample[1]) return PART_FAIL("has a range as its %s", "sample_ms");
  const bool trace = part->type == RB_STIMULUS_TRACE, file = part->file[0] != '\0';
  if (trace != file) return PART_FAIL("%s file", trace ? "needs a" : "has no");
  if (part->segment && !trace) return PART_FAIL("has no %s", "segment");
  if (part->seed >= 0 && part->type != RB_STIMULUS_OU) return PART_FAIL("has no %s", "seed");
  return RB_OK;
}

/* The earliest or the latest times. */
static void span_of_end(const rb_stimulus_part *part, int end, double dt_ms, int64_t L, int64_t *on,
                        int64_t *off) {
  double number[RB_STIMULUS_NUMBERS];
  for (int n = 0; n < RB_STIMULUS_NUMBERS; ++n) number[n] = part->number[n][end];
  rb_stimulus_span(number, dt_ms, L, on, off);
}

static rb_status check_span(rb_context *ctx, const rb_stimulus_part *part, int p, double dt_ms,
                            int64_t L) {
  int64_t first_on = 0, on = 0, first_off = L, off = L;
  span_of_end(part, 0, dt_ms, L, &first_on, &first_off);
  span_of_end(part, 1, dt_ms, L, &on, &off);
  if (part->number[RB_STIMULUS_ONSET][0] < 0) {
    return PART_FAIL("begins at onset = %g ms, before 0", part->number[RB_STIMULUS_ONSET][0]);
  }
  if (first_off < on) {
    return PART_FAIL("ends at %g ms, before its onset", part->number[RB_STIMULUS_OFFSET][0]);
  }
  if (on > L || off > L) {
    return PART_FAIL("lasts to %g ms, beyond the end of the simulation at %g ms",
                     (double)(on > off ? on : off) * dt_ms, (double)L * dt_ms);
  }
  return RB_OK;
}

/* Steps for which a number of the trace is held; 0: not a whole number of them. */
static int64_t steps_held(const rb_stimulus_part *part, double dt_ms) {
  const double sample_ms = part->number[RB_STIMULUS_SAMPLE_MS][0];
  if (isnan(sample_ms)) return 1;
  const double held = sample_ms / dt_ms, nearest = nearbyint(held);
  return nearest >= 1 && nearest < 1e9 && fabs(held - nearest) <= 1e-6 ? (int64_t)nearest : 0;
}

/* Numbers of a trace that a recording takes. */
static int64_t numbers_taken(const rb_stimulus_part *part, double dt_ms, int64_t L) {
  const int64_t held = steps_held(part, dt_ms);
  return held > 0 ? (L + held - 1) / held : 0;
}

static rb_status check_trace(rb_context *ctx, const rb_stimulus_part *part, int p, double dt_ms,
                             int64_t L) {
  if (steps_held(part, dt_ms) == 0) {
    return PART_FAIL("has sample_ms = %g, which is no multiple of dt_ms = %g",
                     part->number[RB_STIMULUS_SAMPLE_MS][0], dt_ms);
  }
  const int64_t needed = numbers_taken(part, dt_ms, L);
  if (part->samples > 0 && part->samples < needed) {
    return PART_FAIL("%s, has %" PRId64 " samples; %" PRId64 " are needed", part->file,
                     part->samples, needed);
  }
  for (int64_t i = 0; i < part->samples; ++i) {
    if (fabs(part->trace[i]) <= 1e9) continue;
    return PART_FAIL("%s, has %g in sample %" PRId64, part->file, part->trace[i], i);
  }
  return RB_OK;
}

static rb_status check_frequencies(rb_context *ctx, const rb_stimulus_part *part, int p,
                                   double dt_ms) {
  static const int frequencies[] = {RB_STIMULUS_FREQUENCY, RB_STIMULUS_FROM, RB_STIMULUS_TO};
  const double most = 500.0 / dt_ms;
  for (int i = 0; i < 6; ++i) {
    const int n = frequencies[i / 2];
    const double f = part->number[n][i % 2];
    if (!(f < 0 || f > most)) continue;
    return PART_FAIL("has %s = %g Hz; steps of %g ms can follow 0 to %g Hz", number_name[n], f,
                     dt_ms, most);
  }
  return RB_OK;
}

static rb_status check_part(rb_context *ctx, const rb_stimulus_part *part, int p, double dt_ms,
                            int64_t L) {
  rb_status status = RB_OK;
  if (part->type < 0 || part->type >= TYPE_COUNT) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "stimulus: part %d needs a type, one of %s", p + 1, TYPES);
  }
  RB_TRY(check_numbers(ctx, part, p));
  RB_TRY(check_span(ctx, part, p, dt_ms, L));
  const double tau = part->number[RB_STIMULUS_TAU][0], sd = part->number[RB_STIMULUS_SD][0];
  if (tau <= 0) RB_TRY(PART_FAIL("has tau = %g; it must be above 0", tau));
  if (sd < 0) RB_TRY(PART_FAIL("has sd = %g; it must not be negative", sd));
  RB_TRY(check_frequencies(ctx, part, p, dt_ms));
  if (part->type == RB_STIMULUS_TRACE) RB_TRY(check_trace(ctx, part, p, dt_ms, L));
cleanup:
  return status;
}

rb_status rb_stimulus_check(rb_context *ctx, const rb_stimulus *stimulus, double dt_ms, int64_t L) {
  rb_status status = RB_OK;
  for (int p = 0; p < stimulus->parts; ++p) {
    RB_TRY(check_part(ctx, &stimulus->part[p], p, dt_ms, L));
  }
cleanup:
  return status;
}

rb_status rb_stimulus_load(rb_context *ctx, rb_stimulus *stimulus, double dt_ms) {
  rb_status status = RB_OK;
  for (int p = 0; p < stimulus->parts; ++p) {
    rb_stimulus_part *part = &stimulus->part[p];
    if (part->type != RB_STIMULUS_TRACE || part->file[0] == '\0') continue;
    static const rb_column column = {.name = "current_pA", .unit = "pA", .least = 1, .most = 1e9};
    const double sample_ms = part->number[RB_STIMULUS_SAMPLE_MS][0];
    double *trace = NULL;
    const rb_sampling sampling = {.name = "time_ms",
                                  .unit = "ms",
                                  .step = isnan(sample_ms) ? dt_ms : sample_ms,
                                  .length = -1,
                                  .remedy = "leave them out if sample_ms is right"};
    RB_TRY(rb_series_read(ctx, part->file, &column, &sampling, &part->samples, &trace));
    part->trace = trace;
  }
cleanup:
  return status;
}

void rb_stimulus_unload(rb_stimulus *stimulus) {
  for (int p = 0; p < stimulus->parts; ++p) {
    free((void *)stimulus->part[p].trace);
    stimulus->part[p].trace = NULL;
    stimulus->part[p].samples = 0;
  }
}

void rb_stimulus_digest(const rb_stimulus *stimulus, FILE *stream) {
  for (int p = 0; p < stimulus->parts; ++p) {
    const rb_stimulus_part *part = &stimulus->part[p];
    if (part->samples == 0) continue;
    (void)fprintf(stream, "stimulus.part_%d.file_hash = %016" PRIx64 "\n", p + 1,
                  rb_hash(RB_HASH_START, part->trace, (size_t)part->samples * sizeof(double)));
  }
}

bool rb_stimulus_part_is_drawn(const rb_stimulus_part *part) {
  bool drawn = part->segment || (part->type == RB_STIMULUS_OU && part->seed < 0);
  for (int n = 0; n < RB_STIMULUS_NUMBERS; ++n) drawn |= part->number[n][0] < part->number[n][1];
  return drawn && part->type != RB_STIMULUS_WHITE;
}

rb_status rb_stimulus_copy_drawn(rb_context *ctx, const rb_stimulus *stimulus, rb_stimulus *drawn) {
  rb_status status = RB_OK;
  drawn->parts = 0;
  for (int p = 0; p < stimulus->parts; ++p) {
    const rb_stimulus_part *part = &stimulus->part[p];
    if (!rb_stimulus_part_is_drawn(part) && part->type != RB_STIMULUS_WHITE) continue;
    rb_stimulus_part *copy = &drawn->part[drawn->parts++];
    double *trace = NULL;
    *copy = *part;
    copy->trace = NULL;
    if (part->trace == NULL) continue;
    RB_TRY(RB_ALLOCATE(ctx, trace, part->samples));
    memcpy(trace, part->trace, (size_t)part->samples * sizeof *trace);
    copy->trace = trace;
  }
cleanup:
  return status;
}

static void add_constant(const adding *a) {
  for (int64_t k = a->on; k < a->off; ++k) {
    a->current[k * a->stride] += a->number[RB_STIMULUS_AMPLITUDE];
  }
}

static void add_ramp(const adding *a) {
  const double start = a->number[RB_STIMULUS_START], end = a->number[RB_STIMULUS_END];
  for (int64_t k = a->on; k < a->off; ++k) {
    a->current[k * a->stride] +=
        start + (end - start) * (double)(k - a->on) / (double)(a->off - a->on);
  }
}

static double seconds(int64_t steps, double dt_ms) { return (double)steps * dt_ms / 1000.0; }

static void add_sinusoid(const adding *a) {
  const double given = a->number[RB_STIMULUS_PHASE], phase = isnan(given) ? 0 : given;
  const double frequency = a->number[RB_STIMULUS_FREQUENCY];
  for (int64_t k = a->on; k < a->off; ++k) {
    const double angle = 2 * M_PI * frequency * seconds(k - a->on, a->dt_ms) + phase;
    a->current[k * a->stride] += a->number[RB_STIMULUS_AMPLITUDE] * sin(angle);
  }
}

static void add_chirp(const adding *a) {
  const double duration = seconds(a->off - a->on, a->dt_ms);
  const double from = a->number[RB_STIMULUS_FROM], to = a->number[RB_STIMULUS_TO];
  for (int64_t k = a->on; k < a->off; ++k) {
    const double t = seconds(k - a->on, a->dt_ms);
    const double turns = from * t + (to - from) * t * t / (2 * duration);
    a->current[k * a->stride] += a->number[RB_STIMULUS_AMPLITUDE] * sin(2 * M_PI * turns);
  }
}

/* Ornstein-Uhlenbeck noise that has a seed. */
static void add_frozen(const adding *a) {
  const rb_stream stream =
      rb_stream_make((uint64_t)a->part->seed, RB_FOR_TRAINING, RB_RANDOM_FROZEN, 0, 0);
  const double sd = a->number[RB_STIMULUS_SD], mean = a->number[RB_STIMULUS_MEAN];
  const double keep = exp(-a->dt_ms / a->number[RB_STIMULUS_TAU]);
  const double fresh = sd * sqrt(1 - keep * keep);
  double y = 0, normal[OU_BLOCK];
  if (a->part->seed < 0) return;
  for (int64_t k = a->on; k < a->off; ++k) {
    const int64_t i = k - a->on;
    if (i % OU_BLOCK == 0) rb_stream_normals(stream, i, OU_BLOCK, normal);
    const double x = normal[i % OU_BLOCK];
    y = i == 0 ? sd * x : y * keep + fresh * x;
    a->current[k * a->stride] += mean + y;
  }
}

static void add_trace(const adding *a) {
  const int64_t held = steps_held(a->part, a->dt_ms);
  if (a->part->trace == NULL || held == 0) return;  // a report reads no files of the user's
  const double *trace = a->part->trace + a->begin;
  for (int64_t k = a->on; k < a->off; ++k) a->current[k * a->stride] += trace[k / held];
}

void rb_stimulus_add(const rb_stimulus_part *part, const double *number, int64_t begin,
                     double dt_ms, int64_t L, int64_t stride, double *current) {
  adding a = {part, number, begin, dt_ms, 0, L, stride, current};
  rb_stimulus_span(number, dt_ms, L, &a.on, &a.off);
  if (types[part->type].add != NULL) types[part->type].add(&a);
}

void rb_stimulus_sum(const rb_stimulus *stimulus, double dt_ms, int64_t L, double *current) {
  for (int64_t k = 0; k < L; ++k) current[k] = 0;
  for (int p = 0; p < stimulus->parts; ++p) {
    const rb_stimulus_part *part = &stimulus->part[p];
    double number[RB_STIMULUS_NUMBERS];
    if (rb_stimulus_part_is_drawn(part)) continue;
    for (int n = 0; n < RB_STIMULUS_NUMBERS; ++n) number[n] = part->number[n][0];
    rb_stimulus_add(part, number, 0, dt_ms, L, 1, current);
  }
}

void rb_stimulus_draw(const rb_stimulus *stimulus, double dt_ms, int64_t L, rb_stream stream,
                      double (*number)[RB_STIMULUS_NUMBERS], int64_t *begin) {
  enum { EACH = RB_STIMULUS_NUMBERS + 1 };
  for (int p = 0; p < stimulus->parts; ++p) {
    const rb_stimulus_part *part = &stimulus->part[p];
    const uint32_t at = (uint32_t)(p * EACH);
    for (int n = 0; n < RB_STIMULUS_NUMBERS; ++n) {
      const double low = part->number[n][0], width = part->number[n][1] - low;
      number[p][n] = width > 0 ? low + width * rb_stream_uniform(stream, at + (uint32_t)n) : low;
    }
    const int64_t places = part->samples - numbers_taken(part, dt_ms, L) + 1;
    begin[p] = part->segment && places > 1 ? rb_stream_integer(stream, at + EACH - 1, places) : 0;
  }
}

/* Of what is drawn from a range: the root of its mean square. */
static double root_mean_square(const double range[2]) {
  const double low = range[0], high = range[1];
  return low < high ? sqrt((low * low + low * high + high * high) / 3) : low;
}

double rb_stimulus_white_sd(const rb_stimulus *stimulus, double (*number)[RB_STIMULUS_NUMBERS]) {
  double variance = 0;
  for (int p = 0; p < stimulus->parts; ++p) {
    const rb_stimulus_part *part = &stimulus->part[p];
    if (part->type != RB_STIMULUS_WHITE) continue;
    const double sd =
        number != NULL ? number[p][RB_STIMULUS_SD] : root_mean_square(part->number[RB_STIMULUS_SD]);
    variance += sd * sd;
  }
  return sqrt(variance);
}
