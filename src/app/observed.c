#include "observed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/observation.h"

enum { NAME_SIZE = 64 };
typedef char column_name[NAME_SIZE];

/* A channel's column is called like it with its unit (voltage_mV) or without (voltage); where there
 * is no unit, like it in the singular (spike) or plural (spikes). */
static void describe(const rb_channel *channel, column_name name, rb_column *column) {
  const rb_quantity *q = &channel->quantity;
  const int length = (int)strlen(q->name);
  if (strcmp(q->unit, "1") != 0) {
    (void)snprintf(name, NAME_SIZE, "%s_%s", q->name, q->unit);
  } else {
    (void)snprintf(name, NAME_SIZE, "%.*s", q->name[length - 1] == 's' ? length - 1 : length,
                   q->name);
  }
  *column = (rb_column){.name = name, .other = q->name, .unit = q->unit, .binary = channel->binary};
}

/* Whether the samples are known to be a step apart, as --interval-ms says. */
static rb_status check_interval(rb_context *ctx, const rb_job *job) {
  const char *text = job->arguments->interval;
  const double step = job->model.axis_step;
  char *end = NULL;
  const double interval = text != NULL ? strtod(text, &end) : step;
  if (end != NULL && (end == text || *end != '\0' || !isfinite(interval) || interval <= 0)) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "--interval-ms %s: give the time between two samples in ms",
                   text);
  }
  if (fabs(interval - step) > 1e-6 * step) {
    return RB_FAIL(
        ctx, RB_ERR_SETTING,
        "--interval-ms %s: the network was trained for simulator.dt_ms = %.10g; resample "
        "the recording, or train another network",
        text, step);
  }
  return RB_OK;
}

rb_status rb_observed_read(rb_context *ctx, const rb_job *job, float *x) {
  rb_status status = RB_OK;
  const rb_model *model = &job->model;
  column_name name[RB_MAX_CHANNELS];
  rb_column column[RB_MAX_CHANNELS];
  float *read = NULL;
  int64_t length = 0;
  char remedy[64];
  (void)snprintf(remedy, sizeof remedy, "give --interval-ms %.10g if the steps are right",
                 model->axis_step);
  const rb_sampling sampling = {.name = model->axis.name,
                                .unit = model->axis.unit,
                                .step = model->axis_step,
                                .length = model->length,
                                .known = job->arguments->interval != NULL,
                                .remedy = remedy};
  RB_TRY(check_interval(ctx, job));
  for (int c = 0; c < model->channels; ++c) describe(&model->channel[c], name[c], &column[c]);
  RB_TRY(rb_observation_read(ctx, job->arguments->observation, model->channels, column, &sampling,
                             &length, &read));
  memcpy(x, read, (size_t)(model->channels * length) * sizeof *x);
cleanup:
  free(read);
  return status;
}
