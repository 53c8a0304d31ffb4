#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../verify_groups.h"
#include "rheobase/base/memory.h"
#include "verify.h"

/* A group of trajectories: P parameter vectors by S stimuli. Arrays are owned. */
typedef struct trajectories {
  rb_neuron_reference reference;
  int64_t P, S, L, samples;
  double *theta;         // (P, parameters)
  double *current;       // (S, L)
  double *uniform;       // (S, L); NULL: spikes are not drawn
  double *voltage;       // (P, S, samples)
  double *final;         // (P, S, variables)
  double *sensitivity;   // (P, S)
  int32_t *spike_index;  // (spike_offset[P S])
  int64_t *spike_offset;
  int32_t *spike_count;  // (P, S); NULL: the file has none
  double *own_voltage;   // (S, L) of one vector
  uint8_t *own_spikes;   // likewise
  double *own_final;     // (S, variables)
} trajectories;

static void free_trajectories(trajectories *t) {
  rb_neuron_reference_free(&t->reference);
  free(t->theta);
  free(t->current);
  free(t->uniform);
  free(t->voltage);
  free(t->final);
  free(t->sensitivity);
  free(t->spike_index);
  free(t->spike_offset);
  free(t->spike_count);
  free(t->own_voltage);
  free(t->own_spikes);
  free(t->own_final);
}

static rb_status check_offsets(rb_context *ctx, const trajectories *t, int64_t spikes) {
  bool good = t->spike_offset[0] == 0 && t->spike_offset[t->P * t->S] == spikes;
  for (int64_t i = 0; i < t->P * t->S; ++i) good &= t->spike_offset[i] <= t->spike_offset[i + 1];
  if (good) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_FORMAT, "%s/spike_offset does not divide the %lld spikes",
                 t->reference.group, (long long)spikes);
}

/* Whether each trace has a sensitivity, and as many spikes as the file counts. */
static rb_status check_traces(rb_context *ctx, const trajectories *t) {
  const char *group = t->reference.group;
  for (int64_t i = 0; i < t->P * t->S; ++i) {
    const int64_t spikes = t->spike_offset[i + 1] - t->spike_offset[i];
    if (!(t->sensitivity[i] >= 0)) {
      return RB_FAIL(ctx, RB_ERR_FORMAT, "%s/sensitivity: trace %lld has %g", group, (long long)i,
                     t->sensitivity[i]);
    }
    if (t->spike_count != NULL && t->spike_count[i] != spikes) {
      return RB_FAIL(ctx, RB_ERR_FORMAT, "%s/spike_count: trace %lld has %d, its spike_index %lld",
                     group, (long long)i, t->spike_count[i], (long long)spikes);
    }
  }
  return RB_OK;
}

static rb_status read_trajectories(rb_context *ctx, const rb_file *file, trajectories *t) {
  rb_status status = RB_OK;
  const rb_neuron_reference *r = &t->reference;
  const rb_neuron_state *state = r->model.state;
  char path[256];
  int rank = 2;
  int64_t shape[RB_FILE_MAX_RANK], spikes[RB_FILE_MAX_RANK];
  RB_TRY(rb_neuron_reference_theta(ctx, file, "theta", r, &t->P, &t->theta));
  (void)snprintf(path, sizeof path, "%s/current", r->group);
  RB_TRY(rb_file_shape(ctx, file, path, &rank, shape));
  t->S = shape[0];
  t->L = r->steps;
  t->samples = state->samples;
#define READ(member, type, ...)                                                              \
  RB_TRY(rb_neuron_reference_array(ctx, file, r, #member, type,                              \
                                   sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t), \
                                   (const int64_t[]){__VA_ARGS__}, (void **)&t->member))
  READ(current, RB_F64, t->S, t->L);
  if (r->neuron->draws_spikes) READ(uniform, RB_F64, t->S, t->L);
  READ(voltage, RB_F64, t->P, t->S, t->samples);
  READ(sensitivity, RB_F64, t->P, t->S);
  READ(spike_offset, RB_I64, t->P * t->S + 1);
  (void)snprintf(path, sizeof path, "%s/spike_index", r->group);
  rank = 1;
  RB_TRY(rb_file_shape(ctx, file, path, &rank, spikes));
  READ(spike_index, RB_I32, spikes[0]);
  (void)snprintf(path, sizeof path, "%s/spike_count", r->group);
  if (rb_file_has(file, path)) READ(spike_count, RB_I32, t->P, t->S);
  RB_TRY(rb_neuron_reference_array(ctx, file, r, "final_state", RB_F64, 3,
                                   (const int64_t[]){t->P, t->S, r->neuron->variables},
                                   (void **)&t->final));
  RB_TRY(check_offsets(ctx, t, spikes[0]));
  RB_TRY(check_traces(ctx, t));
cleanup:
  return status;
}

static rb_status allocate_own(rb_context *ctx, trajectories *t) {
  rb_status status = RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, t->own_voltage, t->S * t->L));
  RB_TRY(RB_ALLOCATE(ctx, t->own_spikes, t->S * t->L));
  RB_TRY(RB_ALLOCATE(ctx, t->own_final, t->S * t->reference.neuron->variables));
cleanup:
  return status;
}

/* The trajectories of vector p. */
static rb_status run(rb_context *ctx, trajectories *t, int64_t p) {
  rb_status status = RB_OK;
  const int parameters = t->reference.neuron->parameters;
  const double **current = NULL, **uniform = NULL;
  double *theta = NULL;
  RB_TRY(RB_ALLOCATE(ctx, current, t->S));
  RB_TRY(RB_ALLOCATE(ctx, uniform, t->S));
  RB_TRY(RB_ALLOCATE(ctx, theta, t->S * parameters));
  for (int64_t i = 0; i < t->S; ++i) {
    current[i] = &t->current[i * t->L];
    if (t->uniform != NULL) uniform[i] = &t->uniform[i * t->L];
    memcpy(&theta[i * parameters], &t->theta[p * parameters], (size_t)parameters * sizeof *theta);
  }
  const rb_neuron_traces traces = {.count = t->S,
                                   .theta = theta,
                                   .current = current,
                                   .uniform = t->uniform != NULL ? uniform : NULL,
                                   .voltage = t->own_voltage,
                                   .spikes = t->own_spikes,
                                   .final = t->own_final};
  RB_TRY(rb_neuron_run_traces(&t->reference.model, ctx, &traces));
cleanup:
  free(current);
  free(uniform);
  free(theta);
  return status;
}

/* Largest |dv| of stimulus i. @param voltage (samples) */
static double voltage_error(const trajectories *t, int64_t i, const double *voltage) {
  const int64_t every = ((const rb_neuron_state *)t->reference.model.state)->every;
  double error = 0;
  for (int64_t j = 0; j < t->samples; ++j) {
    error = rb_larger_error(error, fabs(t->own_voltage[i * t->L + j * every] - voltage[j]));
  }
  return error;
}

static int64_t own_spike_count(const trajectories *t, int64_t i) {
  int64_t count = 0;
  for (int64_t k = 0; k < t->L; ++k) count += t->own_spikes[i * t->L + k];
  return count;
}

/* Spikes of stimulus i that only one of the two has. @param spike (count) */
static int64_t spike_differences(const trajectories *t, int64_t i, int64_t count,
                                 const int32_t *spike) {
  int64_t shared = 0;
  for (int64_t s = 0; s < count; ++s) {
    const bool first = s == 0 || spike[s - 1] != spike[s], inside = spike[s] >= 0;
    shared += first && inside && spike[s] < t->L && t->own_spikes[i * t->L + spike[s]];
  }
  return count - shared + own_spike_count(t, i) - shared;
}

/* What the comparison of a group comes to. */
typedef struct errors {
  double voltage, final, spikes, counts;
  int64_t sensitive;
} errors;

/* Largest error of the last state of stimulus i: of the voltage in mV, of the others in parts of
 * what they are, where that is above 1. @param final (variables) */
static double state_error(const trajectories *t, int64_t i, const double *final) {
  const int variables = t->reference.neuron->variables;
  double error = 0;
  for (int n = 0; n < variables; ++n) {
    const double difference = fabs(t->own_final[i * variables + n] - final[n]);
    error = rb_larger_error(error, n == 0 ? difference : difference / fmax(1, fabs(final[n])));
  }
  return error;
}

static void compare(const trajectories *t, int64_t p, errors *e) {
  const int variables = t->reference.neuron->variables;
  for (int64_t i = 0; i < t->S; ++i) {
    const int64_t item = p * t->S + i, from = t->spike_offset[item];
    const int64_t count = t->spike_offset[item + 1] - from;
    const double s = t->sensitivity[item], allowed = 1e-10 + 0.01 * s;
    if (s < 1) {
      const double v = voltage_error(t, i, &t->voltage[item * t->samples]);
      const double last = state_error(t, i, &t->final[item * variables]);
      e->voltage = rb_larger_error(e->voltage, v / allowed);
      e->final = rb_larger_error(e->final, last / allowed);
      e->spikes += (double)spike_differences(t, i, count, &t->spike_index[from]);
    } else {
      e->counts = rb_larger_error(e->counts, fabs((double)(own_spike_count(t, i) - count)));
      ++e->sensitive;
    }
  }
}

static rb_status add_errors(rb_context *ctx, const rb_neuron_reference *r, const errors *e,
                            rb_verify_report *report) {
  rb_status status = RB_OK;
  RB_TRY(rb_neuron_reference_add(ctx, report, r, "voltage / allowed", e->voltage, 1));
  RB_TRY(rb_neuron_reference_add(ctx, report, r, "last state / allowed", e->final, 1));
  RB_TRY(rb_neuron_reference_add(ctx, report, r, "spikes that differ", e->spikes, 0));
  if (e->sensitive > 0) {
    RB_TRY(rb_neuron_reference_add(ctx, report, r, "spike count, sensitive traces", e->counts, 1));
  }
cleanup:
  return status;
}

/* What a file may have in the order of the model's definition: the same to the bit. */
typedef struct in_order {
  void *voltage, *final;  // (P, S, samples), (P, S, variables); owned; NULL: it has none
  double voltage_error, final_error;
} in_order;

static rb_status read_in_order(rb_context *ctx, const rb_file *file, const trajectories *t,
                               in_order *o) {
  rb_status status = RB_OK;
  const rb_neuron_reference *r = &t->reference;
  char path[256];
  (void)snprintf(path, sizeof path, "%s/voltage_in_order", r->group);
  if (!rb_file_has(file, path)) return RB_OK;
  RB_TRY(rb_neuron_reference_array(ctx, file, r, "voltage_in_order", RB_F64, 3,
                                   (const int64_t[]){t->P, t->S, t->samples}, &o->voltage));
  RB_TRY(rb_neuron_reference_array(ctx, file, r, "final_state_in_order", RB_F64, 3,
                                   (const int64_t[]){t->P, t->S, r->neuron->variables}, &o->final));
cleanup:
  return status;
}

static void compare_in_order(const trajectories *t, int64_t p, in_order *o) {
  const int64_t states = t->S * t->reference.neuron->variables;
  const double *voltage = (const double *)o->voltage + p * t->S * t->samples;
  const double *final = (const double *)o->final + p * states;
  for (int64_t i = 0; i < t->S; ++i) {
    o->voltage_error =
        rb_larger_error(o->voltage_error, voltage_error(t, i, voltage + i * t->samples));
  }
  for (int64_t i = 0; i < states; ++i) {
    o->final_error = rb_larger_error(o->final_error, fabs(t->own_final[i] - final[i]));
  }
}

static rb_status verify_traces(rb_context *ctx, const rb_file *file, const char *group,
                               rb_verify_report *report) {
  rb_status status = RB_OK;
  trajectories t = {0};
  errors e = {0};
  in_order o = {0};
  RB_TRY(rb_neuron_reference_read(ctx, file, group, &t.reference));
  RB_TRY(read_trajectories(ctx, file, &t));
  RB_TRY(read_in_order(ctx, file, &t, &o));
  RB_TRY(allocate_own(ctx, &t));
  for (int64_t p = 0; p < t.P; ++p) {
    RB_TRY(run(ctx, &t, p));
    compare(&t, p, &e);
    if (o.voltage != NULL) compare_in_order(&t, p, &o);
  }
  RB_TRY(add_errors(ctx, &t.reference, &e, report));
  if (o.voltage == NULL) goto cleanup;
  RB_TRY(rb_neuron_reference_add(ctx, report, &t.reference, "voltage in order [mV]",
                                 o.voltage_error, 0));
  RB_TRY(
      rb_neuron_reference_add(ctx, report, &t.reference, "last state in order", o.final_error, 0));
cleanup:
  free_trajectories(&t);
  free(o.voltage);
  free(o.final);
  return status;
}

/* Spike trains, each with parameter vectors and the log likelihood of these. */
static rb_status verify_trains(rb_context *ctx, const rb_file *file, const char *group,
                               rb_verify_report *report) {
  rb_status status = RB_OK;
  rb_neuron_reference r = {0};
  double *theta = NULL, *own = NULL;
  void *current = NULL, *spikes = NULL, *expected = NULL;
  int rank = 2;
  char path[256];
  int64_t shape[RB_FILE_MAX_RANK], vectors = 0;
  double error = 0;
  RB_TRY(rb_neuron_reference_read(ctx, file, group, &r));
  RB_TRY(rb_neuron_reference_theta(ctx, file, "theta", &r, &vectors, &theta));
  (void)snprintf(path, sizeof path, "%s/log_likelihood", group);
  RB_TRY(rb_file_shape(ctx, file, path, &rank, shape));
  const int64_t trains = shape[0], each = shape[1];
  if (r.neuron->weigh == NULL || trains * each != vectors) {
    RB_TRY(
        RB_FAIL(ctx, RB_ERR_FORMAT, "%s: no log likelihoods of spike trains of this model", group));
  }
  const int64_t by_step[2] = {trains, r.steps};
  RB_TRY(rb_neuron_reference_array(ctx, file, &r, "current", RB_F64, 2, by_step, &current));
  RB_TRY(rb_neuron_reference_array(ctx, file, &r, "spikes", RB_U8, 2, by_step, &spikes));
  RB_TRY(rb_neuron_reference_array(ctx, file, &r, "log_likelihood", RB_F64, 2, shape, &expected));
  RB_TRY(RB_ALLOCATE(ctx, own, each));
  for (int64_t i = 0; i < trains; ++i) {
    const rb_neuron_recording recording = {.spikes = (const uint8_t *)spikes + i * r.steps,
                                           .current = (const double *)current + i * r.steps};
    RB_TRY(rb_neuron_weigh(&r.model, ctx, &recording, each, theta + i * each * r.neuron->parameters,
                           own));
    for (int64_t j = 0; j < each; ++j) {
      const double value = ((const double *)expected)[i * each + j];
      if (own[j] == value) continue;  // also where both are infinite
      error = rb_larger_error(error, fabs(own[j] - value) / fmax(fabs(value), 1));
    }
  }
  RB_TRY(rb_neuron_reference_add(ctx, report, &r, "log likelihood, relative", error, 1e-9));
cleanup:
  rb_neuron_reference_free(&r);
  free(theta);
  free(own);
  free(current);
  free(spikes);
  free(expected);
  return status;
}

static rb_status verify_group(rb_context *ctx, const rb_file *file, const char *group,
                              rb_verify_report *report) {
  char object[256];
  (void)snprintf(object, sizeof object, "%s/log_likelihood", group);
  return (rb_file_has(file, object) ? verify_trains : verify_traces)(ctx, file, group, report);
}

rb_status rb_neuron_verify_trajectories(rb_context *ctx, const char *path,
                                        rb_verify_report *report) {
  return rb_verify_groups(ctx, path, verify_group, report);
}

const rb_verify_form rb_neuron_verify_forms[] = {
    {"trajectories", NULL, rb_neuron_verify_trajectories}, {0}};
