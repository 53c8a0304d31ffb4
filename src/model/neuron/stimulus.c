#include "stimulus.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/observation.h"
#include "rheobase/random/distributions.h"

enum { OU_BLOCK = 64 };  // normals drawn at once

#define TYPES "constant|step|ramp|sinusoid|chirp|ou|white|trace"
#define MEMBER(name) RB_SETTING_MEMBER(rb_stimulus_part, name)
#define NUMBER(name, what, text)                                                                \
  {                                                                                             \
    .path = #name, .type = RB_SETTING_REAL, MEMBER(name), .range = "[-1e9, 1e9]", .unit = what, \
    .help = text                                                                                \
  }

const rb_setting rb_stimulus_rows[RB_STIMULUS_ROWS] = {
    {.path = "type",
     .type = RB_SETTING_CHOICE,
     MEMBER(type),
     .choices = TYPES,
     .help = "kind of the part"},
    NUMBER(onset, "ms", "time at which it begins"),
    NUMBER(offset, "ms", "time at which it ends"),
    NUMBER(amplitude, NULL, "value of a constant or a step; of a sinusoid or a chirp, its crest"),
    NUMBER(start, NULL, "first value of a ramp"),
    NUMBER(end, NULL, "value a ramp goes to"),
    NUMBER(frequency, "Hz", "of a sinusoid"),
    NUMBER(phase, "rad", "of a sinusoid at its onset; default 0"),
    NUMBER(from, "Hz", "frequency of a chirp at its onset"),
    NUMBER(to, "Hz", "frequency of a chirp at its offset"),
    NUMBER(mean, NULL, "of Ornstein-Uhlenbeck noise"),
    NUMBER(sd, NULL, "standard deviation of noise"),
    NUMBER(tau, "ms", "correlation time of Ornstein-Uhlenbeck noise"),
    {.path = "seed",
     .type = RB_SETTING_INTEGER,
     MEMBER(seed),
     .standard = "0",
     .range = "[0, 9e18]",
     .help = "of Ornstein-Uhlenbeck noise"},
    {.path = "file",
     .type = RB_SETTING_STRING,
     MEMBER(file),
     .standard = "\"\"",
     .help = "of a trace in pA"},
    NUMBER(sample_ms, "ms", "interval of a trace, a multiple of dt_ms; default dt_ms")};

/* The numbers of a part. */
enum { ONSET, OFFSET, AMPLITUDE, START, END, FREQUENCY, PHASE, FROM, TO, MEAN, SD, TAU, SAMPLE };
static const struct number {
  const char *name;
  size_t offset;
} number[] = {[ONSET] = {"onset", offsetof(rb_stimulus_part, onset)},
              [OFFSET] = {"offset", offsetof(rb_stimulus_part, offset)},
              [AMPLITUDE] = {"amplitude", offsetof(rb_stimulus_part, amplitude)},
              [START] = {"start", offsetof(rb_stimulus_part, start)},
              [END] = {"end", offsetof(rb_stimulus_part, end)},
              [FREQUENCY] = {"frequency", offsetof(rb_stimulus_part, frequency)},
              [PHASE] = {"phase", offsetof(rb_stimulus_part, phase)},
              [FROM] = {"from", offsetof(rb_stimulus_part, from)},
              [TO] = {"to", offsetof(rb_stimulus_part, to)},
              [MEAN] = {"mean", offsetof(rb_stimulus_part, mean)},
              [SD] = {"sd", offsetof(rb_stimulus_part, sd)},
              [TAU] = {"tau", offsetof(rb_stimulus_part, tau)},
              [SAMPLE] = {"sample_ms", offsetof(rb_stimulus_part, sample_ms)}};
enum { NUMBERS = sizeof number / sizeof *number };

#define BIT(name) (1U << (name))
#define WHEN (BIT(ONSET) | BIT(OFFSET))

/* A type's samples are added to the current from `on` on, up to `off`. */
typedef void add_part(const rb_stimulus_part *part, double dt_ms, int64_t on, int64_t off,
                      double *current);
static add_part add_constant, add_ramp, add_sinusoid, add_chirp, add_ou, add_trace;

static const struct type {
  const char *name;
  unsigned needs, may;  // numbers
  add_part *add;        // NULL: not part of the common current
} types[] = {
    [RB_STIMULUS_CONSTANT] = {"constant", BIT(AMPLITUDE), 0, add_constant},
    [RB_STIMULUS_STEP] = {"step", BIT(AMPLITUDE) | WHEN, 0, add_constant},
    [RB_STIMULUS_RAMP] = {"ramp", BIT(START) | BIT(END) | WHEN, 0, add_ramp},
    [RB_STIMULUS_SINUSOID] = {"sinusoid", BIT(AMPLITUDE) | BIT(FREQUENCY) | WHEN, BIT(PHASE),
                              add_sinusoid},
    [RB_STIMULUS_CHIRP] = {"chirp", BIT(AMPLITUDE) | BIT(FROM) | BIT(TO) | WHEN, 0, add_chirp},
    [RB_STIMULUS_OU] = {"ou", BIT(MEAN) | BIT(SD) | BIT(TAU), WHEN, add_ou},
    [RB_STIMULUS_WHITE] = {"white", BIT(SD), 0, NULL},
    [RB_STIMULUS_TRACE] = {"trace", 0, BIT(SAMPLE), add_trace}};
enum { TYPE_COUNT = sizeof types / sizeof *types };

static double value_of(const rb_stimulus_part *part, int n) {
  return *(const double *)(const void *)((const char *)part + number[n].offset);
}

/* A sample beyond any trace where a time is too large for an integer. */
static int64_t sample_of(double t_ms, double dt_ms) {
  const double k = floor(t_ms / dt_ms + 0.5);
  return k < 1e15 ? (int64_t)k : INT64_C(1000000000000000);
}

static void span_of(const rb_stimulus_part *part, double dt_ms, int64_t L, int64_t *on,
                    int64_t *off) {
  *on = isnan(part->onset) ? 0 : sample_of(part->onset, dt_ms);
  *off = isnan(part->offset) ? L : sample_of(part->offset, dt_ms);
}

#define PART_FAIL(format, ...)                                                                    \
  RB_FAIL(ctx, RB_ERR_SETTING, "stimulus: part %d, a %s, " format, p + 1, types[part->type].name, \
          __VA_ARGS__)

static rb_status check_numbers(rb_context *ctx, const rb_stimulus_part *part, int p) {
  const struct type *type = &types[part->type];
  for (int n = 0; n < NUMBERS; ++n) {
    const bool given = !isnan(value_of(part, n));
    if (!given && (type->needs & BIT(n))) return PART_FAIL("needs %s", number[n].name);
    if (given && !((type->needs | type->may) & BIT(n))) {
      return PART_FAIL("has no %s", number[n].name);
    }
  }
  const bool trace = part->type == RB_STIMULUS_TRACE, file = part->file[0] != '\0';
  if (trace != file) return PART_FAIL("%s file", trace ? "needs a" : "has no");
  if (part->seed != 0 && part->type != RB_STIMULUS_OU) return PART_FAIL("has no %s", "seed");
  return RB_OK;
}

static rb_status check_span(rb_context *ctx, const rb_stimulus_part *part, int p, double dt_ms,
                            int64_t L) {
  int64_t on = 0, off = L;
  span_of(part, dt_ms, L, &on, &off);
  if (part->onset < 0) return PART_FAIL("begins at onset = %g ms, before 0", part->onset);
  if (off < on) return PART_FAIL("ends at %g ms, before its onset", part->offset);
  if (on > L || off > L) {
    return PART_FAIL("lasts to %g ms, beyond the end of the simulation at %g ms",
                     (double)(on > off ? on : off) * dt_ms, (double)L * dt_ms);
  }
  return RB_OK;
}

/* Steps for which a number of the trace is held; 0: not a whole number of them. */
static int64_t steps_held(const rb_stimulus_part *part, double dt_ms) {
  if (isnan(part->sample_ms)) return 1;
  const double held = part->sample_ms / dt_ms, nearest = nearbyint(held);
  return nearest >= 1 && nearest < 1e9 && fabs(held - nearest) <= 1e-6 ? (int64_t)nearest : 0;
}

static rb_status check_trace(rb_context *ctx, const rb_stimulus_part *part, int p, double dt_ms,
                             int64_t L) {
  const int64_t held = steps_held(part, dt_ms);
  if (held == 0) {
    return PART_FAIL("has sample_ms = %g, which is no multiple of dt_ms = %g", part->sample_ms,
                     dt_ms);
  }
  const int64_t needed = (L + held - 1) / held;
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

static rb_status check_part(rb_context *ctx, const rb_stimulus_part *part, int p, double dt_ms,
                            int64_t L) {
  rb_status status = RB_OK;
  if (part->type < 0 || part->type >= TYPE_COUNT) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "stimulus: part %d needs a type, one of %s", p + 1, TYPES);
  }
  RB_TRY(check_numbers(ctx, part, p));
  RB_TRY(check_span(ctx, part, p, dt_ms, L));
  if (part->tau <= 0) RB_TRY(PART_FAIL("has tau = %g; it must be above 0", part->tau));
  if (part->sd < 0) RB_TRY(PART_FAIL("has sd = %g; it must not be negative", part->sd));
  const int frequencies[] = {FREQUENCY, FROM, TO};
  for (int i = 0; i < 3; ++i) {
    const double f = value_of(part, frequencies[i]), most = 500.0 / dt_ms;
    if (f < 0 || f > most) {
      RB_TRY(PART_FAIL("has %s = %g Hz; steps of %g ms can follow 0 to %g Hz",
                       number[frequencies[i]].name, f, dt_ms, most));
    }
  }
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
    double *trace = NULL;
    const rb_sampling sampling = {.name = "time_ms",
                                  .unit = "ms",
                                  .step = isnan(part->sample_ms) ? dt_ms : part->sample_ms,
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

static void add_constant(const rb_stimulus_part *part, double dt_ms, int64_t on, int64_t off,
                         double *current) {
  (void)dt_ms;
  for (int64_t k = on; k < off; ++k) current[k] += part->amplitude;
}

static void add_ramp(const rb_stimulus_part *part, double dt_ms, int64_t on, int64_t off,
                     double *current) {
  (void)dt_ms;
  for (int64_t k = on; k < off; ++k) {
    current[k] += part->start + (part->end - part->start) * (double)(k - on) / (double)(off - on);
  }
}

static double seconds(int64_t steps, double dt_ms) { return (double)steps * dt_ms / 1000.0; }

static void add_sinusoid(const rb_stimulus_part *part, double dt_ms, int64_t on, int64_t off,
                         double *current) {
  const double phase = isnan(part->phase) ? 0 : part->phase;
  for (int64_t k = on; k < off; ++k) {
    const double angle = 2 * M_PI * part->frequency * seconds(k - on, dt_ms) + phase;
    current[k] += part->amplitude * sin(angle);
  }
}

static void add_chirp(const rb_stimulus_part *part, double dt_ms, int64_t on, int64_t off,
                      double *current) {
  const double duration = seconds(off - on, dt_ms);
  for (int64_t k = on; k < off; ++k) {
    const double t = seconds(k - on, dt_ms);
    const double turns = part->from * t + (part->to - part->from) * t * t / (2 * duration);
    current[k] += part->amplitude * sin(2 * M_PI * turns);
  }
}

static void add_ou(const rb_stimulus_part *part, double dt_ms, int64_t on, int64_t off,
                   double *current) {
  const rb_stream stream =
      rb_stream_make((uint64_t)part->seed, RB_FOR_TRAINING, RB_RANDOM_FROZEN, 0, 0);
  const double keep = exp(-dt_ms / part->tau), fresh = part->sd * sqrt(1 - keep * keep);
  double y = 0, normal[OU_BLOCK];
  for (int64_t k = on; k < off; ++k) {
    if ((k - on) % OU_BLOCK == 0) rb_stream_normals(stream, k - on, OU_BLOCK, normal);
    const double x = normal[(k - on) % OU_BLOCK];
    y = k == on ? part->sd * x : y * keep + fresh * x;
    current[k] += part->mean + y;
  }
}

static void add_trace(const rb_stimulus_part *part, double dt_ms, int64_t on, int64_t off,
                      double *current) {
  const int64_t held = steps_held(part, dt_ms);
  if (part->trace == NULL || held == 0) return;  // a report reads no files of the user's
  for (int64_t k = on; k < off; ++k) current[k] += part->trace[k / held];
}

void rb_stimulus_sum(const rb_stimulus *stimulus, double dt_ms, int64_t L, double *current) {
  for (int64_t k = 0; k < L; ++k) current[k] = 0;
  for (int p = 0; p < stimulus->parts; ++p) {
    const rb_stimulus_part *part = &stimulus->part[p];
    int64_t on = 0, off = L;
    span_of(part, dt_ms, L, &on, &off);
    if (types[part->type].add != NULL) types[part->type].add(part, dt_ms, on, off, current);
  }
}

double rb_stimulus_white_sd(const rb_stimulus *stimulus) {
  double variance = 0;
  for (int p = 0; p < stimulus->parts; ++p) {
    const rb_stimulus_part *part = &stimulus->part[p];
    if (part->type == RB_STIMULUS_WHITE) variance += part->sd * part->sd;
  }
  return sqrt(variance);
}
