#ifndef RHEOBASE_CALIBRATION_TABLE_H
#define RHEOBASE_CALIBRATION_TABLE_H

#include "rheobase/base/context.h"

/** @file calibration_table.h
 * The table of diagnostics on the terminal. */

/** Prints the diagnostics that a calibration.h5 holds: per parameter, per joint quantity, by
 * regime, and without each block of features. Rank 0 reads and prints. Collective. Fails with
 * RB_ERR_FILE or RB_ERR_FORMAT. */
RB_NODISCARD rb_status rb_table_calibration(rb_context *ctx, const char *path);

#endif
