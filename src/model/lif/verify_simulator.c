#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../verify_groups.h"
#include "lif.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/random/distributions.h"
#include "verify.h"

/* One group of the file: n data sets of one setting. Arrays are owned. */
typedef struct lif_case {
  const char *name;
  rb_lif_settings settings;
  int64_t n, steps;
  double *theta;    // (n, 6)
  double *current;  // (n, L)
  double *voltage;  // (n, L)
  uint8_t *spikes;  // (n, L)
} lif_case;

static void free_case(lif_case *c) {
  free(c->theta);
  free(c->current);
  free(c->voltage);
  free(c->spikes);
}

static rb_status read_settings(rb_context *ctx, const rb_file *file, lif_case *c) {
  rb_status status = RB_OK;
  c->settings = rb_lif_defaults();
  RB_TRY(rb_file_get_double(ctx, file, c->name, "T", &c->settings.T_ms));
  RB_TRY(rb_file_get_double(ctx, file, c->name, "dt", &c->settings.dt_ms));
  RB_TRY(rb_file_get_double(ctx, file, c->name, "tref", &c->settings.tref_ms));
  RB_TRY(rb_file_get_int(ctx, file, c->name, "num_steps", &c->steps));
cleanup:
  return status;
}

static rb_status read_arrays(rb_context *ctx, const rb_file *file, lif_case *c) {
  rb_status status = RB_OK;
  char path[256];
  int64_t shape[2] = {0, RB_LIF_DIM};
  void *theta = NULL;
  (void)snprintf(path, sizeof path, "%s/theta", c->name);
  RB_TRY(rb_file_read_new(ctx, file, path, RB_F64, true, 2, shape, &theta));
  c->theta = theta;
  if (shape[1] != RB_LIF_DIM) {
    status = RB_FAIL(ctx, RB_ERR_FORMAT, "%s has %" PRId64 " columns, not 6", path, shape[1]);
    goto cleanup;
  }
  c->n = shape[0];
  shape[1] = c->steps;
  RB_TRY(RB_ALLOCATE(ctx, c->current, c->n * c->steps));
  RB_TRY(RB_ALLOCATE(ctx, c->voltage, c->n * c->steps));
  RB_TRY(RB_ALLOCATE(ctx, c->spikes, c->n * c->steps));
  (void)snprintf(path, sizeof path, "%s/current", c->name);
  RB_TRY(rb_file_read(ctx, file, path, RB_F64, true, 2, shape, c->current));
  (void)snprintf(path, sizeof path, "%s/voltage", c->name);
  RB_TRY(rb_file_read(ctx, file, path, RB_F64, false, 2, shape, c->voltage));
  (void)snprintf(path, sizeof path, "%s/spikes", c->name);
  RB_TRY(rb_file_read(ctx, file, path, RB_U8, false, 2, shape, c->spikes));
cleanup:
  return status;
}

static rb_status add(rb_context *ctx, rb_verify_report *report, const lif_case *c,
                     const char *quantity, double error) {
  char name[112];
  (void)snprintf(name, sizeof name, "%s %s", c->name, quantity);
  return rb_verify_add(ctx, report, name, error, 0.0);
}

/* The file's currents through the plain simulator: the file's doubles and spikes, exactly. */
static rb_status compare_runs(rb_context *ctx, const lif_case *c, rb_verify_report *report) {
  rb_status status = RB_OK;
  double *v = NULL;
  uint8_t *spikes = NULL;
  double error = 0;
  int64_t wrong = 0;
  RB_TRY(RB_ALLOCATE(ctx, v, c->steps));
  RB_TRY(RB_ALLOCATE(ctx, spikes, c->steps));
  for (int64_t i = 0; i < c->n; ++i) {
    rb_lif_run(&c->settings, &c->theta[i * RB_LIF_DIM], &c->current[i * c->steps], v, spikes);
    for (int64_t k = 0; k < c->steps; ++k) {
      const double difference = fabs(v[k] - c->voltage[i * c->steps + k]);
      if (!(difference <= error)) error = difference;  // keeps NaN
      wrong += spikes[k] != c->spikes[i * c->steps + k];
    }
  }
  RB_TRY(add(ctx, report, c, "voltage [mV]", error));
  RB_TRY(add(ctx, report, c, "spikes that differ", (double)wrong));
cleanup:
  free(v);
  free(spikes);
  return status;
}

/* Samples in which the model's fast simulator differs from the plain one with the same streams. */
static int64_t count_differences(const lif_case *c, const float *x, double *work, uint8_t *spikes) {
  const rb_lif_settings *s = &c->settings;
  const int64_t L = c->steps;
  double *current = work, *v = &work[L], *noise = &work[2 * L];
  int64_t wrong = 0;
  for (int64_t i = 0; i < c->n; ++i) {
    rb_stream_normals(rb_stream_make(1, RB_FOR_TESTS, RB_RANDOM_PROCESS_NOISE, 0, (uint64_t)i), 0,
                      L, current);
    rb_stream_normals(rb_stream_make(1, RB_FOR_TESTS, RB_RANDOM_OBSERVATION_NOISE, 0, (uint64_t)i),
                      0, L, noise);
    for (int64_t k = 0; k < L; ++k) current[k] = s->I_mean_pA + s->I_std_pA * current[k];
    rb_lif_run(s, &c->theta[i * RB_LIF_DIM], current, v, spikes);
    for (int64_t k = 0; k < L; ++k) {
      const float *row = &x[i * RB_LIF_CHANNELS * L];
      wrong += row[k] != (float)(v[k] + s->noise_mV * noise[k]) || row[L + k] != (float)spikes[k];
    }
  }
  return wrong;
}

/* The file's parameters through the model's simulator, with this machine's kernel. */
static rb_status compare_kernel(rb_context *ctx, const lif_case *c, rb_verify_report *report) {
  rb_status status = RB_OK;
  rb_model model = {0};
  float *x = NULL;
  double *work = NULL;
  uint8_t *spikes = NULL;
  RB_TRY(rb_lif_model(ctx, &c->settings, &model));
  RB_TRY(RB_ALLOCATE(ctx, x, c->n * RB_LIF_CHANNELS * c->steps));
  RB_TRY(RB_ALLOCATE(ctx, work, 3 * c->steps));
  RB_TRY(RB_ALLOCATE(ctx, spikes, c->steps));
  RB_TRY(model.simulate(&model, ctx, 1, RB_FOR_TESTS, 0, c->n, c->theta, x));
  RB_TRY(add(ctx, report, c, "samples by kernel that differ",
             (double)count_differences(c, x, work, spikes)));
cleanup:
  if (model.destroy != NULL) model.destroy(&model);
  free(x);
  free(work);
  free(spikes);
  return status;
}

static rb_status verify_case(rb_context *ctx, const rb_file *file, const char *name,
                             rb_verify_report *report) {
  rb_status status = RB_OK;
  lif_case c = {.name = name};
  rb_model model = {0};
  RB_TRY(read_settings(ctx, file, &c));
  RB_TRY(rb_lif_model(ctx, &c.settings, &model));  // checks the settings
  RB_TRY(add(ctx, report, &c, "steps", fabs((double)(c.steps - model.length))));
  if (c.steps != model.length) goto cleanup;
  RB_TRY(read_arrays(ctx, file, &c));
  for (int64_t i = 0; i < c.n; ++i) {
    const char *reason = "";
    if (model.accepts(&model, &c.theta[i * RB_LIF_DIM], &reason)) continue;
    status = RB_FAIL(ctx, RB_ERR_FORMAT, "%s/theta, row %" PRId64 ": %s", name, i, reason);
    goto cleanup;
  }
  RB_TRY(compare_runs(ctx, &c, report));
  RB_TRY(compare_kernel(ctx, &c, report));
cleanup:
  if (model.destroy != NULL) model.destroy(&model);
  free_case(&c);
  return status;
}

rb_status rb_lif_verify_simulator(rb_context *ctx, const char *path, rb_verify_report *report) {
  return rb_verify_groups(ctx, path, verify_case, report);
}
