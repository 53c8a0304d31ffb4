#include "path_likelihood.h"

#include <gsl/gsl_integration.h>
#include <gsl/gsl_sf_erf.h>
#include <math.h>
#include <string.h>

#include "rheobase/base/memory.h"

/* Without observation noise the voltage of one sample tells all that matters of the samples before,
 * so the density of a recording is a product over steps. Only where a mask hides samples is there a
 * density of the voltage to carry on: a Gaussian while the threshold is out of reach, else values
 * at Gauss-Legendre nodes below it. */

enum { LEAST_NODES = 64, MOST_NODES = 1024, TABLES = 5 };  // twice as many in each table
static const double REACH = 9;                             // sd beyond which nothing counts
static const double LEAST_MV = -200;                       // rb_neuron_clip

/* What is known of the voltage of the sample before. */
typedef struct belief {
  const rb_passage *p;
  gsl_integration_glfixed_table *const *table;  // (TABLES)
  bool at_nodes;
  int nodes;
  double mean, variance;                         // of the Gaussian, times exp(log_weight)
  double node[MOST_NODES], density[MOST_NODES];  // times the nodes' weights, and exp(log_weight)
  double log_weight;
} belief;

static void know(belief *k, double v) {
  k->at_nodes = false;
  k->mean = v;
  k->variance = 0;
}

static double log_gaussian(double x, double mean, double variance) {
  const double d = x - mean;
  return -0.5 * (log(2 * M_PI * variance) + d * d / variance);
}

/* Mean and variance one step later. @param b what is added */
static void predict(const belief *k, double b, double *mean, double *variance) {
  const rb_passage *p = k->p;
  double m = k->mean, spread = k->variance;
  if (k->at_nodes) {
    double mass = 0, first = 0, second = 0;
    for (int i = 0; i < k->nodes; ++i) {
      const double d = k->node[i] - k->node[0];
      mass += k->density[i];
      first += k->density[i] * d;
      second += k->density[i] * d * d;
    }
    first = mass > 0 ? first / mass : 0;
    m = k->node[0] + first;
    spread = mass > 0 ? fmax(second / mass - first * first, 0) : 0;
  }
  *mean = p->keep * m + b;
  *variance = p->keep * p->keep * spread + p->sd * p->sd;
}

/* log density of the next voltage. */
static double log_density(const belief *k, double b, double v) {
  const rb_passage *p = k->p;
  double mean, variance, sum = 0;
  if (!k->at_nodes) {
    predict(k, b, &mean, &variance);
    return k->log_weight + log_gaussian(v, mean, variance);
  }
  for (int i = 0; i < k->nodes; ++i) {
    const double z = (v - p->keep * k->node[i] - b) / p->sd;
    sum += k->density[i] * exp(-0.5 * z * z);
  }
  return k->log_weight + log(sum / (p->sd * sqrt(2 * M_PI)));
}

/* log probability that the next voltage is above a bound, or of `side` -1 below it. */
static double log_beyond(const belief *k, double b, double bound, double side) {
  const rb_passage *p = k->p;
  double mean, variance, sum = 0;
  if (!k->at_nodes) {
    predict(k, b, &mean, &variance);
    return k->log_weight + gsl_sf_log_erfc(side * (bound - mean) / sqrt(2 * variance)) - M_LN2;
  }
  for (int i = 0; i < k->nodes; ++i) {
    const double z = side * (bound - p->keep * k->node[i] - b) / p->sd;
    sum += k->density[i] * 0.5 * erfc(z * M_SQRT1_2);
  }
  return k->log_weight + log(sum);
}

/* The same of a voltage that is seen: all that would be lower is kept at the least one. */
static double log_seen(const belief *k, double b, double voltage) {
  if (voltage > k->p->threshold + RB_NEURON_ROUNDING_MV) return -INFINITY;
  return voltage > LEAST_MV ? log_density(k, b, voltage) : log_beyond(k, b, LEAST_MV, -1);
}

/* Nodes from low to the threshold, or to high: so many that they lie no further apart than a step's
 * noise reaches. @return how many */
static int place_nodes(const belief *k, double mean, double variance, double *node,
                       double *weight) {
  const double reach = REACH * sqrt(variance);
  const double high = fmin(mean + reach, k->p->threshold), low = fmin(mean - reach, high - reach);
  int nodes = LEAST_NODES, t = 0;
  while (t + 1 < TABLES && M_PI_2 * (high - low) > k->p->sd * nodes) {
    nodes *= 2;
    ++t;
  }
  for (int i = 0; i < nodes; ++i) {
    gsl_integration_glfixed_point(low, high, (size_t)i, &node[i], &weight[i], k->table[t]);
  }
  return nodes;
}

/* A step to a sample that is not seen, but has no spike. */
static void step_unseen(belief *k, double b) {
  double mean, variance, node[MOST_NODES], weight[MOST_NODES];
  predict(k, b, &mean, &variance);
  if (!k->at_nodes && k->p->threshold - mean > REACH * sqrt(variance)) {
    k->mean = mean;
    k->variance = variance;
    return;
  }
  const int nodes = place_nodes(k, mean, variance, node, weight);
  const double before = k->log_weight;
  for (int i = 0; i < nodes; ++i) weight[i] *= exp(log_density(k, b, node[i]) - before);
  memcpy(k->node, node, (size_t)nodes * sizeof *node);
  memcpy(k->density, weight, (size_t)nodes * sizeof *weight);
  k->nodes = nodes;
  k->at_nodes = true;
}

/* log probability that there is no spike up to the end. */
static double log_left(const belief *k) {
  double sum = 0;
  if (!k->at_nodes) return k->log_weight;
  for (int i = 0; i < k->nodes; ++i) sum += k->density[i];
  return k->log_weight + log(sum);
}

/* One sample: its spike, or its voltage if that is seen. */
static void take(belief *k, double b, bool spike, bool seen, double voltage) {
  if (spike) {
    k->log_weight = log_beyond(k, b, k->p->threshold, 1);
    know(k, k->p->reset);
  } else if (seen) {
    k->log_weight = log_seen(k, b, voltage);
    know(k, voltage);
  } else {
    step_unseen(k, b);
  }
}

/* log density of a recording. */
static double weigh(const rb_passage *p, gsl_integration_glfixed_table *const *table,
                    const rb_neuron_recording *recording, double start) {
  belief k = {.p = p, .table = table};
  double w = 0;
  int64_t held = 0;
  if (recording->spikes[0] != 0) return -INFINITY;
  if (recording->mask[0] == 0 && fabs(recording->voltage[0] - start) > RB_NEURON_ROUNDING_MV) {
    return -INFINITY;
  }
  know(&k, start);
  for (int64_t t = 1; t < recording->steps && k.log_weight > -INFINITY; ++t) {
    const double b = p->rest + p->per_current * (recording->current[t - 1] - w);
    const bool spike = recording->spikes[t] != 0, seen = recording->mask[t] == 0;
    w = p->keep_jump * w + (spike ? p->jump : 0);
    if (held > 0) {  // no noise: a voltage that is seen or a spike contradicts it
      if (spike || seen) return -INFINITY;
      --held;
      continue;
    }
    take(&k, b, spike, seen, recording->voltage[t]);
    held = spike ? p->held : 0;
  }
  return log_left(&k);
}

bool rb_neuron_has_path_likelihood(const rb_neuron_state *state) {
  const rb_neuron_settings *s = &state->settings;
  for (int p = 0; p < s->stimulus.parts; ++p) {
    if (s->stimulus.part[p].type == RB_STIMULUS_WHITE) return false;  // it may be drawn
  }
  return state->neuron->passage != NULL && state->every == 1 && s->v0_mV[0] == s->v0_mV[1] &&
         state->at[RB_NEURON_VOLTAGE] >= 0 && state->at[RB_NEURON_MASK] >= 0 &&
         (state->at[RB_NEURON_SPIKES] >= 0 || state->at[RB_NEURON_SPIKE_COUNT] >= 0);
}

rb_status rb_neuron_weigh_path(const rb_model *model, rb_context *ctx,
                               const rb_neuron_recording *recording, int64_t count,
                               const double *theta, double *log_likelihood) {
  rb_status status = RB_OK;
  const rb_neuron_state *state = model->state;
  const rb_neuron *neuron = state->neuron;
  gsl_integration_glfixed_table *table[TABLES] = {NULL};
  for (int t = 0; t < TABLES; ++t) {
    table[t] = gsl_integration_glfixed_table_alloc((size_t)LEAST_NODES << t);
    if (table[t] == NULL) RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  }
  for (int64_t i = 0; i < count; ++i) {
    const double *row = &theta[i * neuron->parameters];
    rb_passage passage = {.held = (int64_t)rb_neuron_held(&state->settings)};
    neuron->passage(&state->settings, row, &passage);
    passage.sd = passage.per_current * rb_neuron_noise(state, row, 0);
    if (rb_neuron_voltage_sd(state, row) > 0 || !(passage.sd * passage.sd > 0)) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING,
                     "the likelihood of %s is known with noise of the current and without noise of "
                     "the voltage: fix prior.%s at 0 and give prior.%s a range above 0",
                     neuron->name, neuron->prior[neuron->voltage_sd].name,
                     neuron->prior[neuron->current_sd].name));
    }
    log_likelihood[i] =
        weigh(&passage, table, recording, fmin(state->settings.v0_mV[0], passage.threshold));
  }
cleanup:
  for (int t = 0; t < TABLES; ++t) {
    if (table[t] != NULL) gsl_integration_glfixed_table_free(table[t]);
  }
  return status;
}
