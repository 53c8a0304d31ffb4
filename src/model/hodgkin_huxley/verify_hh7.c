#include "verify_hh7.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../neuron/verify.h"
#include "../verify_groups.h"
#include "rheobase/base/memory.h"

/* A group of observations, and what each comparison needs of it. */
typedef struct observations {
  rb_neuron_reference reference;
  int64_t count, samples;
  void *current, *observation;  // (L), (count, samples); owned
} observations;

static rb_status read_observations(rb_context *ctx, const rb_file *file, observations *o) {
  rb_status status = RB_OK;
  char path[256];
  int rank = 2;
  int64_t shape[RB_FILE_MAX_RANK];
  const rb_neuron_reference *r = &o->reference;
  (void)snprintf(path, sizeof path, "%s/observation", r->group);
  RB_TRY(rb_file_shape(ctx, file, path, &rank, shape));
  o->count = shape[0];
  o->samples = r->model.length;
  RB_TRY(rb_neuron_reference_array(ctx, file, r, "current", RB_F64, 1, &r->steps, &o->current));
  RB_TRY(rb_neuron_reference_array(ctx, file, r, "observation", RB_F64, 2,
                                   (const int64_t[]){o->count, o->samples}, &o->observation));
cleanup:
  return status;
}

/* Largest error of the log likelihoods of `vectors` parameter vectors, over what is allowed. */
static rb_status weigh(rb_context *ctx, const observations *o, int64_t observation, int64_t vectors,
                       const double *theta, const double *expected, double *error) {
  rb_status status = RB_OK;
  const rb_neuron_recording recording = {
      .voltage = (const double *)o->observation + observation * o->samples, .current = o->current};
  double *own = NULL;
  RB_TRY(RB_ALLOCATE(ctx, own, vectors));
  RB_TRY(rb_neuron_weigh(&o->reference.model, ctx, &recording, vectors, theta, own));
  for (int64_t i = 0; i < vectors; ++i) {
    const double allowed = 1e-6 + 1e-9 * fabs(expected[i]);
    *error = rb_larger_error(*error, fabs(own[i] - expected[i]) / allowed);
  }
cleanup:
  free(own);
  return status;
}

static rb_status compare_voltages(rb_context *ctx, const rb_file *file, const observations *o,
                                  int64_t vectors, const double *theta, rb_verify_report *report) {
  rb_status status = RB_OK;
  const rb_neuron_reference *r = &o->reference;
  const int64_t every = ((const rb_neuron_state *)r->model.state)->every;
  void *expected = NULL;
  const double **current = NULL;
  double *voltage = NULL, *final = NULL, error = 0;
  uint8_t *spikes = NULL;
  RB_TRY(rb_neuron_reference_array(ctx, file, r, "voltage", RB_F64, 3,
                                   (const int64_t[]){o->count, vectors / o->count, o->samples},
                                   &expected));
  RB_TRY(RB_ALLOCATE(ctx, current, vectors));
  RB_TRY(RB_ALLOCATE(ctx, voltage, vectors * r->steps));
  RB_TRY(RB_ALLOCATE(ctx, spikes, vectors * r->steps));
  RB_TRY(RB_ALLOCATE(ctx, final, vectors * r->neuron->variables));
  for (int64_t i = 0; i < vectors; ++i) current[i] = o->current;
  const rb_neuron_traces traces = {vectors, theta, current, NULL, voltage, spikes, final};
  RB_TRY(rb_neuron_run_traces(&r->model, ctx, &traces));
  for (int64_t i = 0; i < vectors; ++i) {
    for (int64_t j = 0; j < o->samples; ++j) {
      const double v = ((const double *)expected)[i * o->samples + j];
      error = rb_larger_error(error, fabs(voltage[i * r->steps + j * every] - v));
    }
  }
  RB_TRY(rb_neuron_reference_add(ctx, report, r, "voltage [mV]", error, 1e-6));
cleanup:
  free(expected);
  free(current);
  free(voltage);
  free(spikes);
  free(final);
  return status;
}

static rb_status compare_vectors(rb_context *ctx, const rb_file *file, const observations *o,
                                 rb_verify_report *report) {
  rb_status status = RB_OK;
  const rb_neuron_reference *r = &o->reference;
  double *theta = NULL, error = 0;
  void *expected = NULL;
  int64_t vectors = 0;
  RB_TRY(rb_neuron_reference_theta(ctx, file, "theta", r, &vectors, &theta));
  const int64_t each = o->count > 0 ? vectors / o->count : 0;
  if (each * o->count != vectors || vectors == 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s/theta has not as many vectors for each observation",
                   r->group));
  }
  RB_TRY(rb_neuron_reference_array(ctx, file, r, "log_likelihood", RB_F64, 2,
                                   (const int64_t[]){o->count, each}, &expected));
  for (int64_t i = 0; i < o->count; ++i) {
    RB_TRY(weigh(ctx, o, i, each, theta + i * each * r->neuron->parameters,
                 (const double *)expected + i * each, &error));
  }
  RB_TRY(compare_voltages(ctx, file, o, vectors, theta, report));
  RB_TRY(rb_neuron_reference_add(ctx, report, r, "log likelihood / allowed", error, 1));
cleanup:
  free(theta);
  free(expected);
  return status;
}

/* Draws of the posterior of an observation, if there are such. */
static rb_status compare_draws(rb_context *ctx, const rb_file *file, const observations *o,
                               int64_t observation, rb_verify_report *report) {
  rb_status status = RB_OK;
  const rb_neuron_reference *r = &o->reference;
  double *theta = NULL, error = 0;
  void *expected = NULL;
  int64_t draws = 0;
  char name[64], path[256], quantity[64];
  (void)snprintf(path, sizeof path, "%s/posterior_%d", r->group, (int)observation);
  if (!rb_file_has(file, path)) return RB_OK;
  (void)snprintf(name, sizeof name, "posterior_%d/draws", (int)observation);
  RB_TRY(rb_neuron_reference_theta(ctx, file, name, r, &draws, &theta));
  (void)snprintf(name, sizeof name, "posterior_%d/log_likelihood", (int)observation);
  RB_TRY(rb_neuron_reference_array(ctx, file, r, name, RB_F64, 1, &draws, &expected));
  RB_TRY(weigh(ctx, o, observation, draws, theta, expected, &error));
  (void)snprintf(quantity, sizeof quantity, "draws of posterior %d / allowed", (int)observation);
  RB_TRY(rb_neuron_reference_add(ctx, report, r, quantity, error, 1));
cleanup:
  free(theta);
  free(expected);
  return status;
}

static rb_status verify_group(rb_context *ctx, const rb_file *file, const char *group,
                              rb_verify_report *report) {
  rb_status status = RB_OK;
  observations o = {0};
  RB_TRY(rb_neuron_reference_read(ctx, file, group, &o.reference));
  RB_TRY(read_observations(ctx, file, &o));
  RB_TRY(compare_vectors(ctx, file, &o, report));
  for (int64_t i = 0; i < o.count; ++i) RB_TRY(compare_draws(ctx, file, &o, i, report));
cleanup:
  rb_neuron_reference_free(&o.reference);
  free(o.current);
  free(o.observation);
  return status;
}

rb_status rb_hh_verify_hh7(rb_context *ctx, const char *path, rb_verify_report *report) {
  return rb_verify_groups(ctx, path, verify_group, report);
}
