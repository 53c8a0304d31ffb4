#ifndef RB_MODEL_LIF_LIKELIHOOD_H
#define RB_MODEL_LIF_LIKELIHOOD_H

#include "filter.h"
#include "lif.h"

/** @file likelihood.h
 * The exact log likelihood log p(voltage, spikes | theta) of the neuron, without simulation.
 *
 * Between spikes the membrane potential is a linear Gaussian chain, x_t = a x_{t-1} + b + q N(0, 1)
 * with d = dt/tau_m, a = 1 - d, b = d (E_L + I/g_L), q = d I_std/g_L, seen through noise of
 * `noise_mV`, and each spike resets it to a known value. So the likelihood is a product over
 * inter-spike segments of the integral over all paths that stay below the threshold until the
 * spike. Where a recorded spike index fits two steps (the notebook's index is one too small at 47
 * of 1000 steps) it is a sum over both. All functions are local. */

/** An evaluator: settings, one observation, work space (about 200 kB). */
typedef struct rb_lif_likelihood rb_lif_likelihood;

/** Fails with RB_ERR_SETTING without observation noise, or with RB_ERR_MEMORY. A current trace must
 * outlive the evaluator. The caller calls rb_lif_likelihood_destroy. */
RB_NODISCARD rb_status rb_lif_likelihood_create(rb_context *ctx, const rb_lif_settings *settings,
                                                rb_lif_likelihood **likelihood);
void rb_lif_likelihood_destroy(rb_lif_likelihood *likelihood);

/** Sets the observation. @param voltage_mV (L) @param spikes (L), 0 or 1; both are copied.
 * @return NULL, or why no parameter vector can produce it (all values are then -inf). */
const char *rb_lif_likelihood_observe(rb_lif_likelihood *likelihood, const double *voltage_mV,
                                      const uint8_t *spikes);

/** The log likelihood of @p theta (6), used as it stands: clips belong to the prior. Never NaN.
 * The cost is about the same for probable and improbable observations.
 * @param reason where it is -inf, receives why; may be NULL
 * @return natural logarithm of the density of the voltage (per mV^L) and probability of the spikes;
 * within 1e-4 of the exact value near the best parameters, within 1e-3 up to some hundred below
 * the value there; thousands below, where paths are squeezed against the threshold, it is only an
 * indication (1e-2 relative) */
double rb_lif_likelihood_evaluate(rb_lif_likelihood *likelihood, const double *theta,
                                  const char **reason);

/** @name For tests of the likelihood
 * @{ */

/** The resolution in use. */
rb_lif_accuracy rb_lif_accuracy_default(void);

/** rb_lif_likelihood_create with another resolution. */
RB_NODISCARD rb_status rb_lif_likelihood_create_with(rb_context *ctx,
                                                     const rb_lif_settings *settings,
                                                     rb_lif_accuracy accuracy,
                                                     rb_lif_likelihood **likelihood);
/** @} */

#endif
