#ifndef RB_MODEL_LIF_LIKELIHOOD_H
#define RB_MODEL_LIF_LIKELIHOOD_H

#include "filter.h"
#include "rheobase/model/lif_likelihood.h"

/** @file likelihood.h
 * What tests of the likelihood need beyond rheobase/lif_likelihood.h. */

/** The resolution in use. */
rb_lif_accuracy rb_lif_accuracy_default(void);

/** rb_lif_likelihood_create with another resolution. */
RB_NODISCARD rb_status rb_lif_likelihood_create_with(rb_context *ctx,
                                                     const rb_lif_settings *settings,
                                                     rb_lif_accuracy accuracy,
                                                     rb_lif_likelihood **likelihood);

#endif
