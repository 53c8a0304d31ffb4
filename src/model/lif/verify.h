#ifndef RB_MODEL_LIF_VERIFY_H
#define RB_MODEL_LIF_VERIFY_H

#include "rheobase/base/verify_report.h"

/** @file verify.h
 * The neuron's reference files, as `rheobase verify` recomputes them (verify_report.h). */

/** Every case of the file: voltages and spikes exact. */
RB_NODISCARD rb_status rb_lif_verify_simulator(rb_context *ctx, const char *path,
                                               rb_verify_report *report);

/** Moments and quantiles of draws from the default prior, against those of draws of our own. */
RB_NODISCARD rb_status rb_lif_verify_prior(rb_context *ctx, const char *path,
                                           rb_verify_report *report);

/** The exact log likelihood with the default settings: largest error in nats; and the median time
 * of an evaluation, for information. */
RB_NODISCARD rb_status rb_lif_verify_likelihood(rb_context *ctx, const char *path,
                                                rb_verify_report *report);

/** The subthreshold deviation of posterior predictive replicates, for each group that has them. */
RB_NODISCARD rb_status rb_lif_verify_predictive(rb_context *ctx, const char *path,
                                                rb_verify_report *report);

#endif
