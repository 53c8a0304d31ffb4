#ifndef RB_MODEL_HODGKIN_HUXLEY_VERIFY_HH7_H
#define RB_MODEL_HODGKIN_HUXLEY_VERIFY_HH7_H

#include "rheobase/base/verify_report.h"

/** @file verify_hh7.h
 * Reference files of observations of the conductance-based neuron, as `rheobase verify` recomputes
 * them (verify_report.h). */

/** Each group of the file: voltages under parameter vectors, within 1e-6 mV; the log likelihoods of
 * these and of posterior draws, within 1e-6 + 1e-9 of their size. */
RB_NODISCARD rb_status rb_hh_verify_hh7(rb_context *ctx, const char *path,
                                        rb_verify_report *report);

#endif
