#ifndef RHEOBASE_COMPARISON_TABLE_H
#define RHEOBASE_COMPARISON_TABLE_H

#include "rheobase/context.h"

/** @file comparison_table.h
 * Two calibrations side by side on the terminal. */

/** Prints correlation, NRMSE, contraction, calibration error and expected log density of network
 * and baseline; nothing if there is no file at @p network. Rank 0 reads and prints. Collective.
 * Fails with RB_ERR_FILE or RB_ERR_FORMAT. @param network, baseline paths of calibration files */
RB_NODISCARD rb_status rb_table_comparison(rb_context *ctx, const char *network,
                                           const char *baseline);

#endif
