#include "passage.h"

#include <math.h>

#include "membrane_grid.h"

/* How sharply the density is followed: a hazard is good to about 1e-4 of itself. */
static const rb_lif_accuracy accuracy = {
    .spacing = 0.25, .reach_sd = 7.5, .switch_sd = 6.5, .nearly_gauss = 1e-3, .order = 10};

static const double FLAT = 1e6;   // sd of an observation that tells nothing, in sd of a step
static const double LEAVE = 7.0;  // sd below the threshold at which a density is Gaussian again

/* The density of v given no spike since the last. */
typedef struct density {
  const rb_passage *p;
  rb_membrane_grid grid;
  bool on_grid, noisy;
  double m, variance;  // of the Gaussian; of the path without threshold while on the grid
} density;

static void know(density *d, double v) {
  d->m = v;
  d->variance = 0;
  d->on_grid = false;
}

/* P(v' >= threshold) of a Gaussian. */
static double beyond(const rb_passage *p, double mean, double variance) {
  if (variance <= 0) return mean >= p->threshold;
  return 0.5 * erfc((p->threshold - mean) / sqrt(2 * variance));
}

/* Once the grid's density has left the threshold. */
static void leave_grid(density *d, const rb_membrane_moments *moments) {
  const bool far = d->p->threshold - moments->mean > LEAVE * moments->sd;
  if (!far || fabs(moments->skewness) > accuracy.nearly_gauss ||
      fabs(moments->excess_kurtosis) > accuracy.nearly_gauss) {
    return;
  }
  d->on_grid = false;
  d->m = moments->mean;
  d->variance = moments->sd * moments->sd;
}

/* What is left below the threshold of a Gaussian. */
static bool enter_grid(density *d, double mean, double variance) {
  return rb_membrane_from_gaussian(&d->grid, mean, sqrt(variance), 0, true);
}

/* One step from a density on the grid. @return the probability of a spike in it */
static double step_on_grid(density *d, double b, double mean, double variance) {
  const rb_membrane_moments before = rb_membrane_take_moments(&d->grid);
  const double spike = exp(rb_membrane_log_spike(&d->grid, b) - before.log_mass);
  // Where hardly anything is left, it is as if the path began anew from where it would be.
  if (!(spike < 1 - 1e-12) || !rb_membrane_step(&d->grid, b, d->p->threshold, 0, true)) {
    d->on_grid = enter_grid(d, mean, variance);
  } else {
    const rb_membrane_moments after = rb_membrane_take_moments(&d->grid);
    leave_grid(d, &after);
  }
  return fmin(spike, 1);
}

/* One step, v' = keep v + b + noise. @return the probability of a spike in it */
static double step(density *d, double b) {
  const rb_passage *p = d->p;
  const double mean = p->keep * d->m + b;
  const double variance = p->keep * p->keep * d->variance + p->sd * p->sd;
  double spike = 0;
  if (d->on_grid) {
    d->m = mean;  // unless the grid knows better
    d->variance = variance;
    return step_on_grid(d, b, mean, variance);
  }
  spike = beyond(p, mean, variance);
  d->m = mean;
  d->variance = variance;
  const double distance = p->threshold - mean, reach = accuracy.switch_sd;
  if (d->noisy && (distance <= 0 || distance * distance < reach * reach * variance)) {
    d->on_grid = enter_grid(d, mean, variance);
  }
  return spike;
}

/* Where the neuron is between samples. */
typedef struct cell {
  double v, w;   // v without noise
  int64_t left;  // samples that are held still
} cell;

static void reset(const rb_passage *p, cell *c, density *d) {
  c->v = p->reset;
  c->w += p->jump;
  c->left = p->held;
  know(d, p->reset);
}

/* One step under a current. @return the probability of a spike in it */
static double advance(const rb_passage *p, double current, cell *c, density *d) {
  const double b = p->rest + p->per_current * (current - c->w);
  double spike = 0;
  if (c->left > 0) {
    --c->left;
    c->v = p->reset;
    know(d, p->reset);
  } else {
    c->v = p->keep * c->v + b;
    spike = step(d, b);
  }
  c->w *= p->keep_jump;
  return spike;
}

rb_status rb_passage_follow(rb_context *ctx, const rb_passage *p, const rb_stimulated *given,
                            double start, double *response, double *expected) {
  rb_status status = RB_OK;
  density d = {.p = p};
  cell c = {.v = start};
  RB_TRY(rb_membrane_create(ctx, accuracy, &d.grid));
  d.noisy = p->sd > 0 && rb_membrane_set(&d.grid, p->threshold, p->keep, p->sd, FLAT * p->sd);
  know(&d, start);
  for (int64_t n = 0; n < given->length; ++n) {
    const double spike = n > 0 ? advance(p, given->stimulus[n - 1], &c, &d) : 0;
    expected[n] = rb_predictor_expected(spike);
    if (given->event[n]) reset(p, &c, &d);
    response[n] = c.v;
  }
cleanup:
  rb_membrane_destroy(&d.grid);
  return status;
}
