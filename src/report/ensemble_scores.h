#ifndef RB_REPORT_ENSEMBLE_SCORES_H
#define RB_REPORT_ENSEMBLE_SCORES_H

#include "rheobase/inference/training.h"

/** @file ensemble_scores.h
 * What tells the members of an ensemble and their mixture apart. Local. */

typedef struct rb_ensemble_score {
  char name[32];             ///< "member 1", ..., "mixture"
  double loss, loss_se;      ///< diagnostics set, like the two below
  double nrmse;              ///< mean over the parameters
  double calibration_error;  ///< largest over the parameters
  double log_gamma;          ///< smallest over the ranked quantities, sbc set
} rb_ensemble_score;

/** Reads the scores of members 1.. and, as the last row, of the mixture. Files of another
 * calibration are passed over. Fails with RB_ERR_FILE or RB_ERR_FORMAT.
 * @param count 0 if folder/calibration.h5 is not that of a mixture
 * @param score (RB_MAX_MEMBERS + 1) */
RB_NODISCARD rb_status rb_ensemble_read(rb_context *ctx, const char *folder, int *count,
                                        rb_ensemble_score *score);

#endif
