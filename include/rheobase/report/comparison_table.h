#ifndef RHEOBASE_COMPARISON_TABLE_H
#define RHEOBASE_COMPARISON_TABLE_H

#include "rheobase/model/model.h"

/** @file comparison_table.h
 * Network and baseline side by side on the terminal. */

/** Prints correlation, NRMSE, contraction, calibration error, expected log density and loss of
 * both from a study's calibration files; nothing if the network has not been calibrated. Rank 0
 * reads and prints. Collective. Fails with RB_ERR_FILE or RB_ERR_FORMAT. */
RB_NODISCARD rb_status rb_table_comparison(rb_context *ctx, const rb_model *model,
                                           const char *folder);

#endif
