#ifndef RB_MODEL_NEURON_PATH_LIKELIHOOD_H
#define RB_MODEL_NEURON_PATH_LIKELIHOOD_H

#include "neuron.h"

/** @file path_likelihood.h
 * The exact likelihood of a neuron whose voltage is linear between spikes and driven by noise,
 * where the voltage is recorded without noise: the density of the path, and that it reaches the
 * threshold at the spikes and nowhere else. Masked samples are integrated over. All functions are
 * local. */

/** How far a recorded voltage may be from what it is in double precision: it is in single. */
static const double RB_NEURON_ROUNDING_MV = 1e-4;

/** Whether recordings have it, if the parameter of the voltage's noise is 0: voltage, spikes and
 * mask at every step, from an initial voltage that is a number. */
bool rb_neuron_has_path_likelihood(const rb_neuron_state *state);

/** As rb_neuron_weigh. Fails with RB_ERR_SETTING where the voltage has noise or the current has
 * none. */
RB_NODISCARD rb_status rb_neuron_weigh_path(const rb_model *model, rb_context *ctx,
                                            const rb_neuron_recording *recording, int64_t count,
                                            const double *theta, double *log_likelihood);

#endif
