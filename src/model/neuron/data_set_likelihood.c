#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "path_likelihood.h"
#include "rheobase/base/memory.h"
#include "source.h"

/* The log likelihood of a data set: the sum over its recordings, each under the current it was
 * given and, where that is drawn, averaged over its initial voltage. */

enum { NODES = 24, POINTS = 32 };

static const double DEPTH = 30;  // below the largest log likelihood nothing counts

static bool current_is_noisy(const rb_neuron_state *state) {
  const rb_stimulus *stimulus = &state->settings.stimulus;
  bool noisy = state->current_sd > 0 || state->neuron->current_sd > 0;
  for (int p = 0; p < stimulus->parts; ++p) {
    const rb_stimulus_part *part = &stimulus->part[p];
    noisy |= part->type == RB_STIMULUS_WHITE && part->number[RB_STIMULUS_SD][1] > 0;
  }
  return noisy;
}

static bool beginning_is_drawn(const rb_neuron_state *state) {
  return state->settings.v0_mV[0] < state->settings.v0_mV[1];
}

bool rb_neuron_has_likelihood(const rb_neuron_state *state) {
  if (state->neuron->passage != NULL) return rb_neuron_has_path_likelihood(state);
  const bool voltage = state->at[RB_NEURON_VOLTAGE] >= 0;
  const bool spikes = state->at[RB_NEURON_SPIKES] >= 0 || state->at[RB_NEURON_SPIKE_COUNT] >= 0;
  if (current_is_noisy(state) || (voltage && !(state->settings.noise_mV > 0))) return false;
  // The current within a sample is not known.
  if (state->at[RB_NEURON_CURRENT] >= 0 && state->every > 1) return false;
  // Until the first spike the voltage has to be linear in its beginning.
  if (beginning_is_drawn(state) && !(voltage && state->neuron->weigh != NULL)) return false;
  if (state->neuron->draws_spikes) return spikes && state->every == 1;
  return voltage;  // a function of the parameters, and so are the spikes
}

/* Log likelihoods from `count` initial voltages. @param theta (parameters) */
static rb_status weigh_beginnings(const rb_model *model, rb_context *ctx,
                                  const rb_neuron_recording *recording, const double *theta,
                                  int count, const double *v0, double *value) {
  const int parameters = ((const rb_neuron_state *)model->state)->neuron->parameters;
  double rows[POINTS * RB_NEURON_PARAMETERS];
  for (int i = 0; i < count; ++i) {
    memcpy(&rows[(ptrdiff_t)i * parameters], theta, (size_t)parameters * sizeof *theta);
  }
  return rb_neuron_weigh_from(model, ctx, recording, count, rows, v0, value);
}

/* Narrows [low, high] to where the log likelihood is within DEPTH of its largest value. It is
 * concave in the initial voltage: until the first spike the voltage is linear in it, log densities
 * of the voltage and log probabilities of spikes are concave, and afterwards nothing depends on it.
 */
static rb_status find_beginnings(const rb_model *model, rb_context *ctx,
                                 const rb_neuron_recording *recording, const double *theta,
                                 double *low, double *high) {
  rb_status status = RB_OK;
  rb_neuron_recording until = *recording;
  int64_t spike = 0;
  while (spike < recording->steps && recording->spikes[spike] == 0) ++spike;
  if (spike + 1 < recording->steps) until.steps = spike + 1;
  for (int first = 0, last = 0; last - first < POINTS / 3;) {
    double v0[POINTS], value[POINTS], most = -INFINITY;
    const double step = (*high - *low) / (POINTS - 1);
    for (int i = 0; i < POINTS; ++i) v0[i] = *low + i * step;
    RB_TRY(weigh_beginnings(model, ctx, &until, theta, POINTS, v0, value));
    for (int i = 0; i < POINTS; ++i) most = fmax(most, value[i]);
    if (!(most > -INFINITY) || !(step > 1e-12)) break;
    for (first = 0; value[first] < most - DEPTH;) ++first;
    for (last = POINTS - 1; value[last] < most - DEPTH;) --last;
    *low = v0[first > 0 ? first - 1 : 0];
    *high = v0[last < POINTS - 1 ? last + 1 : last];
  }
cleanup:
  return status;
}

/* log of sum w exp(value) */
static double log_mean(int64_t n, const double *weight, const double *value) {
  double most = -INFINITY, sum = 0;
  for (int64_t i = 0; i < n; ++i) most = fmax(most, value[i]);
  if (!(most > -INFINITY)) return -INFINITY;
  for (int64_t i = 0; i < n; ++i) sum += weight[i] * exp(value[i] - most);
  return most + log(sum);
}

/* The average over the initial voltages of the range, by Gauss-Legendre nodes. @param theta
 * (parameters) */
static rb_status average_beginnings(const rb_model *model, rb_context *ctx,
                                    const gsl_integration_glfixed_table *table,
                                    const rb_neuron_recording *recording, const double *theta,
                                    double *log_likelihood) {
  rb_status status = RB_OK;
  const double *range = ((const rb_neuron_state *)model->state)->settings.v0_mV;
  double low = range[0], high = range[1], v0[NODES], weight[NODES], value[NODES];
  RB_TRY(find_beginnings(model, ctx, recording, theta, &low, &high));
  for (int i = 0; i < NODES; ++i) {
    gsl_integration_glfixed_point(low, high, (size_t)i, &v0[i], &weight[i], table);
    weight[i] /= range[1] - range[0];
  }
  RB_TRY(weigh_beginnings(model, ctx, recording, theta, NODES, v0, value));
  *log_likelihood = log_mean(NODES, weight, value);
cleanup:
  return status;
}

static rb_status weigh_recording(const rb_model *model, rb_context *ctx,
                                 const rb_neuron_recording *recording, int64_t count,
                                 const double *theta, double *log_likelihood) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = model->state;
  gsl_integration_glfixed_table *table = NULL;
  if (state->neuron->passage != NULL) {
    return rb_neuron_weigh_path(model, ctx, recording, count, theta, log_likelihood);
  }
  if (!beginning_is_drawn(state)) {
    return rb_neuron_weigh(model, ctx, recording, count, theta, log_likelihood);
  }
  table = gsl_integration_glfixed_table_alloc(NODES);
  if (table == NULL) RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  for (int64_t i = 0; i < count; ++i) {
    RB_TRY(average_beginnings(model, ctx, table, recording, &theta[i * state->neuron->parameters],
                              &log_likelihood[i]));
  }
cleanup:
  if (table != NULL) gsl_integration_glfixed_table_free(table);
  return status;
}

/* A recording of a data set in double precision; owned. */
typedef struct taken {
  double *voltage, *current;
  uint8_t *spikes, *mask;
} taken;

static rb_status allocate(rb_context *ctx, const rb_neuron_state *state, taken *t) {
  rb_status status = RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, t->voltage, state->samples));
  RB_TRY(RB_ALLOCATE(ctx, t->current, state->length));
  RB_TRY(RB_ALLOCATE(ctx, t->spikes, state->samples));
  RB_TRY(RB_ALLOCATE(ctx, t->mask, state->samples));
cleanup:
  return status;
}

static void free_taken(taken *t) {
  free(t->voltage);
  free(t->current);
  free(t->spikes);
  free(t->mask);
}

/* Recording r as far as it was observed: from the first sample that is not masked, whatever was
 * before, to its padding; 0 steps: it is missing. */
static rb_neuron_recording take(const rb_neuron_state *state, const float *x, int r, int64_t end,
                                taken *t) {
  const int64_t total = state->samples * state->settings.recordings[1];
  const int counts = state->at[RB_NEURON_SPIKE_COUNT];
  const int spike = counts >= 0 ? counts : state->at[RB_NEURON_SPIKES];
  const int voltage = state->at[RB_NEURON_VOLTAGE], mask = state->at[RB_NEURON_MASK];
  const int current = state->at[RB_NEURON_CURRENT];
  const float *from = x + r * state->samples;
  int64_t begin = 0;
  while (mask >= 0 && begin < end && from[mask * total + begin] > 0.5F) ++begin;
  for (int64_t j = begin; j < end; ++j) {
    if (voltage >= 0) t->voltage[j - begin] = (double)from[voltage * total + j];
    if (mask >= 0) t->mask[j - begin] = from[mask * total + j] > 0.5F;
    const float n = spike >= 0 ? from[spike * total + j] : 0;
    t->spikes[j - begin] = n > 0.5F ? (uint8_t)fminf(n + 0.5F, 255) : 0;
  }
  const int64_t first = begin * state->every, last = end * state->every;
  const int64_t steps = (last < state->length ? last : state->length) - first;
  for (int64_t k = first; k < first + steps; ++k) {
    t->current[k - first] =
        current >= 0 ? (double)from[current * total + k] * state->per_unit : state->current[k];
  }
  return (rb_neuron_recording){.voltage = voltage >= 0 ? t->voltage : NULL,
                               .spikes = spike >= 0 ? t->spikes : NULL,
                               .current = t->current,
                               .mask = mask >= 0 ? t->mask : NULL,
                               .steps = steps};
}

rb_status rb_neuron_log_likelihood(const rb_model *model, rb_context *ctx, const float *x,
                                   int64_t count, const double *theta, double *log_likelihood,
                                   const char **reason) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = model->state;
  rb_neuron_given given;
  taken t = {0};
  double *own = NULL;
  if (reason != NULL) *reason = NULL;
  rb_neuron_given_read(state, x, &given);
  RB_TRY(allocate(ctx, state, &t));
  RB_TRY(RB_ALLOCATE(ctx, own, count));
  for (int64_t i = 0; i < count; ++i) log_likelihood[i] = 0;
  for (int r = 0; r < state->settings.recordings[1]; ++r) {
    const rb_neuron_recording recording = take(state, x, r, given.end[r], &t);
    if (recording.steps <= 0) continue;
    RB_TRY(weigh_recording(model, ctx, &recording, count, theta, own));
    for (int64_t i = 0; i < count; ++i) log_likelihood[i] += own[i];
    if (reason != NULL && *reason == NULL) *reason = rb_neuron_impossible(model, &recording);
  }
cleanup:
  free_taken(&t);
  free(own);
  return status;
}
