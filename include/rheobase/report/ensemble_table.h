#ifndef RHEOBASE_ENSEMBLE_TABLE_H
#define RHEOBASE_ENSEMBLE_TABLE_H

#include "rheobase/base/context.h"

/** @file ensemble_table.h
 * The members of an ensemble and their mixture on the terminal. */

/** Prints expected log density, NRMSE, calibration error and log gamma of each member and of the
 * mixture, from the calibration files of a study. Rank 0 reads and prints. Collective. Fails with
 * RB_ERR_FILE or RB_ERR_FORMAT. @param folder of the study */
RB_NODISCARD rb_status rb_table_ensemble(rb_context *ctx, const char *folder);

#endif
