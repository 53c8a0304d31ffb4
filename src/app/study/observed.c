#include "observed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording_data.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/observation.h"
#include "rheobase/io/unit.h"
#include "rheobase/parallel/agree.h"
#include "stage_file.h"

enum { DIGEST_SIZE = 17 };
#define INTERVAL_UNIT "ms"  // of --interval-ms
typedef char column_name[RB_OBSERVED_NAME];

const char *rb_observed_file(const rb_arguments *arguments) {
  return arguments->recordings > 0 ? arguments->recorded[0] : arguments->observation;
}

void rb_observed_column(const rb_channel *channel, char *name) {
  const rb_quantity *q = &channel->quantity;
  const int length = (int)strlen(q->name);
  if (strcmp(q->unit, "1") != 0) {
    (void)snprintf(name, RB_OBSERVED_NAME, "%s_%s", q->name, q->unit);
  } else {
    (void)snprintf(name, RB_OBSERVED_NAME, "%.*s", q->name[length - 1] == 's' ? length - 1 : length,
                   q->name);
  }
}

static bool is_channel(const rb_model *model, const char *name) {
  for (int c = 0; c < model->channels; ++c) {
    if (strcmp(model->channel[c].quantity.name, name) == 0) return true;
  }
  return false;
}

/* A channel's column may also be called like the channel itself, and is where another channel has
 * its name. */
static void describe(const rb_model *model, int c, column_name name, rb_column *column) {
  const rb_channel *channel = &model->channel[c];
  const rb_quantity *q = &channel->quantity;
  rb_observed_column(channel, name);
  const bool own = is_channel(model, name);
  if (own) (void)snprintf(name, RB_OBSERVED_NAME, "%s", q->name);
  *column = (rb_column){.name = name,
                        .other = own ? NULL : q->name,
                        .unit = q->unit,
                        .binary = channel->binary,
                        .least = channel->least,
                        .most = channel->most};
}

/* Milliseconds in which the samples of a model along a time are apart; NaN along anything else. */
static double step_ms(const rb_model *model) {
  int exponent = 0;
  if (!rb_unit_exponent(model->axis.unit, INTERVAL_UNIT, &exponent)) return NAN;
  return rb_unit_scale(model->axis_step, exponent);
}

/* Whether the samples are known to be a step apart, as --interval-ms says. */
static rb_status check_interval(rb_context *ctx, const rb_job *job) {
  const char *text = job->arguments->interval;
  const double step = step_ms(&job->model);
  char *end = NULL;
  if (text == NULL) return RB_OK;
  if (isnan(step)) {
    return RB_FAIL(ctx, RB_ERR_USAGE,
                   "--interval-ms %s: samples of model \"%s\" are no times apart", text,
                   job->model.name);
  }
  const double interval = strtod(text, &end);
  if (end == text || *end != '\0' || !isfinite(interval) || interval <= 0) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "--interval-ms %s: give the time between two samples in ms",
                   text);
  }
  if (fabs(interval - step) > 1e-6 * step) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "--interval-ms %s: the network was trained for samples %.10g ms apart; resample "
                   "the recording, or train another network",
                   text, step);
  }
  return RB_OK;
}

/* What to do about times that are rounded too coarsely. @param text (size) */
static const char *remedy(const rb_model *model, size_t size, char *text) {
  const double step = step_ms(model);
  if (isnan(step)) return "give more digits";
  (void)snprintf(text, size, "give --interval-ms %.10g if the steps are right", step);
  return text;
}

rb_status rb_observed_read(rb_context *ctx, const rb_job *job, bool tell, float *x) {
  rb_status status = RB_OK;
  const rb_model *model = &job->model;
  column_name name[RB_MAX_CHANNELS];
  rb_column column[RB_MAX_CHANNELS];
  float *read = NULL;
  int64_t length = 0;
  char advice[64];
  const rb_sampling sampling = {.name = model->axis.name,
                                .unit = model->axis.unit,
                                .step = model->axis_step,
                                .length = model->length,
                                .known = job->arguments->interval != NULL,
                                .remedy = remedy(model, sizeof advice, advice)};
  if (job->arguments->recordings > 0) {
    return rb_recording_observe(ctx, model, job->arguments->recorded[0],
                                job->arguments->recording.sweeps, tell ? "infer" : NULL, x);
  }
  RB_TRY(check_interval(ctx, job));
  for (int c = 0; c < model->channels; ++c) describe(model, c, name[c], &column[c]);
  RB_TRY(rb_observation_read(ctx, job->arguments->observation, model->channels, column, &sampling,
                             &length, &read));
  memcpy(x, read, (size_t)(model->channels * length) * sizeof *x);
cleanup:
  free(read);
  return status;
}

rb_status rb_observed_explain(rb_context *ctx, const rb_job *job, const float *x,
                              const char **why) {
  rb_status status = RB_OK;
  const rb_model *model = &job->model;
  const char *reason = NULL;
  *why = "";
  if (model->log_likelihood == NULL) return RB_OK;
  // The reason depends on x alone.
  RB_TRY(model->log_likelihood(model, ctx, x, 0, NULL, NULL, &reason));
  if (reason != NULL) *why = reason;
cleanup:
  return status;
}

/* Which observation a posterior is of. */
typedef struct source {
  bool known;
  char file[RB_STUDY_PATH];  // as it was given; "": simulated
  char digest[DIGEST_SIZE];  // of its bytes; "": simulated
} source;

static const rb_field FILE_NAME = {"observation/file",
                                   RB_STRING,
                                   "",
                                   "1",
                                   "file of the observation as it was given; empty: simulated",
                                   false};
static const rb_field DIGEST = {
    "observation/digest",
    RB_STRING,
    "",
    "1",
    "digest of its bytes and of the sweeps chosen (FNV-1a); empty: simulated",
    false};
static const rb_field IMPOSSIBLE = {
    "observation/impossible",
    RB_STRING,
    "",
    "1",
    "why no parameters can produce it; empty: some can, as far as is known",
    false};

/* What the command line says. Collective. */
static rb_status source_given(rb_context *ctx, const rb_job *job, source *s) {
  rb_status status = RB_OK;
  uint64_t digest = 0;
  const char *file = rb_observed_file(job->arguments);
  *s = (source){.known = true};
  if (file == NULL) return RB_OK;
  RB_TRY(rb_study_hash_file(ctx, file, &digest));
  const char *sweeps = job->arguments->recording.sweeps;
  if (sweeps != NULL) digest = rb_hash(digest, sweeps, strlen(sweeps));
  (void)snprintf(s->file, sizeof s->file, "%s%s%s%s", file, sweeps != NULL ? " (sweeps " : "",
                 sweeps != NULL ? sweeps : "", sweeps != NULL ? ")" : "");
  (void)snprintf(s->digest, sizeof s->digest, "%016llx", (unsigned long long)digest);
cleanup:
  return status;
}

rb_status rb_observed_write(rb_context *ctx, const rb_job *job, rb_file *file,
                            const char *impossible) {
  rb_status status = RB_OK;
  source s;
  RB_TRY(source_given(ctx, job, &s));
  RB_TRY(rb_file_write(ctx, file, &FILE_NAME, &(const char *){s.file}));
  RB_TRY(rb_file_write(ctx, file, &DIGEST, &(const char *){s.digest}));
  RB_TRY(rb_file_write(ctx, file, &IMPOSSIBLE, &impossible));
cleanup:
  return status;
}

/* A text of a file that may be older or damaged. Local. */
static bool take_text(rb_context *ctx, const rb_file *file, const char *path, char *text,
                      size_t size) {
  char *value = NULL;
  bool taken = rb_file_has(file, path);
  if (taken) taken = rb_file_read_text(ctx, file, path, &value) == RB_OK;
  if (taken) (void)snprintf(text, size, "%s", value);
  rb_error_clear(ctx);
  free(value);
  return taken;
}

/* What posterior.h5 says. Collective. */
static void source_stored(rb_context *ctx, const char *path, source *s) {
  *s = (source){0};
  rb_file *file = NULL;
  if (ctx->rank == 0 && rb_product_open_one(ctx, RB_PRODUCT_POSTERIOR, path, &file) == RB_OK) {
    s->known = take_text(ctx, file, FILE_NAME.path, s->file, sizeof s->file) &&
               take_text(ctx, file, DIGEST.path, s->digest, sizeof s->digest);
  }
  if (ctx->rank == 0) rb_error_clear(ctx);  // an absent or damaged one says nothing
  rb_file_close(&file);
  MPI_Bcast(s, (int)sizeof *s, MPI_BYTE, 0, ctx->comm);
}

rb_status rb_observed_check(rb_context *ctx, const rb_job *job) {
  rb_status status = RB_OK;
  float *x = NULL;
  source stored;
  char path[RB_JOB_PATH];
  if (job->arguments->recordings > 1) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_USAGE,
                   "run takes one --recording FILE; infer takes those of several cells"));
  }
  rb_job_product_path(job, RB_PRODUCT_POSTERIOR, path);
  source_stored(ctx, path, &stored);
  if (rb_observed_file(job->arguments) != NULL) {
    RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, x, job->model.channels * job->model.length)));
    RB_TRY(rb_observed_read(ctx, job, false, x));
  } else if (stored.known && stored.file[0] != '\0') {
    RB_TRY(RB_FAIL(ctx, RB_ERR_STUDY,
                   "%s is of the observation %s, and none is given now: give --observation %s (or "
                   "--recording), use another folder, or delete that file",
                   path, stored.file, stored.file));
  }
cleanup:
  free(x);
  return status;
}

rb_status rb_observed_difference(rb_context *ctx, const rb_job *job, const char *path, char *why) {
  rb_status status = RB_OK;
  source stored, given;
  source_stored(ctx, path, &stored);
  RB_TRY(source_given(ctx, job, &given));
  if (stored.known && strcmp(stored.digest, given.digest) != 0) {
    (void)snprintf(why, RB_STUDY_WHY, "it is of %s%.200s, not of %s%.200s",
                   stored.file[0] != '\0' ? "the observation " : "a simulated observation",
                   stored.file, given.file[0] != '\0' ? "" : "a simulated one", given.file);
  }
cleanup:
  return status;
}
